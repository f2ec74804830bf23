# SPDX-License-Identifier: Apache-2.0
"""Hooks of MkDocs: the two pages that live at the root of the repository, the style sheet, and the
shim that lets the search work from file:// (Material itself would load it from another site)."""
import os
import posixpath
import re
from pathlib import Path

from mkdocs.structure.files import File

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SHIM = "assets/iframe-worker.js"
# Pages of the site that are files elsewhere in the repository.
PAGES = {"architecture.md": "ARCHITECTURE.md", "contributing.md": "CONTRIBUTING.md"}
LINK = re.compile(r"(\]\()([^)\s#]+)")


def on_config(config):
    config.extra["polyfills"] = [SHIM]
    return config


def on_files(files, config):
    for name, source in PAGES.items():
        files.append(File.generated(config, name, content=(ROOT / source).read_text()))
    shim = Path(os.environ["LEOFLOW_DOCS_MODULES"]) / "iframe-worker/shim/index.js"
    files.append(File.generated(config, SHIM, content=shim.read_text()))
    files.append(File.generated(config, "site.css", content=(HERE / "site.css").read_text()))
    return files


def on_page_markdown(markdown, page, config, files):
    """Links between files of the repository become links between pages of the site."""
    name = page.file.src_uri
    source = PAGES.get(name, "docs/" + name)

    def linked(match):
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), match[2]))
        pages = {file: page_name for page_name, file in PAGES.items()}
        inside = pages.get(target, target.removeprefix("docs/"))
        if target not in pages and not (name in PAGES and target.startswith("docs/")):
            return match[0]
        return match[1] + posixpath.relpath(inside, posixpath.dirname(name) or ".")

    return LINK.sub(linked, markdown)


def on_post_build(config):
    """The search index as a script: a page from file:// may not fetch it."""
    folder = Path(config.site_dir) / "search"
    index = (folder / "search_index.json").read_text()
    (folder / "search_index.js").write_text("var __index = " + index)
