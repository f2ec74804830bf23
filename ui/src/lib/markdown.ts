// SPDX-License-Identifier: Apache-2.0
// The part of Markdown that doc_md is written in: headings, paragraphs, lists, code, emphasis,
// links. Everything else is text.

export type Block =
  | { kind: "heading"; text: string }
  | { kind: "code"; text: string }
  | { kind: "list"; ordered: boolean; items: string[] }
  | { kind: "paragraph"; text: string };

/** The text without the indentation that all its lines share. */
function dedent(text: string): string {
  const lines = text.split("\n");
  const margins = lines
    .slice(1)
    .filter((line) => line.trim())
    .map((line) => line.length - line.trimStart().length);
  const margin = margins.length > 0 ? Math.min(...margins) : 0;
  return lines
    .map((line, index) => (index === 0 ? line.trimStart() : line.slice(margin)))
    .join("\n");
}

const kItem = /^\s*(?:[-*+]|(\d+)[.)])\s+(.*)$/;

export function markdownBlocks(text: string): Block[] {
  const lines = dedent(text.replace(/\r\n?/g, "\n")).split("\n");
  const blocks: Block[] = [];
  let paragraph: string[] = [];
  const flush = () => {
    if (paragraph.length > 0) blocks.push({ kind: "paragraph", text: paragraph.join(" ") });
    paragraph = [];
  };
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    const item = kItem.exec(line);
    if (/^\s*```/.test(line)) {
      flush();
      const end = lines.findIndex((each, index) => index > at && /^\s*```/.test(each));
      const stop = end < 0 ? lines.length : end;
      blocks.push({ kind: "code", text: lines.slice(at + 1, stop).join("\n") });
      at = stop;
    } else if (/^#{1,6}\s/.test(line)) {
      flush();
      blocks.push({ kind: "heading", text: line.replace(/^#+\s+/, "").replace(/\s+#+$/, "") });
    } else if (item) {
      flush();
      const ordered = item[1] !== undefined;
      const last = blocks.at(-1);
      const follows = kItem.test(lines[at - 1] ?? "");
      if (follows && last?.kind === "list" && last.ordered === ordered)
        last.items.push(item[2] ?? "");
      else blocks.push({ kind: "list", ordered, items: [item[2] ?? ""] });
    } else if (!line.trim()) flush();
    else paragraph.push(line.trim());
  }
  flush();
  return blocks;
}

export type Inline =
  | { kind: "text" | "code" | "strong" | "emphasis"; text: string }
  | { kind: "link"; text: string; href: string };

const kInline =
  /`([^`]+)`|\*\*([^*]+)\*\*|(?<!\w)[*_]([^*_\s][^*_]*)[*_](?!\w)|\[([^\]]+)\]\(([^)\s]+)\)/g;

export function inlineParts(text: string): Inline[] {
  const parts: Inline[] = [];
  let at = 0;
  for (const match of text.matchAll(kInline)) {
    if (match.index > at) parts.push({ kind: "text", text: text.slice(at, match.index) });
    at = match.index + match[0].length;
    const [whole, code, strong, emphasis, label, href] = match;
    if (code !== undefined) parts.push({ kind: "code", text: code });
    else if (strong !== undefined) parts.push({ kind: "strong", text: strong });
    else if (emphasis !== undefined) parts.push({ kind: "emphasis", text: emphasis });
    else if (label !== undefined && href !== undefined && /^(https?:|mailto:)/i.test(href))
      parts.push({ kind: "link", text: label, href });
    else parts.push({ kind: "text", text: whole });
  }
  if (at < text.length) parts.push({ kind: "text", text: text.slice(at) });
  return parts;
}
