# SPDX-License-Identifier: Apache-2.0
"""Param, ParamsDict and the JSON Schema checker."""
import unittest

import authoring_support  # noqa: F401
from airflow.sdk import Param, ParamsDict
from airflow.sdk._params import process_params
from airflow.sdk._schema import first_error
from airflow.sdk.exceptions import ParamValidationError

# (schema, valid values, invalid values)
TABLE = [
    ({"type": "integer"}, [3, 3.0, -1], ["3", True, 3.5, None]),
    ({"type": ["null", "string"]}, [None, "x"], [4, []]),
    ({"type": "number"}, [1, 1.5], ["1", False]),
    ({"type": "boolean"}, [True], [1, 0, None]),
    ({"type": "array"}, [[], [1]], [{}, "x"]),
    ({"type": "object"}, [{}], [[]]),
    ({"enum": [1, "a", None]}, [1, 1.0, "a", None], [True, "b", 2]),
    ({"const": {"a": [1]}}, [{"a": [1.0]}], [{"a": [2]}, {}]),
    ({"minimum": 1, "maximum": 10}, [1, 10, "text"], [0, 11]),
    ({"exclusiveMinimum": 1, "exclusiveMaximum": 3}, [2], [1, 3]),
    ({"multipleOf": 3}, [0, 9, -3], [4]),
    ({"multipleOf": 0.5}, [1.5], [1.2]),
    ({"minLength": 2, "maxLength": 3}, ["ab", "日本語", 5], ["a", "abcd"]),
    ({"pattern": "^[a-z]+$"}, ["abc", 5], ["A1", ""]),
    ({"items": {"type": "integer"}}, [[], [1, 2], "x"], [[1, "x"]]),
    ({"prefixItems": [{"type": "string"}], "items": {"type": "integer"}}, [["a", 1], ["a"]],
     [[1], ["a", "b"]]),
    ({"minItems": 1, "maxItems": 2}, [[1]], [[], [1, 2, 3]]),
    ({"uniqueItems": True}, [[1, "1", True], [[1], [2]]], [[1, 1.0], [{"a": 1}, {"a": 1}]]),
    ({"contains": {"const": 1}}, [[0, 1]], [[], [0]]),
    ({"properties": {"a": {"type": "string"}}, "required": ["a"]}, [{"a": "x", "b": 1}],
     [{"a": 1}, {}]),
    ({"properties": {"a": {}}, "patternProperties": {"^x": {}}, "additionalProperties": False},
     [{"a": 1, "x1": 2}], [{"b": 1}]),
    ({"additionalProperties": {"type": "integer"}}, [{"a": 1}], [{"a": "x"}]),
    ({"propertyNames": {"maxLength": 1}}, [{"a": 1}], [{"ab": 1}]),
    ({"minProperties": 1, "maxProperties": 1}, [{"a": 1}], [{}, {"a": 1, "b": 2}]),
    ({"dependentRequired": {"a": ["b"]}}, [{"a": 1, "b": 1}, {"b": 1}], [{"a": 1}]),
    ({"anyOf": [{"type": "string"}, {"minimum": 5}]}, ["x", 6], [4]),
    ({"oneOf": [{"multipleOf": 2}, {"multipleOf": 3}]}, [2, 3], [6, 1]),
    ({"allOf": [{"minimum": 2}, {"maximum": 4}]}, [3], [1, 5]),
    ({"not": {"type": "string"}}, [1], ["x"]),
    ({"if": {"type": "string"}, "then": {"minLength": 2}, "else": {"minimum": 2}}, ["ab", 3],
     ["a", 1]),
    ({"$defs": {"p": {"type": "integer"}}, "items": {"$ref": "#/$defs/p"}}, [[1]], [["x"]]),
    ({"format": "date"}, ["2024-02-29", 5], ["2023-02-29", "2024-1-1", "2024-01-01T00:00:00Z"]),
    ({"format": "date-time"}, ["2024-01-02T03:04:05Z", "2024-01-02T03:04:05.5+02:00"],
     ["2024-01-02T03:04:05", "x",
     "2024-13-02T03:04:05Z", "2024-01-02", "2024-01-02T03:04:05+25:00"]),
    ({"format": "time"}, ["03:04:05", "03:04:05Z"], ["25:00:00", "3:4:5"]),
    ({"format": "email"}, ["a@b.org"], ["a.b.org", "a b@c"]),
    ({"format": "uri"}, ["https://x.org/a?b#c", "mailto:a@b"], ["no uri", "/path"]),
    ({"format": "ipv4"}, ["10.0.0.1"], ["10.0.0.256"]),
    ({"format": "uuid"}, ["123e4567-e89b-12d3-a456-426614174000"], ["123"]),
    ({"format": "duration"}, ["P1DT2H", "PT5M"], ["P", "1D"]),
    ({"format": "hostname"}, ["a-b.example.org"], ["-a.org", "a_b"]),
    ({"format": "regex"}, ["a+"], ["("]),
    ({"format": "multiline", "title": "x", "examples": [1], "section": "s"}, ["anything", 5], []),
    (True, [1], []),
    (False, [], [1]),
]


