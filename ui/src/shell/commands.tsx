// SPDX-License-Identifier: Apache-2.0
import { useMantineColorScheme } from "@mantine/core";
import {
  IconClock,
  IconHelp,
  IconLayoutList,
  IconLogout,
  IconPlayerPlay,
  IconSunMoon,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { dagSearch, recentRuns } from "@/api/queries";
import { useZone } from "@/app/ZoneProvider";
import { useAuth } from "@/auth/AuthProvider";
import { StateIcon } from "@/components/StateIcon";
import { useTrigger } from "@/features/trigger/TriggerProvider";
import { fuzzyScore } from "@/lib/text";
import { links } from "@/router/links";
import { navigate } from "@/router/router";
import { kAdminPages, kMainPages } from "./pages";

export interface Command {
  key: string;
  group: string;
  title: string;
  hint?: string | undefined;
  icon: ReactNode;
  run: () => void;
}

function useStaticCommands(onHelp: () => void): Command[] {
  const { me, leave } = useAuth();
  const { setColorScheme, colorScheme } = useMantineColorScheme();
  const { choice, setChoice } = useZone();
  const pages = [...kMainPages, ...kAdminPages]
    .filter((page) => !page.needs || me.can[page.needs])
    .map((page) => ({
      key: page.to,
      group: "Go to",
      title: page.title,
      hint: page.keys,
      icon: <page.icon size={16} stroke={1.6} />,
      run: () => navigate(page.to),
    }));
  const dark = colorScheme === "dark";
  return [
    ...pages,
    {
      key: "scheme",
      group: "Do",
      title: dark ? "Switch to light" : "Switch to dark",
      icon: <IconSunMoon size={16} stroke={1.6} />,
      run: () => setColorScheme(dark ? "light" : "dark"),
    },
    {
      key: "zone",
      group: "Do",
      title: choice === "utc" ? "Show local times" : "Show times in UTC",
      icon: <IconClock size={16} stroke={1.6} />,
      run: () => setChoice(choice === "utc" ? "local" : "utc"),
    },
    {
      key: "help",
      group: "Do",
      title: "Keyboard shortcuts",
      hint: "?",
      icon: <IconHelp size={16} stroke={1.6} />,
      run: onHelp,
    },
    {
      key: "leave",
      group: "Do",
      title: "Sign out",
      icon: <IconLogout size={16} stroke={1.6} />,
      run: () => void leave(),
    },
  ];
}

function useFoundCommands(search: string): Command[] {
  const { me } = useAuth();
  const { trigger } = useTrigger();
  const dagQuery = useQuery({ ...dagSearch(search, 8), enabled: search.length > 0 });
  const runQuery = useQuery({
    ...recentRuns("~", { search, limit: 4 }),
    enabled: search.length > 5,
  });
  if (!search) return [];
  // Until the answer is there, what was found for the text before stands only where it fits: Enter
  // must not open something else.
  const text = search.toLowerCase();
  const dags = (dagQuery.data ?? []).filter(
    (dag) => !dagQuery.isPlaceholderData || dag.dag_id.toLowerCase().includes(text),
  );
  const runs = (runQuery.data?.dag_runs ?? []).filter(
    (run) => !runQuery.isPlaceholderData || run.dag_run_id.toLowerCase().includes(text),
  );
  const found: Command[] = dags.map((dag) => ({
    key: `dag ${dag.dag_id}`,
    group: "DAGs",
    title: dag.dag_id,
    hint: dag.is_paused ? "paused" : undefined,
    icon: <IconLayoutList size={16} stroke={1.6} />,
    run: () => navigate(links.dag(dag.dag_id)),
  }));
  if (me.can.trigger)
    found.push(
      ...dags.slice(0, 3).map((dag) => ({
        key: `trigger ${dag.dag_id}`,
        group: "Do",
        title: `Trigger ${dag.dag_id}`,
        icon: <IconPlayerPlay size={16} stroke={1.6} />,
        run: () => trigger(dag.dag_id),
      })),
    );
  for (const run of search.length > 5 ? runs : [])
    found.push({
      key: `run ${run.dag_id} ${run.dag_run_id}`,
      group: "Runs",
      title: run.dag_run_id,
      hint: run.dag_id,
      icon: <StateIcon state={run.state} />,
      run: () => navigate(links.run({ dagId: run.dag_id, runId: run.dag_run_id })),
    });
  return found;
}

/** What the palette offers for a text, best first within each group. */
export function useCommands(search: string, onHelp: () => void): Command[] {
  const fixed = useStaticCommands(onHelp);
  const found = useFoundCommands(search);
  const matching = fixed
    .map((command) => ({ command, score: fuzzyScore(search, command.title) }))
    .filter((each) => each.score !== null)
    .sort((a, b) => (search ? (a.score ?? 0) - (b.score ?? 0) : 0))
    .map((each) => each.command);
  const groups = ["DAGs", "Runs", "Go to", "Do"];
  return groups.flatMap((group) =>
    [...found, ...matching].filter((command) => command.group === group),
  );
}
