# SPDX-License-Identifier: Apache-2.0
"""Order and cycles of the tasks of a DAG."""


def ordered(tasks):
    """Ids of `tasks` (id -> task), each after its upstream; ties in the given order. Raises on a
    cycle."""
    waits = {task_id: sum(one in tasks for one in task.upstream_task_ids) for task_id,
             task in tasks.items()}
    ready = [task_id for task_id, count in waits.items() if count == 0]
    done = []
    place = {task_id: index for index, task_id in enumerate(tasks)}
    while ready:
        done.extend(ready)
        following = []
        for task_id in ready:
            for after in tasks[task_id].downstream_task_ids:
                if after in waits:
                    waits[after] -= 1
                    if waits[after] == 0:
                        following.append(after)
        ready = sorted(following, key=place.__getitem__)
    if len(done) < len(tasks):
        _raise_cycle(tasks, [task_id for task_id, count in waits.items() if count > 0])
    return done


def _raise_cycle(tasks, left):
    """Walks upstream among what could not be ordered until a task repeats."""
    from airflow.sdk.exceptions import AirflowDagCycleException
    among, path, task_id = set(left), [], left[0]
    while task_id not in path:
        path.append(task_id)
        task_id = min(one for one in tasks[task_id].upstream_task_ids if one in among)
    cycle = path[path.index(task_id):][::-1]
    start = cycle.index(min(cycle))
    cycle = cycle[start:] + cycle[:start]
    dag_id = tasks[task_id].dag_id
    raise AirflowDagCycleException(f"DAG '{dag_id}' has a cycle: {' -> '.join([*cycle, cycle[0]])}")
