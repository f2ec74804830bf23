# SPDX-License-Identifier: Apache-2.0
"""Signing in at an OpenID Connect issuer: the whole way with a real one (test/support/issuer.py),
and every lie that an issuer or somebody between could tell."""
import http.client
import json
import shutil
import tempfile
import unittest
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

from harness import Server, leoflow
from support.issuer import CLIENT_ID, CLIENT_SECRET, Issuer

OWN = "/api/leoflow/v1"


def get(url, cookies):
    """(status, Location) of one request of a browser; cookies come and go."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.netloc, timeout=60)
    try:
        path = address.path + ("?" + address.query if address.query else "")
        shown = "; ".join(f"{name}={value}" for name, (value, where) in cookies.items()
                          if address.path.startswith(where))
        connection.request("GET", path, headers={"Cookie": shown} if shown else {})
        answer = connection.getresponse()
        answer.read()
        for line in answer.headers.get_all("Set-Cookie") or []:
            pair, *facts = line.split("; ")
            name, _, value = pair.partition("=")
            facts = dict(fact.partition("=")[::2] for fact in facts)
            assert "HttpOnly" in facts and facts["SameSite"] in ("Strict", "Lax"), line
            if facts["Max-Age"] == "0":
                cookies.pop(name, None)
            else:
                cookies[name] = (value, facts["Path"])
        return answer.status, answer.headers.get("Location")
    finally:
        connection.close()


class OidcCase(unittest.TestCase):
    ROLES = ("--oidc-role", "admins=Admin", "--oidc-role", "readers=Viewer",
             "--oidc-grant", "etl=User:etl_*", "--oidc-label", "Sign in with Example")

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="lf-e2e-oidc-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.issuer = Issuer(cls.folder)
        cls.addClassCleanup(cls.issuer.close)
        secret = cls.folder / "secret"
        secret.write_text(CLIENT_SECRET + "\n")
        cls.server = Server(arguments=["--oidc-issuer", cls.issuer.url, "--oidc-client-id",
                                       CLIENT_ID, "--oidc-client-secret-file", str(secret),
                                       *cls.ROLES])
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        self.issuer.claims = {"sub": "1", "preferred_username": "ann", "groups": ["readers"]}
        self.issuer.wrong, self.issuer.header = {}, {}
        self.issuer.refuse = self.issuer.broken_token = None

    def leave(self, cookies, after="/"):
        """The issuer's address that a browser is sent to."""
        status, to = get(f"{self.server.url}/auth/oidc/login?next={quote(after, safe='')}", cookies)
        self.assertIn(status, (302, 303))
        return to

    def sign_in(self, after="/", cookies=None):
        """(where the browser ends up, its cookies)."""
        cookies = {} if cookies is None else cookies
        status, back = get(self.leave(cookies, after), {})
        self.assertEqual(status, 302)
        status, end = get(back, cookies)
        self.assertEqual(status, 303)
        return end, cookies

    def me(self, cookies):
        """What the server says of a browser; None for nobody."""
        value = cookies.get("leoflow_session", ("none",))[0]
        status, _, content = self.server.request("GET", OWN + "/me", token=False,
                                                 headers={"Cookie": "leoflow_session=" + value})
        return json.loads(content) if status == 200 else None

    def refused(self, word):
        end, cookies = self.sign_in()
        self.assertEqual(end, "/?sign_in=" + word)
        self.assertEqual(cookies, {})

    def last_row(self, event):
        return self.server.get(f"/api/v2/eventLogs?event={event}&order_by=-id")["event_logs"][0]


