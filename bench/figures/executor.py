# SPDX-License-Identifier: Apache-2.0
"""executor: the pod executor alone against a simulated Kubernetes API (kube_executor_bench.cc)."""

import os
import re
import subprocess
from pathlib import Path

from support.server import program
from support.table import Row, median

PODS = 10_000


def executor(options):
    bench = Path(os.environ.get("LEOFLOW_KUBE_EXECUTOR_BENCH",
                                program().parent / "leoflow_kube_executor_bench"))
    if not bench.exists():
        raise SystemExit(f"{bench} is missing\nhint: make bench builds it")
    rates, memory = [], []
    for _ in range(options.rounds(3)):
        # Its status says whether targets are met; the table says it too.
        done = subprocess.run([bench, str(PODS)], check=False, capture_output=True, text=True)
        seen = [float(n) for n in re.findall(r"(?:second|MB) +([\d.]+)", done.stdout)]
        if len(seen) != 2:
            raise SystemExit(f"{bench} failed:\n{done.stdout}{done.stderr}")
        rates.append(seen[0])
        memory.append(seen[1])
    return [
        Row("pods created, API alone", median(rates), "pods/s", 500, True,
            note="simulated API, 20 ms latency"),
        Row("memory, 10,000 live pods", median(memory), "MB", 200, note="the executor's process"),
    ]
