# SPDX-License-Identifier: Apache-2.0
"""Children forked ahead of time: they take attempts, may die, and carry nothing from one attempt to
another."""

import ctypes
import json
import mmap
import os
import select
import signal
import unittest

import harness

harness.add_site_packages()

from leoflow.runtime import hotpages, spares  # noqa: E402

DAG = """
def traces(context):
    import os, sys
    files = []
    for fd in os.listdir("/proc/self/fd"):
        try:
            files.append(os.readlink(f"/proc/self/fd/{fd}"))
        except OSError:
            pass
    found = {"env": os.environ.get("LEFT_BEHIND"), "module": "beside" in sys.modules,
             "path": [p for p in sys.path if p == "/left/behind"], "pid": os.getpid(),
             "session": os.getsid(0), "files": sorted(files)}
    import beside
    os.environ["LEFT_BEHIND"] = "yes"
    sys.path.append("/left/behind")
    return found

d = Dag("d", Op("t", traces))
"""
FILES_OF_A_TASK = ["/dev/null", "pipe", "pipe", "pipe", "socket"]


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return {int(one) for one in file.read().split()}


def leads(pid):
    """Whether it leads its session, as spares do."""
    try:
        return os.getsid(pid) == pid
    except OSError:
        return False


def link_of(path):
    """What `path` points to; None if it is gone, as descriptors of a busy process may be."""
    try:
        return os.readlink(path)
    except OSError:
        return None


def wait_until(holds):
    """Returns the first true value of `holds()`; the patience of the tests is its limit."""
    for _ in range(harness.PATIENCE * 100):
        found = holds()
        if found:
            return found
        select.select([], [], [], 0.01)
    raise TimeoutError("what the test waits for never came")


class TakingAttempts(unittest.TestCase):
    def setUp(self):
        self.bundle = harness.Bundle(DAG, {"beside.py": ""})
        self.addCleanup(self.bundle.close)
        self.agent = harness.Agent()
        self.addCleanup(self.agent.close)

    def waiting(self):
        """The pids of the template's spares, once there are as many as there will be."""
        pid = self.agent.process.pid
        return wait_until(lambda: len(children(pid)) == spares.SPARES_MAX and children(pid))

    def kinds(self, files):
        """What kinds of files a task holds, without the copies of the template's channel that come
        from how the tests start it."""
        folder = f"/proc/{self.agent.process.pid}/fd"
        channel = os.readlink(f"{folder}/3")
        copies = [name for name in os.listdir(folder) if link_of(f"{folder}/{name}") == channel]
        for _ in copies[1:]:
            files.remove(channel)
        return sorted(file.partition(":")[0] for file in files if not file.startswith("/proc"))

    def run_traces(self):
        result = self.agent.run(harness.start_frame(self.bundle.file))
        self.assertEqual("succeeded", result.outcome["kind"], result.outcome)
        return result.xcoms["return_value"]

    def test_an_attempt_is_taken_by_a_child_that_waits(self):
        before = self.waiting()
        found = self.run_traces()
        self.assertIn(found["pid"], before)
        self.assertEqual(found["pid"], found["session"])
        self.assertNotIn(found["pid"], self.waiting())

    def test_nothing_goes_from_one_attempt_to_the_next(self):
        for _ in range(3):
            self.waiting()
            found = self.run_traces()
            self.assertEqual(
                (None, False, []), (found["env"], found["module"], found["path"]), found
            )
            self.assertEqual(FILES_OF_A_TASK, self.kinds(found["files"]))

    def test_a_spare_that_was_killed_costs_no_attempt(self):
        for pid in self.waiting():
            watch = os.pidfd_open(pid)
            self.addCleanup(os.close, watch)
            os.kill(pid, signal.SIGKILL)
            self.assertTrue(select.select([watch], [], [], harness.PATIENCE)[0])
        self.assertIsNone(self.run_traces()["env"])
        self.waiting()

    def test_attempts_spawned_together_hold_none_of_each_others_descriptors(self):
        flights = [self.agent.spawn() for _ in range(6)]
        held = []
        for control, outputs in flights:
            harness.send_frame(control, harness.start_frame(self.bundle.file))
            while (call := harness.read_frame(control))["op"] != "outcome":
                if call["op"] == "xcom_push":
                    held.append(self.kinds(call["value"]["files"]))
                    harness.send_frame(control, {})
            control.close()
            for fd in outputs:
                os.close(fd)
        self.assertEqual([FILES_OF_A_TASK] * 6, held)

    def test_spares_end_with_the_template(self):
        watches = [os.pidfd_open(pid) for pid in self.waiting()]
        self.agent.process.kill()
        for watch in watches:
            self.addCleanup(os.close, watch)
            self.assertTrue(select.select([watch], [], [], harness.PATIENCE)[0])

    def test_a_template_started_anew_has_its_own(self):
        self.waiting()
        self.agent.channel.close()
        self.assertEqual(0, self.agent.process.wait(timeout=harness.PATIENCE))
        self.agent = harness.Agent()
        self.addCleanup(self.agent.close)
        before = self.waiting()
        self.assertIn(self.run_traces()["pid"], before)