class SignIn(OidcCase):
    def test_a_person_comes_in_and_is_a_user(self):
        end, cookies = self.sign_in("/dags?state=failed")
        self.assertEqual(end, "/dags?state=failed")
        self.assertEqual(list(cookies), ["leoflow_session"])
        me = self.me(cookies)
        self.assertEqual((me["username"], me["role"]), ("ann", "Viewer"))
        self.assertFalse(me["can"]["change_password"])
        row = self.last_row("login")
        self.assertEqual((row["owner"], json.loads(row["extra"])["way"]), ("ann", "finish_oidc"))
        user = self.server.get(OWN + "/users/ann")
        self.assertEqual(user["identity"], self.issuer.url + " 1")

    def test_roles_follow_the_issuer_at_each_sign_in(self):
        for groups, role, grants in ((["etl"], "Viewer", [{"role": "User", "dags": "etl_*"}]),
                                     (["readers", "admins"], "Admin", []),
                                     (["readers"], "Viewer", [])):
            self.issuer.claims |= {"sub": "2", "preferred_username": "bob", "groups": groups}
            me = self.me(self.sign_in()[1])
            self.assertEqual((me["role"], me["grants"]), (role, grants))

    def test_who_has_no_role_stays_out(self):
        self.issuer.claims |= {"sub": "3", "preferred_username": "eve", "groups": ["others"]}
        self.refused("no_role")
        self.assertEqual(self.server.request("GET", OWN + "/users/eve")[0], 404)
        row = self.last_row("login_failed")
        self.assertIn("gives a role", json.loads(row["extra"])["reason"])

    def test_a_name_that_is_taken_is_not_taken_over(self):
        self.assertEqual(self.sign_in()[0], "/")
        self.issuer.claims |= {"sub": "4", "preferred_username": "admin", "groups": ["admins"]}
        self.refused("name_taken")
        self.issuer.claims |= {"sub": "5", "preferred_username": "ann"}
        self.refused("name_taken")

    def test_the_same_person_keeps_the_name(self):
        self.issuer.claims |= {"sub": "6", "preferred_username": "carl"}
        self.sign_in()
        self.issuer.claims["preferred_username"] = "charles"
        self.assertEqual(self.me(self.sign_in()[1])["username"], "carl")

    def test_a_deactivated_user_stays_out(self):
        self.issuer.claims |= {"sub": "7", "preferred_username": "dora"}
        _, cookies = self.sign_in()
        self.server.call("PATCH", OWN + "/users/dora", {"active": False})
        self.assertIsNone(self.me(cookies))
        self.refused("inactive")
        self.assertFalse(self.server.get(OWN + "/users/dora")["active"])

    def test_no_password_fits_a_user_from_elsewhere(self):
        self.sign_in()
        for password in ("", "ann", "x" * 20):
            status, _, _ = self.server.request("POST", "/auth/login", {
                "username": "ann", "password": password}, token=False)
            self.assertIn(status, (401, 422, 429))

    def test_logout_ends_the_session(self):
        _, cookies = self.sign_in()
        headers = {"Cookie": "leoflow_session=" + cookies["leoflow_session"][0],
                   "Origin": self.server.url, "X-Leoflow-Request": "1"}
        self.assertEqual(self.server.request("POST", "/auth/logout", token=False,
                                             headers=headers)[0], 204)
        self.assertIsNone(self.me(cookies))

    def test_the_page_is_told_of_the_button(self):
        _, _, content = self.server.request("GET", "/auth/options", token=False)
        self.assertEqual(json.loads(content)["oidc"], {"label": "Sign in with Example",
                                                       "url": "/auth/oidc/login"})

    def test_one_comes_back_to_a_page_of_ours_only(self):
        for after in ("//evil.example", "https://evil.example", "/\\evil.example",
                      "/auth/logout", "/api/v2/dags"):
            self.assertEqual(self.sign_in(after)[0], "/", after)


