// SPDX-License-Identifier: Apache-2.0
import { createContext, useContext, useMemo, useState, type ReactNode } from "react";
import { useStored } from "@/lib/stored";
import { localZone } from "@/lib/time";

export type ZoneChoice = "utc" | "local" | "dag";

interface Zone {
  choice: ZoneChoice;
  setChoice: (choice: ZoneChoice) => void;
  /** IANA name to show times in. */
  zone: string;
  dagZone: string | null;
  setDagZone: (zone: string | null) => void;
}

const ZoneContext = createContext<Zone | null>(null);

export function useZone(): Zone {
  const zone = useContext(ZoneContext);
  if (!zone) throw new Error("useZone needs ZoneProvider");
  return zone;
}

/** In which zone times are shown: UTC, the browser's, or that of the DAG one looks at. */
export function ZoneProvider({ children }: { children: ReactNode }) {
  const [choice, setChoice] = useStored<ZoneChoice>("zone", "local");
  const [dagZone, setDagZone] = useState<string | null>(null);
  const value = useMemo(() => {
    const zone = choice === "utc" ? "UTC" : choice === "dag" ? (dagZone ?? "UTC") : localZone();
    return { choice, setChoice, zone, dagZone, setDagZone };
  }, [choice, setChoice, dagZone]);
  return <ZoneContext value={value}>{children}</ZoneContext>;
}
