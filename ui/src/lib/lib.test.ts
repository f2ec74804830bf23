// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { bytes, fuzzyScore, lastLine, operatorLabel } from "./text";
import { clock, dateAndTime, elapsed, relative, span } from "./time";
import { countStates, isOpen, stateName } from "./states";

describe("clock", () => {
  it("has the form of the case study", () => {
    expect(clock(21.998)).toBe("0:21.998");
    expect(clock(187.04)).toBe("3:07.040");
    expect(clock(3723.004)).toBe("1:02:03.004");
    expect(clock(0)).toBe("0:00.000");
    expect(clock(59.9996)).toBe("1:00.000");
  });
});

describe("span", () => {
  it("keeps the digits that matter", () => {
    expect(span(0.0123)).toBe("12 ms");
    expect(span(8.68)).toBe("8.68 s");
    expect(span(-0.23)).toBe("-230 ms");
    expect(span(9.999)).toBe("10.0 s");
    expect(span(123)).toBe("2:03 min");
    expect(span(3600 * 4 + 300)).toBe("4:05 h");
    expect(span(86_400 * 3)).toBe("3 d");
  });
});

describe("relative", () => {
  it("looks both ways", () => {
    expect(relative(0, 1000)).toBe("now");
    expect(relative(0, 3 * 60_000)).toBe("3 min ago");
    expect(relative(5 * 3_600_000, 0)).toBe("in 5 h");
  });
});

describe("dateAndTime", () => {
  it("is in the zone asked for", () => {
    const at = Date.parse("2026-01-31T23:30:00Z");
    expect(dateAndTime(at, "UTC")).toEqual({ date: "2026-01-31", time: "23:30:00" });
    expect(dateAndTime(at, "Asia/Tokyo")).toEqual({ date: "2026-02-01", time: "08:30:00" });
  });
});

describe("elapsed", () => {
  it("runs until now without an end", () => {
    expect(elapsed("2026-01-01T00:00:00Z", null, Date.parse("2026-01-01T00:00:02Z"))).toBe(2);
    expect(elapsed(null, null, 0)).toBeNull();
  });
});

describe("text", () => {
  it("finds the line that says what is wrong", () => {
    expect(lastLine("Traceback:\n  File x\nValueError: no\n\nmore")).toBe("ValueError: no");
    expect(lastLine("a\nb\n")).toBe("b");
  });
  it("writes sizes", () => {
    expect(bytes(0)).toBe("0 B");
    expect(bytes(5 * 2 ** 30)).toBe("5.0 GiB");
    expect(bytes(300 * 1024)).toBe("300 KiB");
  });
  it("names operators as people do", () => {
    expect(operatorLabel("_PythonDecoratedOperator")).toBe("Python task");
    expect(operatorLabel("BashOperator")).toBe("BashOperator");
  });
  it("prefers whole matches", () => {
    expect(fuzzyScore("etl", "etl_duckdb")).toBeLessThan(fuzzyScore("etd", "etl_duckdb") ?? 0);
    expect(fuzzyScore("xyz", "etl_duckdb")).toBeNull();
  });
});

describe("states", () => {
  it("takes what it does not know for not started", () => {
    expect(stateName(null)).toBe("none");
    expect(stateName("new_one")).toBe("none");
    expect(isOpen("up_for_retry")).toBe(true);
  });
  it("counts the worst first", () => {
    expect(countStates(["success", null, "failed", "success"])).toEqual([
      { state: "failed", count: 1 },
      { state: "none", count: 1 },
      { state: "success", count: 2 },
    ]);
  });
});
