# SPDX-License-Identifier: Apache-2.0
"""Mapped tasks in processes of their own: the mapping DAGs of the conformance corpus give what real
Airflow recorded, and how an instance becomes what it is."""

import os
import unittest

from mapping_support import HEAD, STATES, MappingTest, Run, authoring_support, needs_jinja


class Golden(MappingTest):
    """States, XComs and labels that real Airflow gave."""

    def compare(self, name, page_max=1000):
        self.agent.page_max = page_max
        file = os.path.join(authoring_support.CORPUS, "dags", f"{name}.py")
        (dag,) = authoring_support.extract_corpus(name)["dags"]
        (recorded,) = authoring_support.golden(name)["dags"][0]["runs"]
        run, wanted = Run(self.agent, file, dag), {}
        for one in recorded["task_instances"]:
            if one["try_number"] > 0 and not self.is_empty(run, one["task_id"]):
                wanted.setdefault(one["task_id"], []).append(one)
        for task_id in run.order():
            for one in wanted.get(task_id, ()):
                result = run.attempt(task_id, one["map_index"])
                with self.subTest(task_id, map_index=one["map_index"]):
                    self.check(run, one, result)
        self.assertEqual(self.recorded_xcoms(recorded), self.xcoms())

    def is_empty(self, run, task_id):
        return run.tasks[task_id].get("inline_success", False)

    def check(self, run, one, result):
        self.assertEqual(one["state"], STATES[result.outcome["kind"]], result.outcome["reason"])
        label = result.outcome.get("map_label")
        index = one["map_index"]
        shown = label if label is not None else None if index < 0 else str(index)
        self.assertEqual(one["rendered_map_index"], shown)
        for call in result.of("xcom_push"):
            length = len(call["value"]) if one["task_id"] in run.mapped_over and index < 0 else None
            self.assertEqual(length, call.get("length"))

    def recorded_xcoms(self, recorded):
        return {(one["task_id"], one["map_index"], one["key"]): one["value"]
                for one in recorded["xcoms"]}

    def xcoms(self):
        found = {(task_id, -1, key): value for (task_id, key), value in self.agent.xcoms.items()}
        for (task_id, key), by_index in self.agent.mapped.items():
            found.update(((task_id, index, key), value) for index, value in by_index.items())
        return found

    def test_cross(self):
        self.compare("map_cross")

    def test_empty(self):
        self.compare("map_empty")

    def test_group(self):
        self.compare("map_group")

    def test_kwargs(self):
        self.compare("map_kwargs")

    def test_transform(self):
        self.compare("map_transform")

    def test_transform_with_small_pages(self):
        self.compare("map_transform", page_max=1)

    @needs_jinja
    def test_label(self):
        self.compare("map_label")

    @needs_jinja
    def test_list_reduce(self):
        self.compare("map_list_reduce", page_max=2)

INSTANCES = HEAD + """
class Greet(BaseOperator):
    template_fields = ("text", "more")

    def __init__(self, *, text, more=None, tone="plain", **kwargs):
        super().__init__(**kwargs)
        assert isinstance(text, (str, tuple, list)), text
        self.text, self.more, self.tone, self.made = text, more, tone, True

    def execute(self, context):
        assert context["task"] is self is context["ti"].task
        assert context["dag"].get_task(self.task_id) is self
        return [self.task_id, self.text, self.more, self.tone, self.retries, self.is_mapped]

with DAG("d", default_args={"tone": "default", "b": 7, "retries": 1}) as dag:
    @task
    def give(): return ["{{ x }}", ["{{ y }}"]]

    @task
    def calls(): return [{"text": "one"}, {"text": "two", "tone": "own"}, {"tone": "none"},
                         {"text": "x", "pool": "y"}]

    @task
    def call(): return {"a": "A"}

    @task
    def args(a, b=1, c=2, ti=None): return [a, b, c, ti.map_index]

    with dag.task_group.__class__("g"):
        greet = Greet.partial(task_id="greet", more=["static"]).expand(text=["a", "b"])
    greet.retries += 4
    moved = Greet.partial(task_id="moved").expand(text=["a"])
    greet.task_group.add(moved)
    Greet.partial(task_id="pairs").expand(text={"k": 1, "l": 2}, tone=["x", "y"])
    Greet.partial(task_id="results", more=["ok"]).expand(text=give())
    Greet.partial(task_id="nested").expand(text=[give(), literal("l")], more=[[give()]])
    Greet.partial(task_id="calls_").expand_kwargs(calls())
    Greet.partial(task_id="loose", tone="mine").expand_kwargs(calls(), strict=False)
    args.expand(a=[1, 2])
    args.override(task_id="kwargs").partial(c=5).expand_kwargs([{"a": 1}, {"a": 2, "b": 3}])
    args.override(task_id="dynamic").partial(c=5).expand_kwargs(calls().map(
        lambda call: {"a": 1, "c": 2} if call["text"] == "one" else {"b": 3}))
    PythonOperator.partial(task_id="op_params", params={"p": 1, "q": 1},
        python_callable=lambda params: [params["p"], params["q"]]).expand(params=[{"q": 2}, {}])

    args.override(task_id="within").expand_kwargs([{"a": give()}, calls().map(len)])
    args.override(task_id="whole").expand_kwargs([call()])
    Greet.partial(task_id="toned").expand_kwargs([{"text": "t", "tone": call()}])

    @task.bash
    def shell(word): return f"echo {word}"
    shell.expand(word=["one", "two"])
"""


