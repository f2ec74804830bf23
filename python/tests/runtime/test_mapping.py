# SPDX-License-Identifier: Apache-2.0
"""Mapped tasks in processes of their own: the mapping DAGs of the conformance corpus give what real
Airflow recorded, and what those do not show."""

import os
import sys
import unittest

import harness

harness.add_site_packages()
sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import authoring_support  # noqa: E402

STATES = {"succeeded": "success", "failed": "failed", "skipped": "skipped"}
needs_jinja = unittest.skipUnless(
    harness.has_jinja(), f"jinja2 is not installed; name its folder in {harness.SITE_ENV}"
)


def names_in(source):
    """The tasks a SOURCE of dag.json names."""
    if isinstance(source, dict):
        return {name for one in source.get("zip") or source["concat"] for name in names_in(one)}
    return {source} if isinstance(source, str) else set()


class Run:
    """One run of a DAG: what its tasks pushed goes into the start frames of those after them."""

    def __init__(self, agent, file, dag, length_max=1024):
        self.agent, self.file, self.dag = agent, file, dag
        self.tasks = {task["task_id"]: task for task in dag["tasks"]}
        groups = dag.get("mapped_groups", {})
        self.group_of = {
            task_id: next((one for one in task.get("task_groups", ()) if one in groups), None)
            for task_id, task in self.tasks.items()
        }
        sources = [one for task in dag["tasks"] for one in task.get("expand", ())]
        sources += [one for group in groups.values() for one in group]
        self.mapped_over = {name for one in sources for name in names_in(one)}
        self.length_max = length_max

    def has_indexes(self, task_id):
        return "expand" in self.tasks[task_id] or self.group_of[task_id] is not None

    def start(self, task_id, map_index=-1, **over):
        """The start frame the agent would send."""
        xcoms = {
            one: self._input(one, task_id, map_index)
            for one in self.tasks[task_id].get("xcom_inputs", ())
        }
        if task_id in self.mapped_over and not self.has_indexes(task_id):
            over["map_length_max"] = self.length_max
        return harness.start_frame(
            self.file, dag_id=self.dag["dag_id"], task_id=task_id, map_index=map_index,
            **{"xcoms": xcoms, **over}
        )

    def _input(self, task_id, consumer, map_index):
        name = task_id, "return_value"
        if not self.has_indexes(task_id):
            return {"found": name in self.agent.xcoms, "value": self.agent.xcoms.get(name)}
        group = self.group_of[task_id]
        if group is not None and group == self.group_of[consumer]:
            value = self.agent.mapped.get(name, {}).get(map_index)
            return {"found": value is not None, "value": value}
        return self.agent.page(name)

    def attempt(self, task_id, map_index=-1, **over):
        """Runs one instance and keeps what it pushed, unless it failed."""
        result = self.agent.run(self.start(task_id, map_index, **over))
        for call in result.of("xcom_push") if result.outcome["kind"] != "failed" else ():
            name = task_id, call["key"]
            if map_index < 0:
                self.agent.xcoms[name] = call["value"]
            else:
                self.agent.mapped.setdefault(name, {})[map_index] = call["value"]
        return result

    def order(self):
        """Ids of the tasks, each after its upstream."""
        left, done = dict(self.tasks), []
        while left:
            waiting = {after for task in left.values() for after in task.get("downstream", ())}
            ready = [task_id for task_id in left if task_id not in waiting]
            done += ready
            for task_id in ready:
                del left[task_id]
        return done


class MappingTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.agent = harness.Agent()
        cls.addClassCleanup(cls.agent.close)

    def setUp(self):
        self.agent.xcoms.clear()
        self.agent.mapped.clear()
        self.agent.page_max = 1000

    def begin(self, text, **options):
        """A run of the only DAG of a file."""
        bundle = harness.Bundle(text, fake=False)
        self.addCleanup(bundle.close)
        answer, _ = authoring_support.run_extractor(bundle.file)
        self.assertTrue(answer["ok"], answer.get("error"))
        return Run(self.agent, bundle.file, answer["dags"][0], **options)

    def value(self, result):
        """What an attempt returned."""
        self.assertEqual("succeeded", result.outcome["kind"], result.outcome["reason"])
        return result.xcoms.get("return_value")


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


HEAD = """
import os, sys
from airflow.sdk import DAG, BaseOperator, XComArg, literal, task, task_group
from airflow.sdk.exceptions import AirflowSkipException
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator

def say(context):
    ti = context["ti"]
    known = context["dag"].get_task(ti.task_id)
    print(ti.task_id, ti.map_index, ti.state, context["task"] is known)
"""

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


