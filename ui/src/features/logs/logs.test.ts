// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { ansiParts, stripAnsi } from "./ansi";
import { passes, readRecord, type LogFilter } from "./line";

describe("ansiParts", () => {
  it("reads colours and forgets them", () => {
    expect(
      ansiParts("a\u001b[1;31mb\u001b[0mc").map(({ text, color, bold }) => [text, color, bold]),
    ).toEqual([
      ["a", null, false],
      ["b", "ansi-1", true],
      ["c", null, false],
    ]);
  });
  it("reads 256 and true colours", () => {
    expect(ansiParts("\u001b[38;5;196mx\u001b[48;2;1;2;3my")).toMatchObject([
      { color: "rgb(255 0 0)", background: null },
      { color: "rgb(255 0 0)", background: "rgb(1 2 3)" },
    ]);
  });
  it("drops what moves the cursor", () => {
    expect(stripAnsi("\u001b[2K\u001b[1Gdone")).toBe("done");
  });
});

describe("readRecord", () => {
  it("makes a row of each line, the traceback included", () => {
    const rows = readRecord(
      JSON.stringify({
        event: "failed",
        level: "error",
        logger: "airflow.task",
        exception: "a\nb",
      }),
      7,
    );
    expect(rows.map(({ number, text, follows }) => [number, text, follows])).toEqual([
      [7, "failed", false],
      [8, "a", true],
      [9, "b", true],
    ]);
    expect(rows[0]).toMatchObject({ level: "error", source: "log" });
  });
  it("shows unknown keys and text that is no JSON", () => {
    expect(readRecord('{"event":"x","rows":3,"logger":"task.stderr"}', 1)[0]).toMatchObject({
      text: "x  rows=3",
      source: "stderr",
    });
    expect(readRecord("plain", 1)[0]?.text).toBe("plain");
  });
  it("hides the marks around the source details", () => {
    expect(readRecord('{"event":"::group::Log message source details"}', 1)).toEqual([]);
    expect(readRecord('{"event":"::endgroup::"}', 1)).toEqual([]);
    expect(readRecord('{"event":"::group::Setup"}', 1)[0]).toMatchObject({
      text: "Setup",
      group: true,
    });
  });
});

describe("passes", () => {
  const [line] = readRecord('{"event":"Slow Batch","level":"warning","logger":"task.stdout"}', 1);
  const all: LogFilter = { level: "debug", source: "all", only: "" };
  it("looks at level, source and text", () => {
    if (!line) throw new Error("no line");
    expect(passes(line, all)).toBe(true);
    expect(passes(line, { ...all, level: "error" })).toBe(false);
    expect(passes(line, { ...all, source: "stderr" })).toBe(false);
    expect(passes(line, { ...all, only: "slow b" })).toBe(true);
    expect(passes(line, { ...all, only: "fast" })).toBe(false);
  });
});
