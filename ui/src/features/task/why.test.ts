// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { TaskInstance } from "@/api/types";
import { whyInState } from "./why";

const task = (fields: Partial<TaskInstance>): TaskInstance =>
  ({
    task_id: "t",
    map_index: -1,
    state: null,
    try_number: 1,
    max_tries: 2,
    duration: null,
    hostname: null,
    state_reason: null,
    ...fields,
  }) as TaskInstance;

const why = (fields: Partial<TaskInstance>, upstream: TaskInstance[] = [], reason?: string) =>
  whyInState({ task: task(fields), upstream, reason, triggerRule: "all_success" });

describe("whyInState", () => {
  it("says how it ended", () => {
    expect(
      why({ state: "failed", try_number: 3, duration: 0.7, hostname: "vm", state_reason: "E: no" })
        .text,
    ).toBe("It failed on try 3 of 3 after 700 ms on vm: E: no");
  });
  it("says when the next try is", () => {
    expect(
      why({ state: "up_for_retry", state_reason: "E: no" }, [], "retry at 22:01 UTC").text,
    ).toBe("Try 1 of 3 failed: E: no. Next: retry at 22:01 UTC.");
  });
  it("names who is to blame upstream", () => {
    const bad = task({ task_id: "bad", state: "failed" });
    expect(why({ state: "upstream_failed" }, [bad, task({ state: "success" })]).because).toEqual([
      bad,
    ]);
  });
  it("names what it waits for", () => {
    const open = task({ task_id: "open", state: "running" });
    const { text, because } = why({ state: null }, [open, task({ state: "success" })]);
    expect(text).toBe("It waits for its upstream tasks:");
    expect(because).toEqual([open]);
  });
  it("says that there is nothing left to map over", () => {
    expect(why({ state: "removed", map_index: 7 }).text).toBe(
      "What it is mapped over has fewer elements now.",
    );
    expect(why({ state: "skipped", map_index: -1, state_reason: "nothing to map" }).text).toBe(
      "It was skipped: nothing to map",
    );
  });
  it("passes on what the scheduler says", () => {
    expect(why({ state: "scheduled" }, [], "the pool is full").text).toBe(
      "Scheduled: the pool is full",
    );
  });
});
