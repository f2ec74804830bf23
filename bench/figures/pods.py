# SPDX-License-Identifier: Apache-2.0
"""pods: tasks in pods of the test cluster, beside bare pods of the same image there."""

from figures import dags
from support import pods as bare
from support.server import Server
from support.table import Row, median

CHAIN = 3
PARALLEL = 50
# Of the wall time of the same bare pods.
CHAIN_SHARE_MAX = 0.60
FAN_SHARE_MAX = 1.05
NEXT_POD_MS_MAX = 20


def pods(options):
    with bare.cluster() as cluster:
        api = cluster.api()
        bare.make_namespace(api)
        with bare.PodWatch(api) as watch:
            peers = bare.BarePods(api, watch)
            peers.one()   # the image's files in the page cache
            singles = [peers.one() for _ in range(options.rounds(10))]
            fans = [peers.fan(PARALLEL) for _ in range(options.rounds(3))]
            ours = leoflow(options, watch)
        api.close()
    running = median([running for running, _ in singles])
    ended = median([ended for _, ended in singles])
    chain, fan, gaps = ours
    return [
        Row("bare pod to running", running, "s", note="creation sent to state seen"),
        Row("bare pod to Succeeded", ended, "s"),
        Row(f"chain of {CHAIN} in pods, in bare pods", chain / (CHAIN * ended), "x",
            CHAIN_SHARE_MAX, note=f"wall {chain:.2f} s"),
        Row(f"{PARALLEL} pods and a join, in bare pods", fan / median(fans), "x", FAN_SHARE_MAX,
            note=f"wall {fan:.2f} s, bare {median(fans):.2f} s"),
        Row("end of a task to the next pod p50", median(gaps) * 1000, "ms", NEXT_POD_MS_MAX,
            note="end_date to creation seen by a watch"),
    ]


def leoflow(options, watch):
    """(wall of the chain, wall of the fan, seconds from a task's end to its successor's pod)."""
    chains, gaps = [], []
    arguments = ("--executor", "k8s", "--kubernetes-namespace", bare.NAMESPACE)
    workspace = {"three": dags.chain("three", CHAIN), "fan": dags.fan("fan", PARALLEL)}
    with Server(workspace, arguments=arguments) as server:
        for name in workspace:
            server.wait_for_dag(name)
        server.run("three")   # what pods fetch is made
        for _ in range(options.rounds(5)):
            run = server.run("three")
            chains.append(run.wall)
            gaps += gaps_before_pods(run, watch)
        fans = [server.run("fan").wall for _ in range(options.rounds(3))]
    return median(chains), median(fans), gaps


def gaps_before_pods(run, watch):
    """Seconds from each task's end to the creation of its successor's pod, for a chain."""
    run_id = run.path.rsplit("/", 1)[1]
    with watch.changed:
        created = {marks.notes["leoflow.io/task-id"]: marks.at["created"]
                   for marks in watch.pods.values()
                   if marks.notes.get("leoflow.io/run-id") == run_id}
    rows = run.tasks()
    return [created[after[0]] - before[2] for before, after in zip(rows, rows[1:])]
