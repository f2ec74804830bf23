// SPDX-License-Identifier: Apache-2.0
import { useQuery } from "@tanstack/react-query";
import { importErrors } from "@/api/queries";
import { StateIcon } from "@/components/StateIcon";
import { lastLine } from "@/lib/text";
import { links } from "@/router/links";
import { Link, usePathname } from "@/router/router";
import styles from "./shell.module.css";

/** On top of every page while a file does not compile. */
export function ErrorBanner() {
  const { data } = useQuery(importErrors());
  const here = usePathname() === links.importErrors();
  const newest = data?.import_errors[0];
  if (!data || !newest || here) return null;
  const count = data.total_entries;
  return (
    <div className={styles.banner} data-state="failed" role="alert">
      <StateIcon state="failed" size={15} />
      <strong>{count === 1 ? "1 import error" : `${count} import errors`}</strong>
      <span className="cut dim">
        <span className="mono">{newest.filename}</span> {lastLine(newest.stack_trace)}
      </span>
      <Link
        to={links.importErrors()}
        style={{ marginLeft: "auto", fontWeight: 500, whiteSpace: "nowrap" }}
      >
        See {count === 1 ? "it" : "all"}
      </Link>
    </div>
  );
}
