# SPDX-License-Identifier: Apache-2.0
"""The pictures of docs/case-study.md: the case study run for real, as tools/demo --failure does,
and photographed with Debian's Chromium."""
import importlib.machinery
import importlib.util
import os
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BYTES_MAX = 150_000
SHOTS_SECONDS_MAX = 600
RUN_SECONDS_MAX = 900
RUN = "2026-11-29"
GIVEN_UP = "\nhint: the pictures need the page (cmake -DLEOFLOW_UI=ON) and Debian's chromium"


def load_demo():
    loader = importlib.machinery.SourceFileLoader("demo", str(ROOT / "tools" / "demo"))
    demo = importlib.util.module_from_spec(importlib.util.spec_from_loader("demo", loader))
    loader.exec_module(demo)
    return demo


class Camera:
    def __init__(self, leoflow, build, folder):
        self.leoflow, self.build, self.folder = leoflow, build, folder

    def take(self, *wanted):
        command = ["node", HERE / "pictures.mjs", f"http://127.0.0.1:{self.leoflow.port}",
                   self.folder, *wanted]
        done = subprocess.run([str(word) for word in command], text=True, capture_output=True,
                              check=False, timeout=SHOTS_SECONDS_MAX,
                              env={**os.environ, "LEOFLOW_DOCS_UI": str(self.build / "ui")})
        if done.returncode != 0:
            raise ValueError(f"no pictures: {done.stderr}{GIVEN_UP}")


def break_and_mend(leoflow, camera, demo):
    """A DAG file with a mistake, its picture, and the file as it was."""
    script = leoflow.workspace / demo.DAG / "dag.py"
    good = script.read_text()
    script.write_text(good.replace("import duckdb, psycopg2", "import duckdb psycopg2"))
    demo.wait_for("the mistake is seen", lambda: leoflow.json("import-errors", "list"), 60)
    camera.take("/import-errors=import-error")
    script.write_text(good)
    demo.wait_for("it is mended", lambda: not leoflow.json("import-errors", "list"), 60)


def tell_story(demo, leoflow, postgres, camera):
    demo.connect_target(leoflow, postgres)
    leoflow.wait_for_dag()
    leoflow.do("dags", "unpause", demo.DAG)
    leoflow.run("runs", "trigger", demo.DAG, "--run-id", RUN, "--wait")
    run = f"/dags/{demo.DAG}/runs/{RUN}"
    camera.take(f"{run}=failed", "/admin/staging=volume")
    postgres.start()
    leoflow.do("tasks", "clear", demo.DAG, RUN, "--yes")

    def is_over():
        return leoflow.json("runs", "show", demo.DAG, RUN)["state"] in ("success", "failed")

    demo.wait_for("the run ends", is_over, RUN_SECONDS_MAX)
    camera.take(f"/dags/{demo.DAG}/graph=graph", f"{run}=cleared",
                "/admin/connections=connections")
    break_and_mend(leoflow, camera, demo)
    leoflow.shown("runs", "show", demo.DAG, RUN)


def take_pictures(build, target, rows):
    """Writes target/*.png; each is small enough to be committed."""
    demo = load_demo()
    os.environ["LEOFLOW_ADMIN_PASSWORD"] = secrets.token_hex(8)
    with tempfile.TemporaryDirectory(prefix="leoflow-pictures-") as temporary:
        workspace, shots = Path(temporary) / "workspace", Path(temporary) / "shots"
        shots.mkdir()
        demo.copy_workspace(workspace, rows)
        place = demo.Machine()
        leoflow, postgres = demo.Leoflow(build, workspace, place), demo.Postgres(place)
        leoflow.home = Path(temporary) / "home"
        try:
            leoflow.start()
            tell_story(demo, leoflow, postgres, Camera(leoflow, build, shots))
        except demo.Failed as failure:
            raise ValueError(str(failure)) from failure
        finally:
            leoflow.stop()
            postgres.stop()
        for shot in sorted(shots.glob("*.png")):
            size = shot.stat().st_size
            if size > BYTES_MAX:
                raise ValueError(f"{shot.name} has {size:,} bytes, limit {BYTES_MAX:,}")
            shutil.copy(shot, target)
            yield shot.name
