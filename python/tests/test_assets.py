# SPDX-License-Identifier: Apache-2.0
"""Assets in DAG files: what they are, what schedules and tasks make of them, what is refused."""
import unittest

from authoring_support import extract_text, one_dag

HEAD = """\
from airflow.sdk import (DAG, Asset, AssetAlias, AssetAll, AssetAny, AssetOrTimeSchedule,
                         CronTriggerTimetable, Metadata, asset, task)
from airflow.providers.standard.operators.empty import EmptyOperator
"""


def asset(name, uri=None):
    return {"asset": {"name": name, "uri": uri or name, "group": "asset"}}


class Values(unittest.TestCase):
    def setUp(self):
        from airflow import sdk
        self.sdk = sdk

    def test_name_and_uri_stand_in_for_each_other(self):
        one = self.sdk.Asset("orders")
        self.assertEqual(("orders", "orders", "asset", {}),
                         (one.name, one.uri, one.group, one.extra))
        other = self.sdk.Asset(uri="s3://bucket/key")
        self.assertEqual(("s3://bucket/key", "s3://bucket/key"), (other.name, other.uri))
        with self.assertRaisesRegex(TypeError, "either 'name' or 'uri'"):
            self.sdk.Asset()

    def test_uris_are_normal(self):
        for given, stored in {
            "S3://bucket/key/": "s3://bucket/key", "s3://bucket": "s3://bucket/",
            "http://h/p?b=2&a=1#part": "http://h/p?a=1&b=2", "x-any://H/p/": "x-any://H/p/",
            "plain text": "plain text", "/some/path/": "/some/path/",
            "postgres://u:secret@host/db": "postgres://host/db",
            "postgres://u@host/db": "postgres://u@host/db", "file://conf/a": "file://conf/a",
        }.items():
            with self.subTest(given):
                self.assertEqual(stored, self.sdk.Asset("n", given).uri)

    def test_texts_that_are_none(self):
        for arguments, message in (
                ((" ",), "just whitespace"), (("ü",), "ASCII"), (("a" * 1501,), "1500"),
                (("",), "empty"), ((3,), "must be a string"), (("self",), "prohibited"),
                (("context",), "prohibited"), (("a", "airflow://x"), "reserved")):
            with self.subTest(arguments):
                with self.assertRaisesRegex(ValueError, message):
                    self.sdk.Asset(*arguments)
        with self.assertRaisesRegex(ValueError, "must be JSON"):
            self.sdk.Asset("a", extra={"x": object()})

    def test_equality_and_hash(self):
        one, same = self.sdk.Asset("a", "b"), self.sdk.Asset("a", "b")
        self.assertEqual(one, same)
        self.assertEqual({one: 1}[same], 1)
        self.assertNotEqual(one, self.sdk.Asset("a", "c"))
        self.assertNotEqual(one, self.sdk.Asset("a", "b", group="g"))
        self.assertNotEqual(one, self.sdk.AssetAlias("a"))

    def test_conditions(self):
        a, b, c = (self.sdk.Asset(name) for name in "abc")
        self.assertEqual({"any": [asset("a"), asset("b"), asset("c")]},
                         (a | b | c).as_expression())
        self.assertEqual({"all": [asset("a"), {"any": [asset("b"), asset("c")]}]},
                         (a & (b | c)).as_expression())
        self.assertEqual(["a", "b"], [name for (name, _), _ in (a & b).iter_assets()])
        with self.assertRaisesRegex(TypeError, "expect asset expressions"):
            self.sdk.AssetAll(a, "b")
        with self.assertRaises(TypeError):
            a | "b"


class Schedules(unittest.TestCase):
    def schedule(self, text):
        return one_dag(HEAD + f"with DAG('d', schedule={text}):\n    pass\n")["schedule"]

    def test_assets_lists_and_expressions(self):
        self.assertEqual({"kind": "assets", "assets": asset("a"), "summary": "Asset",
                          "description": "Triggered by assets"}, self.schedule("Asset('a')"))
        self.assertEqual({"all": [asset("a"), asset("b")]},
                         self.schedule("[Asset('a'), Asset('b')]")["assets"])
        self.assertEqual({"any": [asset("a"), {"alias": {"name": "x", "group": "asset"}}]},
                         self.schedule("Asset('a') | AssetAlias('x')")["assets"])
        self.assertEqual("Unresolved AssetAlias", self.schedule("AssetAlias('x')")["summary"])
        self.assertEqual("none", self.schedule("[]")["kind"])

    def test_asset_or_time(self):
        self.assertEqual(
            {"kind": "cron_trigger", "crons": ["0 1 * * *"], "assets": asset("a"),
             "summary": "Asset or 0 1 * * *", "description": "Triggered by assets or 0 1 * * *"},
            self.schedule("AssetOrTimeSchedule(timetable=CronTriggerTimetable('0 1 * * *', "
                          "timezone='UTC'), assets=Asset('a'))"))

    def test_old_names(self):
        answer = extract_text("from airflow.datasets import Dataset\nfrom airflow.sdk import DAG\n"
                              "with DAG('d', schedule=[Dataset('s3://b/k')]): pass\n")
        self.assertEqual({"all": [asset("s3://b/k")]}, answer["dags"][0]["schedule"]["assets"])
        self.assertIn("airflow.datasets is an old path", answer["warnings"][0])

    def test_refused_by_name(self):
        for text in ("[Asset.ref(name='a')]", "Asset('a', watchers=[1])"):
            with self.subTest(text):
                answer = extract_text(HEAD + f"with DAG('d', schedule={text}): pass\n")
                self.assertEqual("NotSupportedError", answer["error"]["type"])
        answer = extract_text(HEAD + "with DAG('d', schedule=[Asset('a'), 'b']): pass\n")
        self.assertIn("All elements in 'schedule'", answer["error"]["message"])