SEQUENCES = HEAD + """
with DAG("d"):
    @task
    def one(x): return x
    results = one.expand(x=[10, 20, 30, 40, 50])

    @task
    def use(values, how): return eval(how)

    use(results, "None")
    use.override(task_id="keyed")(results["k"], "list(values)")

    @task
    def text(): return "text"
    use.override(task_id="mapped")(results.map(lambda x: -x), "values")
    use.override(task_id="all")(results.map(str).zip(results, fillvalue=0).concat(results),
                                "values[-1], values[4], len(values), values[3:6]")
    use.override(task_id="bad")(text().zip(results), "values")

    def skip_third(x):
        if x == 30:
            raise AirflowSkipException("thirty")
        return x
    use.override(task_id="skips")(results.map(skip_third), "sum(values)")
    PythonOperator.partial(
        task_id="skips_one", python_callable=lambda x: x, on_skipped_callback=say
    ).expand(op_args=results.map(skip_third).map(lambda x: [x]))
"""


class Sequences(MappingTest):
    def setUp(self):
        super().setUp()
        self.run_of = self.begin(SEQUENCES)
        self.agent.mapped["one", "return_value"] = {0: 10, 1: 20, 3: 40, 4: 50}

    def use(self, how, page_max=2):
        """What the expression gives for the results of `one`, and the offsets that were asked
        for."""
        self.agent.page_max = page_max
        start = self.run_of.start("use")
        start["file"] = self.with_expression(how)
        result = self.agent.run(start)
        offsets = [call["offset"] for call in result.of("xcom_pull")]
        return self.value(result), offsets

    def with_expression(self, how):
        bundle = harness.Bundle(SEQUENCES.replace('"None"', repr(how)), fake=False)
        self.addCleanup(bundle.close)
        return bundle.file

    def test_pages_are_fetched_when_they_are_used(self):
        self.assertEqual((4, []), self.use("len(values)"))
        self.assertEqual(([10, 20], []), self.use("[values[0], values[1]]"))
        self.assertEqual(([50, 10, 50], [3]), self.use("[values[-1], values[0], values[3]]"))
        self.assertEqual(([10, 20, 40, 50], [2]), self.use("list(values)"))
        self.assertEqual(([20, 40], [2]), self.use("values[1:3]"))
        self.assertEqual((120, []), self.use("sum(values)", page_max=10))

    def test_it_is_a_sequence(self):
        for how, wanted in (
                ("type(values).__name__", "LazyXComSequence"), ("30 in values", False),
                ("values.index(40)", 2), ("list(reversed(values))", [50, 40, 20, 10]),
                ("[values == [10, 20, 40, 50], values != [10], values == 'x']",
                 [True, True, False]),
                ("repr(values)", "LazyXComSequence([4 items])"), ("bool(values)", True),
                ("values == (10, 20, 40, 50)", True),
                ("values", [10, 20, 40, 50]), ("{'deep': [values[:1], values]}",
                                               {"deep": [[10], [10, 20, 40, 50]]})):
            with self.subTest(how):
                self.assertEqual(wanted, self.use(how)[0])
        start = self.run_of.start("use")
        start["file"] = self.with_expression("values[4]")
        self.assertIn("IndexError", self.agent.run(start).outcome["reason"])

    def test_no_results_are_an_empty_sequence(self):
        self.agent.mapped.clear()
        self.assertEqual(([0, []], []), self.use("[len(values), list(values)]"))

    def test_another_key(self):
        self.agent.mapped["one", "k"] = {2: "c", 1: "b"}
        self.assertEqual(["b", "c"], self.value(self.run_of.attempt("keyed")))

    def test_what_is_made_of_results(self):
        self.assertEqual([-10, -20, -40, -50], self.value(self.run_of.attempt("mapped")))
        last, fourth, count, part = self.value(self.run_of.attempt("all"))["__data__"]
        self.assertEqual((50, 10, 8, ["50", 50]), (last, fourth, count, part[0]["__data__"]))
        self.assertEqual([10, 20], part[1:])
        self.agent.xcoms["text", "return_value"] = "text"
        reason = self.run_of.attempt("bad").outcome["reason"]
        self.assertIn("zip expects a list or a dict, not str", reason)

    def test_a_function_of_map_may_skip(self):
        self.agent.mapped["one", "return_value"] = {0: 10, 2: 30}
        self.assertEqual("skipped", self.run_of.attempt("skips").outcome["kind"])
        self.assertEqual(10, self.value(self.run_of.attempt("skips_one", 0)))
        result = self.run_of.attempt("skips_one", 1)
        self.assertEqual(("skipped", "thirty"),
                         (result.outcome["kind"], result.outcome["reason"]))
        self.assertEqual("skips_one 1 skipped True\n", result.out)