class Instances(MappingTest):
    def setUp(self):
        super().setUp()
        self.run_of = self.begin(INSTANCES)

    def returned(self, task_id, map_index=-1):
        return self.value(self.run_of.attempt(task_id, map_index))

    def reason(self, task_id, map_index):
        result = self.run_of.attempt(task_id, map_index)
        self.assertEqual("failed", result.outcome["kind"])
        return result.outcome["reason"]

    def give(self):
        for task_id in self.run_of.order():
            if task_id.startswith(("give", "calls")) and not task_id.endswith("_"):
                self.run_of.attempt(task_id)

    def test_an_operator_is_made_with_its_element(self):
        self.assertEqual(
            ["g.greet", "b", ["static"], "default", 5, False], self.returned("g.greet", 1)
        )

    def test_a_task_keeps_its_id_when_it_moves_into_a_group(self):
        self.assertEqual("moved", self.returned("moved", 0)[0])

    def test_the_last_argument_varies_fastest_and_dicts_give_pairs(self):
        found = [self.returned("pairs", index) for index in range(4)]
        self.assertEqual(["x", "y", "x", "y"], [one[3] for one in found])
        self.assertEqual(
            [["k", 1], ["k", 1], ["l", 2], ["l", 2]], [one[1]["__data__"] for one in found]
        )

    def test_values_from_results_are_not_rendered(self):
        self.give()
        self.assertEqual("{{ x }}", self.returned("results", 0)[1])
        result = self.run_of.attempt("results", 1)
        self.assertEqual(["{{ y }}"], self.value(result)[1])
        self.assertEqual(
            {"text": ["{{ y }}"], "more": ["ok"]}, result.of("rendered")[0]["fields"]
        )

    def test_results_within_literals_are_resolved(self):
        self.give()
        results = ["{{ x }}", ["{{ y }}"]]
        self.assertEqual([results, [results]], self.returned("nested", 0)[1:3])

    def test_dicts_of_arguments(self):
        self.give()
        self.assertEqual(["one", "default"], self.returned("calls_", 0)[1:4:2])
        self.assertEqual(["two", "own"], self.returned("calls_", 1)[1:4:2])
        self.assertIn("missing 1 required keyword-only argument: 'text'", self.reason("calls_", 2))
        self.assertIn(
            "Greet calls_: unmappable or already specified argument: pool",
            self.reason("calls_", 3),
        )
        self.assertEqual("own", self.returned("loose", 1)[3])
        self.assertEqual("mine", self.returned("loose", 0)[3])

    def test_function_arguments_are_filled_from_default_args(self):
        self.assertEqual([2, 7, 2, 1], self.returned("args", 1))
        self.assertEqual([1, 7, 5, 0], self.returned("kwargs", 0))
        self.assertEqual([2, 3, 5, 1], self.returned("kwargs", 1))

    def test_results_within_dicts_of_arguments(self):
        self.give()
        self.assertEqual(["{{ x }}", ["{{ y }}"]], self.returned("within", 0)[0])
        self.assertIn("expects a list[dict], not list[MapResult]", self.reason("within", 1))
        self.run_of.attempt("call")
        self.run_of.attempt("call__1")
        self.assertEqual("A", self.returned("whole", 0)[0])
        self.assertEqual({"a": "A"}, self.returned("toned", 0)[3])  # no templated field

    def test_arguments_of_a_result_are_checked(self):
        self.give()
        self.assertIn("mapping already partial argument: c", self.reason("dynamic", 0))
        self.assertIn("missing the argument 'a'", self.reason("dynamic", 1))

    def test_params_are_merged(self):
        self.assertEqual([1, 2], self.returned("op_params", 0))
        self.assertEqual([1, 1], self.returned("op_params", 1))

    def test_a_command_of_its_own(self):
        self.assertEqual("two", self.returned("shell", 1))

    def test_an_element_that_is_gone(self):
        self.agent.xcoms["give", "return_value"] = ["x"]
        self.assertIn(
            "there is nothing for map_index 3 of 'results': what it is mapped over has 1 elements",
            self.reason("results", 3),
        )
        self.assertIn("nothing for map_index 5", self.reason("pairs", 5))
        self.agent.xcoms["calls", "return_value"] = []
        self.assertIn("nothing for map_index 0", self.reason("calls_", 0))

    def test_what_cannot_be_mapped_over_is_named(self):
        self.assertIn(
            "the mapped argument 'text' expects a list or a dict, not NoneType",
            self.reason("results", 0),
        )
        self.agent.xcoms["calls", "return_value"] = [1]
        self.assertIn("expects a list[dict], not list[int]", self.reason("calls_", 0))


