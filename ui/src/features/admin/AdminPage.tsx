// SPDX-License-Identifier: Apache-2.0
import { lazy, type ComponentType, type LazyExoticComponent } from "react";
import { Page } from "@/components/Page";
import { Empty } from "@/components/States";
import { AboutPage } from "./AboutPage";
import { AgentsPage } from "./AgentsPage";
import { AuditList } from "./AuditList";
import { ConfigurationPage } from "./ConfigurationPage";
import { EnvironmentsPage } from "./EnvironmentsPage";
import { PoolsPage } from "./PoolsPage";
import { StagingPage } from "./StagingPage";
import { TokensPage } from "./TokensPage";
import { UsersPage } from "./UsersPage";

function AuditPage() {
  return (
    <Page name="Audit log" title="Audit log" sub="Who changed what, and when">
      <AuditList />
    </Page>
  );
}

const kPages: Record<string, ComponentType | LazyExoticComponent<ComponentType>> = {
  connections: lazy(() =>
    import("./ConnectionsPage").then((m) => ({ default: m.ConnectionsPage })),
  ),
  variables: lazy(() => import("./VariablesPage").then((m) => ({ default: m.VariablesPage }))),
  pools: PoolsPage,
  staging: StagingPage,
  environments: EnvironmentsPage,
  agents: AgentsPage,
  users: UsersPage,
  tokens: TokensPage,
  audit: AuditPage,
  configuration: ConfigurationPage,
  about: AboutPage,
};

/** The pages of administration. */
export function AdminPage({ path }: { path: Record<string, string> }) {
  const View = kPages[path["page"] ?? ""];
  if (View) return <View />;
  return (
    <Page name="Not found" title="Not found">
      <Empty title="There is no such page" />
    </Page>
  );
}
