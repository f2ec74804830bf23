# SPDX-License-Identifier: Apache-2.0
"""pods: tasks in pods of the test cluster, beside bare pods of the same image there."""

import contextlib
import subprocess
import tempfile
from pathlib import Path

from figures import dags, etl
from support import pods as bare
from support import wake
from support.postgres import Postgres
from support.server import Server, program
from support.table import Row, median

CHAIN = 3
PARALLEL = 50
HOLDING_SECONDS = 3   # of a task whose successor's pod is there before it ends
STUDY = "etl_duckdb"
PREPARE_SECONDS_MAX = 900
# Of the wall time of the same bare pods.
CHAIN_SHARE_MAX = 0.60
FAN_SHARE_MAX = 1.05
# Of one bare pod, creation to running.
AHEAD_SHARE_MAX = 1.25
STUDY_SHARE_MAX = 1.5
NEXT_MS_MAX = 20
SHARING_PORT = 9191   # of agents, beside the usual one


def pods(options):
    build_environment()
    woken = wake.seconds()
    with bare.cluster() as cluster:
        api = cluster.api()
        bare.make_namespace(api)
        with bare.PodWatch(api) as watch:
            peers = bare.BarePods(api, watch)
            peers.one()   # the image's files in the page cache
            singles = [peers.one() for _ in range(options.rounds(10))]
            with leoflow_server() as server, sharing_server() as sharing:
                ours = leoflow(options, server, watch)
                fans = fans_in_turns(options, server, sharing, peers)
                study = case_study(options, server)
        api.close()
    created, running, ended = (median(column) for column in zip(*singles))
    plain, ahead, single = (ours[name] for name in ("plain", "ahead", "single"))
    return [
        Row("bare pod to running", running, "s", note="creation sent to state seen"),
        Row("bare pod to Succeeded", ended, "s"),
        Row(f"chain of {CHAIN} in pods, in bare pods", plain / (CHAIN * ended), "x",
            CHAIN_SHARE_MAX, note=f"nothing started ahead; wall {plain:.2f} s"),
        Row("all started ahead, in starts of a bare pod", ahead / running, "x", AHEAD_SHARE_MAX,
            note=f"wall {ahead:.2f} s; only the next one: {single:.2f} s"),
        Row(f"{PARALLEL} pods and a join, in bare pods", fans["ours"] / fans["bare"], "x",
            FAN_SHARE_MAX, note="pods share a claim of the server's own; "
            f"wall {fans['ours']:.2f} s, bare {fans['bare']:.2f} s"),
        Row("the same, with a folder of the node", fans["sharing"] / fans["bare"], "x",
            note=f"wall {fans['sharing']:.2f} s"),
        Row("bare pods locked down as ours, in bare pods", fans["alike"] / fans["bare"], "x"),
        Row("end of a task to the next pod p50", median(ours["gaps"]) * 1000, "ms", NEXT_MS_MAX,
            peer="bare pod, sent to seen", peer_value=created * 1000,
            note="end_date to creation seen by a watch"),
        Row("end of a task to the next runs in a held pod p50", median(ours["held"]) * 1000, "ms",
            NEXT_MS_MAX, note="end_date to start_date"),
        Row("a sleeping process asked and heard p50", woken * 1000, "ms",
            note="two wakes; from one pod's task to the next one's eight threads wake"),
        Row("case study outside user code, in starts of a bare pod", study / running, "x",
            STUDY_SHARE_MAX, note=f"{study:.2f} s"),
    ]


def leoflow_server(*more):
    return Server(arguments=("--executor", "k8s", "--kubernetes-namespace", bare.NAMESPACE, *more))


@contextlib.contextmanager
def sharing_server():
    """One whose pods share a folder of the node."""
    with tempfile.TemporaryDirectory(prefix="leoflow-bench-") as folder:
        cache = Path(folder, "cache")
        cache.mkdir()
        cache.chmod(0o777)
        Path(folder).chmod(0o755)
        settings = Path(folder, "kubernetes.yaml")
        settings.write_text(f"agent_port: {SHARING_PORT}\ncache_host_path: {cache}\n")
        with leoflow_server("--kubernetes", str(settings)) as server:
            yield server


def build_environment():
    """The case study's: the cluster's network has no way out."""
    with tempfile.TemporaryDirectory(prefix="leoflow-bench-") as folder:
        etl.example(Path(folder, STUDY), None)
        subprocess.run([program(), "validate", folder], check=True, stdout=subprocess.DEVNULL,
                       timeout=PREPARE_SECONDS_MAX)


def leoflow(options, server, watch):
    """Walls of chains, seconds between tasks."""
    for name, policy in (("plain", "never"), ("single", "single"), ("ahead", "all")):
        server.write_dag(name, dags.chain(name, CHAIN), f"start_ahead: {policy}\n")
    server.write_dag("held", dags.chain("held", CHAIN, HOLDING_SECONDS))
    found, gaps, held = {}, [], []
    for name in ("plain", "single", "ahead"):
        server.wait_for_dag(name)
        server.run(name)   # what pods fetch is made
        runs = [server.run(name) for _ in range(options.rounds(5))]
        found[name] = median([run.wall for run in runs])
        if name == "plain":
            gaps = [gap for run in runs for gap in gaps_before_pods(run, watch)]
    server.wait_for_dag("held")
    for _ in range(options.rounds(5)):
        rows = server.run("held").tasks()
        held += [after[1] - before[2] for before, after in zip(rows, rows[1:])]
    return {**found, "gaps": gaps, "held": held}


def fans_in_turns(options, server, sharing, peers):
    """Walls of fans of ours and of two kinds of bare pods, one after the other, since the kubelet
    takes a minute to clear away what went before."""
    for one in (server, sharing):
        one.write_dag("fan", dags.fan("fan", PARALLEL))
        one.write_dag("first", dags.chain("first", 1))
        one.wait_for_dag("fan")
        one.wait_for_dag("first")
        one.run("first")   # what pods fetch is made
    measures = [("ours", lambda: server.run("fan").wall), ("bare", lambda: peers.fan(PARALLEL)),
                ("sharing", lambda: sharing.run("fan").wall),
                ("alike", lambda: peers.fan(PARALLEL, alike=True))]
    found = {name: [] for name, _ in measures}
    for _ in range(options.rounds(4)):
        for name, measure in measures:
            peers.watch.wait_until_empty()
            found[name].append(measure())
        measures.reverse()
    return {name: median(walls) for name, walls in found.items()}


def gaps_before_pods(run, watch):
    """Seconds from each task's end to the creation of its successor's pod, for a chain."""
    run_id = run.path.rsplit("/", 1)[1]
    with watch.changed:
        created = {marks.notes["leoflow.io/task-id"]: marks.at["created"]
                   for marks in watch.pods.values()
                   if marks.notes.get("leoflow.io/run-id") == run_id}
    rows = run.tasks()
    return [created[after[0]] - before[2] for before, after in zip(rows, rows[1:])]


def case_study(options, server):
    """Seconds of a run of the case study that are not its tasks' own."""
    with Postgres(address=bare.NODE_ADDRESS, clients=bare.POD_RANGE) as postgres:
        postgres.run("CREATE TABLE category_revenue (category text, n bigint, revenue numeric)")
        etl.add_connection(server, postgres)
        project = server.workspace / STUDY
        etl.example(project, options.rows)
        server.wait_for_dag(STUDY)
        outside = []
        for _ in range(1 + options.rounds(3)):
            run = server.run(STUDY)
            own = sum(end - start for _, start, end in run.tasks())
            outside.append(run.ended_at - run.queued_at - own)
        return median(outside[1:])   # the first one packed the environment
