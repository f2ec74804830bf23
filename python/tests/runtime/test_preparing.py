# SPDX-License-Identifier: Apache-2.0
"""What the template does to make its forks cheap must not be seen by what runs in them."""

import ctypes
import logging
import os
import random
import sys
import threading
import types
import unittest

import harness

harness.add_site_packages()

from leoflow.runtime import forking, scheduling, settling  # noqa: E402


def in_child(fork, work):
    """The text `work()` gives in a child that `fork` makes."""
    reading, writing = os.pipe()
    pid = fork()
    if pid == 0:
        try:
            os.write(writing, str(work()).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, encoding="utf-8") as file:
        text = file.read()
    os.waitpid(pid, 0)
    return text


def load(name, text):
    """Runs `text` as a module of that name."""
    module = types.ModuleType(name)
    exec(text, module.__dict__)
    return module


REGISTERS = """
import os
seen = []
os.register_at_fork(before=lambda: seen.append("before"),
                    after_in_parent=lambda: seen.append("parent"),
                    after_in_child=lambda: seen.append("child"))
"""


class Handlers(unittest.TestCase):
    def setUp(self):
        self.forks = forking.Forks()

    def load(self, name, text=REGISTERS):
        with self.forks.handlers_put_off():
            return load(name, text)

    def test_own_forks_do_without_those_of_the_standard_library(self):
        module = self.load("threading")
        self.assertEqual("[]", in_child(self.forks.fork, lambda: module.seen))
        self.assertEqual([], module.seen)

    def test_other_forks_call_them(self):
        module = self.load("logging")
        self.assertEqual("['before', 'child']", in_child(os.fork, lambda: module.seen))
        self.assertEqual(["before", "parent"], module.seen)

    def test_forks_of_a_task_call_them(self):
        module = self.load("threading")
        found = in_child(self.forks.fork, lambda: in_child(os.fork, lambda: module.seen))
        self.assertEqual("['before', 'child']", found)

    def test_other_modules_are_always_called(self):
        module = self.load("somebody_elses")
        self.assertEqual("['before', 'child']", in_child(self.forks.fork, lambda: module.seen))

    def test_beside_threads_all_are_called(self):
        module = self.load("threading")
        end = threading.Event()
        thread = threading.Thread(target=end.wait)
        thread.start()
        found = in_child(self.forks.fork, lambda: module.seen)
        end.set()
        thread.join()
        self.assertEqual("['before', 'child']", found)

    def test_registering_is_as_before_afterwards(self):
        register = os.register_at_fork
        self.load("threading")
        self.assertIs(register, os.register_at_fork)

    def test_each_child_draws_numbers_of_its_own(self):
        text = "import os, random\nit = random.Random()\n"
        text += "os.register_at_fork(after_in_child=it.seed)"
        module = self.load("random", text)
        drawn = [in_child(self.forks.fork, module.it.random) for _ in range(3)]
        self.assertEqual(3, len(set(drawn)), drawn)


TASKS = """
def draws(context):
    import logging, os, random, threading
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        logging.getLogger("x").info("a child logs")
        main = threading.main_thread().ident == threading.get_ident()
        os.write(writing, str([random.random(), main]).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    return [random.random(), os.read(reading, 1000).decode()]


def keeps(context):
    import logging, logging.handlers
    target = logging.FileHandler(context["params"]["file"])
    handler = logging.handlers.MemoryHandler(100, target=target)
    logging.getLogger("kept").addHandler(handler)
    logging.getLogger("kept").warning("held back")


def nice(context):
    import os
    return [os.sched_getscheduler(0), os.getpriority(os.PRIO_PROCESS, 0)]


d = Dag("d", Op("t", draws), Op("keeps", keeps), Op("nice", nice))
"""


class Tasks(unittest.TestCase):
    def setUp(self):
        self.bundle = harness.Bundle(TASKS)
        self.addCleanup(self.bundle.close)
        self.agent = harness.Agent()
        self.addCleanup(self.agent.close)

    def run_task(self, task="t", **start):
        result = self.agent.run(harness.start_frame(self.bundle.file, task_id=task, **start))
        self.assertEqual("succeeded", result.outcome["kind"], result.log)
        return result

    def test_tasks_and_their_children_draw_numbers_of_their_own(self):
        results = [self.run_task() for _ in range(3)]
        drawn = [text for result in results for text in result.xcoms["return_value"]]
        self.assertEqual(6, len(set(map(str, drawn))), drawn)
        for result in results:
            self.assertIn("True]", result.xcoms["return_value"][1])
            self.assertIn("a child logs", result.events)

    def test_what_a_handler_holds_back_is_written_at_the_end(self):
        path = os.path.join(self.bundle.folder, "kept.log")
        self.run_task("keeps", run={"conf": {"file": path}})
        with open(path, encoding="utf-8") as file:
            self.assertEqual("held back\n", file.read())

    def test_a_task_runs_with_the_priority_of_the_template(self):
        own = [os.sched_getscheduler(0), os.getpriority(os.PRIO_PROCESS, 0)]
        for _ in range(2):
            self.assertEqual(own, self.run_task("nice").xcoms["return_value"])


