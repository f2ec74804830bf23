// SPDX-License-Identifier: Apache-2.0
// Line by line difference of two texts (longest common subsequence).

export interface DiffLine {
  kind: "same" | "added" | "removed";
  text: string;
  /** Line numbers in the old and the new text, from 1. */
  before: number | null;
  after: number | null;
}

const kCellsMax = 4_000_000; // of the table; beyond it everything in the middle is replaced

function lengths(a: readonly string[], b: readonly string[]): Uint32Array[] {
  const table = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    const row = table[i] as Uint32Array;
    const below = table[i + 1] as Uint32Array;
    for (let j = b.length - 1; j >= 0; j--)
      row[j] = a[i] === b[j] ? (below[j + 1] ?? 0) + 1 : Math.max(below[j] ?? 0, row[j + 1] ?? 0);
  }
  return table;
}

function middle(a: string[], b: string[]): ("same" | "added" | "removed")[] {
  if (a.length * b.length > kCellsMax)
    return [...a.map(() => "removed" as const), ...b.map(() => "added" as const)];
  const table = lengths(a, b);
  const moves: ("same" | "added" | "removed")[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      moves.push("same");
      i += 1;
      j += 1;
    } else if (
      i < a.length &&
      (j === b.length || (table[i + 1]?.[j] ?? 0) >= (table[i]?.[j + 1] ?? 0))
    ) {
      moves.push("removed");
      i += 1;
    } else {
      moves.push("added");
      j += 1;
    }
  }
  return moves;
}

export function diffLines(before: string, after: string): DiffLine[] {
  const a = before.split("\n");
  const b = after.split("\n");
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (
    tail < a.length - head &&
    tail < b.length - head &&
    a[a.length - 1 - tail] === b[b.length - 1 - tail]
  )
    tail += 1;
  const moves: DiffLine["kind"][] = [
    ...Array.from({ length: head }, () => "same" as const),
    ...middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...Array.from({ length: tail }, () => "same" as const),
  ];
  let i = 0;
  let j = 0;
  return moves.map((kind) => {
    const text = (kind === "added" ? b[j] : a[i]) ?? "";
    const line = {
      kind,
      text,
      before: kind === "added" ? null : i + 1,
      after: kind === "removed" ? null : j + 1,
    };
    if (kind !== "added") i += 1;
    if (kind !== "removed") j += 1;
    return line;
  });
}

export interface Fold {
  kind: "fold";
  count: number;
}

/** The changes with a few lines around them; what is equal in between becomes a fold. */
export function foldSame(lines: readonly DiffLine[], around: number): (DiffLine | Fold)[] {
  const near = new Uint8Array(lines.length);
  for (const [index, line] of lines.entries()) {
    if (line.kind === "same") continue;
    near.fill(1, Math.max(0, index - around), Math.min(lines.length, index + around + 1));
  }
  const found: (DiffLine | Fold)[] = [];
  for (const [index, line] of lines.entries()) {
    const last = found.at(-1);
    if (near[index]) found.push(line);
    else if (last?.kind === "fold") last.count += 1;
    else found.push({ kind: "fold", count: 1 });
  }
  return found;
}
