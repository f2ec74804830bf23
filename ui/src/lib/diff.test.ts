// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { diffLines, foldSame } from "./diff";

const marks = { same: " ", added: "+", removed: "-" } as const;
const show = (a: string, b: string) =>
  diffLines(a, b).map((line) => `${marks[line.kind]}${line.text}`);

describe("diffLines", () => {
  it("finds what was added, removed and kept", () => {
    expect(show("a\nb\nc", "a\nx\nc\nd")).toEqual([" a", "-b", "+x", " c", "+d"]);
  });
  it("numbers the lines of both sides", () => {
    expect(diffLines("a\nb", "b").map(({ before, after }) => [before, after])).toEqual([
      [1, null],
      [2, 1],
    ]);
  });
  it("says nothing about equal texts", () => {
    expect(show("a\nb", "a\nb")).toEqual([" a", " b"]);
  });
});

describe("foldSame", () => {
  it("keeps only what is near a change", () => {
    const lines = diffLines("1\n2\n3\n4\n5", "1\n2\n3\n4\nx");
    expect(foldSame(lines, 1).map((line) => line.kind)).toEqual([
      "fold",
      "same",
      "removed",
      "added",
    ]);
  });
});
