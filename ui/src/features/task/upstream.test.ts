// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { Task, TaskInstance } from "@/api/types";
import { instanceKey } from "@/lib/mapped";
import { neighbours, taskLinks } from "./upstream";

const task = (task_id: string, next: string[], fields: Partial<Task> = {}) =>
  ({
    task_id,
    downstream_task_ids: next,
    is_mapped: false,
    trigger_rule: "all_success",
    ...fields,
  }) as Task;
const one = (task_id: string, map_index = -1, state: string | null = "success") =>
  ({ task_id, map_index, state, start_date: null, end_date: null }) as TaskInstance;
const many = (id: string, count: number, state?: string) =>
  Array.from({ length: count }, (_, n) => one(id, n, state));

const instances = [
  one("start"),
  ...many("each", 3),
  ...many("g.load", 2),
  ...many("g.check", 2),
  one("end"),
];
const groups = [{ id: "g", tasks: ["g.load", "g.check"] }];
const structure = (rule = "all_success") => [
  task("start", ["each", "g.load"]),
  task("each", ["end"], { is_mapped: true }),
  task("g.load", ["g.check"]),
  task("g.check", ["end"], { trigger_rule: rule }),
  task("end", []),
];
const found = (of: TaskInstance, where: "upstream" | "downstream", rule?: string) =>
  neighbours(of, where, { structure: structure(rule), groups, instances }).map(instanceKey);

describe("neighbours", () => {
  it("are all instances of a mapped task", () => {
    expect(found(one("end"), "upstream")).toEqual([
      "each[0]",
      "each[1]",
      "each[2]",
      "g.check[0]",
      "g.check[1]",
    ]);
    expect(found(one("each", 1), "downstream")).toEqual(["end[-1]"]);
  });
  it("have the same index within a mapped group", () => {
    expect(found(one("g.check", 1), "upstream")).toEqual(["g.load[1]"]);
    expect(found(one("g.load", 0), "downstream")).toEqual(["g.check[0]"]);
    expect(found(one("g.load", 0), "upstream")).toEqual(["start[-1]"]);
  });
  it("are all in a mapped group for a rule that looks at all", () => {
    expect(found(one("g.check", 1), "upstream", "one_failed")).toEqual(["g.load[0]", "g.load[1]"]);
  });
});

describe("taskLinks", () => {
  it("names each task once, however many of its instances are meant", () => {
    const all = [...many("each", 998), one("each", 998, "failed"), one("each", 999, "failed")];
    const failed = all.filter((each) => each.state === "failed");
    expect(taskLinks([one("start"), ...failed], [one("start"), ...all])).toMatchObject([
      { taskId: "start", mapIndex: -1, text: "start" },
      { taskId: "each", state: "failed", text: "each: 2 of 1,000 failed" },
    ]);
    expect(taskLinks(all, all)).toMatchObject([
      {
        text: "each ×1,000",
        icon: "failed",
        title: "each: 2 failed, 998 success",
      },
    ]);
  });
  it("leads to the instance where it is a single one", () => {
    expect(taskLinks([one("each", 2, "failed")], many("each", 3))).toMatchObject([
      { mapIndex: 2, text: "each [2]" },
    ]);
  });
});
