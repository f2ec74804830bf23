// SPDX-License-Identifier: Apache-2.0
import { IconDots, IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { importErrors } from "@/api/queries";
import { useAuth } from "@/auth/AuthProvider";
import { Hint } from "@/components/Hint";
import { Link, navigate, usePathname } from "@/router/router";
import { isHere, kAdminPages, kMainPages, type NavPage } from "./pages";
import styles from "./shell.module.css";

export function BrandMark({ size = 22 }: { size?: number }) {
  return <img src="/leoflow.svg" width={size} height={size} alt="" />;
}

/** The pages, down the left side. */
export function Nav({ narrow }: { narrow: boolean }) {
  const pathname = usePathname();
  const { me } = useAuth();
  const errors = useQuery(importErrors()).data?.total_entries ?? 0;
  const admin = kAdminPages.filter((page) => !page.needs || me.can[page.needs]);
  const item = (page: NavPage) => (
    <NavItem
      key={page.to}
      page={page}
      here={isHere(page, pathname)}
      narrow={narrow}
      count={page.title === "Import errors" ? errors : 0}
    />
  );
  return (
    <nav className={styles.nav} aria-label="Pages">
      <Link to="/" className={styles.brand} aria-label="Leoflow">
        <BrandMark />
        <span className={styles.brandName}>Leoflow</span>
      </Link>
      {kMainPages.map(item)}
      <div className={styles.section}>Administration</div>
      {admin.map(item)}
    </nav>
  );
}

interface ItemProps {
  page: NavPage;
  here: boolean;
  narrow: boolean;
  count: number;
}

function NavItem({ page, here, narrow, count }: ItemProps) {
  return (
    <Hint label={page.title} position="right" disabled={!narrow}>
      <Link
        to={page.to}
        className={`${styles.item} ${here ? styles.here : ""}`}
        aria-label={page.title}
        {...(here ? { "aria-current": "page" } : {})}
      >
        <page.icon size={17} stroke={1.6} aria-hidden />
        <span className={styles.label}>{page.title}</span>
        {count > 0 && (
          <span className={styles.badge} data-state="failed">
            {count}
          </span>
        )}
      </Link>
    </Hint>
  );
}

/** The most used pages at the thumb, at phone width; the palette has the rest. */
export function BottomNav({ onPalette }: { onPalette: () => void }) {
  const pathname = usePathname();
  return (
    <nav className={styles.bottom} aria-label="Pages, short">
      {kMainPages.slice(0, 3).map((page) => (
        <button
          type="button"
          key={page.to}
          className={styles.bottomItem}
          onClick={() => navigate(page.to)}
          {...(isHere(page, pathname) ? { "aria-current": "page" as const } : {})}
        >
          <page.icon size={20} stroke={1.6} aria-hidden />
          {page.title}
        </button>
      ))}
      <button type="button" className={styles.bottomItem} onClick={onPalette}>
        <IconSearch size={20} stroke={1.6} aria-hidden />
        Search
      </button>
      <button type="button" className={styles.bottomItem} onClick={() => navigate("/menu")}>
        <IconDots size={20} stroke={1.6} aria-hidden />
        More
      </button>
    </nav>
  );
}