class Schema(unittest.TestCase):
    def test_table(self):
        for schema, valid, invalid in TABLE:
            for value in valid:
                self.assertIsNone(first_error(value, schema), (schema, value))
            for value in invalid:
                self.assertTrue(first_error(value, schema), (schema, value))

    def test_messages_say_what_and_where(self):
        self.assertEqual("11 is greater than the maximum of 10", first_error(11, {"maximum": 10}))
        self.assertEqual("'x' is not of type 'integer' (at [1])",
                         first_error([1, "x"], {"items": {"type": "integer"}}))
        self.assertEqual("'b' is a required property (at .a)",
                         first_error({"a": {}}, {"properties": {"a": {"required": ["b"]}}}))
        self.assertIn("unknown type", first_error(1, {"type": "int"}))

    def test_endless_references_end(self):
        self.assertIn("without end", first_error(1, {"$ref": "#"}))


class Params(unittest.TestCase):
    def test_param(self):
        one = Param(3, type="integer", minimum=1, description="how many")
        self.assertEqual(({"type": "integer", "minimum": 1}, "how many", True),
                         (one.schema, one.description, one.has_value))
        self.assertEqual(5, one.resolve(5))
        with self.assertRaisesRegex(ParamValidationError, "less than the minimum of 1"):
            one.resolve(0)
        self.assertIsNone(one.resolve(0, suppress_exception=True))
        with self.assertRaisesRegex(ParamValidationError, "No value passed"):
            Param(type="string").resolve()
        self.assertEqual({"type": "string"}, Param("x", schema={"type": "string"}).schema)

    def test_dict(self):
        params = ParamsDict({"a": 1, "b": Param("x", type="string")})
        self.assertEqual((1, "x", "d"), (params["a"], params.b, params.get("c", "d")))
        with self.assertRaisesRegex(ParamValidationError,
                                    "Invalid input for param b: 5 is not of type"):
            params["b"] = 5
        params["b"] = "y"
        self.assertEqual({"a": 1, "b": "y"}, dict(params))
        self.assertEqual({"a": 1, "b": "y"}, params.dump())
        self.assertEqual("string", params.get_param("b").schema["type"])
        with self.assertRaises(AttributeError):
            params.nope
        with self.assertRaises(KeyError):
            params["nope"]

    def test_copies_do_not_share_values(self):
        first = ParamsDict({"a": Param(1, type="integer")})
        second = first.copy()
        second["a"] = 2
        self.assertEqual((1, 2), (first["a"], second["a"]))

    def test_process_params(self):
        dag = ParamsDict({"size": Param("M", enum=["M", "XL"]), "count": 1})
        found = process_params(dag, {"count": 5}, {"size": "XL", "unknown": [1]})
        self.assertEqual({"size": "XL", "count": 5, "unknown": [1]}, found)
        self.assertIs(dict, type(found))
        self.assertEqual("M", dag["size"])
        with self.assertRaisesRegex(ParamValidationError, "param size"):
            process_params(dag, None, {"size": "S"})


if __name__ == "__main__":
    unittest.main()
