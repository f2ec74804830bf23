// SPDX-License-Identifier: Apache-2.0
// Terminal colours in text.

export interface AnsiPart {
  text: string;
  /** CSS color, or a name of our palette: "ansi-1". */
  color: string | null;
  background: string | null;
  bold: boolean;
  dim: boolean;
  italic: boolean;
  underline: boolean;
}

type Look = Omit<AnsiPart, "text">;

const kPlain: Look = {
  color: null,
  background: null,
  bold: false,
  dim: false,
  italic: false,
  underline: false,
};

// eslint-disable-next-line no-control-regex -- escape sequences are what this is about
const kEscape = /\u001b\[([0-9;]*)([A-Za-z])|\u001b\][^\u0007]*\u0007/g;

function indexed(n: number): string {
  if (n < 16) return `ansi-${n}`;
  if (n >= 232) {
    const grey = 8 + (n - 232) * 10;
    return `rgb(${grey} ${grey} ${grey})`;
  }
  const level = (part: number) => (part === 0 ? 0 : 55 + part * 40);
  const at = n - 16;
  return `rgb(${level(Math.floor(at / 36))} ${level(Math.floor(at / 6) % 6)} ${level(at % 6)})`;
}

/** Reads 38;5;n and 38;2;r;g;b; says how many codes it took. */
function extended(codes: number[]): { color: string | null; used: number } {
  if (codes[0] === 5) return { color: indexed(codes[1] ?? 0), used: 2 };
  if (codes[0] === 2) {
    const [, r = 0, g = 0, b = 0] = codes;
    return { color: `rgb(${r} ${g} ${b})`, used: 4 };
  }
  return { color: null, used: codes.length };
}

function apply(look: Look, codes: number[]): Look {
  let next = { ...look };
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at] ?? 0;
    if (code === 0) next = { ...kPlain };
    else if (code === 1) next.bold = true;
    else if (code === 2) next.dim = true;
    else if (code === 3) next.italic = true;
    else if (code === 4) next.underline = true;
    else if (code === 22) next.bold = next.dim = false;
    else if (code === 23) next.italic = false;
    else if (code === 24) next.underline = false;
    else if (code >= 30 && code <= 37) next.color = `ansi-${code - 30}`;
    else if (code >= 90 && code <= 97) next.color = `ansi-${code - 82}`;
    else if (code >= 40 && code <= 47) next.background = `ansi-${code - 40}`;
    else if (code >= 100 && code <= 107) next.background = `ansi-${code - 92}`;
    else if (code === 39) next.color = null;
    else if (code === 49) next.background = null;
    else if (code === 38 || code === 48) {
      const { color, used } = extended(codes.slice(at + 1));
      if (code === 38) next.color = color;
      else next.background = color;
      at += used;
    }
  }
  return next;
}

export function hasAnsi(text: string): boolean {
  return text.includes("\u001b");
}

/** The text without escape sequences. */
export function stripAnsi(text: string): string {
  return hasAnsi(text) ? text.replace(kEscape, "") : text;
}

/** Pieces of equal look; the escape sequences are gone. */
export function ansiParts(text: string): AnsiPart[] {
  const parts: AnsiPart[] = [];
  let look = kPlain;
  let at = 0;
  const add = (piece: string) => {
    if (piece) parts.push({ text: piece, ...look });
  };
  for (const match of text.matchAll(kEscape)) {
    add(text.slice(at, match.index));
    at = match.index + match[0].length;
    if (match[2] === "m") look = apply(look, (match[1] ?? "").split(";").map(Number));
  }
  add(text.slice(at));
  return parts;
}
