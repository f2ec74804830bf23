// SPDX-License-Identifier: Apache-2.0
import { Fragment, type ReactNode } from "react";
import { inlineParts, markdownBlocks, type Block } from "@/lib/markdown";

/** Markdown as elements. HTML in it stays text, and only web addresses become links. */
export function Markdown({ text }: { text: string }) {
  return (
    <div className="stack" style={{ gap: 10, maxWidth: "80ch", lineHeight: 1.6 }}>
      {markdownBlocks(text).map((block, index) => (
        <BlockView key={index} block={block} />
      ))}
    </div>
  );
}

function BlockView({ block }: { block: Block }): ReactNode {
  switch (block.kind) {
    case "heading":
      return <h3>{inline(block.text)}</h3>;
    case "code":
      return (
        <pre
          style={{
            margin: 0,
            padding: "10px 14px",
            overflowX: "auto",
            background: "var(--sunken)",
            borderRadius: "var(--radius)",
          }}
        >
          {block.text}
        </pre>
      );
    case "list": {
      const items = block.items.map((item, index) => <li key={index}>{inline(item)}</li>);
      const style = { margin: 0, paddingLeft: 20 };
      return block.ordered ? <ol style={style}>{items}</ol> : <ul style={style}>{items}</ul>;
    }
    case "paragraph":
      return <p style={{ margin: 0 }}>{inline(block.text)}</p>;
  }
}

function inline(text: string): ReactNode {
  return inlineParts(text).map((part, index) => {
    switch (part.kind) {
      case "code":
        return <code key={index}>{part.text}</code>;
      case "strong":
        return <strong key={index}>{part.text}</strong>;
      case "emphasis":
        return <em key={index}>{part.text}</em>;
      case "link":
        return (
          <a
            key={index}
            href={part.href}
            target="_blank"
            rel="noreferrer noopener"
            style={{ textDecoration: "underline" }}
          >
            {part.text}
          </a>
        );
      case "text":
        return <Fragment key={index}>{part.text}</Fragment>;
    }
  });
}
