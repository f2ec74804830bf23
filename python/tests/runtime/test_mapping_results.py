# SPDX-License-Identifier: Apache-2.0
"""What mapped tasks hand on: lazy results, pulled XComs, groups, and what tasks are mapped over."""

import unittest

import harness
from mapping_support import HEAD, MappingTest

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
