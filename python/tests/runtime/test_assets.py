# SPDX-License-Identifier: Apache-2.0
"""Asset events as tasks see and tell them: real task processes, an agent in Python."""

import unittest

import harness

DAG = """
from airflow.sdk import DAG, Asset, AssetAlias, Metadata, asset, task

raw = Asset("raw", "s3://b/raw", extra={"team": "a"})
plain = Asset("plain")
files = AssetAlias("files")

with DAG("d", schedule=[raw]):
    @task(outlets=[raw, plain])
    def sets(outlet_events=None):
        outlet_events[raw].extra = {"rows": 12}
        outlet_events[plain].extra["x"] = 1
        assert outlet_events[0] is outlet_events[raw]
        return "done"

    @task(outlets=[raw])
    def yields():
        yield Metadata(raw, {"from": "metadata"})
        yield "nothing we know"
        return 7

    @task(outlets=[files])
    def told(outlet_events=None):
        outlet_events[files].add(Asset("new", "s3://b/new"), {"n": 1})
        outlet_events[files].add(Asset("new", "s3://b/new"), {"n": 1})
        outlet_events[files].add(plain)

    @task(outlets=[raw])
    def breaks(outlet_events=None):
        outlet_events[raw].extra = {"x": object()}

    @task(outlets=[raw])
    def huge(outlet_events=None):
        outlet_events[raw].extra = {"x": "y" * (1 << 20)}

    @task(outlets=[raw])
    def fails():
        raise ValueError("no event")

    @task
    def gives():
        return raw

    @task
    def takes(given, inlets=None, ti=None):
        return [given.name, [one.name for one in ti.task.inlets]]

    @task(inlets=[raw, files, Asset.ref(name="plain")])
    def reads(inlet_events=None, triggering_asset_events=None, inlets=None, dag_run=None):
        last = inlet_events[raw][-1]
        seen = {a.name: [e.extra["n"] for e in es] for a, es in triggering_asset_events.items()}
        try:
            inlet_events[plain]
        except KeyError:
            seen["KeyError"] = True
        return [last.extra, last.source_task_id, last.asset.uri, len(inlet_events[0]),
                len(inlet_events[files]), len(inlet_events[2].after("2024-01-01").limit(3)), seen,
                len(triggering_asset_events[raw]), len(dag_run.consumed_asset_events)]

    sets(), yields(), told(), breaks(), huge(), fails(), reads(), takes(gives())

@asset(schedule=None)
def makes(self, context, raw, elsewhere):
    return [self.name, raw.extra, elsewhere.uri, context["ti"].task_id]
"""


def event(number, **more):
    return {"id": number, "timestamp": "2024-03-01T00:00:00+00:00", "extra": {"n": number},
            "source_dag_id": "p", "source_task_id": "produce", "source_run_id": "r",
            "source_map_index": -1, "asset": {"name": "raw", "uri": "s3://b/raw",
                                              "group": "asset"}, "aliases": [], **more}


def about(name, uri=None, extra=None):
    return {"name": name, "uri": uri or name, "group": "asset", "extra": extra or {}}


class Assets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.agent = harness.Agent()
        cls.bundle = harness.Bundle(DAG, fake=False)

    @classmethod
    def tearDownClass(cls):
        cls.agent.close()
        cls.bundle.close()

    def run_task(self, task_id, **over):
        start = harness.start_frame(self.bundle.file, task_id=task_id, **over)
        return self.agent.run(start)

    def told(self, task_id):
        result = self.run_task(task_id)
        self.assertEqual("succeeded", result.outcome["kind"], result.outcome)
        return result.outcome.get("asset_events")

    def test_extras_travel_with_the_outcome(self):
        self.assertEqual(
            [{"asset": about("raw", "s3://b/raw", {"team": "a"}), "extra": {"rows": 12}},
             {"asset": about("plain"), "extra": {"x": 1}}], self.told("sets"))

    def test_metadata_is_yielded(self):
        result = self.run_task("yields")
        self.assertEqual({"from": "metadata"}, result.outcome["asset_events"][0]["extra"])
        self.assertEqual({"return_value": 7}, result.xcoms)
        self.assertTrue(any("Ignoring unknown data" in line for line in result.events))

    def test_updates_under_an_alias(self):
        self.assertEqual(
            [{"asset": about("new", "s3://b/new"), "extra": {"n": 1},
              "aliases": ["files"]},
             {"asset": about("plain"), "extra": {}, "aliases": ["files"]}], self.told("told"))

    def test_what_cannot_be_told_fails_the_task(self):
        for task_id, reason in (("breaks", "must be JSON"), ("huge", "1048576 at most")):
            with self.subTest(task_id):
                outcome = self.run_task(task_id).outcome
                self.assertEqual("failed", outcome["kind"])
                self.assertIn(reason, outcome["reason"])
                self.assertNotIn("asset_events", outcome)

    def test_failed_task_tells_of_nothing(self):
        self.assertNotIn("asset_events", self.run_task("fails").outcome)

    def test_returned_and_given_assets(self):
        result = self.run_task("gives")
        self.assertEqual([about("raw", "s3://b/raw", {"team": "a"})],
                         [one["asset"] for one in result.outcome["asset_events"]])
        given = {"gives": {"found": True, "value": result.xcoms["return_value"]}}
        self.assertEqual(["raw", ["raw"]], self.run_task("takes", xcoms=given).xcoms[
            "return_value"])

    def test_events_that_are_read(self):
        self.agent.asset_events = [event(1), event(2)]
        consumed = [event(1), event(2, aliases=["files"])]
        result = self.run_task("reads", run={"run_type": "asset_triggered",
                                             "consumed_asset_events": consumed})
        self.assertEqual([{"n": 2}, "produce", "s3://b/raw", 2, 2, 2,
                          {"raw": [1, 2], "files": [2], "KeyError": True}, 2, 3],
                         result.xcoms["return_value"])
        asked = result.of("asset_events")
        self.assertEqual(("raw", "s3://b/raw", None),
                         tuple(asked[0][key] for key in ("name", "uri", "alias")))
        self.assertEqual("files", asked[2]["alias"])
        self.assertEqual(("plain", "2024-01-01", 3),
                         tuple(asked[3][key] for key in ("name", "after", "limit")))

    def test_arguments_under_the_decorator(self):
        self.agent.assets = {"raw": about("raw", "s3://b/raw", {"team": "z"}),
                             "elsewhere": about("elsewhere", "s3://b/other")}
        result = self.run_task("makes", dag_id="makes")
        self.assertEqual(["makes", {"team": "z"}, "s3://b/other", "makes"],
                         result.xcoms["return_value"])
        self.agent.assets = {}
        outcome = self.run_task("makes", dag_id="makes").outcome
        self.assertIn("no asset is named 'raw'", outcome["reason"])


if __name__ == "__main__":
    unittest.main()
