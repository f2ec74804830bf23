# SPDX-License-Identifier: Apache-2.0
import json
import os
import pathlib
import tempfile
import unittest
from types import SimpleNamespace

import harness

harness.add_site_packages()

from leoflow.runtime import context, templates  # noqa: E402

GOLDEN = os.path.join(
    os.path.dirname(harness.PYTHON_ROOT), "test", "conformance", "golden", "templates.json"
)
needs_jinja = unittest.skipUnless(
    harness.has_jinja(), f"jinja2 is not installed; name its folder in {harness.SITE_ENV}"
)


def double(value):
    return value * 2


def make_task(**attributes):
    dag = SimpleNamespace(
        dag_id="d",
        params={},
        user_defined_macros={"double": double},
        template_searchpath=[],
        user_defined_filters={"reverse_text": lambda text: text[::-1]},
        template_undefined=None,
        jinja_environment_kwargs=None,
        render_template_as_native_obj=False,
        folder=None,
    )
    task = SimpleNamespace(
        task_id="t", dag=dag, template_fields=("field",), template_ext=(), params={}, field=None
    )
    vars(task).update(attributes)
    return task


def render(value, known=None, **attributes):
    return templates.render_value(value, known or {}, make_task(**attributes))


def render_native(value, **known):
    return render(value, known, render_template_as_native_obj=True)


class GoldenTemplates(unittest.TestCase):
    """The texts real Airflow gave."""

    @needs_jinja
    def test_all(self):
        with open(GOLDEN, encoding="utf-8") as file:
            groups = json.load(file)["contexts"]
        count = 0
        for group in groups:
            built = self.context_of(group["context"])
            for case in group["templates"]:
                with self.subTest(case=group["from_case"], name=case["name"]):
                    self.assertEqual(
                        case["expected"], templates.render_value(case["template"], built)
                    )
                count += 1
        self.assertGreaterEqual(count, 115)

    @staticmethod
    def context_of(given):
        keys = (
            "run_id",
            "run_type",
            "logical_date",
            "data_interval_start",
            "data_interval_end",
            "conf",
        )
        start = harness.start_frame(
            "/b/dag.py",
            dag_id=given["dag_id"],
            task_id=given["task_id"],
            run={key: given[key] for key in keys},
        )
        task = make_task(task_id=given["task_id"])
        task.dag.dag_id, task.dag.params = given["dag_id"], given["params"]
        return context.build(start, task.dag, task, None)


class Rendering(unittest.TestCase):
    def test_plain_text_follows_the_rules_of_jinja_without_it(self):
        self.assertEqual("a", render("a\n"))
        self.assertEqual("a\nb\n", render("a\r\nb\n\n"))
        self.assertEqual("", render(""))

    def test_containers_are_rebuilt_and_keep_their_types(self):
        value = {"k": ["x\n", ("y\n", {"z\n"}, 3, None)]}
        self.assertEqual({"k": ["x", ("y", {"z"}, 3, None)]}, render(value))
        self.assertEqual("x\n", value["k"][0])

    def test_objects_that_resolve_give_their_value_unrendered(self):
        lazy = SimpleNamespace(resolve=lambda known: known["x"] + "\n")
        self.assertEqual(["v\n"], render([lazy], {"x": "v"}))

    def test_a_path_is_left_alone(self):
        path = pathlib.Path("a/b")
        self.assertIs(path, render(path))

    def test_nested_template_fields_are_rendered_in_place_once(self):
        class Inner:
            template_fields = ("a", "me")

        inner = Inner()
        inner.a, inner.me = "v\n", inner
        self.assertIs(inner, render([inner])[0])
        self.assertEqual("v", inner.a)

    def test_native_text_without_syntax_becomes_the_literal_it_spells(self):
        self.assertEqual(5, render_native("5"))
        self.assertEqual("0012", render_native("0012"))
        self.assertEqual("text here", render_native("text here"))
        self.assertIsNone(render_native(""))

    @needs_jinja
    def test_native_mode_gives_python_values(self):
        self.assertEqual([3, 1], render_native("{{ v }}", v=[3, 1]))
        self.assertEqual(12, render_native("{{ 1 }}{{ 2 }}"))
        self.assertEqual("n=3", render_native("n={{ 3 }}"))

    @needs_jinja
    def test_undefined_names_fail(self):
        from jinja2 import UndefinedError

        with self.assertRaises(UndefinedError):
            render("{{ nobody_knows }}")
        self.assertEqual("safe", render("{{ nobody_knows | default('safe') }}"))

    @needs_jinja
    def test_the_sandbox_refuses_dunder_attributes(self):
        from jinja2.exceptions import SecurityError

        with self.assertRaises(SecurityError):
            render("{{ x.__class__.__mro__ }}", {"x": 1})
        self.assertEqual("7", render("{{ x._one }}", {"x": SimpleNamespace(_one=7)}))

    @needs_jinja
    def test_macros_and_filters_of_the_dag(self):
        self.assertEqual("42 desserts", render("{{ double(21) }} {{ 'stressed' | reverse_text }}"))

    @needs_jinja
    def test_the_error_names_the_field(self):
        task = make_task(field="{{ nope }}")
        with self.assertRaises(Exception) as caught:
            templates.render_fields(task, {})
        self.assertIn("'field'", caught.exception.leoflow_note)


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "part.sql").write_text("-- part\n")
        (self.folder / "q.sql").write_text("{% include 'part.sql' %}\nselect {{ n }}\n")

    def task(self):
        task = make_task(template_ext=(".sql",))
        task.dag.folder = str(self.folder)
        return task

    @needs_jinja
    def test_a_text_with_the_ending_is_a_file(self):
        self.assertEqual(
            "-- part\nselect 4", templates.render_value("q.sql", {"n": 4}, self.task())
        )

    @needs_jinja
    def test_a_missing_file_is_named_with_the_folders(self):
        with self.assertRaisesRegex(templates.TemplateError, "absent.sql.*" + str(self.folder)):
            templates.render_value("absent.sql", {}, self.task())

    def test_a_trailing_space_keeps_the_text(self):
        self.assertEqual("q.sql ", templates.render_value("q.sql ", {}, self.task()))


class Report(unittest.TestCase):
    def report(self, value, secrets=()):
        return templates.report_fields(make_task(field=value), secrets)["field"]

    def test_values_become_json(self):
        self.assertEqual([1, ["2", {"k": None}]], self.report([1, ("2", {"k": None})]))
        self.assertEqual("nan", self.report(float("nan")))

    def test_long_values_are_cut(self):
        text = self.report("x" * 5000)
        self.assertEqual(templates.FIELD_CHARS_MAX, len(text))
        self.assertTrue(text.endswith(templates.TRUNCATED))
        self.assertIsInstance(self.report(["x" * 5000]), str)
        self.assertEqual("x" * 4096, self.report("x" * 4096))

    def test_secrets_are_hidden(self):
        self.assertEqual({"a": ["u:***@h"]}, self.report({"a": ["u:hunter22@h"]}, ["hunter22"]))


if __name__ == "__main__":
    unittest.main()
