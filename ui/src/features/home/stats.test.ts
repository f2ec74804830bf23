// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { groupFailures, lastHours } from "./stats";

const kNow = Date.parse("2026-01-01T12:30:00Z");

test("hours without runs are filled in, oldest first", () => {
  const known = { hour: "2026-01-01T11:00:00Z", queued: 1, running: 2, success: 3, failed: 4 };
  const hours = lastHours([known], kNow, 3);
  expect(hours.map((hour) => new Date(hour.from).getUTCHours())).toEqual([10, 11, 12]);
  expect(hours[1]).toMatchObject({ success: 3, failed: 4, open: 3 });
  expect(hours[2]).toMatchObject({ success: 0, failed: 0, open: 0 });
});

test("failures of one cause are taken together", () => {
  const row = {
    dag_id: "d",
    dag_run_id: "r1",
    task_id: "t",
    map_index: -1,
    rendered_map_index: null,
    try_number: 1,
    start_date: null,
    end_date: null,
    reason: "no disk",
  };
  const groups = groupFailures([row, { ...row, dag_run_id: "r0" }, { ...row, reason: "other" }]);
  expect(groups.map(({ count }) => count)).toEqual([2, 1]);
  expect(groups[0]?.newest.dag_run_id).toBe("r1");
});
