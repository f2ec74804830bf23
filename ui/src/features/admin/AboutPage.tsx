// SPDX-License-Identifier: Apache-2.0
import { useQuery } from "@tanstack/react-query";
import { api } from "@/api/client";
import { useAuth } from "@/auth/AuthProvider";
import { Cards, Facts, Page, Panel } from "@/components/Page";
import { StateIcon } from "@/components/StateIcon";
import { Loaded } from "@/components/States";
import { Time } from "@/components/Time";
import styles from "./admin.module.css";

const kStates = { ok: "success", warning: "up_for_retry", failed: "failed" } as const;

function Doctor() {
  const query = useQuery({
    queryKey: ["doctor"],
    queryFn: ({ signal }) => api.get("/api/leoflow/v1/doctor", { signal }),
    refetchOnMount: "always",
  });
  return (
    <Panel flush title="Checks of this installation">
      <Loaded query={query} rows={4}>
        {(page) =>
          page.checks.map((check) => (
            <div key={check.name} className={styles.check}>
              <StateIcon state={kStates[check.state]} labelled />
              <strong style={{ fontWeight: 500 }}>{check.name}</strong>
              <span>
                {check.message}
                {check.hint && <div className="faint">{check.hint}</div>}
              </span>
            </div>
          ))
        }
      </Loaded>
    </Panel>
  );
}

function Health() {
  const query = useQuery({
    queryKey: ["health"],
    queryFn: ({ signal }) => api.get("/api/v2/monitor/health", { signal }),
    refetchOnMount: "always",
  });
  return (
    <Panel title="Parts">
      <Loaded query={query} rows={4}>
        {(health) => (
          <Facts
            items={[
              ["Database", <Part key="db" status={health.metadatabase.status} />],
              [
                "Scheduler",
                <Part
                  key="scheduler"
                  status={health.scheduler.status}
                  beat={health.scheduler.latest_scheduler_heartbeat}
                />,
              ],
              [
                "Triggerer",
                <Part
                  key="triggerer"
                  status={health.triggerer.status}
                  beat={health.triggerer.latest_triggerer_heartbeat}
                />,
              ],
              [
                "DAG compiler",
                <Part
                  key="compiler"
                  status={health.dag_processor?.status}
                  beat={health.dag_processor?.latest_dag_processor_heartbeat}
                />,
              ],
            ]}
          />
        )}
      </Loaded>
    </Panel>
  );
}

interface PartProps {
  status: string | null | undefined;
  beat?: string | null | undefined;
}

function Part({ status, beat }: PartProps) {
  return (
    <span className="row">
      <StateIcon state={status === "healthy" ? "success" : status ? "failed" : "none"} labelled />
      {status ?? "not there"}
      {beat && (
        <span className="faint">
          <Time at={beat} ago />
        </span>
      )}
    </span>
  );
}

/** Version, health, and what this installation could do better. */
export function AboutPage() {
  const { me } = useAuth();
  const version = useQuery({
    queryKey: ["version"],
    queryFn: ({ signal }) => api.get("/api/v2/version", { signal }),
  });
  const workspace = useQuery({
    queryKey: ["workspace"],
    queryFn: ({ signal }) => api.get("/api/leoflow/v1/workspace", { signal }),
    refetchOnMount: "always",
  });
  return (
    <Page name="About" title="About">
      <Cards>
        <Panel title="Leoflow">
          <Facts
            items={[
              ["Version", version.data?.version],
              ["Build", version.data?.git_version],
              ["Signed in as", `${me.username} (${me.role})`],
              ["API", <a href="/openapi.json">openapi.json</a>],
            ]}
          />
        </Panel>
        <Panel title="Workspace">
          <Loaded query={workspace} rows={3}>
            {(state) => (
              <Facts
                items={[
                  ["Folder", state.path && <span className="mono">{state.path}</span>],
                  ["Watched", state.watching ? "yes: what is saved is compiled at once" : "no"],
                  ["Projects", state.projects],
                  ["Last look", <Time key="scan" at={state.last_scan} ago />],
                  ["Problems", state.problems.join("; ") || "none"],
                ]}
              />
            )}
          </Loaded>
        </Panel>
        <Health />
        {me.can.operate && <Doctor />}
      </Cards>
    </Page>
  );
}
