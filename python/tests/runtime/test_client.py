# SPDX-License-Identifier: Apache-2.0
import os
import socket
import threading
import unittest
from unittest import mock

import harness

harness.add_site_packages()

from leoflow.runtime import client  # noqa: E402


class Codec(unittest.TestCase):
    def setUp(self):
        in_c = client._in_c()
        with mock.patch.object(client, "_in_c", side_effect=ImportError):
            self.codecs = {"in C": in_c, "of the module json": client._make_codec()}

    def test_both_write_and_read_the_same(self):
        value = {"é\n": [1, -1.5, True, None, {"deep": ["\u2028", "\ud800"]}], "big": 1 << 70}
        wanted = (
            '{"é\\n":[1,-1.5,true,null,{"deep":["\u2028","\ud800"]}],"big":1180591620717411303424}'
        )
        for name, (text, decode) in self.codecs.items():
            with self.subTest(name):
                self.assertEqual(wanted, text(value))
                self.assertEqual((value, len(wanted)), decode(wanted, 0))
                self.assertEqual(float("inf"), decode("Infinity", 0)[0])

    def test_both_refuse_the_same(self):
        for name, (text, decode) in self.codecs.items():
            with self.subTest(name):
                self.assertRaises(ValueError, text, float("nan"))
                self.assertRaisesRegex(TypeError, "type set is not JSON", text, {"a": set()})
                self.assertRaises(ValueError, decode, '{"a":1,}', 0)
                self.assertRaises(StopIteration, decode, "", 0)


class Calls(unittest.TestCase):
    def setUp(self):
        self.agent, self.task = socket.socketpair()
        self.addCleanup(self.agent.close)
        self.addCleanup(self.task.close)
        self.client = client.Client(self.task.fileno())

    def answer(self, *messages):
        for message in messages:
            harness.send_frame(self.agent, message)

    def test_an_answer_comes_back(self):
        self.answer({"found": True, "value": "é"})
        self.assertEqual("é", self.client.variable_get("k"))
        self.assertEqual({"op": "variable_get", "key": "k"}, harness.read_frame(self.agent))

    def test_a_refusal_is_raised_with_its_code(self):
        self.answer({"error": {"code": "denied", "message": "no"}})
        with self.assertRaises(client.AgentError) as caught:
            self.client.connection_get("c")
        self.assertEqual(("denied", "no"), (caught.exception.code, caught.exception.message))

    def test_several_answers_in_one_read_stay_in_order(self):
        self.answer({"found": True, "value": "1"}, {"found": True, "value": "2"})
        self.assertEqual(["1", "2"], [self.client.variable_get("a"), self.client.variable_get("b")])

    def test_a_closed_socket_is_the_end(self):
        self.agent.close()
        with self.assertRaises(client.AgentGone):
            self.client.variable_get("k")

    def test_text_that_is_no_unicode_is_refused_before_it_is_sent(self):
        with self.assertRaisesRegex(ValueError, "surrogate"):
            self.client.xcom_push("k", "\ud800")
        self.answer({})
        self.client.xcom_push("k", "fine")
        self.assertEqual("fine", harness.read_frame(self.agent)["value"])

    def test_a_value_is_masked_once(self):
        self.answer({})
        self.client.mask(["hunter22"])
        self.client.mask(["hunter22", "", None])
        self.assertEqual(["hunter22"], self.client.secrets)

    def test_an_interrupt_waits_for_the_exchange_under_way(self):
        def agent():
            harness.read_frame(self.agent)
            self.client.interrupt(TimeoutError("late"))
            harness.send_frame(self.agent, {"found": True, "value": "1"})

        thread = threading.Thread(target=agent)
        thread.start()
        with self.assertRaises(TimeoutError):
            self.client.variable_get("a")
        thread.join()
        self.answer({"found": True, "value": "2"})
        self.assertEqual("2", self.client.variable_get("b"))
        with self.assertRaises(TimeoutError):
            self.client.interrupt(TimeoutError("now"))

    def test_a_forked_process_may_not_use_it(self):
        pid = os.fork()
        if pid == 0:
            try:
                self.client.variable_get("k")
            except RuntimeError:
                os._exit(7)
            os._exit(0)
        self.assertEqual(7, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


if __name__ == "__main__":
    unittest.main()
