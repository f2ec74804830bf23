// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { links } from "./links";
import { matchPath, path, withSearch } from "./match";

describe("matchPath", () => {
  it("reads names back as they were written", () => {
    const runId = "manual__2026-01-01T00:00:00+00:00";
    const to = path("dags", "a b/c", "runs", runId);
    expect(matchPath("/dags/:dagId/runs/:runId", to)).toEqual({ dagId: "a b/c", runId });
  });
  it("wants every part", () => {
    expect(matchPath("/dags/:dagId", "/dags")).toBeNull();
    expect(matchPath("/dags/:dagId", "/runs/x")).toBeNull();
  });
  it("does not fall over a stray percent sign", () => {
    expect(matchPath("/dags/:dagId", "/dags/100%")).toEqual({ dagId: "100%" });
  });
});

describe("withSearch", () => {
  it("sets, repeats and takes away", () => {
    expect(withSearch("?a=1&b=2", { a: null, tag: ["x", "y"] })).toBe("?b=2&tag=x&tag=y");
    expect(withSearch("?a=1", { a: "" })).toBe("");
  });
});

describe("links", () => {
  it("leave out the map index of what is not mapped", () => {
    const ref = { dagId: "d", runId: "r", taskId: "t" };
    expect(links.task({ ...ref, mapIndex: -1 })).toBe("/dags/d/runs/r/tasks/t");
    expect(links.task({ ...ref, mapIndex: 3 }, "xcom")).toBe("/dags/d/runs/r/tasks/t/xcom?map=3");
  });
});