def answer(receive):
    """A spare that writes its request to the descriptor it is given."""
    received = receive()
    if received is not None:
        request, descriptors = received
        os.write(descriptors[0], json.dumps(request).encode())
    os._exit(0)


class Pool(unittest.TestCase):
    def setUp(self):
        self.pool = spares.Spares(os.fork, answer)
        self.addCleanup(self.pool.close)
        self.reading, self.writing = os.pipe()
        self.addCleanup(os.close, self.reading)
        self.addCleanup(os.close, self.writing)

    def test_take_hands_over_the_request_and_descriptors(self):
        self.pool.add()
        pid = self.pool.take({"attempt": 7}, [self.writing])
        self.assertEqual((pid, 0), os.waitpid(pid, 0))
        self.assertEqual({"attempt": 7}, json.loads(os.read(self.reading, 100)))
        self.assertIsNone(self.pool.take({}, []))

    def test_take_passes_over_the_dead(self):
        for _ in range(2):
            self.pool.add()
        newest = list(self.pool._waiting)[-1]
        os.kill(newest, signal.SIGKILL)
        os.waitpid(newest, 0)
        pid = self.pool.take({"attempt": 8}, [self.writing])
        self.assertNotIn(pid, (None, newest))
        os.waitpid(pid, 0)

    def test_a_request_that_is_too_long_is_left_to_a_fork_of_its_own(self):
        self.pool.add()
        self.assertIsNone(self.pool.take({"x": "y" * spares.REQUEST_BYTES_MAX}, [self.writing]))

    def test_one_that_died_waiting_is_replaced_only_after_the_next_attempt(self):
        for _ in range(spares.SPARES_MAX):
            self.assertTrue(self.pool.short)
            self.pool.add()
        self.assertFalse(self.pool.short)
        pid = next(iter(self.pool._waiting))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        self.pool.forget(pid)
        self.assertFalse(self.pool.short)
        os.waitpid(self.pool.take({}, [self.writing]), 0)
        self.assertTrue(self.pool.short)

    def test_close_ends_them(self):
        self.pool.add()
        pid = next(iter(self.pool._waiting))
        self.pool.close()
        self.assertEqual((pid, 0), os.waitpid(pid, 0))


class HotPages(unittest.TestCase):
    def test_what_is_written_is_learned_and_populated_without_changing_it(self):
        area = mmap.mmap(-1, 8 * mmap.PAGESIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        area.write(b"x" * len(area))
        held = ctypes.c_char.from_buffer(area)
        page = ctypes.addressof(held) + 3 * mmap.PAGESIZE
        ranges = hotpages.learn(os.fork, lambda: area.__setitem__(3 * mmap.PAGESIZE, 65))
        if not ranges:
            self.skipTest("this kernel does not show which pages are written")
        self.assertTrue(covers(ranges, page))
        self.assertFalse(covers(ranges, page + mmap.PAGESIZE))
        populating = hotpages.Populating(ranges)
        for populate in (populating, populating._one_by_one):
            populate()
            self.assertEqual(b"x" * len(area), area[:])

    def test_what_is_populated_is_not_copied_again(self):
        area = mmap.mmap(-1, 8 * mmap.PAGESIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        held = ctypes.c_char.from_buffer(area)
        ranges = [(ctypes.addressof(held) + n * mmap.PAGESIZE, mmap.PAGESIZE) for n in (1, 4, 5)]
        populating = hotpages.Populating(ranges)
        for populate in (populating, populating._one_by_one):
            written = set(hotpages.learn(os.fork, populate))
            if not written:
                self.skipTest("this kernel does not show which pages are written")
            for address, _ in ranges:
                self.assertTrue(covers(written, address))
            self.assertFalse(covers(written, ctypes.addressof(held) + 2 * mmap.PAGESIZE))

    def test_work_that_fails_teaches_nothing(self):
        self.assertEqual([], hotpages.learn(os.fork, lambda: os._exit(3)))

    def test_ranges_that_are_no_memory_are_passed_over(self):
        hotpages.Populating([(0, mmap.PAGESIZE), (1, 1)])()
        hotpages.Populating([])()


def covers(ranges, page):
    return any(address <= page < address + size for address, size in ranges)


if __name__ == "__main__":
    unittest.main()
