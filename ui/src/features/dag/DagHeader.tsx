// SPDX-License-Identifier: Apache-2.0
import { ActionIcon, Button, Menu, Switch } from "@mantine/core";
import { IconDots, IconPlayerPlay, IconRefresh, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { api } from "@/api/client";
import type { DagDetails } from "@/api/types";
import { useZone } from "@/app/ZoneProvider";
import { useAuth } from "@/auth/AuthProvider";
import { Confirm } from "@/components/Confirm";
import { Hint } from "@/components/Hint";
import { Chip } from "@/components/Page";
import { Time } from "@/components/Time";
import { useToasts } from "@/components/toast";
import { links } from "@/router/links";
import { Link, navigate } from "@/router/router";
import { ScheduleAssets } from "../assets/Condition";
import { scheduleInZone } from "../dags/schedule";
import { usePause } from "../dags/usePause";
import { useTrigger } from "../trigger/TriggerProvider";
import styles from "./dag.module.css";

/** What a DAG is, in one line. */
export function DagMeta({ dag }: { dag: DagDetails }) {
  const { zone } = useZone();
  return (
    <>
      {dag.description && <div>{dag.description}</div>}
      <div className={styles.meta}>
        <span title={dag.timetable_summary ?? undefined}>{scheduleInZone(dag, zone)}</span>
        {dag.asset_expression && (
          <span>
            on <ScheduleAssets expression={dag.asset_expression} />
          </span>
        )}
        {dag.next_dagrun_run_after && !dag.is_paused && (
          <span>
            next <Time at={dag.next_dagrun_run_after} ago />
          </span>
        )}
        <span>
          by <Link to={links.dags({ owner: dag.owners[0] })}>{dag.owners.join(", ")}</Link>
        </span>
        {dag.latest_dag_version && (
          <span>
            version
            <Chip to={links.dag(dag.dag_id, "code")}>
              {dag.latest_dag_version.version_number} ·{" "}
              {dag.latest_dag_version.bundle_version ?? "–"}
            </Chip>
          </span>
        )}
        <span>
          {dag.tags.map((tag) => (
            <Chip key={tag.name} to={links.dags({ tag: tag.name })}>
              {tag.name}
            </Chip>
          ))}
        </span>
      </div>
    </>
  );
}

/** What one can do with a DAG. */
export function DagActions({ dag }: { dag: DagDetails }) {
  const { me } = useAuth();
  const { trigger } = useTrigger();
  const pause = usePause();
  const [deleting, setDeleting] = useState(false);
  const { say, fail } = useToasts();

  async function reparse() {
    try {
      await api.put("/api/v2/parseDagFile/{file_token}", { path: { file_token: dag.file_token } });
      say("Its file is being compiled again");
    } catch (error) {
      fail(error);
    }
  }

  return (
    <>
      <Hint label={dag.is_paused ? "Paused: press to resume its schedule" : "Active"}>
        <Switch
          checked={!dag.is_paused}
          disabled={!me.can.trigger}
          onChange={() => void pause(dag.dag_id, !dag.is_paused)}
          label={dag.is_paused ? "Paused" : "Active"}
          mr={8}
          aria-label={`${dag.dag_id} is active`}
        />
      </Hint>
      <Button
        leftSection={<IconPlayerPlay size={14} />}
        disabled={!me.can.trigger}
        onClick={() => trigger(dag.dag_id)}
      >
        Trigger
      </Button>
      {me.can.trigger && (
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon aria-label="More actions" variant="default">
              <IconDots size={16} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<IconRefresh size={15} />} onClick={() => void reparse()}>
              Compile its file again
            </Menu.Item>
            <Menu.Item
              leftSection={<IconTrash size={15} />}
              color="red"
              onClick={() => setDeleting(true)}
            >
              Delete its history…
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
      {deleting && (
        <Confirm
          title={`Delete ${dag.dag_id}?`}
          action="Delete"
          onClose={() => setDeleting(false)}
          run={async () => {
            await api.delete("/api/v2/dags/{dag_id}", { path: { dag_id: dag.dag_id } });
            say(`Deleted ${dag.dag_id}`);
            navigate(links.dags());
          }}
        >
          Its runs, task instances, XComs and versions are removed for good. While its file exists
          the DAG itself comes back with the next compile.
        </Confirm>
      )}
    </>
  );
}
