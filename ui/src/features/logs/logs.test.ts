// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { ansiParts, stripAnsi } from "./ansi";
import { goingOn, numbered } from "./numbers";
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
      700,
      7,
    );
    expect(rows.map(({ number, text, follows }) => [number, text, follows])).toEqual([
      [7, "failed", false],
      [null, "a", true],
      [null, "b", true],
    ]);
    expect(rows[0]).toMatchObject({ level: "error", source: "log" });
  });
  it("shows unknown keys and text that is no JSON", () => {
    expect(readRecord('{"event":"x","rows":3,"logger":"task.stderr"}', 0, 1)[0]).toMatchObject({
      text: "x  rows=3",
      source: "stderr",
    });
    expect(readRecord("plain", 0, 1)[0]?.text).toBe("plain");
  });
  it("shows groups by their names", () => {
    expect(readRecord('{"event":"::endgroup::"}', 0, 1)[0]?.text).toBe("");
    expect(readRecord('{"event":"::group::Setup"}', 0, 1)[0]).toMatchObject({
      text: "Setup",
      group: true,
    });
  });
});

describe("numbers", () => {
  const rows = ["a", "b\nc", "d"].flatMap((event, index) =>
    readRecord(JSON.stringify({ event }), index * 10, null),
  );
  it("are those of records, told from one of them", () => {
    expect(numbered(rows, 10, 42).map((line) => line.number)).toEqual([41, 42, null, 43]);
    expect(numbered(rows, 999, 42)).toEqual(rows);
  });
  it("go on after what is there", () => {
    const before = numbered(rows, 0, 1);
    expect(goingOn(before, rows).map((line) => line.number)).toEqual([4, 5, null, 6]);
    expect(goingOn([], rows)[0]?.number).toBe(1);
    expect(goingOn(rows, rows)[0]?.number).toBe(null);
  });
});

describe("passes", () => {
  const [line] = readRecord(
    '{"event":"Slow Batch","level":"warning","logger":"task.stdout"}',
    0,
    1,
  );
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
