// SPDX-License-Identifier: Apache-2.0
import { useQuery } from "@tanstack/react-query";
import { api } from "@/api/client";
import { Cards, Facts, Page, Panel } from "@/components/Page";
import { Empty, Loaded } from "@/components/States";
import type { components } from "@/api/schema";

type Setting = components["schemas"]["SettingResponse"];

function bySection(settings: readonly Setting[]): [string, Setting[]][] {
  const found = new Map<string, Setting[]>();
  for (const each of settings) found.set(each.section, [...(found.get(each.section) ?? []), each]);
  return [...found];
}

function Value({ setting }: { setting: Setting }) {
  return (
    <div>
      {setting.secret ? (
        <span className="faint">hidden</span>
      ) : setting.value === "" ? (
        <span className="faint">not set</span>
      ) : (
        <span className="mono">{setting.value}</span>
      )}
      {setting.summary && <div className="faint">{setting.summary}</div>}
    </div>
  );
}

/** What this server was started with; secrets stay hidden. */
export function ConfigurationPage() {
  const query = useQuery({
    queryKey: ["configuration"],
    queryFn: ({ signal }) => api.get("/api/leoflow/v1/configuration", { signal }),
    refetchOnMount: "always",
  });
  return (
    <Page
      name="Configuration"
      title="Configuration"
      sub="What this server runs with: from its command line and environment"
    >
      <Loaded query={query}>
        {({ settings }) =>
          settings.length === 0 ? (
            <Panel>
              <Empty title="Everything is as it comes" />
            </Panel>
          ) : (
            <Cards>
              {bySection(settings).map(([section, rows]) => (
                <Panel key={section} title={section}>
                  <Facts items={rows.map((each) => [each.key, <Value key="v" setting={each} />])} />
                </Panel>
              ))}
            </Cards>
          )
        }
      </Loaded>
    </Page>
  );
}
