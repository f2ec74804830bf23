// SPDX-License-Identifier: Apache-2.0
// Times and durations as text. Pure: now and the zone are arguments.

/** 0:21.998, 3:07.040, 1:02:03.004 - and -0:01.000 for what runs backwards. */
export function clock(seconds: number): string {
  const sign = seconds < 0 ? "-" : "";
  const ms = Math.round(Math.abs(seconds) * 1000);
  const pad = (value: number, width: number) => String(value).padStart(width, "0");
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor(ms / 60_000) % 60;
  const rest = `${pad(Math.floor(ms / 1000) % 60, 2)}.${pad(ms % 1000, 3)}`;
  return sign + (hours ? `${hours}:${pad(minutes, 2)}:${rest}` : `${minutes}:${rest}`);
}

/** How long something took, with the digits that matter: 12 ms, 8.68 s, 2:03 min, 4:05 h, 3 d. */
export function span(seconds: number): string {
  const size = Math.abs(seconds);
  if (size < 0.0005) return "0 ms";
  if (size < 1) return `${Math.sign(seconds) * Math.max(1, Math.round(size * 1000))} ms`;
  if (size < 100) return `${seconds.toFixed(size < 9.995 ? 2 : 1)} s`;
  const pad = (value: number) => String(value).padStart(2, "0");
  const whole = Math.round(size);
  const sign = seconds < 0 ? "-" : "";
  if (whole < 3600) return `${sign}${Math.floor(whole / 60)}:${pad(whole % 60)} min`;
  const minutes = Math.round(size / 60);
  if (minutes < 48 * 60) return `${sign}${Math.floor(minutes / 60)}:${pad(minutes % 60)} h`;
  return `${sign}${Math.round(minutes / 1440)} d`;
}

const kSteps: [limit: number, size: number, unit: string][] = [
  [60, 1, "s"],
  [3600, 60, "min"],
  [86_400, 3600, "h"],
  [86_400 * 60, 86_400, "d"],
  [86_400 * 730, 86_400 * 30.44, "months"],
  [Infinity, 86_400 * 365.25, "years"],
];

/** "now", "in 5 min", "3 h ago". */
export function relative(at: number, now: number): string {
  const seconds = (at - now) / 1000;
  const size = Math.abs(seconds);
  if (size < 1.5) return "now";
  const [, unitSize, unit] = kSteps.find(([limit]) => size < limit) ?? [0, 1, "s"];
  const text = `${Math.round(size / unitSize)} ${unit}`;
  return seconds > 0 ? `in ${text}` : `${text} ago`;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(zone: string): Intl.DateTimeFormat {
  let found = formats.get(zone);
  if (!found) {
    found = new Intl.DateTimeFormat("en-CA", {
      timeZone: zone,
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      hourCycle: "h23",
    });
    formats.set(zone, found);
  }
  return found;
}

/** Date and time of an instant in a zone, as ISO writes them but without the zone. */
export function dateAndTime(at: number, zone: string): { date: string; time: string } {
  const part: Record<string, string> = {};
  for (const { type, value } of format(zone).formatToParts(at)) part[type] = value;
  return {
    date: `${part["year"]}-${part["month"]}-${part["day"]}`,
    time: `${part["hour"]}:${part["minute"]}:${part["second"]}`,
  };
}

/** The browser's own zone; UTC when it does not say. */
export function localZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

/** Milliseconds of an API time, or null. */
export function instant(text: string | null | undefined): number | null {
  if (!text) return null;
  const value = Date.parse(text);
  return Number.isNaN(value) ? null : value;
}

/** Seconds from start to end, or to now while there is no end. */
export function elapsed(
  start: string | null | undefined,
  end: string | null | undefined,
  now: number,
): number | null {
  const from = instant(start);
  if (from === null) return null;
  return Math.max(0, ((instant(end) ?? now) - from) / 1000);
}
