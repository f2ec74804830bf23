// SPDX-License-Identifier: Apache-2.0
import { useRef, useState } from "react";
import { useShortcuts } from "@/shell/shortcuts";
import styles from "./log.module.css";

/** A field that goes to a line by its number. */
export function GoToLine({ onGo }: { onGo: (line: number) => void }) {
  const [text, setText] = useState("");
  const field = useRef<HTMLInputElement>(null);
  useShortcuts({ ":": () => field.current?.focus() });
  return (
    <form
      className={styles.goTo}
      onSubmit={(event) => {
        event.preventDefault();
        const line = Number(text.replace(/[^0-9]/g, ""));
        if (line > 0) onGo(line);
      }}
    >
      <input
        ref={field}
        aria-label="Go to line"
        placeholder="Go to line  :"
        inputMode="numeric"
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
    </form>
  );
}
