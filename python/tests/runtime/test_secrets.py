# SPDX-License-Identifier: Apache-2.0
import json
import os
import unittest
from unittest import mock

import harness

harness.add_site_packages()

from airflow.sdk.connection import Connection  # noqa: E402
from airflow.sdk.exceptions import AirflowNotFoundException, AirflowRuntimeError  # noqa: E402
from airflow.sdk.hook import BaseHook  # noqa: E402
from airflow.sdk.variable import Variable  # noqa: E402
from leoflow.runtime import client  # noqa: E402


class FakeAgent:
    def __init__(self):
        self.variables, self.connections, self.masked, self.refusal = {}, {}, [], None

    def _check(self):
        if self.refusal:
            raise client.AgentError(self.refusal, "not declared")

    def variable_get(self, key):
        self._check()
        return self.variables.get(key)

    def variable_set(self, key, value, description=None):
        self._check()
        self.variables[key] = value

    def variable_delete(self, key):
        self._check()
        self.variables.pop(key, None)

    def connection_get(self, conn_id):
        self._check()
        return self.connections.get(conn_id)

    def mask(self, values):
        self.masked += values


class WithAgent(unittest.TestCase):
    def setUp(self):
        self.agent = FakeAgent()
        client.install(self.agent)
        self.addCleanup(client.install, None)
        patch = mock.patch.dict(os.environ)
        patch.start()
        self.addCleanup(patch.stop)


class Variables(WithAgent):
    def test_the_environment_comes_first(self):
        self.agent.variables["city"] = "Rome"
        self.assertEqual("Rome", Variable.get("city"))
        os.environ["AIRFLOW_VAR_CITY"] = "Turin"
        self.assertEqual("Turin", Variable.get("city"))

    def test_json_and_defaults(self):
        self.agent.variables["menu"] = '{"a": [1]}'
        self.assertEqual({"a": [1]}, Variable.get("menu", deserialize_json=True))
        self.assertEqual('{"a": [1]}', Variable.get("menu"))
        self.assertIsNone(Variable.get("absent", default=None))
        self.assertEqual({"x": 1}, Variable.get("absent", {"x": 1}, deserialize_json=True))
        self.assertEqual(7, Variable.get("absent", default_var=7))

    def test_a_missing_one_says_so(self):
        with self.assertRaisesRegex(AirflowRuntimeError, "VARIABLE_NOT_FOUND.*'absent'"):
            Variable.get("absent")

    def test_a_refusal_is_no_missing_variable(self):
        self.agent.refusal = "denied"
        with self.assertRaisesRegex(AirflowRuntimeError, "denied"):
            Variable.get("absent", default="x")

    def test_set_and_delete(self):
        Variable.set("v", {"deep": [1]}, serialize_json=True)
        self.assertEqual(json.dumps({"deep": [1]}, indent=2), self.agent.variables["v"])
        Variable.set("v", 5)
        self.assertEqual("5", self.agent.variables["v"])
        Variable.delete("v")
        self.assertEqual({}, self.agent.variables)

    def test_values_under_a_sensitive_name_are_masked(self):
        self.agent.variables.update(my_api_key="abcdef", city="Turin")
        Variable.get("my_api_key")
        Variable.get("city")
        self.assertEqual(["abcdef"], self.agent.masked)

    def test_outside_of_a_task_only_the_environment_answers(self):
        client.install(None)
        os.environ["AIRFLOW_VAR_CITY"] = "Turin"
        self.assertEqual("Turin", Variable.get("city"))
        self.assertEqual("d", Variable.get("absent", default="d"))
        with self.assertRaisesRegex(AirflowRuntimeError, "AIRFLOW_VAR_ABSENT is not set"):
            Variable.get("absent")


