// SPDX-License-Identifier: Apache-2.0
import { Button, Checkbox, Collapse, Group, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "@/api/client";
import { dagDetails } from "@/api/queries";
import type { DagDetails, Param } from "@/api/types";
import { Dialog } from "@/components/Dialog";
import { Loaded } from "@/components/States";
import { useToasts } from "@/components/toast";
import { links } from "@/router/links";
import { navigate } from "@/router/router";
import { JsonField, ParamField } from "./ParamField";
import { problem, type Schema } from "./schema";

interface Props {
  dagId: string;
  conf?: Record<string, unknown> | undefined;
  onClose: () => void;
}

/** Starts a run: a form from the DAG's params, with the defaults filled in. */
export function TriggerDialog({ dagId, conf, onClose }: Props) {
  const query = useQuery(dagDetails(dagId));
  return (
    <Dialog onClose={onClose} title={`Trigger ${dagId}`} size={560}>
      <Loaded query={query} rows={4}>
        {(dag) => <TriggerForm dag={dag} conf={conf} onClose={onClose} />}
      </Loaded>
    </Dialog>
  );
}

function startValues(params: Record<string, Param>, conf: Record<string, unknown> | undefined) {
  const own = Object.fromEntries(Object.entries(params).map(([name, each]) => [name, each.value]));
  return { ...own, ...conf };
}

function TriggerForm({ dag, conf, onClose }: { dag: DagDetails } & Omit<Props, "dagId">) {
  const params = dag.params as Record<string, Param>;
  const names = Object.keys(params);
  const [values, setValues] = useState(() => startValues(params, conf));
  const [broken, setBroken] = useState<Record<string, boolean>>({});
  const [raw, setRaw] = useState(names.length === 0 && conf !== undefined);
  const [more, setMore] = useState(false);
  const [unpause, setUnpause] = useState(true);
  const [busy, setBusy] = useState(false);
  const { say, fail } = useToasts();
  const bad =
    Object.values(broken).some(Boolean) ||
    (!raw && names.some((name) => problem(params[name]?.schema as Schema, values[name]) !== null));

  async function submit(form: FormData) {
    const field = (name: string) => String(form.get(name) ?? "").trim() || null;
    setBusy(true);
    try {
      if (dag.is_paused && unpause)
        await api.patch("/api/v2/dags/{dag_id}", {
          path: { dag_id: dag.dag_id },
          body: { is_paused: false },
        });
      const run = await api.post("/api/v2/dags/{dag_id}/dagRuns", {
        path: { dag_id: dag.dag_id },
        body: {
          logical_date: field("logical_date"),
          dag_run_id: field("dag_run_id"),
          note: field("note"),
          conf: values,
        },
      });
      const to = links.run({ dagId: run.dag_id, runId: run.dag_run_id });
      say(`Triggered ${dag.dag_id}`, { title: "Open", run: () => navigate(to) });
      onClose();
      navigate(to);
    } catch (error) {
      fail(error);
      setBusy(false);
    }
  }

  const mark = (name: string) => (isBroken: boolean) =>
    setBroken((before) => ({ ...before, [name]: isBroken }));

  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void submit(new FormData(event.currentTarget));
      }}
    >
      {names.length === 0 && !raw && (
        <p className="dim" style={{ margin: 0 }}>
          This DAG declares no params: it can start as it is.
        </p>
      )}
      {raw ? (
        <JsonField
          common={{
            label: "Configuration",
            description: "What tasks find in dag_run.conf and params",
            error: null,
            required: false,
          }}
          value={values}
          onChange={(next) => setValues((next ?? {}) as Record<string, unknown>)}
          onBroken={mark("")}
        />
      ) : (
        names.map((name) => (
          <ParamField
            key={name}
            name={name}
            param={params[name] as Param}
            value={values[name]}
            onChange={(next) => setValues((before) => ({ ...before, [name]: next }))}
            onBroken={mark(name)}
          />
        ))
      )}
      <Collapse expanded={more}>
        <div className="stack">
          <TextInput
            name="logical_date"
            label="Logical date"
            description="The moment the run is about; empty for none"
            placeholder="2026-01-31T00:00:00Z"
          />
          <TextInput
            name="dag_run_id"
            label="Run id"
            description="Empty: made from the time"
            pattern="[A-Za-z0-9_.~:+\-]+"
          />
          <Textarea name="note" label="Note" size="xs" autosize minRows={1} />
        </div>
      </Collapse>
      <Group gap="xs">
        <Button variant="subtle" size="compact-xs" color="gray" onClick={() => setMore(!more)}>
          {more ? "Fewer options" : "More options"}
        </Button>
        <Button
          variant="subtle"
          size="compact-xs"
          color="gray"
          onClick={() => {
            setRaw(!raw);
            setBroken({});
          }}
        >
          {raw ? "As a form" : "As JSON"}
        </Button>
      </Group>
      {dag.is_paused && (
        <Checkbox
          size="xs"
          checked={unpause}
          onChange={(event) => setUnpause(event.currentTarget.checked)}
          label={`Resume ${dag.dag_id} as well`}
          description="It is paused: its runs wait until it is resumed"
        />
      )}
      <Group justify="flex-end" mt="xs">
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button type="submit" loading={busy} disabled={bad} data-autofocus>
          Trigger
        </Button>
      </Group>
    </form>
  );
}
