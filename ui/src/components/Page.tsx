// SPDX-License-Identifier: Apache-2.0
import type { ReactNode } from "react";
import { useEffect, useRef } from "react";
import { Link } from "@/router/router";
import styles from "./page.module.css";

interface PageProps {
  /** The name of the tab in the browser. */
  name: string;
  title?: ReactNode;
  sub?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

/** The frame of a view: title, actions, content. */
export function Page({ name, title, sub, actions, children }: PageProps) {
  useEffect(() => {
    document.title = `${name} · Leoflow`;
  }, [name]);
  return (
    <div className={styles.page}>
      {(title || actions) && (
        <header className={styles.header}>
          <div style={{ minWidth: 0 }}>
            <h1 className={styles.title}>{title}</h1>
            {sub && <div className={styles.sub}>{sub}</div>}
          </div>
          {actions && <div className={styles.actions}>{actions}</div>}
        </header>
      )}
      {children}
    </div>
  );
}

interface PanelProps {
  title?: ReactNode;
  actions?: ReactNode;
  /** Without padding, for tables and charts. */
  flush?: boolean;
  children: ReactNode;
}

/** A surface with an optional head. */
export function Panel({ title, actions, flush = false, children }: PanelProps) {
  return (
    <section className={styles.panel}>
      {(title || actions) && (
        <div className={styles.panelHead}>
          {title && <h2 className={styles.panelTitle}>{title}</h2>}
          <div className="grow" />
          {actions}
        </div>
      )}
      <div className={flush ? styles.clip : styles.panelBody}>{children}</div>
    </section>
  );
}

interface TabsProps {
  label: string;
  tabs: { key: string; title: string; to: string; count?: number | undefined }[];
  active: string;
}

/** Tabs that are links: each has its own address. */
export function LinkTabs({ label, tabs, active }: TabsProps) {
  const nav = useRef<HTMLElement>(null);
  useEffect(() => {
    const list = nav.current;
    if (!list) return;
    // Where they do not all fit, the one that is shown is in sight.
    const resized = new ResizeObserver(() => {
      const on = list.querySelector<HTMLElement>("[aria-current]");
      if (on) list.scrollLeft = on.offsetLeft - (list.clientWidth - on.offsetWidth) / 2;
    });
    resized.observe(list);
    return () => resized.disconnect();
  }, [active]);
  return (
    <nav className={styles.tabs} aria-label={label} ref={nav}>
      {tabs.map((tab) => (
        <Link
          key={tab.key}
          to={tab.to}
          className={`${styles.tab} ${tab.key === active ? styles.on : ""}`}
          {...(tab.key === active ? { "aria-current": "page" } : {})}
        >
          {tab.title}
          {tab.count !== undefined && <span className={styles.tabCount}>{tab.count}</span>}
        </Link>
      ))}
    </nav>
  );
}

/** Names and values. */
export function Facts({ items }: { items: [name: string, value: ReactNode][] }) {
  return (
    <dl className={styles.facts}>
      {items.map(([name, value]) => (
        <div key={name} style={{ display: "contents" }}>
          <dt>{name}</dt>
          <dd>{value ?? <span className="faint">–</span>}</dd>
        </div>
      ))}
    </dl>
  );
}

interface ChipProps {
  children: ReactNode;
  to?: string;
}

/** A small word on grey: a tag, an owner, a version. */
export function Chip({ children, to }: ChipProps) {
  return to ? (
    <Link className={styles.chip} to={to}>
      {children}
    </Link>
  ) : (
    <span className={styles.chip}>{children}</span>
  );
}

/** Panels side by side, as many as there is room for. */
export function Cards({ children }: { children: ReactNode }) {
  return <div className={styles.cards}>{children}</div>;
}
