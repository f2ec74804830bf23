// SPDX-License-Identifier: Apache-2.0
// Order and shape of a DAG's tasks. Pure.

export interface Node {
  id: string;
  downstream: readonly string[];
}

/** Task ids so that upstream comes before downstream; ties by the order given. */
export function topological(nodes: readonly Node[]): string[] {
  const waiting = new Map<string, number>(nodes.map((node) => [node.id, 0]));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  for (const node of nodes)
    for (const next of node.downstream)
      if (waiting.has(next)) waiting.set(next, (waiting.get(next) ?? 0) + 1);
  const ready = nodes.filter((node) => waiting.get(node.id) === 0).map((node) => node.id);
  const order: string[] = [];
  for (let at = 0; at < ready.length; at++) {
    const id = ready[at] as string;
    order.push(id);
    for (const next of byId.get(id)?.downstream ?? []) {
      const left = (waiting.get(next) ?? 0) - 1;
      waiting.set(next, left);
      if (left === 0) ready.push(next);
    }
  }
  const rest = nodes.filter((node) => !order.includes(node.id)).map((node) => node.id);
  return [...order, ...rest];
}

export interface Row {
  /** A task's id, or a group's. */
  id: string;
  /** What to write: the part of the id below its group. */
  label: string;
  depth: number;
  /** The tasks a group's row stands for; one for a task. */
  tasks: string[];
  isGroup: boolean;
}

/** A task group; outer ones are listed before those in them. */
export interface Group {
  id: string;
  /** Those of the groups in it too. */
  tasks: readonly string[];
  /** Whether it is made once for each element of something. */
  mapped?: boolean;
}

/** What is left of an id below its group: all of it where the group does not prefix ids. */
export function labelBelow(id: string, group: string | undefined): string {
  return group && id.startsWith(`${group}.`) ? id.slice(group.length + 1) : id;
}

/** The groups of each task, the outermost first. */
export function groupsByTask(groups: readonly Group[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const group of groups)
    for (const task of group.tasks) found.set(task, [...(found.get(task) ?? []), group.id]);
  return found;
}

/** Rows for ordered task ids: members of a group come together below its row, unless folded. */
export function groupRows(
  order: readonly string[],
  groups: readonly Group[],
  folded: ReadonlySet<string>,
): Row[] {
  const groupsOf = groupsByTask(groups);
  const members = new Map<string, string[]>(groups.map((group) => [group.id, []]));
  for (const id of order) for (const group of groupsOf.get(id) ?? []) members.get(group)?.push(id);
  const rows: Row[] = [];
  const done = new Set<string>();

  function place(id: string): void {
    if (done.has(id)) return;
    const around = groupsOf.get(id) ?? [];
    for (const [depth, group] of around.entries()) {
      if (done.has(group)) continue;
      done.add(group);
      const tasks = members.get(group) ?? [];
      const row = { id: group, label: labelBelow(group, around[depth - 1]), depth, tasks };
      rows.push({ ...row, isGroup: true });
      if (folded.has(group)) return tasks.forEach((task) => done.add(task));
      return tasks.forEach((task) => !done.has(task) && place(task));
    }
    done.add(id);
    rows.push({
      id,
      label: labelBelow(id, around.at(-1)),
      depth: around.length,
      tasks: [id],
      isGroup: false,
    });
  }

  for (const id of order) place(id);
  return rows;
}