class Connections(WithAgent):
    def test_from_the_agent(self):
        self.agent.connections["db"] = {
            "conn_type": "postgres",
            "host": "h",
            "port": 5433,
            "password": "longpassword",
            "extra": '{"region": "eu"}',
            "schema": "sales",
            "login": None,
        }
        found = BaseHook.get_connection("db")
        self.assertEqual(
            ("db", "h", 5433, {"region": "eu"}),
            (found.conn_id, found.host, found.port, found.extra_dejson),
        )
        self.assertEqual(["longpassword"], self.agent.masked)

    def test_from_the_environment(self):
        os.environ["AIRFLOW_CONN_ENV_URI"] = (
            "my-type://user%40x:p%2Fw@db.example.org:5433/main%20db?opt=1&flag=true"
        )
        os.environ["AIRFLOW_CONN_ENV_JSON"] = json.dumps(
            {"conn_type": "http", "host": "h", "port": "8443", "extra": {"nested": {"a": [1, 2]}}}
        )
        found = Connection.get("env_uri")
        self.assertEqual(
            [
                "my_type",
                "db.example.org",
                "user@x",
                "p/w",
                5433,
                "main db",
                {"opt": "1", "flag": "true"},
            ],
            [
                found.conn_type,
                found.host,
                found.login,
                found.password,
                found.port,
                found.schema,
                found.extra_dejson,
            ],
        )
        found = Connection.get("env_json")
        self.assertEqual((8443, {"nested": {"a": [1, 2]}}), (found.port, found.extra_dejson))

    def test_a_missing_one_says_so(self):
        with self.assertRaisesRegex(AirflowNotFoundException, "`absent` isn't defined"):
            Connection.get("absent")

    def test_a_refusal_is_no_missing_connection(self):
        self.agent.refusal = "denied"
        with self.assertRaisesRegex(AirflowRuntimeError, "denied"):
            Connection.get("db")


class Uris(unittest.TestCase):
    def test_as_airflow_writes_them(self):
        cases = [
            (
                {
                    "conn_type": "my_db",
                    "host": "h.example.org",
                    "port": 5439,
                    "schema": "main db",
                    "login": "us@er",
                    "password": "PW",
                    "extra": '{"a": "1", "b": "two words"}',
                },
                "my-db://us%40er:PW@h.example.org:5439/main%20db?a=1&b=two+words",
            ),
            ({"conn_type": "http", "host": "only-host"}, "http://only-host"),
            ({"conn_type": "http", "port": 80}, "http://@:80"),
            ({"conn_type": "x", "login": "u", "port": 80}, "x://u@:80"),
            ({"conn_type": "x", "login": "u", "password": ""}, "x://u:@"),
            (
                {"conn_type": "http", "host": "https://h", "login": "u", "port": 1},
                "http://https://u@h:1",
            ),
            (
                {"conn_type": "x", "host": "h", "extra": '{"a": {"b": 1}}'},
                "x://h/?__extra__=%7B%22a%22%3A+%7B%22b%22%3A+1%7D%7D",
            ),
            ({"host": "h"}, "//h"),
            ({"conn_type": "X_Y", "schema": "a/b", "extra": {"k": ""}}, "x-y:///a%2Fb?k="),
        ]
        for fields, uri in cases:
            with self.subTest(uri=uri):
                self.assertEqual(uri, Connection("c", **fields).get_uri())

    def test_reading_one_gives_the_parts_back(self):
        for uri in (
            "my-db://us%40er:p%2Fw@h:5439/main%20db?a=1&b=two+words",
            "http://https://u@h:1",
            "http://@:80",
            "//h",
            "x://h/?__extra__=%7B%22a%22%3A+1%7D",
            "postgres://u:@h",
            "x:///only-schema",
        ):
            with self.subTest(uri=uri):
                self.assertEqual(uri, Connection.from_uri(uri, "c").get_uri())
        self.assertEqual("postgres", Connection(uri="postgresql://h").conn_type)
        self.assertEqual("CamelHost", Connection(uri="x://u@CamelHost:5").host)

    def test_nonsense_is_refused(self):
        for uri in ("no uri", "a://b://c://d", "a://u:p@b://c"):
            with self.subTest(uri=uri), self.assertRaises(ValueError):
                Connection(uri=uri)

    def test_json_both_ways(self):
        given = {"conn_type": "x", "host": "h", "port": 5, "extra": {"k": [1]}}
        self.assertEqual(given, json.loads(Connection.from_json(json.dumps(given), "c").as_json()))
        with self.assertRaisesRegex(ValueError, "hots"):
            Connection.from_json('{"hots": 1}')

    def test_repr_hides_the_password(self):
        self.assertNotIn("hunter22", repr(Connection("c", password="hunter22")))


if __name__ == "__main__":
    unittest.main()