PULLS = HEAD + """
with DAG("d"):
    @task
    def plain(): return 1

    @task
    def one(x): return x
    mapped = one.expand(x=[1])
    first = plain()

    @task_group
    def g(x):
        inside(one(x), first)

    @task
    def pulls(ti=None): return [eval(how, {"pull": ti.xcom_pull}) for how in HOW]

    @task
    def inside(own, first, ti=None):
        pull = ti.xcom_pull
        return [own, pull("g.one"), pull("g.one", map_indexes=ti.map_index),
                pull("g.one", map_indexes=0), pull(key="k"), pull("plain"),
                pull("g.one", map_indexes=None), pull("plain", map_indexes=1)]

    @task
    def every(x, all, plain, ti=None):
        return [ti.xcom_pull("one", map_indexes=index) for index in (0, None, 2)]
    every.partial(all=mapped, plain=first).expand(x=[1])

    made = g.expand(x=[1, 2])
    [first, made] >> pulls()
"""


class Pulls(MappingTest):
    def pull(self, *how):
        """What each of the expressions gives in an unmapped task, and what the agent was asked."""
        run = self.begin(f"HOW = {how!r}\n" + PULLS)
        result = run.attempt("pulls")
        asked = [(call["task_ids"], call["map_index"]) for call in result.of("xcom_pull")]
        return self.value(result), asked

    def setUp(self):
        super().setUp()
        self.agent.xcoms.update({("plain", "return_value"): 1, ("other", "k"): "o",
                                 ("pulls", "k"): "mine"})
        self.agent.mapped.update({("one", "return_value"): {0: "a", 2: "c"},
                                  ("g.one", "return_value"): {1: "x"},
                                  ("inside", "k"): {0: 5, 1: 6}})

    def test_all_indexes_unless_some_are_asked_for(self):
        values, asked = self.pull(
            "pull('one')", "pull('g.one')", "pull('nobody')", "pull(['one', 'g.one'])",
            "pull(['nobody', 'plain', 'one'])", "pull('one', map_indexes=2)",
            "pull('one', map_indexes=1, default='d')", "pull('one', map_indexes=None)",
            "pull('one', map_indexes=[0, 1, 2])", "pull(['one', 'g.one'], map_indexes=[0, 1])")
        self.assertEqual(
            [["a", "c"], "x", None, ["a", "c", "x"], [None, 1, "a", "c"], "c", "d", None,
             ["a", None, "c"], ["a", None, None, "x"]], values)
        self.assertEqual((["nobody", "one"], None), asked[4])
        self.assertEqual((["plain"], -1), asked[5])

    def test_what_is_not_mapped_is_pulled_as_ever(self):
        values, asked = self.pull("pull('plain')", "pull(key='k')", "pull(['plain', 'pulls'])",
                                  "pull('plain', dag_id='d')", "pull('other', key='k')",
                                  "pull('plain', dag_id='other')")
        self.assertEqual([1, "mine", [1, None], 1, "o", 1], values)
        self.assertEqual([-1, -1, -1, -1, None, None], [index for _, index in asked])

    def test_long_answers_come_in_pages(self):
        self.agent.page_max = 2
        self.agent.mapped["one", "return_value"] = dict(enumerate("abcde"))
        values, asked = self.pull("pull(['one', 'g.one'])")
        self.assertEqual([[*"abcde", "x"]], values)
        self.assertEqual([["one", "g.one"], ["one"], ["one"]], [names for names, _ in asked])

    def test_inside_of_a_group(self):
        run = self.begin("HOW = ()\n" + PULLS)
        self.agent.mapped["g.one", "return_value"] = {0: "x", 1: "y"}
        self.agent.mapped["g.inside", "k"] = {0: 5, 1: 6}
        result = run.attempt("g.inside", 1)
        self.assertEqual(["y", ["x", "y"], "y", "x", [5, 6], 1, None, None], self.value(result))
        # The frame held the own value and that of `plain`; what else was pulled are others.
        self.assertEqual([None, 0, None, -1, 1],
                         [call["map_index"] for call in result.of("xcom_pull")])

    def test_indexes_of_a_result_that_is_an_argument(self):
        run = self.begin("HOW = ()\n" + PULLS)
        self.assertEqual(["a", None, "c"], self.value(run.attempt("every", 0)))


