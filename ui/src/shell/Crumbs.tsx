// SPDX-License-Identifier: Apache-2.0
import { links } from "@/router/links";
import { matchPath } from "@/router/match";
import { Link, usePathname } from "@/router/router";
import { kAdminPages } from "./pages";
import styles from "./shell.module.css";

interface Crumb {
  title: string;
  to: string;
}

/** Where an address lies, from the outside in. */
export function crumbsOf(pathname: string): Crumb[] {
  if (pathname === "/") return [{ title: "Home", to: "/" }];
  const parts = pathname.split("/").filter(Boolean);
  if (parts[0] === "dags") {
    const { dagId, runId, taskId } = {
      ...matchPath("/dags/:dagId", `/${parts.slice(0, 2).join("/")}`),
      ...matchPath("/dags/:dagId/runs/:runId", `/${parts.slice(0, 4).join("/")}`),
      ...matchPath("/dags/:dagId/runs/:runId/tasks/:taskId", `/${parts.slice(0, 6).join("/")}`),
    } as Record<string, string | undefined>;
    const crumbs: Crumb[] = [{ title: "DAGs", to: links.dags() }];
    if (dagId) crumbs.push({ title: dagId, to: links.dag(dagId) });
    if (dagId && runId) crumbs.push({ title: runId, to: links.run({ dagId, runId }) });
    if (dagId && runId && taskId)
      crumbs.push({ title: taskId, to: links.task({ dagId, runId, taskId, mapIndex: -1 }) });
    return crumbs;
  }
  if (parts[0] === "admin") {
    const page = kAdminPages.find((each) => each.to === pathname);
    return [{ title: page?.title ?? "Administration", to: pathname }];
  }
  const titles: Record<string, string> = {
    runs: "Runs",
    "import-errors": "Import errors",
    menu: "All pages",
  };
  return [{ title: titles[parts[0] ?? ""] ?? "Not found", to: pathname }];
}

export function Crumbs() {
  const crumbs = crumbsOf(usePathname());
  return (
    <nav className={styles.crumbs} aria-label="Where you are">
      {crumbs.map((crumb, index) => (
        <span key={crumb.to} style={{ display: "contents" }}>
          {index > 0 && <span aria-hidden>/</span>}
          <Link
            to={crumb.to}
            className={styles.crumb}
            title={crumb.title}
            {...(index === crumbs.length - 1 ? { "aria-current": "location" } : {})}
          >
            {crumb.title}
          </Link>
        </span>
      ))}
    </nav>
  );
}