class Attributes(ctypes.Structure):
    """struct sched_attr."""

    _fields_ = [(name, ctypes.c_uint32) for name in ("size", "policy")]
    _fields_ += [("flags", ctypes.c_uint64), ("nice", ctypes.c_int32)]
    _fields_ += [("priority", ctypes.c_uint32)]
    _fields_ += [(name, ctypes.c_uint64) for name in ("runtime", "deadline", "period")]


def slice_of_this_thread():
    """Its time slice in nanoseconds; 0 where the kernel does not say."""
    number = scheduling.SYSCALLS.get(os.uname().machine)
    if number is None:
        return 0
    found = Attributes()
    size = ctypes.sizeof(found)
    # sched_getattr follows sched_setattr in every table but one
    following = {345: 346, 355: 356}.get(number, number + 1)
    ctypes.CDLL(None).syscall(following, 0, ctypes.byref(found), size, 0)
    return found.runtime


class Priority(unittest.TestCase):
    def slices(self):
        found = [slice_of_this_thread()]
        scheduling.go_last()
        found.append(slice_of_this_thread())
        scheduling.go_as_usual()
        return found + [slice_of_this_thread()]

    def check(self, text):
        before, last, after = map(int, text.strip("[]").split(","))
        if last == before:
            self.skipTest("this kernel grants no time slices")
        self.assertEqual((scheduling.SLICE_NANOSECONDS, before), (last, after))

    def test_a_process_goes_last_and_comes_back(self):
        self.check(in_child(os.fork, self.slices))

    @unittest.skipUnless(os.geteuid() == 0, "needs the right to become another user")
    def test_without_privilege_too(self):
        def as_nobody():
            os.setresuid(65534, 65534, 65534)
            return self.slices()

        self.check(in_child(os.fork, as_nobody))

    def test_another_nice_value_is_kept(self):
        def nicer():
            os.nice(3)
            scheduling.go_last()
            return os.getpriority(os.PRIO_PROCESS, 0)

        own = os.getpriority(os.PRIO_PROCESS, 0)
        self.assertEqual(str(min(own + 3, 19)), in_child(os.fork, nicer))


class Settling(unittest.TestCase):
    def test_code_is_moved_and_does_the_same(self):
        def outer(count):
            def inner(n):
                return n * 2 if n else None

            return [inner(n) for n in range(count)]

        before = outer.__code__
        settling.pack_code(lambda: outer(3))
        self.assertIsNot(before, outer.__code__)
        self.assertEqual(before, outer.__code__)
        self.assertEqual([None, 2, 4], outer(3))

    def test_code_that_is_not_run_stays(self):
        def cold():
            pass

        before = cold.__code__
        settling.pack_code(lambda: None)
        self.assertIs(before, cold.__code__)

    def test_methods_named_are_moved(self):
        class Kind:
            value = 3

            def method(self):
                return self.value

        before = Kind.method.__code__
        settling.pack_code(lambda: None, (Kind,))
        self.assertIsNot(before, Kind.method.__code__)
        self.assertEqual(3, Kind().method())

    def test_after_the_gaps_are_filled_objects_lie_side_by_side(self):
        kept = settling.fill_gaps()
        fresh = [bytes(200) for _ in range(20)]
        gaps = [id(right) - id(left) for left, right in zip(fresh, fresh[1:])]
        self.assertTrue(kept)
        self.assertLessEqual(sum(gap != 240 for gap in gaps), 1, gaps)  # 1: a pool ends

    def test_a_profiler_is_gone_afterwards(self):
        with self.assertRaises(ZeroDivisionError):
            settling.pack_code(lambda: 1 / 0)
        self.assertIsNone(sys.getprofile())


class Reloading(unittest.TestCase):
    def test_the_real_modules_register_where_we_look_for_it(self):
        """If a release of Python moves these calls, our forks are slower and nothing breaks; this
        tells."""
        for module in (threading, logging, random):
            with open(module.__file__, encoding="utf-8") as file:
                self.assertIn("register_at_fork", file.read())


if __name__ == "__main__":
    unittest.main()
