// SPDX-License-Identifier: Apache-2.0
import { lazy, Suspense, useState, type ReactNode } from "react";
import { useStored } from "@/lib/stored";
import { navigate } from "@/router/router";
import { ErrorBanner } from "./ErrorBanner";
import { BottomNav, Nav } from "./Nav";
import { kAdminPages, kMainPages } from "./pages";
import styles from "./shell.module.css";
import { useShortcuts } from "./shortcuts";
import { TopBar } from "./TopBar";

const Palette = lazy(() => import("./Palette").then((m) => ({ default: m.Palette })));
const Help = lazy(() => import("./Help").then((m) => ({ default: m.Help })));

/** Puts the cursor into the filter of the list on the screen. */
function focusFilter(): void {
  document.querySelector<HTMLInputElement>("[data-filter] input, input[data-filter]")?.focus();
}

/** Navigation around every page. */
export function Shell({ children }: { children: ReactNode }) {
  const [open, setOpen] = useState<"palette" | "help" | null>(null);
  const [nav, setNav] = useStored<"wide" | "narrow">("nav", "wide");
  const close = () => setOpen(null);
  const go = Object.fromEntries(
    [...kMainPages, ...kAdminPages].flatMap((page) =>
      page.keys ? [[page.keys, () => navigate(page.to)]] : [],
    ),
  );
  useShortcuts({
    ...go,
    "mod+k": () => setOpen((now) => (now === "palette" ? null : "palette")),
    "?": () => setOpen("help"),
    "/": focusFilter,
    "[": () => setNav(nav === "wide" ? "narrow" : "wide"),
  });
  return (
    <div className={`${styles.shell} ${nav === "narrow" ? styles.narrow : ""}`}>
      <a
        className={styles.skip}
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById("main")?.focus();
        }}
      >
        Skip to the content
      </a>
      <Nav narrow={nav === "narrow"} />
      <div className={styles.body}>
        <TopBar onPalette={() => setOpen("palette")} onHelp={() => setOpen("help")} />
        <ErrorBanner />
        <main id="main" className={styles.main} tabIndex={0}>
          {children}
        </main>
      </div>
      <BottomNav onPalette={() => setOpen("palette")} />
      <Suspense>
        {open === "palette" && <Palette onClose={close} onHelp={() => setOpen("help")} />}
        {open === "help" && <Help onClose={close} />}
      </Suspense>
    </div>
  );
}
