// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { crumbsOf } from "./crumbs";

describe("crumbsOf", () => {
  it("goes from the list to the task", () => {
    expect(crumbsOf("/dags/d/runs/a%2Bb/tasks/t/xcom").map((crumb) => crumb.title)).toEqual([
      "DAGs",
      "d",
      "a+b",
      "t",
    ]);
  });
  it("does not take a tab for a run", () => {
    expect(crumbsOf("/dags/d/runs").map((crumb) => crumb.title)).toEqual(["DAGs", "d"]);
  });
  it("names pages of administration", () => {
    expect(crumbsOf("/admin/pools")).toEqual([{ title: "Pools", to: "/admin/pools" }]);
    expect(crumbsOf("/nowhere")[0]?.title).toBe("Not found");
  });
});
