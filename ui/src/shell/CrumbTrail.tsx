// SPDX-License-Identifier: Apache-2.0
import { Link, usePathname } from "@/router/router";
import { crumbsOf } from "./crumbs";
import styles from "./shell.module.css";

/** Where one is, and the way out. */
export function CrumbTrail() {
  const crumbs = crumbsOf(usePathname());
  return (
    <nav className={styles.crumbs} aria-label="Where you are">
      {crumbs.map((crumb, index) => (
        <span key={crumb.to} style={{ display: "contents" }}>
          {index > 0 && <span aria-hidden>/</span>}
          <Link
            to={crumb.to}
            className={styles.crumb}
            title={crumb.title}
            {...(index === crumbs.length - 1 ? { "aria-current": "location" } : {})}
          >
            {crumb.title}
          </Link>
        </span>
      ))}
    </nav>
  );
}
