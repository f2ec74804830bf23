# SPDX-License-Identifier: Apache-2.0
"""The rich one: groups, a retry that helps, a skip, rules, XComs of every shape, colours."""
import logging
import sys

from airflow.sdk import DAG, Param, TaskGroup, task
from airflow.sdk.exceptions import AirflowSkipException
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator

log = logging.getLogger("orders")

with DAG(
    "orders",
    schedule="0 5 * * *",
    description="Orders from the shop into the warehouse",
    doc_md="""
    # Orders

    Reads the **orders of a day**, checks them and writes the sums.

    1. `extract` reads
    2. `load.write` writes

    See [the runbook](https://example.com/runbook). <script>alert(1)</script>
    """,
    tags=["shop", "daily"],
    default_args={"owner": "sales", "retry_delay": 0.05},
    params={
        "day": Param("2026-01-31", type="string", format="date", description="Which day to read"),
        "limit": Param(1000, type="integer", minimum=1, maximum=100000),
        "mode": Param("full", enum=["full", "changes"]),
        "dry": Param(False, type="boolean"),
    },
) as dag:

    @task
    def extract(params=None):
        print(f"reading {params['limit']} orders of {params['day']}")
        log.warning("2 orders have no customer")
        print("\033[32mgreen\033[0m and \033[1;31mbold red\033[0m")
        print("to stderr", file=sys.stderr)
        for n in range(40):
            log.info("page %s of 40", n + 1)
        return {
            "rows": 1000,
            "ratio": 0.25,
            "complete": True,
            "missing": None,
            "days": ["2026-01-30", "2026-01-31"],
            "nested": {"a": {"b": {"c": [1, 2, {"deep": "value"}]}}},
            "text": "x" * 900,
        }

    @task(retries=2)
    def check(orders, ti=None):
        if ti.try_number == 1:
            raise RuntimeError("the warehouse was busy")
        ti.xcom_push(key="count", value=orders["rows"])
        ti.xcom_push(key="many", value=list(range(300)))
        ti.xcom_push(key="words", value="some words")

    @task
    def archive():
        raise AirflowSkipException("nothing to archive today")

    @task(trigger_rule="all_done")
    def report():
        log.error("an error line that is only a line")
        print("done")

    first = extract()
    checked = check(first)
    with TaskGroup("load") as load:
        write = BashOperator(
            task_id="write",
            bash_command="echo day {{ params.day }} run {{ run_id }}",
            env={"DAY": "{{ params.day }}"},
        )
        with TaskGroup("verify"):
            sums = EmptyOperator(task_id="sums")
            keys = EmptyOperator(task_id="keys")
        write >> [sums, keys]
    stored = archive()
    after = EmptyOperator(task_id="after_archive")
    first >> stored >> after
    checked >> load
    [load, after] >> report()
