// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it, vi } from "vitest";
import { rightsOfRole } from "@/auth/session";
import { buildUrl } from "./client";
import { ApiError, detailText, readError } from "./error";
import { fetchAll, kPageMax } from "./paging";

describe("buildUrl", () => {
  it("escapes path values and repeats lists", () => {
    expect(
      buildUrl(
        "/dags/{dag_id}/dagRuns/{dag_run_id}",
        { dag_id: "a/b", dag_run_id: "manual__2026-01-01T00:00:00+00:00" },
        { state: ["failed", "running"], limit: 5, empty: "", none: undefined },
      ),
    ).toBe(
      "/dags/a%2Fb/dagRuns/manual__2026-01-01T00%3A00%3A00%2B00%3A00?state=failed&state=running&limit=5",
    );
  });
  it("wants every name of the path", () => {
    expect(() => buildUrl("/dags/{dag_id}")).toThrow("dag_id");
  });
});

describe("errors", () => {
  it("reads texts, reasons and lists of problems", () => {
    expect(detailText("no")).toBe("no");
    expect(detailText({ reason: "twice" })).toBe("twice");
    expect(detailText([{ loc: ["body", "slots"], msg: "too small" }])).toBe("slots: too small");
  });
  it("falls back to the status line", async () => {
    const error = await readError(
      new Response("<html>", { status: 502, statusText: "Bad Gateway" }),
    );
    expect(error).toBeInstanceOf(ApiError);
    expect(error.message).toBe("502 Bad Gateway");
  });
  it("keeps the hint", async () => {
    const body = JSON.stringify({ detail: "Forbidden", hint: "this needs the role Op" });
    expect((await readError(new Response(body, { status: 403 }))).hint).toBe(
      "this needs the role Op",
    );
  });
});

describe("fetchAll", () => {
  it("asks for every page once and keeps their order", async () => {
    const load = vi.fn(async (offset: number) => ({ rows: [offset], total: kPageMax * 2 + 1 }));
    expect(await fetchAll(load)).toEqual([0, kPageMax, kPageMax * 2]);
    expect(load).toHaveBeenCalledTimes(3);
  });
});

describe("rightsOfRole", () => {
  it("grows with the role and is nothing for unknown ones", () => {
    expect(rightsOfRole("Viewer")).toEqual({ trigger: false, operate: false, admin: false });
    expect(rightsOfRole("Op")).toEqual({ trigger: true, operate: true, admin: false });
    expect(rightsOfRole("?")).toEqual({ trigger: false, operate: false, admin: false });
  });
});
