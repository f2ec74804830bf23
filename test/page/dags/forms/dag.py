# SPDX-License-Identifier: Apache-2.0
"""A param of each kind that the form of a trigger knows."""
from airflow.sdk import DAG, Param, task

with DAG(
    "forms",
    schedule=None,
    params={
        "name": Param("leo", type="string", minLength=2, title="Your name"),
        "times": Param(3, type="integer", minimum=1, maximum=9),
        "ratio": Param(0.5, type="number"),
        "loud": Param(True, type="boolean"),
        "colour": Param("red", enum=["red", "green", "blue"]),
        "day": Param("2026-02-01", type="string", format="date"),
        "tags": Param(["a", "b"], type="array"),
        "options": Param({"deep": [1]}, type="object"),
        "note": Param(None, type=["null", "string"], description="May be left empty"),
    },
):

    @task
    def show(params=None):
        print(dict(params))
        return dict(params)

    show()
