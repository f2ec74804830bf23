// SPDX-License-Identifier: Apache-2.0
import { Button, Checkbox, Group, NumberInput, Select, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "@/api/client";
import type { BackfillBody, DagDetails } from "@/api/types";
import { Dialog } from "@/components/Dialog";
import { Time } from "@/components/Time";
import { useToasts } from "@/components/toast";
import { count } from "@/lib/text";
import { links } from "@/router/links";
import { navigate } from "@/router/router";
import styles from "./backfill.module.css";

const kDatesShown = 5;

const kReprocess = [
  { value: "none", label: "stay as they are" },
  { value: "failed", label: "run again if they failed" },
  { value: "completed", label: "run again" },
];

/** A day means its midnight (UTC); a time without zone is UTC. */
function instant(text: string): string | null {
  const whole = /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text;
  const zoned = /(Z|[+-]\d{2}:?\d{2})$/.test(whole) ? whole : `${whole}Z`;
  const at = new Date(zoned);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}

interface Preview {
  dates: string[];
  /** What was asked when they were found. */
  of: string;
}

/** Runs the dates of the past that have no run: shows which before it starts. */
export function BackfillDialog({ dag, onClose }: { dag: DagDetails; onClose: () => void }) {
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const [reprocess, setReprocess] = useState("none");
  const [atOnce, setAtOnce] = useState<number | string>(10);
  const [backwards, setBackwards] = useState(false);
  const [preview, setPreview] = useState<Preview | null>(null);
  const [busy, setBusy] = useState(false);
  const client = useQueryClient();
  const { say, fail } = useToasts();
  const first = instant(from);
  const last = instant(to);
  const body: BackfillBody | null =
    first && last
      ? {
          dag_id: dag.dag_id,
          from_date: first,
          to_date: last,
          reprocess_behavior: reprocess as "none",
          max_active_runs: Number(atOnce) || 1,
          run_backwards: backwards,
        }
      : null;
  const asked = JSON.stringify(body);
  const shown = preview?.of === asked ? preview : null;

  async function submit() {
    if (!body) return;
    setBusy(true);
    try {
      if (!shown) {
        const answer = await api.post("/api/v2/backfills/dry_run", { body });
        setPreview({ of: asked, dates: answer.backfills.map((each) => each.logical_date ?? "") });
        setBusy(false);
        return;
      }
      await api.post("/api/v2/backfills", { body });
      await client.invalidateQueries({ queryKey: ["dag", dag.dag_id, "backfills"] });
      say(`Backfill of ${count(shown.dates.length, "date")} is under way`);
      onClose();
      navigate(links.dag(dag.dag_id, "backfills"));
    } catch (error) {
      fail(error);
      setBusy(false);
    }
  }

  return (
    <Dialog onClose={onClose} title={`Backfill ${dag.dag_id}`} size={520}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <Group grow align="start">
          <TextInput
            label="From"
            description="First logical date"
            placeholder="2026-01-01"
            value={from}
            onChange={(event) => setFrom(event.currentTarget.value.trim())}
            error={from && !first ? "A date, as 2026-01-31" : null}
            required
            data-autofocus
          />
          <TextInput
            label="To"
            description="Last one, included"
            placeholder="2026-01-31"
            value={to}
            onChange={(event) => setTo(event.currentTarget.value.trim())}
            error={to && !last ? "A date, as 2026-01-31" : null}
            required
          />
        </Group>
        <Group grow align="start">
          <Select
            label="Finished runs"
            data={kReprocess}
            value={reprocess}
            onChange={(value) => setReprocess(value ?? "none")}
            allowDeselect={false}
          />
          <NumberInput
            label="Runs at once"
            min={1}
            max={10000}
            value={atOnce}
            onChange={setAtOnce}
          />
        </Group>
        <Checkbox
          size="xs"
          checked={backwards}
          onChange={(event) => setBackwards(event.currentTarget.checked)}
          label="The latest date first"
        />
        {shown && (
          <div className={styles.preview} role="status">
            {shown.dates.length === 0 ? (
              "Every date of the range has a run already."
            ) : (
              <>
                {count(shown.dates.length, "run")}:{" "}
                {shown.dates.slice(0, kDatesShown).map((date) => (
                  <Time key={date} at={date} />
                ))}
                {shown.dates.length > kDatesShown && (
                  <>
                    {" … "}
                    <Time at={shown.dates.at(-1)} />
                  </>
                )}
              </>
            )}
          </div>
        )}
        {dag.is_paused && (
          <p className="dim" style={{ margin: 0 }}>
            {dag.dag_id} is paused: its runs wait until it is resumed.
          </p>
        )}
        <Group justify="flex-end" mt="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={busy} disabled={!body || shown?.dates.length === 0}>
            {shown && shown.dates.length > 0
              ? `Start ${count(shown.dates.length, "run")}`
              : "Show the dates"}
          </Button>
        </Group>
      </form>
    </Dialog>
  );
}
