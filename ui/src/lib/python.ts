// SPDX-License-Identifier: Apache-2.0
// Enough of Python's grammar to colour it.

export type TokenKind =
  "plain" | "keyword" | "string" | "comment" | "number" | "decorator" | "name";

export interface Token {
  kind: TokenKind;
  text: string;
}

const kKeywords = new Set(
  `False None True and as assert async await break class continue def del elif else except finally
  for from global if import in is lambda match nonlocal not or pass raise return try while with
  yield case`.split(/\s+/),
);

const kToken =
  /(#[^\n]*)|((?:[rRbBuUfF]{0,2})(?:"""[\s\S]*?(?:"""|(?![\s\S]))|'''[\s\S]*?(?:'''|(?![\s\S]))|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?))|(^[ \t]*@[\w.]+)|(\b\d[\w.]*)|([A-Za-z_]\w*)|(\s+|.)/gm;

/** The tokens of a source; joined they are the source again. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let defined = false;
  for (const match of source.matchAll(kToken)) {
    const [text, comment, string, decorator, number, word] = match;
    let kind: TokenKind = "plain";
    if (comment !== undefined) kind = "comment";
    else if (string !== undefined) kind = "string";
    else if (decorator !== undefined) kind = "decorator";
    else if (number !== undefined) kind = "number";
    else if (word !== undefined)
      kind = kKeywords.has(word) ? "keyword" : defined ? "name" : "plain";
    if (word !== undefined) defined = word === "def" || word === "class";
    const last = tokens.at(-1);
    if (last?.kind === kind && kind === "plain") last.text += text;
    else tokens.push({ kind, text });
  }
  return tokens;
}

/** Tokens by line: what spans lines is cut at their ends. */
export function tokenLines(source: string): Token[][] {
  const lines: Token[][] = [[]];
  for (const token of tokenize(source)) {
    for (const [index, text] of token.text.split("\n").entries()) {
      if (index > 0) lines.push([]);
      if (text) lines.at(-1)?.push({ kind: token.kind, text });
    }
  }
  return lines;
}
