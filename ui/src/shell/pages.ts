// SPDX-License-Identifier: Apache-2.0
import {
  IconAlertTriangle,
  IconBox,
  IconDatabase,
  IconHistory,
  IconHome,
  IconInfoCircle,
  IconKey,
  IconLayoutList,
  IconPackages,
  IconPlugConnected,
  IconBrandPython,
  IconServer,
  IconStack2,
  IconTimeline,
  IconUsers,
  IconVariable,
  type TablerIcon,
} from "@tabler/icons-react";
import type { Rights } from "@/auth/session";
import { links } from "@/router/links";

export interface NavPage {
  title: string;
  to: string;
  icon: TablerIcon;
  /** Keys that go there, pressed one after the other. */
  keys?: string;
  needs?: keyof Rights;
}

export const kMainPages: NavPage[] = [
  { title: "Home", to: links.home(), icon: IconHome, keys: "g h" },
  { title: "DAGs", to: links.dags(), icon: IconLayoutList, keys: "g d" },
  { title: "Runs", to: links.runs(), icon: IconTimeline, keys: "g r" },
  { title: "Assets", to: links.assets(), icon: IconPackages, keys: "g t" },
  { title: "Import errors", to: links.importErrors(), icon: IconAlertTriangle, keys: "g e" },
];

export const kAdminPages: NavPage[] = [
  {
    title: "Connections",
    to: links.admin("connections"),
    icon: IconPlugConnected,
    keys: "g c",
    needs: "operate",
  },
  {
    title: "Variables",
    to: links.admin("variables"),
    icon: IconVariable,
    keys: "g v",
    needs: "operate",
  },
  { title: "Pools", to: links.admin("pools"), icon: IconStack2, keys: "g p" },
  { title: "Staging volumes", to: links.admin("staging"), icon: IconDatabase, keys: "g s" },
  { title: "Environments", to: links.admin("environments"), icon: IconBrandPython },
  { title: "Agents", to: links.admin("agents"), icon: IconServer },
  { title: "Users", to: links.admin("users"), icon: IconUsers, needs: "admin" },
  { title: "API tokens", to: links.admin("tokens"), icon: IconKey },
  { title: "Audit log", to: links.admin("audit"), icon: IconHistory, keys: "g a" },
  { title: "Configuration", to: links.admin("configuration"), icon: IconBox, needs: "operate" },
  { title: "About", to: links.admin("about"), icon: IconInfoCircle },
];

export function isHere(page: NavPage, pathname: string): boolean {
  if (page.to === "/") return pathname === "/";
  return pathname === page.to || pathname.startsWith(`${page.to}/`);
}
