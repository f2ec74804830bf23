// SPDX-License-Identifier: Apache-2.0
import type { DagFilter } from "@/api/queries";
import type { RunState } from "@/api/types";

export const kDagViews = [
  { key: "all", title: "All" },
  { key: "active", title: "Active" },
  { key: "paused", title: "Paused" },
  { key: "running", title: "Running" },
  { key: "failing", title: "Failing" },
  { key: "favourites", title: "Favourites" },
] as const;

const kLastStates: Record<string, RunState> = { running: "running", failing: "failed" };

/** The filter that an address describes. */
export function readFilter(params: URLSearchParams): DagFilter {
  const view = params.get("view") ?? "all";
  const filter: DagFilter = {};
  const search = params.get("q")?.trim();
  if (search) filter.search = search;
  const tags = params.getAll("tag");
  if (tags.length > 0) filter.tags = tags;
  const owners = params.getAll("owner");
  if (owners.length > 0) filter.owners = owners;
  if (view === "paused") filter.paused = true;
  if (view === "favourites") filter.favourite = true;
  if (view === "active") filter.paused = false;
  const last = kLastStates[view];
  if (last) filter.lastState = last;
  const order = params.get("order");
  if (order) filter.order = order;
  return filter;
}
