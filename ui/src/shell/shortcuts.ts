// SPDX-License-Identifier: Apache-2.0
import { useEffect, useRef } from "react";

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName))
  );
}

const kSequenceWait = 900;

/**
 * Calls back for keys pressed outside of fields: "?" or a sequence like "g d". `mod+k` works
 * everywhere.
 */
export function useShortcuts(shortcuts: Record<string, () => void>): void {
  const latest = useRef(shortcuts);
  useEffect(() => {
    latest.current = shortcuts;
  });
  useEffect(() => {
    let before = "";
    let beforeAt = 0;
    function onKey(event: KeyboardEvent) {
      const mod = event.metaKey || event.ctrlKey;
      const name = mod ? `mod+${event.key.toLowerCase()}` : event.key;
      if (!mod && (isTyping(event.target) || event.altKey)) return;
      if (!mod && document.querySelector("[role=dialog]")) return;
      const now = event.timeStamp; // when it was pressed, however late we hear of it
      const sequence = now - beforeAt < kSequenceWait ? `${before} ${name}` : name;
      const run = latest.current[sequence] ?? latest.current[name];
      before = name;
      beforeAt = now;
      if (!run) return;
      event.preventDefault();
      before = "";
      run();
    }
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}
