// SPDX-License-Identifier: Apache-2.0
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "@/api/client";
import { Dialog } from "@/components/Dialog";
import { Chip, Page, Panel } from "@/components/Page";
import { StateBadge } from "@/components/StateBadge";
import { Empty, Loaded } from "@/components/States";
import { Time } from "@/components/Time";
import { bytes } from "@/lib/text";
import styles from "./admin.module.css";

const kStates = {
  building: ["running", "Building"],
  ready: ["success", "Ready"],
  failed: ["failed", "Failed"],
} as const;

/** What building an environment printed. */
function BuildLog({ hash, onClose }: { hash: string; onClose: () => void }) {
  const query = useQuery({
    queryKey: ["environments", "log", hash],
    queryFn: ({ signal }) =>
      api.get("/api/leoflow/v1/environments/{hash}/log", { path: { hash }, signal }),
    staleTime: 0,
  });
  return (
    <Dialog onClose={onClose} title="Build log" size="xl">
      <Loaded query={query} rows={8}>
        {({ log }) => (
          <pre className={styles.log} tabIndex={0} aria-label="Build log">
            {log || "Nothing was printed."}
          </pre>
        )}
      </Loaded>
    </Dialog>
  );
}

/** Python environments: one for each set of version and dependencies, shared by what needs it. */
export function EnvironmentsPage() {
  const [shown, setShown] = useState<string | null>(null);
  const query = useQuery({
    queryKey: ["environments"],
    queryFn: ({ signal }) => api.get("/api/leoflow/v1/environments", { signal }),
    refetchOnMount: "always",
  });
  return (
    <Page
      name="Environments"
      title="Environments"
      sub="One per Python version and set of dependencies; versions of DAGs share them"
    >
      <Loaded query={query}>
        {(page) =>
          page.environments.length === 0 ? (
            <Panel>
              <Empty title="No environments yet">
                The first DAG with <code>dependencies:</code> in its leoflow.yaml makes one.
              </Empty>
            </Panel>
          ) : (
            <div className="stack">
              {page.environments.map((each) => (
                <Panel
                  key={each.hash}
                  title={
                    <span className="row" style={{ gap: 14 }}>
                      Python {each.python_version || "environment"}
                      <StateBadge state={kStates[each.state][0]} label={kStates[each.state][1]} />
                    </span>
                  }
                  actions={
                    <span className="row faint" style={{ gap: 14 }}>
                      <span className="num">{bytes(each.size_bytes)}</span>
                      <Time at={each.created_at} ago none="now" />
                      {each.has_log && (
                        <Button
                          size="compact-xs"
                          variant="default"
                          onClick={() => setShown(each.hash)}
                        >
                          Build log
                        </Button>
                      )}
                    </span>
                  }
                >
                  <div className="row wrap" style={{ gap: 6 }}>
                    {each.dependencies.length === 0 && <span className="faint">No packages</span>}
                    {each.dependencies.map((line) => (
                      <Chip key={line}>
                        <span className="mono">{line}</span>
                      </Chip>
                    ))}
                  </div>
                  {each.error && (
                    <pre style={{ overflowX: "auto", marginBottom: 0 }} tabIndex={0}>
                      {each.error}
                    </pre>
                  )}
                  <div className="mono faint" style={{ marginTop: 10 }}>
                    {each.hash}
                  </div>
                </Panel>
              ))}
            </div>
          )
        }
      </Loaded>
      {shown && <BuildLog hash={shown} onClose={() => setShown(null)} />}
    </Page>
  );
}