class Tasks(unittest.TestCase):
    maxDiff = None

    def test_inlets_and_outlets(self):
        dag = one_dag(HEAD + """
with DAG("d"):
    @task(outlets=[Asset("b", "s3://x/b", extra={"k": 1}), AssetAlias("files")],
          inlets=[Asset("a"), Asset.ref(uri="u")])
    def t(): pass
    t()
    EmptyOperator(task_id="e", outlets=Asset("a"))
    EmptyOperator(task_id="inline", inlets=[Asset("a")])
""")
        self.assertEqual([asset("b", "s3://x/b"), {"alias": {"name": "files", "group": "asset"}}],
                         dag["by_id"]["t"]["outlets"])
        self.assertEqual([asset("a"), {"asset_ref": {"uri": "u"}}], dag["by_id"]["t"]["inlets"])
        self.assertEqual([{"name": "a", "uri": "a", "group": "asset", "extra": {}},
                          {"name": "b", "uri": "s3://x/b", "group": "asset", "extra": {"k": 1}}],
                         dag["assets"])
        self.assertEqual([{"name": "files", "group": "asset"}], dag["asset_aliases"])
        self.assertNotIn("inline_success", dag["by_id"]["e"])
        self.assertTrue(dag["by_id"]["inline"]["inline_success"])

    def test_what_is_no_asset(self):
        answer = extract_text(HEAD + "with DAG('d'):\n    EmptyOperator(task_id='t', "
                                     "outlets=['a'])\n")
        self.assertIn("outlets must hold assets", answer["error"]["message"])

    def test_two_uris_of_one_name(self):
        answer = extract_text(HEAD + "with DAG('d', schedule=Asset('a', 'x')):\n"
                                     "    EmptyOperator(task_id='t', outlets=Asset('a', 'y'))\n")
        self.assertIn("the asset 'a' has two URIs", answer["error"]["message"])


class Decorator(unittest.TestCase):
    def test_function_becomes_dag_task_and_asset(self):
        answer = extract_text(HEAD + '''
@asset(schedule="@daily", uri="s3://b/one", extra={"k": 1}, tags=["x"])
def one():
    """What it is."""

@asset(schedule=one)
def two(self, context, one, more=3):
    pass

@asset.multi(schedule=None, dag_id="many", outlets=[Asset("x"), Asset("y")])
def several():
    pass
''')
        self.assertTrue(answer["ok"], answer.get("error"))
        one, two, many = answer["dags"]
        self.assertEqual(("one", ["x"], "What it is."),
                         (one["dag_id"], one["tags"], one["description"]))
        self.assertEqual([asset("one", "s3://b/one")], one["tasks"][0]["outlets"])
        self.assertEqual([{"name": "one", "uri": "s3://b/one", "group": "asset",
                           "extra": {"k": 1}}], one["assets"])
        self.assertEqual([{"asset_ref": {"name": "one"}}], two["tasks"][0]["inlets"])
        self.assertEqual(asset("one", "s3://b/one"), two["schedule"]["assets"])
        self.assertEqual(("many", "several"), (many["dag_id"], many["tasks"][0]["task_id"]))
        self.assertEqual([asset("x"), asset("y")], many["tasks"][0]["outlets"])

    def test_what_it_refuses(self):
        for body, message in (
                ("def outer():\n    @asset(schedule=None)\n    def inner(): pass\nouter()\n",
                 "nested function"),
                ("@asset.multi(schedule=None, outlets=[])\ndef f(): pass\n", "no outlets"),
                ("asset(schedule=None)(3)\n", "takes a function")):
            with self.subTest(message):
                answer = extract_text(HEAD + body)
                self.assertIn(message, answer["error"]["message"])


if __name__ == "__main__":
    unittest.main()
