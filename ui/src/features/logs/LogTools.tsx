// SPDX-License-Identifier: Apache-2.0
import { ActionIcon, CloseButton, Select, TextInput } from "@mantine/core";
import {
  IconArrowBarToDown,
  IconChevronDown,
  IconChevronUp,
  IconClock,
  IconDownload,
  IconFilter,
  IconSearch,
  IconTextWrap,
} from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Hint } from "@/components/Hint";
import type { Level, Source } from "./line";
import styles from "./log.module.css";

export interface LogOptions {
  search: string;
  onlyMatching: boolean;
  level: Level;
  source: Source | "all";
  /** The line, or the byte of one, that the address names. */
  line: number | null;
  at: number | null;
  wrap: boolean;
  times: boolean;
  follow: boolean;
}

interface Props {
  options: LogOptions;
  set: (patch: Partial<LogOptions>) => void;
  /** What was found, in words. */
  found: string;
  any: boolean;
  move: (step: number) => void;
  download: () => void;
}

interface ToggleProps {
  label: string;
  on: boolean;
  onChange: (on: boolean) => void;
  children: ReactNode;
}

function Toggle({ label, on, onChange, children }: ToggleProps) {
  return (
    <Hint label={label}>
      <ActionIcon
        variant={on ? "light" : "subtle"}
        aria-label={label}
        aria-pressed={on}
        onClick={() => onChange(!on)}
      >
        {children}
      </ActionIcon>
    </Hint>
  );
}

const kLevels = [
  { value: "debug", label: "Every level" },
  { value: "info", label: "Info and worse" },
  { value: "warning", label: "Warnings and errors" },
  { value: "error", label: "Errors" },
];
const kSources = [
  { value: "all", label: "Every source" },
  { value: "stdout", label: "stdout" },
  { value: "stderr", label: "stderr" },
  { value: "log", label: "Loggers" },
  { value: "agent", label: "Agent" },
];

/** Search, filters and how lines are shown. */
export function LogTools({ options, set, found, any, move, download }: Props) {
  return (
    <div className={styles.tools} role="toolbar" aria-label="Log">
      <TextInput
        data-filter
        aria-label="Find in the log"
        placeholder="Find…  /"
        w={230}
        leftSection={<IconSearch size={14} />}
        value={options.search}
        onChange={(event) => set({ search: event.currentTarget.value })}
        onKeyDown={(event) => {
          if (event.key === "Enter") move(event.shiftKey ? -1 : 1);
        }}
        rightSection={
          options.search && (
            <CloseButton size="xs" aria-label="Clear" onClick={() => set({ search: "" })} />
          )
        }
      />
      {options.search && (
        <>
          <span className="dim num" aria-live="polite">
            {found}
          </span>
          <ActionIcon aria-label="Previous match" disabled={!any} onClick={() => move(-1)}>
            <IconChevronUp size={15} />
          </ActionIcon>
          <ActionIcon aria-label="Next match" disabled={!any} onClick={() => move(1)}>
            <IconChevronDown size={15} />
          </ActionIcon>
          <Toggle
            label="Only matching lines"
            on={options.onlyMatching}
            onChange={(onlyMatching) => set({ onlyMatching })}
          >
            <IconFilter size={15} />
          </Toggle>
        </>
      )}
      <Select
        aria-label="Level"
        w={150}
        allowDeselect={false}
        data={kLevels}
        value={options.level}
        onChange={(level) => set({ level: (level ?? "debug") as Level })}
      />
      <Select
        aria-label="Source"
        w={124}
        allowDeselect={false}
        data={kSources}
        value={options.source}
        onChange={(source) => set({ source: (source ?? "all") as Source })}
      />
      <div className="row" style={{ marginLeft: "auto", gap: 4 }}>
        <Toggle label="Times" on={options.times} onChange={(times) => set({ times })}>
          <IconClock size={15} />
        </Toggle>
        <Toggle label="Wrap lines (w)" on={options.wrap} onChange={(wrap) => set({ wrap })}>
          <IconTextWrap size={15} />
        </Toggle>
        <Toggle
          label="Follow the end (f)"
          on={options.follow}
          onChange={(follow) => set({ follow })}
        >
          <IconArrowBarToDown size={15} />
        </Toggle>
        <Hint label="Download all of it">
          <ActionIcon aria-label="Download" onClick={download}>
            <IconDownload size={15} />
          </ActionIcon>
        </Hint>
      </div>
    </div>
  );
}
