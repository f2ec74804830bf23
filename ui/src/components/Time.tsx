// SPDX-License-Identifier: Apache-2.0
import { useZone } from "@/app/ZoneProvider";
import { Hint } from "@/components/Hint";
import { useNow } from "@/lib/now";
import { clock, dateAndTime, elapsed, instant, localZone, relative, span } from "@/lib/time";

interface TimeProps {
  at: string | null | undefined;
  /** "3 min ago" instead of the date; the date is in the tooltip. */
  ago?: boolean;
  /** Shown when there is no time. */
  none?: string;
}

/** An instant, in the zone chosen in the top bar. */
export function Time({ at, ago = false, none = "–" }: TimeProps) {
  const { zone } = useZone();
  const now = useNow(ago ? "second" : "still");
  const value = instant(at);
  if (value === null) return <span className="faint">{none}</span>;
  return (
    <Hint label={<InZones at={value} zone={zone} ago={!ago} />}>
      <time dateTime={at ?? undefined} style={{ whiteSpace: "nowrap" }}>
        {ago ? relative(value, now) : <DateAndTime at={value} now={now} zone={zone} />}
      </time>
    </Hint>
  );
}

/** Without the date if that is today. */
function DateAndTime({ at, now, zone }: { at: number; now: number; zone: string }) {
  const { date, time } = dateAndTime(at, zone);
  const today = dateAndTime(now, zone).date === date;
  return (
    <>
      {!today && <span className="faint">{date} </span>}
      {time}
    </>
  );
}

/** The tooltip: what the clocks of the zones that matter show. Made only when it is looked at. */
function InZones({ at, zone, ago }: { at: number; zone: string; ago: boolean }) {
  const zones = [...new Set([zone, "UTC", localZone()])];
  return (
    <div>
      {zones.map((name) => {
        const there = dateAndTime(at, name);
        return (
          <div key={name} className="row">
            <span className="num">
              {there.date} {there.time}
            </span>
            <span style={{ opacity: 0.7 }}>{name}</span>
          </div>
        );
      })}
      {ago && <div style={{ opacity: 0.7 }}>{relative(at, Date.now())}</div>}
    </div>
  );
}

interface DurationProps {
  start: string | null | undefined;
  end: string | null | undefined;
  /** Seconds, where the server has measured them. */
  seconds?: number | null;
  /** The exact form 0:21.998 instead of the short one. */
  exact?: boolean;
  running?: boolean;
}

/** How long it took; counts while it runs. */
export function Duration({ start, end, seconds, exact = false, running = false }: DurationProps) {
  const now = useNow(running ? (exact ? "tenth" : "second") : "still");
  const value = running ? elapsed(start, null, now) : (seconds ?? elapsed(start, end, now));
  if (value === null || (!running && !end && seconds == null))
    return <span className="faint">–</span>;
  return <span className="num">{exact ? clock(value) : span(value)}</span>;
}
