// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { inlineParts, markdownBlocks } from "./markdown";

describe("markdownBlocks", () => {
  it("knows headings, paragraphs, lists and code", () => {
    const text = "# A\n\n    one\n    two\n\n    - x\n    - y\n\n    ```\n    code\n    ```";
    expect(markdownBlocks(text)).toEqual([
      { kind: "heading", text: "A" },
      { kind: "paragraph", text: "one two" },
      { kind: "list", ordered: false, items: ["x", "y"] },
      { kind: "code", text: "code" },
    ]);
  });
});

describe("inlineParts", () => {
  it("marks what is marked", () => {
    expect(inlineParts("a **b** `c` _d_ [e](https://x.y) snake_case_name")).toEqual([
      { kind: "text", text: "a " },
      { kind: "strong", text: "b" },
      { kind: "text", text: " " },
      { kind: "code", text: "c" },
      { kind: "text", text: " " },
      { kind: "emphasis", text: "d" },
      { kind: "text", text: " " },
      { kind: "link", text: "e", href: "https://x.y" },
      { kind: "text", text: " snake_case_name" },
    ]);
  });
  it("makes no link of a script", () => {
    expect(inlineParts("[x](javascript:alert(1))").every((part) => part.kind === "text")).toBe(
      true,
    );
  });
});