RENDERED = HEAD + """
with DAG("d"):
    BashOperator.partial(task_id="b", env={"W": "{{ ti.map_index }}"}).expand_kwargs(
        [{"bash_command": "echo {{ task_instance.task_id }} $W"}])

    @task
    def give(): return ["{{ ti.map_index }}"]

    @task
    def show(x, y): return [x, y]
    show.partial(y="{{ ti.map_index }}").expand(x=["{{ ti.map_index }}", "b"])
    show.override(task_id="raw").partial(y="{{ ti.map_index }}").expand(x=give())
    @task
    def calls(): return [{"x": "{{ ti.map_index }}"}]
    show.override(task_id="kwargs").partial(y=2).expand_kwargs(calls())
    show.override(task_id="both").expand(x=give(), y=["{{ ti.map_index }}"])

    def fails(**context):
        context["word"] = "set"
        raise ValueError("planned")

    def skips():
        raise AirflowSkipException("not this one")

    def label(task_id, template, call):
        PythonOperator.partial(task_id=task_id, map_index_template=template, python_callable=call,
            on_failure_callback=say).expand(op_args=[[], []])

    label("fine", "{{ ti.map_index }}-hunter22", lambda: 5)
    label("plain", "text.sh", lambda: 5)
    label("long", "{{ 'x' * 300 }}", lambda: 5)
    label("broken", "{{ nothing }}", lambda: 5)
    label("fails", "{{ ti.task_id }}", fails)
    label("fails_twice", "{{ nothing }}", fails)
    label("skips", "{{ ti.map_index }}", skips)

    @task_group
    def g(x):
        show.override(map_index_template="{{ task.op_kwargs['x'] }}")(x=x, y=1)
    g.expand(x=["a", "b"])
    show.override(task_id="alone", map_index_template="{{ nothing }}")(1, 2)
"""


@needs_jinja
class Rendered(MappingTest):
    def setUp(self):
        super().setUp()
        self.run_of = self.begin(RENDERED)

    def label(self, task_id, map_index=1, kind="succeeded", **over):
        result = self.run_of.attempt(task_id, map_index, **over)
        self.assertEqual(kind, result.outcome["kind"], result.outcome["reason"])
        return result.outcome.get("map_label")

    def test_what_the_file_says_is_rendered(self):
        self.assertEqual("b 0", self.value(self.run_of.attempt("b", 0)))
        self.assertEqual(["0", "0"], self.value(self.run_of.attempt("show", 0)))

    def test_what_results_say_is_not(self):
        self.run_of.attempt("give"), self.run_of.attempt("give__1")
        template = "{{ ti.map_index }}"
        self.assertEqual([template, "0"], self.value(self.run_of.attempt("raw", 0)))
        self.assertEqual([template, "0"], self.value(self.run_of.attempt("both", 0)))

    def test_dicts_of_arguments_are_rendered_wherever_they_come_from(self):
        self.run_of.attempt("calls")
        self.assertEqual(["0", 2], self.value(self.run_of.attempt("kwargs", 0)))

    def test_labels(self):
        self.assertEqual("1-***", self.label("fine", mask=["hunter22"]))
        self.assertEqual("text.sh", self.label("plain"))
        self.assertEqual("x" * 250, self.label("long"))
        self.assertEqual("b", self.label("g.show"))
        self.assertEqual("fails", self.label("fails", kind="failed"))
        self.assertEqual("1", self.label("skips", kind="skipped"))

    def test_a_label_that_fails_fails_the_task(self):
        result = self.run_of.attempt("broken", 0, max_tries=1)
        told = result.outcome
        self.assertEqual(("failed", True, True),
                         (told["kind"], told["retryable"], told["will_retry"]))
        self.assertIn("UndefinedError: 'nothing' is undefined", told["reason"])
        self.assertNotIn("map_label", told)
        self.assertEqual({}, result.xcoms)

    def test_a_failed_task_tells_its_own_error(self):
        self.assertIsNone(self.label("fails_twice", kind="failed"))
        result = self.run_of.attempt("fails_twice", 0)
        self.assertEqual("ValueError: planned", result.outcome["reason"])
        self.assertEqual("fails_twice 0 failed True\n", result.out)

    def test_only_instances_have_labels(self):
        self.assertIsNone(self.label("alone", -1))


if __name__ == "__main__":
    unittest.main()
