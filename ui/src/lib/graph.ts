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

function groupsOf(id: string): string[] {
  const parts = id.split(".");
  return parts.slice(0, -1).map((_, index) => parts.slice(0, index + 1).join("."));
}

/** Rows for ordered task ids: members of a group come together below its row, unless folded. */
export function groupRows(order: readonly string[], folded: ReadonlySet<string>): Row[] {
  const members = new Map<string, string[]>();
  for (const id of order)
    for (const group of groupsOf(id)) members.set(group, [...(members.get(group) ?? []), id]);
  // "a.b" is a task of group "a" unless it is the only one: ids may have dots of their own.
  const isGroup = (name: string) => (members.get(name)?.length ?? 0) > 1;
  const rows: Row[] = [];
  const done = new Set<string>();
  const label = (id: string, group: string | undefined) =>
    group ? id.slice(group.length + 1) : id;

  function place(id: string): void {
    if (done.has(id)) return;
    const groups = groupsOf(id).filter(isGroup);
    for (const [depth, group] of groups.entries()) {
      if (done.has(group)) continue;
      done.add(group);
      const tasks = members.get(group) ?? [];
      const row = { id: group, label: label(group, groups[depth - 1]), depth, tasks };
      rows.push({ ...row, isGroup: true });
      if (folded.has(group)) return tasks.forEach((task) => done.add(task));
      return tasks.forEach((task) => !done.has(task) && place(task));
    }
    done.add(id);
    rows.push({
      id,
      label: label(id, groups.at(-1)),
      depth: groups.length,
      tasks: [id],
      isGroup: false,
    });
  }

  for (const id of order) place(id);
  return rows;
}
