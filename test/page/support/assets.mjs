// SPDX-License-Identifier: Apache-2.0
// DAGs that make assets and wait for them, for as long as a test looks at them.
import { until } from "./server.mjs";

// Tests run beside each other: each has DAGs and assets of its own.
const fileOf = (name) => `from airflow.sdk import DAG, Asset, task
raw, rates = Asset("${name}_raw", "s3://${name}/raw"), Asset("${name}_rates")
with DAG("${name}_make", schedule=None):
    @task(outlets=[raw])
    def extract(outlet_events=None):
        outlet_events[raw].extra = {"rows": 12}
    extract()
with DAG("${name}_use", schedule=raw & rates):
    @task(inlets=[raw])
    def report(): pass
    report()
`;

/** NAME_make makes NAME_raw, NAME_use waits for it and for NAME_rates. */
export async function withAssets(server, name, run) {
  server.write(`${name}/dag.py`, fileOf(name));
  await until("the DAGs of the assets", () =>
    server.get(`/api/v2/dags/${name}_use`).then(
      () => true,
      () => false,
    ),
  );
  await server.api("PATCH", `/api/v2/dags/${name}_use`, { is_paused: false });
  try {
    await run();
  } finally {
    server.remove(name);
  }
}
