# SPDX-License-Identifier: Apache-2.0
"""pods: what a pod costs on the test cluster, whatever starts it."""

from support import pods as bare
from support.table import Row, median

PARALLEL = 50


def pods(options):
    with bare.cluster() as cluster:
        api = cluster.api()
        bare.make_namespace(api)
        with bare.PodWatch(api) as watch:
            peers = bare.BarePods(api, watch)
            peers.one()   # the image's files in the page cache
            singles = [peers.one() for _ in range(options.rounds(10))]
            fans = [peers.fan(PARALLEL) for _ in range(options.rounds(3))]
        api.close()
    return [
        Row("bare pod to running", median([running for running, _ in singles]), "s",
            note="creation sent to state seen"),
        Row("bare pod to Succeeded", median([ended for _, ended in singles]), "s"),
        Row(f"{PARALLEL} bare pods, then one", median(fans), "s",
            note="creation of the first to Succeeded of the last"),
    ]
