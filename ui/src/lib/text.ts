// SPDX-License-Identifier: Apache-2.0

/** "1 run", "3 runs". */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
}

/** The line of a traceback that says what is wrong: `SomeError: ...`, or else the last. */
export function lastLine(trace: string): string {
  const lines = trace.split("\n").map((line) => line.trim());
  const named = lines.find((line) => /^[A-Za-z_.]*(Error|Exception|Warning)\b.*:/.test(line));
  return named ?? lines.filter(Boolean).at(-1) ?? "";
}

/** 5.0 GiB, 12 KiB, 0 B. */
export function bytes(size: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = size;
  let unit = 0;
  while (value >= 1023.5 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** An operator's class without the underscores of its Python name. */
export function operatorLabel(name: string | null | undefined): string {
  return (name ?? "").replace(/^_+/, "").replace(/DecoratedOperator$/, " task");
}

/** Whether all letters of `want` are in `text` in this order; lower is better, null is no. */
export function fuzzyScore(want: string, text: string): number | null {
  const needle = want.toLowerCase();
  const hay = text.toLowerCase();
  const at = hay.indexOf(needle);
  if (at >= 0) return at + hay.length / 1000;
  let place = -1;
  let gaps = 0;
  for (const letter of needle) {
    const next = hay.indexOf(letter, place + 1);
    if (next < 0) return null;
    gaps += next - place - 1;
    place = next;
  }
  return 100 + gaps + hay.length / 1000;
}
