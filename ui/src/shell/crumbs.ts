// SPDX-License-Identifier: Apache-2.0
import { links } from "@/router/links";
import { matchPath } from "@/router/match";
import { kAdminPages } from "./pages";

export interface Crumb {
  title: string;
  to: string;
}

function dagCrumbs(parts: readonly string[]): Crumb[] {
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

const kTitles: Record<string, string> = {
  runs: "Runs",
  assets: "Assets",
  "import-errors": "Import errors",
  menu: "All pages",
};

/** Where an address lies, from the outside in. */
export function crumbsOf(pathname: string): Crumb[] {
  const parts = pathname.split("/").filter(Boolean);
  const [first] = parts;
  if (first === undefined) return [{ title: "Home", to: "/" }];
  if (first === "dags") return dagCrumbs(parts);
  if (first === "assets" && parts[1] !== undefined) {
    const assets = { title: "Assets", to: links.assets() };
    return [assets, { title: `Asset ${parts[1]}`, to: pathname }];
  }
  if (first === "admin") {
    const page = kAdminPages.find((each) => each.to === pathname);
    return [{ title: page?.title ?? "Administration", to: pathname }];
  }
  return [{ title: kTitles[first] ?? "Not found", to: pathname }];
}
