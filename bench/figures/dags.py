# SPDX-License-Identifier: Apache-2.0
"""DAG files of the benchmarks: tasks that do nothing, in different shapes."""

HEAD = """from airflow.sdk import DAG, task


@task
def step(*before):
    return None


"""
SLEEPING = HEAD.replace("return None", "__import__('time').sleep({seconds})")


def chain(dag_id, count, seconds=0):
    head = SLEEPING.format(seconds=seconds) if seconds else HEAD
    return head + f"""with DAG("{dag_id}", schedule=None, catchup=False):
    last = None
    for number in range({count}):
        this = step.override(task_id=f"t{{number:03}}")()
        if last is not None:
            last >> this
        last = this
"""


def fan(dag_id, count):
    """`count` parallel tasks and a join."""
    return HEAD + f"""with DAG("{dag_id}", schedule=None, catchup=False, max_active_tasks=128):
    join = step.override(task_id="join")()
    for number in range({count}):
        step.override(task_id=f"t{{number:03}}")() >> join
"""


def layers(dag_id, depth, width):
    """Layers of `width` tasks; task i of a layer waits for task i of the one before."""
    return HEAD + f"""with DAG("{dag_id}", schedule=None, catchup=False, max_active_tasks=128):
    before = [None] * {width}
    for layer in range({depth}):
        for place in range({width}):
            this = step.override(task_id=f"t{{layer:02}}_{{place:03}}")()
            if before[place] is not None:
                before[place] >> this
            before[place] = this
"""


def one(dag_id, operator="python"):
    if operator == "bash":
        return f"""from airflow.sdk import DAG
from airflow.providers.standard.operators.bash import BashOperator

with DAG("{dag_id}", schedule=None, catchup=False):
    BashOperator(task_id="only", bash_command="true")
"""
    return chain(dag_id, 1)


def mapped(dag_id, width):
    """A task whose result `width` instances are mapped over, and one that sums what they return."""
    return f"""
from airflow.sdk import dag, task

@dag(schedule=None, max_active_tasks=128)
def {dag_id}():
    @task
    def numbers():
        return list(range({width}))

    @task
    def same(n):
        return n

    @task
    def add(values):
        return sum(values)

    add(same.expand(n=numbers()))

{dag_id}()
"""