GROUPS = HEAD + """
def odd(x):
    if x % 2 == 0:
        raise AirflowSkipException("even")
    return x

with DAG("d"):
    @task
    def files(): return [{"name": "a"}, {"name": "b", "size": 5}, {"size": 1}]

    @task
    def numbers(): return [1, 2]

    @task
    def show(*values): return list(values)

    @task_group
    def handle(name, size=7, *, fixed=0):
        show(name, [size], fixed)
        show("untouched")

    handle.partial(fixed=3).expand_kwargs(files())

    @task_group
    def cross(x, y, z):
        show(x, y, z)
    cross.expand(x=numbers().map(odd), y={"k": "v"}, z=[numbers(), 5])
"""


class Groups(MappingTest):
    def setUp(self):
        super().setUp()
        self.run_of = self.begin(GROUPS)
        for task_id in ("files", "numbers", "numbers__1"):
            self.run_of.attempt(task_id)

    def test_arguments_of_each_index(self):
        values = [self.value(self.run_of.attempt("handle.show", index)) for index in (0, 1)]
        self.assertEqual([["a", [7], 3], ["b", [5], 3]], values)
        reason = self.run_of.attempt("handle.show", 2).outcome["reason"]
        self.assertIn("expand_kwargs() of the task group gives no 'name' for map_index 2", reason)
        self.assertEqual(["untouched"],
                         self.value(self.run_of.attempt("handle.show__1", 2)))
        reason = self.run_of.attempt("handle.show", 3).outcome["reason"]
        self.assertIn("there is nothing for map_index 3 of 'handle.show'", reason)

    def test_products_pairs_and_skips(self):
        first, second = (self.value(self.run_of.attempt("cross.show", index)) for index in (0, 1))
        self.assertEqual([1, ["k", "v"], [1, 2]], [first[0], first[1]["__data__"], first[2]])
        self.assertEqual(5, second[2])
        self.assertEqual("skipped", self.run_of.attempt("cross.show", 2).outcome["kind"])


PRODUCERS = HEAD + """
with DAG("d"):
    @task
    def give(): return eval(HOW)

    @task(do_xcom_push=False)
    def silent(): return [1]

    @task(multiple_outputs=True)
    def several(): return {"a": 1, "b": 2}

    @task
    def use(x): return [x]
    uses = use.expand(x=give())
    use.expand(x=silent()), use.expand(x=several()), use.expand(x=uses)
"""


class Producers(MappingTest):
    def give(self, how, task_id="give", **options):
        run = self.begin(f"HOW = {how!r}\n" + PRODUCERS, **options)
        return run.attempt(task_id, max_tries=1)

    def test_the_length_goes_with_the_value(self):
        for how, length in (("[1, 2]", 2), ("{'a': 1}", 1), ("(1, 2, 3)", 3), ("[]", 0)):
            with self.subTest(how):
                (push,) = self.give(how, length_max=3).of("xcom_push")
                self.assertEqual(length, push["length"])
        pushes = self.give("0", "several").of("xcom_push")
        self.assertEqual([("a", None), ("b", None), ("return_value", 2)],
                         [(push["key"], push.get("length")) for push in pushes])

    def test_what_cannot_be_mapped_over_fails_the_producer(self):
        for how, reason in (
                ("None", "XComForMappingNotPushed: did not push XCom for task mapping"),
                ("'abc'", "UnmappableXComTypePushed: unmappable return type 'str'"),
                ("b'abc'", "unmappable return type 'bytes'"), ("7", "return type 'int'"),
                ("{1, 2}", "return type 'set'"),
                ("[0] * 4", "UnmappableXComLengthPushed: unmappable return value length: 4 > 3")):
            with self.subTest(how):
                result = self.give(how, length_max=3)
                self.assertIn(reason, result.outcome["reason"])
                self.assertEqual(("failed", True), (result.outcome["kind"],
                                                    result.outcome["will_retry"]))
                self.assertEqual([], result.of("xcom_push"))
        self.assertIn("hint: ", result.outcome["reason"])
        self.assertIn("max_map_length", result.outcome["reason"])
        self.assertIn("XComForMappingNotPushed", self.give("0", "silent").outcome["reason"])

    def test_a_mapped_producer_counts_by_its_instances(self):
        run = self.begin("HOW = '[5]'\n" + PRODUCERS)
        run.attempt("give")
        (push,) = run.attempt("use", 0, map_length_max=0).of("xcom_push")
        self.assertNotIn("length", push)


if __name__ == "__main__":
    unittest.main()