class Lies(OidcCase):
    def test_tokens_that_do_not_hold(self):
        for name, wrong in (("audience", {"aud": "other"}), ("issuer", {"iss": "http://other"}),
                            ("nonce", {"nonce": "other"}), ("no nonce", {"nonce": None}),
                            ("expired", {"exp": 1_000_000_000}), ("no expiry", {"exp": None}),
                            ("future", {"iat": 4_000_000_000}), ("nobody", {"sub": ""}),
                            ("party", {"aud": [CLIENT_ID, "b"], "azp": "b"}),
                            ("no name", {"preferred_username": None}),
                            ("bad name", {"preferred_username": "a\nb"})):
            with self.subTest(name):
                self.issuer.wrong = wrong
                self.refused("failed")

    def test_signatures_that_do_not_hold(self):
        def none(text):
            return "eyJhbGciOiJub25lIn0." + text.split(".")[1] + "."
        def flipped(text):
            return text[:-8] + ("A" if text[-8] != "A" else "B") + text[-7:]
        for broken in (none, flipped, lambda text: text.rpartition(".")[0] + ".",
                       lambda text: "nonsense"):
            self.issuer.broken_token = broken
            self.refused("failed")
        self.issuer.broken_token = None
        self.assertEqual(self.sign_in()[0], "/")

    def test_the_issuer_says_no(self):
        self.issuer.refuse = "access_denied"
        self.refused("refused")

    def test_a_sign_in_is_good_once_and_in_its_own_browser(self):
        cookies = {}
        back = get(self.leave(cookies), {})[1]
        self.assertEqual(get(back, {}), (303, "/?sign_in=expired"))
        other = {}
        self.leave(other)
        self.assertEqual(get(back, other), (303, "/?sign_in=expired"))
        kept = dict(cookies)
        self.assertEqual(get(back, cookies), (303, "/"))
        self.assertEqual(get(back, kept), (303, "/?sign_in=expired"))
        state = parse_qs(urlsplit(back).query)["state"][0]
        guessed = back.replace(state, "x" * len(state))
        fresh = {}
        self.leave(fresh)
        self.assertEqual(get(guessed, fresh), (303, "/?sign_in=expired"))

    def test_a_code_of_another_sign_in_is_worth_nothing(self):
        mine, theirs = {}, {}
        my_way, their_way = get(self.leave(mine), {})[1], get(self.leave(theirs), {})[1]
        code = parse_qs(urlsplit(their_way).query)["code"][0]
        my_code = parse_qs(urlsplit(my_way).query)["code"][0]
        self.assertEqual(get(my_way.replace(my_code, code), mine), (303, "/?sign_in=failed"))


class Keys(OidcCase):
    def test_new_keys_are_found_and_unknown_ones_are_not_asked_for_again_and_again(self):
        self.assertEqual(self.sign_in()[0], "/")
        self.issuer.rotate()
        self.assertEqual(self.sign_in()[0], "/")
        self.issuer.rotate("ES256", published=False)
        for _ in range(3):
            self.refused("failed")
        self.assertEqual(self.issuer.asked.count("/realm/keys"), 2)

    def test_es256(self):
        issuer = Issuer(self.folder, "ES256")
        self.addCleanup(issuer.close)
        server = Server(arguments=["--oidc-default-role", "User"], env={
            "LEOFLOW_OIDC_ISSUER": issuer.url, "LEOFLOW_OIDC_CLIENT_ID": CLIENT_ID,
            "LEOFLOW_OIDC_CLIENT_SECRET": CLIENT_SECRET})
        self.addCleanup(server.close)
        for rotate in (lambda: None, issuer.rotate):
            rotate()
            cookies = {}
            _, to = get(server.url + "/auth/oidc/login", cookies)
            self.assertEqual(get(get(to, {})[1], cookies), (303, "/"))


class Away(OidcCase):
    def test_without_the_issuer_the_owner_still_comes_in(self):
        cookies = {}
        back = get(self.leave(cookies), {})[1]
        self.issuer.close()
        self.assertEqual(get(back, cookies), (303, "/?sign_in=unavailable"))
        status, _, _ = self.server.request("POST", "/auth/login", {
            "username": "admin", "password": "admin"}, token=False)
        self.assertEqual(status, 200)
        away = Server(arguments=["--oidc-issuer", self.issuer.url, "--oidc-client-id", CLIENT_ID,
                                 "--oidc-default-role", "Viewer"])
        self.addCleanup(away.close)
        self.assertEqual(get(away.url + "/auth/oidc/login", {}), (303, "/?sign_in=unavailable"))

    @classmethod
    def tearDownClass(cls):
        cls.issuer.close = lambda: None  # closed by the test


class Settings(unittest.TestCase):
    def test_what_cannot_work_is_told_at_the_start(self):
        for arguments, words in (
                (["--oidc-issuer", "http://issuer.example"], "is not an https URL"),
                (["--oidc-issuer", "https://issuer.example"], "the client id is missing"),
                (["--oidc-client-id", "x"], "no issuer"),
                (["--oidc-issuer", "https://issuer.example", "--oidc-client-id", "x"],
                 "nobody could sign in"),
                (["--oidc-issuer", "https://issuer.example", "--oidc-client-id", "x",
                  "--oidc-role", "a=Boss"], "names no role")):
            done = leoflow("server", "--home", tempfile.gettempdir() + "/lf-none", "--port", "0",
                           *arguments)
            self.assertEqual(done.returncode, 2, (arguments, done.stderr))
            self.assertIn(words, done.stderr)
            self.assertIn("hint: ", done.stderr)


if __name__ == "__main__":
    unittest.main()
