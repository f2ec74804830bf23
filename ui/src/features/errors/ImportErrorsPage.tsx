// SPDX-License-Identifier: Apache-2.0
import { useQuery } from "@tanstack/react-query";
import { importErrors } from "@/api/queries";
import type { ImportError } from "@/api/types";
import { Copy } from "@/components/Copy";
import { Page, Panel } from "@/components/Page";
import { StateIcon } from "@/components/StateIcon";
import { Empty, Loaded } from "@/components/States";
import { Time } from "@/components/Time";
import { count, lastLine } from "@/lib/text";
import styles from "./errors.module.css";

/** Files that do not compile, why, and what to do. */
export function ImportErrorsPage() {
  const query = useQuery(importErrors());
  const total = query.data?.total_entries;
  return (
    <Page
      name="Import errors"
      title="Import errors"
      sub={
        total
          ? `${count(total, "file does", "files do")} not compile. Each goes away by itself when its file is saved without the mistake; until then the last good version runs.`
          : undefined
      }
    >
      <Loaded query={query}>
        {(page) =>
          page.import_errors.length === 0 ? (
            <Panel>
              <Empty title="Every file compiles">
                When one does not, it is shown here and on top of every page.
              </Empty>
            </Panel>
          ) : (
            <div className="stack">
              {page.import_errors.map((error) => (
                <ErrorPanel key={error.import_error_id} error={error} />
              ))}
            </div>
          )
        }
      </Loaded>
    </Page>
  );
}

/** The advice that the compiler puts after a traceback. */
export function splitHint(trace: string): { trace: string; hint: string | null } {
  const at = trace.indexOf("\nhint:");
  if (at < 0) return { trace: trace.trim(), hint: null };
  return {
    trace: trace.slice(0, at).trim(),
    hint: trace.slice(at + "\nhint:".length).trim(),
  };
}

function ErrorPanel({ error }: { error: ImportError }) {
  const { trace, hint } = splitHint(error.stack_trace);
  return (
    <Panel
      title={
        <span className="row">
          <StateIcon state="failed" size={15} />
          <span className="mono">{error.filename}</span>
        </span>
      }
      actions={
        <span className="row faint">
          <Time at={error.timestamp} ago />
          <Copy value={error.stack_trace} label="Copy the traceback" />
        </span>
      }
    >
      <div className="stack">
        <div className={styles.what}>{lastLine(trace)}</div>
        {hint && (
          <div className={styles.hint}>
            <div className="faint">What helps</div>
            <pre>{hint}</pre>
          </div>
        )}
        <details open={!hint}>
          <summary className="dim">Traceback</summary>
          <pre className={styles.trace} tabIndex={0}>
            {trace}
          </pre>
        </details>
      </div>
    </Panel>
  );
}
