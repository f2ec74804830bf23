# SPDX-License-Identifier: Apache-2.0
"""The built site: complete, and on its own."""
import html.parser
import json
import subprocess
import tempfile
import unittest
import urllib.parse
from pathlib import Path

from places import ROOT

LOADED = {("script", "src"), ("img", "src"), ("link", "href"), ("iframe", "src"),
          ("source", "src")}
# What <link> may name without loading it.
NOT_LOADED = {"canonical", "next", "prev"}


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.links, self.loads, self.ids = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if values.get("id"):
            self.ids.add(values["id"])
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        for element, name in LOADED:
            if tag == element and values.get(name) and values.get("rel") not in NOT_LOADED:
                self.loads.append(values[name])


class Site(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="leoflow docs ")  # a path with a space
        cls.addClassCleanup(folder.cleanup)
        cls.site = Path(folder.name) / "site"
        ran = subprocess.run([ROOT / "tools" / "docs", "site", "--site", cls.site],
                             capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        cls.pages = {path: Page(path.read_text()) for path in cls.site.rglob("*.html")}

    def test_every_page_is_there(self):
        names = {path.relative_to(self.site).as_posix() for path in self.pages}
        for page in (ROOT / "docs").rglob("*.md"):
            self.assertIn(page.relative_to(ROOT / "docs").with_suffix(".html").as_posix(), names)
        self.assertIn("architecture.html", names)

    def test_links_lead_somewhere(self):
        for path, page in self.pages.items():
            if path.name == "404.html":  # served for any address: its links begin at the root
                continue
            for link in page.links:
                self.check_link(path, link)

    def check_link(self, path, link):
        parts = urllib.parse.urlsplit(link)
        if parts.scheme in ("http", "https", "mailto"):
            return
        target = (path.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else path
        target = target / "index.html" if target.is_dir() else target
        where = f"{path.relative_to(self.site)}: {link}"
        self.assertTrue(target.exists(), where)
        if parts.fragment and target in self.pages:
            self.assertIn(urllib.parse.unquote(parts.fragment), self.pages[target].ids, where)

    def test_nothing_comes_from_elsewhere(self):
        for path, page in self.pages.items():
            for load in page.loads:
                where = f"{path.relative_to(self.site)}: {load}"
                self.assertFalse(urllib.parse.urlsplit(load).scheme or load.startswith("//"), where)
                if path.name != "404.html":
                    self.assertFalse(load.startswith("/"), where)
                    self.assertTrue((path.parent / load.split("?")[0]).exists(), where)
        for style in self.site.rglob("*.css"):
            for start in ("url(http", "url(//", "@import"):
                self.assertNotIn(start, style.read_text(), style)

    def test_the_search_works_without_a_server(self):
        text = (self.site / "search" / "search_index.js").read_text()
        index = json.loads(text.removeprefix("var __index = "))
        places = {entry["location"].split("#")[0] for entry in index["docs"]}
        self.assertIn("reference/cli.html", places)
        self.assertIn("iframe", (self.site / "assets" / "iframe-worker.js").read_text())


if __name__ == "__main__":
    unittest.main()
