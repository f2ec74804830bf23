// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { cronInWords, scheduleInZone } from "./schedule";

describe("cronInWords", () => {
  it.each([
    ["* * * * *", "Every minute"],
    ["*/5 * * * *", "Every 5 minutes"],
    ["0 * * * *", "Every hour"],
    ["15 */6 * * *", "Every 6 hours at minute 15"],
    ["0 2 * * *", "Every day at 02:00"],
    ["30 4 * * 1-5", "Monday to Friday at 04:30"],
    ["0 0 * * 0", "Sundays at 00:00"],
    ["0 6 1 * *", "On the 1st at 06:00"],
    ["0 0 22 12 *", "On the 22nd of December at 00:00"],
    ["0 8,20 * * *", "Every day at 08:00 and 20:00"],
    ["@daily", "Every day at 00:00"],
  ])("%s", (cron, words) => expect(cronInWords(cron)).toBe(words));

  it.each(["0 0 L * *", "0 0 1 * 1", "1-5 * * * *", "nonsense"])("leaves %s alone", (cron) =>
    expect(cronInWords(cron)).toBeNull(),
  );
});

describe("scheduleInZone", () => {
  const due = (timetable_summary: string | null, timezone: string | null) =>
    scheduleInZone({ timetable_summary, timetable_description: null, timezone }, "Europe/Berlin");

  it("names the zone of a time that the page does not show", () =>
    expect(due("0 5 * * *", "UTC")).toBe("Every day at 05:00 UTC"));

  it.each([
    ["0 5 * * *", "Europe/Berlin", "Every day at 05:00"],
    ["*/5 * * * *", "UTC", "Every 5 minutes"],
    ["0 5 * * *", null, "Every day at 05:00"],
    [null, "UTC", "Manual"],
  ])("says no more of %s in %s", (cron, zone, words) => expect(due(cron, zone)).toBe(words));
});
