// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { tokenize, tokenLines } from "./python";

const kSource = `@task(retries=2)
def load(x: int) -> str:  # the last
    """A
    text"""
    return f"{x}" + 'it''s' + "open`;

describe("tokenize", () => {
  it("loses nothing", () => {
    expect(
      tokenize(kSource)
        .map((token) => token.text)
        .join(""),
    ).toBe(kSource);
  });
  it("knows kinds", () => {
    const kinds = Object.fromEntries(
      tokenize(kSource).map(({ kind, text }) => [text.trim(), kind]),
    );
    expect(kinds).toMatchObject({
      "@task": "decorator",
      def: "keyword",
      load: "name",
      "# the last": "comment",
      "2": "number",
      'f"{x}"': "string",
      '"open': "string",
    });
  });
});

describe("tokenLines", () => {
  it("cuts strings that span lines", () => {
    const lines = tokenLines(kSource);
    expect(lines).toHaveLength(5);
    expect(lines[3]).toEqual([{ kind: "string", text: '    text"""' }]);
  });
});
