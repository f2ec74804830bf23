// SPDX-License-Identifier: Apache-2.0
import { useQuery } from "@tanstack/react-query";
import { api } from "@/api/client";
import { useAuth } from "@/auth/AuthProvider";
import { useLive } from "@/live/LiveProvider";
import { Tile } from "./Tile";

const kParts = [
  ["scheduler", "scheduler"],
  ["metadatabase", "database"],
  ["dag_processor", "DAG compiler"],
  ["triggerer", "triggerer"],
] as const;

/** Whether each part of the server is well, in one tile. */
export function Health() {
  const { me } = useAuth();
  const { status } = useLive();
  const health = useQuery({
    queryKey: ["health", status.state === "live"],
    queryFn: ({ signal }) => api.get("/api/v2/monitor/health", { signal }),
    refetchOnMount: "always",
  });
  const doctor = useQuery({
    queryKey: ["doctor"],
    queryFn: ({ signal }) => api.get("/api/leoflow/v1/doctor", { signal }),
    enabled: me.can.operate,
  });
  const ill = health.data
    ? kParts.filter(([key]) => health.data[key]?.status === "unhealthy").map(([, name]) => name)
    : [];
  const failed = doctor.data?.checks.filter((check) => check.state === "failed") ?? [];
  const warnings = doctor.data?.checks.filter((check) => check.state === "warning") ?? [];
  const bad = health.error !== null || ill.length > 0 || failed.length > 0;
  const note = health.error
    ? "the server does not say"
    : ill.length > 0
      ? `${ill.join(", ")} not well`
      : failed[0]
        ? failed[0].name
        : warnings.length > 0
          ? `${warnings.length} advice: ${warnings.map((check) => check.name).join(", ")}`
          : "every part is well";
  return (
    <Tile
      name="Health"
      state={bad ? "failed" : "success"}
      value={!health.data && !health.error ? "–" : bad ? "Trouble" : "Good"}
      note={note}
      to="/admin/about"
    />
  );
}
