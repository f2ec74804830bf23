// SPDX-License-Identifier: Apache-2.0
import { Dialog } from "@/components/Dialog";
import { kAdminPages, kMainPages } from "./pages";
import styles from "./shell.module.css";

const kGeneral: [keys: string, what: string][] = [
  ["Ctrl K", "Search and commands (⌘ K on a Mac)"],
  ["/", "Filter the list"],
  ["t", "Trigger the DAG you look at"],
  ["[", "Fold or unfold the side bar"],
  ["?", "This help"],
];

const kElsewhere: [keys: string, what: string][] = [
  ["← ↑ ↓ →", "Move in the grid; Enter opens"],
  ["Space", "Grid: choose; with Shift and arrows several"],
  ["Esc", "Grid: choose nothing"],
  ["f", "Log: follow"],
  ["w", "Log: wrap lines"],
  ["n  N", "Log: next and previous match"],
  [":", "Log: go to a line"],
];

function Keys({ keys }: { keys: string }) {
  return (
    <span className="row" style={{ gap: 4 }}>
      {keys.split(/ +/).map((key, index) => (
        <kbd key={index} className={styles.key} style={{ margin: 0 }}>
          {key}
        </kbd>
      ))}
    </span>
  );
}

function List({ title, items }: { title: string; items: [string, string][] }) {
  return (
    <section className="stack" style={{ gap: 8 }}>
      <h3 className="faint" style={{ fontSize: "var(--t-12)", fontWeight: 500 }}>
        {title}
      </h3>
      {items.map(([keys, what]) => (
        <div key={keys} className="row" style={{ justifyContent: "space-between" }}>
          <span>{what}</span>
          <Keys keys={keys} />
        </div>
      ))}
    </section>
  );
}

/** Every key the page listens to. */
export function Help({ onClose }: { onClose: () => void }) {
  const pages = [...kMainPages, ...kAdminPages].flatMap((page): [string, string][] =>
    page.keys ? [[page.keys, page.title]] : [],
  );
  return (
    <Dialog onClose={onClose} title="Keyboard shortcuts" size={620}>
      <div
        style={{
          display: "grid",
          gap: 28,
          gridTemplateColumns: "repeat(auto-fit, minmax(240px, 1fr))",
        }}
      >
        <div className="stack" style={{ gap: 24 }}>
          <List title="Everywhere" items={kGeneral} />
          <List title="Grid and logs" items={kElsewhere} />
        </div>
        <List title="Go to" items={pages} />
      </div>
    </Dialog>
  );
}
