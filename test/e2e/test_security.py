# SPDX-License-Identifier: Apache-2.0
"""Who gets in: login and its cookie, writes that no page of ours sent, tokens after their end,
users who see only some DAGs."""
import json
import unittest
from urllib.parse import urlsplit

from harness import Server, until

DAG = '''
from airflow.sdk import dag, task

@dag(schedule=None)
def {name}():
    @task
    def one():
        return 1
    one()

{name}()
'''
OWN = "/api/leoflow/v1"


class Security(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server({f"{name}.py": DAG.format(name=name) for name in ("mine", "theirs")})
        cls.addClassCleanup(cls.server.close)
        for name in ("mine", "theirs"):
            cls.server.dag(name)

    def send(self, method, path, body=None, **headers):
        """(status, headers, JSON) of a request without the home's token."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        status, answered, content = self.server.request(method, path, body, token=False,
                                                        headers=sent)
        return status, answered, json.loads(content) if content else None

    def login(self, username="admin", password="admin"):
        """What our own page sends after a login."""
        status, headers, me = self.send("POST", "/auth/login",
                                        {"username": username, "password": password})
        self.assertEqual(status, 200, me)
        self.assertEqual(me["username"], username)
        line = headers["Set-Cookie"]
        self.assertIn("; HttpOnly; SameSite=Strict", line)
        return {"Cookie": line.split(";")[0], "Origin": self.server.url.rstrip("/"),
                "Sec-Fetch-Site": "same-origin", "X-Leoflow-Request": "1"}

    def pause(self, headers, dag="mine"):
        return self.send("PATCH", f"/api/v2/dags/{dag}", {"is_paused": False}, **headers)[0]

    def me(self, headers):
        return self.send("GET", OWN + "/me", **headers)[0]

    def add_user(self, username, **more):
        self.server.call("POST", OWN + "/users",
                         {"username": username, "password": "long enough", **more})
        self.addCleanup(self.server.call, "DELETE", f"{OWN}/users/{username}")

    def test_a_browser_signs_in_and_out(self):
        page = self.login()
        self.assertEqual(self.me(page), 200)
        self.assertEqual(self.pause(page), 200)
        self.assertEqual(self.send("POST", "/auth/logout", **page)[0], 204)
        self.assertEqual(self.me(page), 401)
        self.assertEqual(self.pause(page), 401)

    def test_a_session_outlives_the_server(self):
        page = self.login()
        self.server.stop()
        self.server.start()
        page["Origin"] = self.server.url.rstrip("/")
        self.assertEqual(self.me(page), 200)

    def test_writes_that_our_page_did_not_send_are_refused(self):
        page = self.login()
        port = urlsplit(self.server.url).port
        for name, value in (("X-Leoflow-Request", None), ("Origin", "http://evil.example"),
                            ("Origin", "null"), ("Origin", f"http://localhost.evil:{port}"),
                            ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Site", "same-site")):
            changed = {key: text for key, text in page.items() if key != name}
            if value is not None:
                changed[name] = value
            self.assertEqual(self.pause(changed), 403, (name, value))

    def test_the_cookie_of_a_page_elsewhere_reads_nothing(self):
        page = self.login()
        page["Sec-Fetch-Site"] = "cross-site"
        self.assertEqual(self.me(page), 403)

    def test_revoked_tokens_are_not_taken_again(self):
        made = self.server.call("POST", OWN + "/tokens", {"name": "replay", "scope": "read"})
        bearer = {"Authorization": "Bearer " + made["token"]}
        self.assertEqual(self.me(bearer), 200)
        self.assertEqual(self.pause(bearer), 403)
        self.server.call("DELETE", f"{OWN}/tokens/{made['id']}")
        self.assertEqual(self.me(bearer), 401)
        self.server.stop()
        self.server.start()
        self.assertEqual(self.me(bearer), 401)

    def test_deactivation_ends_sessions_and_signed_tokens(self):
        self.add_user("gone", role="User")
        page = self.login("gone", "long enough")
        _, _, answer = self.send("POST", "/auth/token",
                                 {"username": "gone", "password": "long enough"})
        bearer = {"Authorization": "Bearer " + answer["access_token"]}
        self.assertEqual((self.me(page), self.me(bearer)), (200, 200))
        self.server.call("PATCH", OWN + "/users/gone", {"active": False})
        self.assertEqual((self.me(page), self.me(bearer)), (401, 401))

    def test_foreign_dags_are_not_there(self):
        self.add_user("some", role="Viewer", grants=[{"role": "User", "dags": "min*"}])
        page = self.login("some", "long enough")
        _, _, dags = self.send("GET", "/api/v2/dags", **page)
        self.assertEqual([dag["dag_id"] for dag in dags["dags"]], ["mine"])
        self.assertEqual(self.pause(page), 200)
        self.assertEqual(self.pause(page, "theirs"), 404)
        run = {"dag_run_id": "by-some", "logical_date": None}
        self.assertEqual(self.send("POST", "/api/v2/dags/theirs/dagRuns", run, **page)[0], 404)
        self.assertEqual(self.send("POST", "/api/v2/dags/mine/dagRuns", run, **page)[0], 200)
        until("the run's end", lambda: self.server.run_state("mine", "by-some") == "success")
        self.server.trigger("theirs", "hidden")
        _, _, runs = self.send("GET", "/api/v2/dags/~/dagRuns", **page)
        self.assertEqual({run["dag_id"] for run in runs["dag_runs"]}, {"mine"})

    def test_every_change_is_in_the_audit_log(self):
        self.add_user("audited", role="User")
        page = self.login("audited", "long enough")
        self.assertEqual(self.pause(page), 200)
        rows = self.server.get("/api/v2/eventLogs?owner=audited&order_by=id")["event_logs"]
        self.assertEqual([row["event"] for row in rows], ["login", "patch_dag"])
        self.assertEqual({row["address"] for row in rows}, {"127.0.0.1"})
        self.assertNotIn("long enough", json.dumps(self.server.get("/api/v2/eventLogs?limit=100")))

    def test_every_answer_says_what_a_browser_may_do_with_it(self):
        for path in ("/", "/api/v2/dags", "/nothing/here", "/api/v2/version"):
            _, headers, _ = self.server.request("GET", path)
            self.assertEqual(headers["X-Content-Type-Options"], "nosniff", path)
            self.assertIn("frame-ancestors 'none'", headers["Content-Security-Policy"], path)
            self.assertNotIn("script-src 'unsafe", headers["Content-Security-Policy"], path)
            self.assertEqual(headers["Referrer-Policy"], "same-origin", path)

    def test_users_from_the_command_line(self):
        done = self.server.leoflow("users", "create", "cli", "--grant", "User:min*",
                                   stdin="long enough\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        user = self.server.get(OWN + "/users/cli")
        self.assertEqual(user["grants"], [{"role": "User", "dags": "min*"}])
        done = self.server.leoflow("users", "update", "cli", "--everywhere", "--role", "Op")
        self.assertEqual(done.returncode, 0, done.stderr)
        user = self.server.get(OWN + "/users/cli")
        self.assertEqual((user["role"], user["grants"]), ("Op", []))
        refused = self.server.leoflow("users", "update", "admin", "--role", "Viewer")
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("last administrator", refused.stderr)


if __name__ == "__main__":
    unittest.main()
