// SPDX-License-Identifier: Apache-2.0
// Schedules in words.

const kPresets: Record<string, string> = {
  "@hourly": "Every hour",
  "@daily": "Every day at 00:00",
  "@weekly": "Sundays at 00:00",
  "@monthly": "On the 1st of each month at 00:00",
  "@quarterly": "On the 1st of each quarter at 00:00",
  "@yearly": "On January 1st at 00:00",
  "@once": "Once",
  "@continuous": "Again as soon as it ends",
};

const kDays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const kDayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const kMonths = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

const isNumber = (text: string) => /^\d+$/.test(text);
const pad = (text: string) => text.padStart(2, "0");

function day(text: string): string | null {
  const number = isNumber(text) ? Number(text) % 7 : kDayNames.indexOf(text.toLowerCase());
  return kDays[number] ?? null;
}

function days(field: string): string | null {
  if (field === "*") return "";
  if (field === "1-5" || field.toLowerCase() === "mon-fri") return "Monday to Friday";
  const range = field.split("-");
  if (range.length === 2) {
    const [from, to] = range.map((each) => day(each));
    return from && to ? `${from} to ${to}` : null;
  }
  const names = field.split(",").map((each) => day(each));
  if (names.some((name) => !name)) return null;
  return names.map((name) => `${name}s`).join(" and ");
}

function ordinal(n: number): string {
  const rest = n % 100;
  const end = rest > 10 && rest < 14 ? "th" : (["th", "st", "nd", "rd"][n % 10] ?? "th");
  return `${n}${end}`;
}

function times(minute: string, hour: string): string | null {
  const every = /^\*\/(\d+)$/;
  if (hour === "*" && minute === "*") return "every minute";
  if (hour === "*" && every.test(minute)) return `every ${every.exec(minute)?.[1]} minutes`;
  if (hour === "*" && minute === "0") return "every hour";
  if (hour === "*" && isNumber(minute)) return `every hour at minute ${minute}`;
  if (every.test(hour) && isNumber(minute))
    return `every ${every.exec(hour)?.[1]} hours${minute === "0" ? "" : ` at minute ${minute}`}`;
  if (isNumber(minute) && hour.split(",").every(isNumber))
    return `at ${hour
      .split(",")
      .map((each) => `${pad(each)}:${pad(minute)}`)
      .join(" and ")}`;
  return null;
}

/** A cron expression in words, or null when it is too odd to say in a few. */
export function cronInWords(expression: string): string | null {
  const text = expression.trim();
  if (kPresets[text]) return kPresets[text];
  const fields = text.split(/\s+/);
  if (fields.length !== 5) return null;
  const [minute = "", hour = "", date = "", month = "", week = ""] = fields;
  const time = times(minute, hour);
  const weekdays = days(week);
  if (time === null || weekdays === null) return null;
  const parts: string[] = [];
  if (weekdays) parts.push(weekdays);
  if (date !== "*") {
    if (!isNumber(date) || week !== "*") return null;
    parts.push(`on the ${ordinal(Number(date))}`);
  }
  if (month !== "*") {
    const name = kMonths[Number(month) - 1];
    if (!isNumber(month) || !name) return null;
    parts.push(`of ${name}`);
  }
  if (parts.length === 0 && time.startsWith("at")) parts.push("every day");
  const sentence = [...parts, time].join(parts.length && time.startsWith("at") ? " " : ", ");
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}

interface Scheduled {
  timetable_summary: string | null;
  timetable_description: string | null;
}

/** What the list shows: words where they are short, the expression otherwise. */
export function scheduleLabel(dag: Scheduled): string {
  if (!dag.timetable_summary) return "Manual";
  return cronInWords(dag.timetable_summary) ?? dag.timetable_summary;
}

/** The same where the DAG's own zone is known, which is named if the page shows times of another. */
export function scheduleInZone(
  dag: Scheduled & { timezone: string | null },
  shown: string,
): string {
  const label = scheduleLabel(dag);
  const foreign = dag.timezone && dag.timezone !== shown && /\d\d:\d\d/.test(label);
  return foreign ? `${label} ${dag.timezone}` : label;
}
