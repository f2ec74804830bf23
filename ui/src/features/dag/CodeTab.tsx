// SPDX-License-Identifier: Apache-2.0
import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { dagSource, dagVersions } from "@/api/queries";
import type { DagVersion } from "@/api/types";
import { CodeView, DiffView } from "@/components/CodeView";
import { Copy } from "@/components/Copy";
import { Panel } from "@/components/Page";
import { Empty, Loaded } from "@/components/States";
import { Time } from "@/components/Time";
import { useSearch } from "@/router/router";
import styles from "./dag.module.css";

function label(version: DagVersion): string {
  return `${version.version_number} · ${version.bundle_version ?? "no label"}`;
}

/** The source of each version, and what changed between two. */
export function CodeTab({ dagId }: { dagId: string }) {
  const { params, set } = useSearch();
  const versions = useQuery(dagVersions(dagId));
  const list = versions.data ?? [];
  const latest = list[0]?.version_number;
  const version = Number(params.get("version") ?? latest ?? 0) || undefined;
  const against = params.get("against");
  const chosen = list.find((each) => each.version_number === version);
  const source = useQuery({ ...dagSource(dagId, version), enabled: version !== undefined });
  const other = useQuery({
    ...dagSource(dagId, Number(against)),
    enabled: against !== null,
  });
  const options = list.map((each) => ({ value: String(each.version_number), label: label(each) }));
  return (
    <Loaded query={versions}>
      {() => (
        <>
          <div className={styles.controls}>
            <Select
              aria-label="Version"
              w={260}
              allowDeselect={false}
              data={options}
              value={version === undefined ? null : String(version)}
              onChange={(value) => set({ version: value === String(latest) ? null : value })}
            />
            <Select
              aria-label="Compare with"
              placeholder="Compare with…"
              w={260}
              clearable
              data={options.filter((each) => each.value !== String(version))}
              value={against}
              onChange={(value) => set({ against: value })}
              disabled={list.length < 2}
            />
            {chosen && (
              <span className="dim">
                Compiled <Time at={chosen.created_at} />
              </span>
            )}
            {list.length < 2 && <span className="faint">There is one version so far.</span>}
          </div>
          <Panel
            flush
            title={<span className="mono">{dagId}</span>}
            actions={source.data?.content && <Copy value={source.data.content} label="Copy" />}
          >
            <Loaded query={source} rows={12}>
              {({ content }) =>
                content === null ? (
                  <Empty title="The source is not kept for this version" />
                ) : other.data?.content && against !== null ? (
                  <DiffView before={other.data.content} after={content} label="Difference" />
                ) : (
                  <CodeView source={content} label={`Source of ${dagId}`} />
                )
              }
            </Loaded>
          </Panel>
        </>
      )}
    </Loaded>
  );
}
