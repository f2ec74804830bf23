// SPDX-License-Identifier: Apache-2.0
import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import { Dialog } from "@/components/Dialog";
import { useCommands, type Command } from "./commands";
import styles from "./palette.module.css";

interface Props {
  onClose: () => void;
  onHelp: () => void;
}

/** At once, and not after the dialog's transition: what is typed meanwhile must not reach the page. */
function focusAtOnce(field: HTMLInputElement | null) {
  field?.focus();
}

/** Everything by name: pages, DAGs, runs, actions. */
export function Palette({ onClose, onHelp }: Props) {
  const [search, setSearch] = useState("");
  const [at, setAt] = useState(0);
  const commands = useCommands(search.trim(), onHelp);
  const current = Math.min(at, Math.max(0, commands.length - 1));
  const list = useRef<HTMLDivElement>(null);

  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [current]);

  function run(command: Command | undefined) {
    if (!command) return;
    onClose();
    command.run();
  }

  function onKey(event: KeyboardEvent) {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step) setAt((current + step + commands.length) % Math.max(1, commands.length));
    else if (event.key === "Enter") run(commands[current]);
    else return;
    event.preventDefault();
  }

  return (
    <Dialog
      onClose={onClose}
      withCloseButton={false}
      padding={0}
      size={580}
      yOffset="12vh"
      centered={false}
      classNames={{ content: styles.content ?? "" }}
      aria-label="Search and commands"
    >
      <input
        className={styles.input}
        value={search}
        placeholder="Find a DAG, a run, a page, or do something…"
        aria-label="Search and commands"
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={`palette-${current}`}
        data-autofocus
        ref={focusAtOnce}
        onChange={(event) => {
          setSearch(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={onKey}
      />
      <div id="palette-list" className={styles.list} role="listbox" aria-label="Matches" ref={list}>
        {commands.length === 0 && <div className={styles.none}>Nothing is called that.</div>}
        {commands.map((command, index) => (
          <div key={command.key} role="presentation">
            {commands[index - 1]?.group !== command.group && (
              <div className={styles.group} role="presentation">
                {command.group}
              </div>
            )}
            <div
              id={`palette-${index}`}
              role="option"
              aria-selected={index === current}
              className={styles.option}
              onMouseMove={() => setAt(index)}
              onClick={() => run(command)}
            >
              {command.icon}
              <span className="cut">{command.title}</span>
              {command.hint && <span className={styles.hint}>{command.hint}</span>}
            </div>
          </div>
        ))}
      </div>
      <div className={styles.foot} aria-hidden>
        <span>↑↓ choose</span>
        <span>↵ go</span>
        <span>Esc close</span>
      </div>
    </Dialog>
  );
}
