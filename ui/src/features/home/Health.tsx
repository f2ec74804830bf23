// SPDX-License-Identifier: Apache-2.0
import type { Dashboard } from "@/api/types";
import { Tile } from "./Tile";

/** Whether each part of the server is well, in one tile. */
export function Health({ parts }: { parts: Dashboard["health"] }) {
  const failed = parts.filter((part) => part.state === "failed");
  const warned = parts.filter((part) => part.state === "warning");
  const worst = failed[0] ?? warned[0];
  const value = failed.length > 0 ? "Trouble" : warned.length > 0 ? "Advice" : "Good";
  const state = failed.length > 0 ? "failed" : warned.length > 0 ? "up_for_retry" : "success";
  return (
    <Tile
      name="Health"
      state={state}
      value={value}
      note={
        worst
          ? `${worst.part}: ${worst.message ?? worst.state}`
          : `all ${parts.length} parts are well`
      }
      to="/admin/about"
    />
  );
}
