// SPDX-License-Identifier: Apache-2.0
import { Page, Panel } from "@/components/Page";
import { useAuth } from "@/auth/AuthProvider";
import { Link } from "@/router/router";
import { kAdminPages, kMainPages } from "./pages";
import styles from "./shell.module.css";

/** Every page as a list: what the side bar shows, at phone width. */
export function MenuPage() {
  const { me } = useAuth();
  const pages = [...kMainPages, ...kAdminPages].filter((page) => !page.needs || me.can[page.needs]);
  return (
    <Page name="Menu" title="All pages">
      <Panel flush>
        <nav aria-label="All pages" style={{ padding: 8 }}>
          {pages.map((page) => (
            <Link key={page.to} to={page.to} className={styles.item} style={{ height: 44 }}>
              <page.icon size={18} stroke={1.6} aria-hidden />
              {page.title}
            </Link>
          ))}
        </nav>
      </Panel>
    </Page>
  );
}
