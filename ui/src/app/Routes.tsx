// SPDX-License-Identifier: Apache-2.0
import { lazy, Suspense, type ComponentType, type LazyExoticComponent } from "react";
import { Page } from "@/components/Page";
import { Bones, Empty } from "@/components/States";
import { matchPath } from "@/router/match";
import { Link, usePathname } from "@/router/router";
import { MenuPage } from "@/shell/MenuPage";
import { ErrorBoundary } from "./ErrorBoundary";

type View = ComponentType<{ path: Record<string, string> }>;

interface LazyView {
  View: LazyExoticComponent<View>;
  load: () => Promise<unknown>;
}

function page<K extends string>(load: () => Promise<Record<K, View>>, name: K): LazyView {
  return { View: lazy(() => load().then((module) => ({ default: module[name] }))), load };
}

const DagPage = page(() => import("@/features/dag/DagPage"), "DagPage");
const RunPage = page(() => import("@/features/run/RunPage"), "RunPage");
const TaskPage = page(() => import("@/features/task/TaskPage"), "TaskPage");

const kRoutes: [pattern: string, view: LazyView | { View: View; load?: undefined }][] = [
  ["/", page(() => import("@/features/home/HomePage"), "HomePage")],
  ["/dags", page(() => import("@/features/dags/DagsPage"), "DagsPage")],
  ["/runs", page(() => import("@/features/runs/RunsPage"), "RunsPage")],
  ["/assets", page(() => import("@/features/assets/AssetsPage"), "AssetsPage")],
  ["/assets/:assetId", page(() => import("@/features/assets/AssetPage"), "AssetPage")],
  ["/import-errors", page(() => import("@/features/errors/ImportErrorsPage"), "ImportErrorsPage")],
  ["/menu", { View: MenuPage }],
  ["/admin/:page", page(() => import("@/features/admin/AdminPage"), "AdminPage")],
  ["/dags/:dagId", DagPage],
  ["/dags/:dagId/:tab", DagPage],
  ["/dags/:dagId/runs/:runId", RunPage],
  ["/dags/:dagId/runs/:runId/:tab", RunPage],
  ["/dags/:dagId/runs/:runId/tasks/:taskId", TaskPage],
  ["/dags/:dagId/runs/:runId/tasks/:taskId/:tab", TaskPage],
];

/** Begins to load the view of an address, while who is signed in is still asked. */
export function preload(pathname: string): void {
  const route = kRoutes.find(([pattern]) => matchPath(pattern, pathname));
  // Whoever shows it meets the failure again and tells it.
  route?.[1].load?.().catch(() => undefined);
}

/** The view of the address. */
export function Routes() {
  const pathname = usePathname();
  for (const [pattern, { View }] of kRoutes) {
    const path = matchPath(pattern, pathname);
    if (!path) continue;
    return (
      <ErrorBoundary place={pathname}>
        <Suspense fallback={<Bones rows={8} />}>
          <View path={path} />
        </Suspense>
      </ErrorBoundary>
    );
  }
  return (
    <Page name="Not found" title="Not found">
      <Empty title="There is no such page" action={<Link to="/">Go home</Link>}>
        <code>{pathname}</code> is none of ours. An old link, perhaps: search with Ctrl K.
      </Empty>
    </Page>
  );
}
