# SPDX-License-Identifier: Apache-2.0
"""BaseOperator: one task of a DAG.

Defaults live on the class and only what was given is stored on the instance, because a task process
makes every operator of the file before it runs one. How one is made: airflow.sdk._making. Arguments
are checked by airflow.sdk._fields when they are given.
"""
from airflow.sdk import _scope
from airflow.sdk._arrows import DOWNSTREAM, UPSTREAM, live_ids
from airflow.sdk._edges import DependencyMixin
from airflow.sdk._fields import base_fields, check_fields
from airflow.sdk._making import Known, OperatorMeta, enter
from airflow.sdk._xcomarg import XComArg


class BaseOperator(DependencyMixin, metaclass=OperatorMeta):
    """A task. Subclasses set `template_fields` and override `execute(context)`."""

    template_fields = ()
    template_ext = ()
    template_fields_renderers = {}
    operator_extra_links = ()
    shallow_copy_attrs = ()
    ui_color = "#fff"
    ui_fgcolor = "#000"
    custom_operator_name = None
    inherits_from_empty_operator = False
    is_setup = is_teardown = is_mapped = False
    _is_sensor = False

    # Arguments every operator takes; see airflow.sdk._fields.
    owner = "airflow"
    email = None
    email_on_retry = email_on_failure = True
    retries = 0
    retry_delay = 300.0  # replaced by a timedelta below
    retry_exponential_backoff = 0
    max_retry_delay = execution_timeout = None
    start_date = end_date = None
    depends_on_past = wait_for_downstream = False
    ignore_first_depends_on_past = True
    wait_for_past_depends_before_skipping = False
    priority_weight = 1
    weight_rule = "downstream"
    queue = "default"
    pool = "default_pool"
    pool_slots = 1
    trigger_rule = "all_success"
    resources = run_as_user = executor = map_index_template = None
    max_active_tis_per_dag = max_active_tis_per_dagrun = None
    executor_config = {}
    do_xcom_push = True
    multiple_outputs = False
    inlets = outlets = ()
    on_execute_callback = on_success_callback = on_failure_callback = ()
    on_retry_callback = on_skipped_callback = ()
    doc = doc_md = doc_json = doc_yaml = doc_rst = None
    logger_name = None
    allow_nested_operators = True
    render_template_as_native_obj = None
    _pre_execute_hook = _post_execute_hook = None
    _own_params = None
    _task_display_name = None
    _known_arguments = Known()
    _mapped_from = None  # of a mapped task: what its instances are made from (airflow.sdk._mapping)

    def __init__(self, *, task_id, dag=None, task_group=None, default_args=None, **kwargs):
        state = self.__dict__
        _scope.check_key(task_id, "task_id")
        group = state["task_group"]
        if group is not None:
            if group.prefix:
                task_id = group.prefix + task_id
            base = group.task_defaults
            if base and not default_args:
                state.update(base)
        state["task_id"] = task_id
        if default_args:
            state.update(base_fields(state["_defaults"], task_id))
        if kwargs:
            check_fields(self, kwargs)

    # What the runtime calls, in this order.
    def pre_execute(self, context):
        """Before execute; runs the pre_execute= hook."""
        if self._pre_execute_hook is not None:
            self._pre_execute_hook(context)

    def execute(self, context):
        """The work. Its result becomes the XCom `return_value`."""
        raise NotImplementedError(f"{type(self).__name__} has no execute(context)")

    def post_execute(self, context, result=None):
        """After execute; runs the post_execute= hook."""
        if self._post_execute_hook is not None:
            self._post_execute_hook(context, result)

    def on_kill(self):
        """Frees what outlives the process when the task is ended from outside."""

    def render_template_fields(self, context, jinja_env=None):
        """Renders the template fields in place."""
        from leoflow.runtime.templates import render_fields
        render_fields(self, context)

    # Where it stands.
    @property
    def dag(self):
        if self._dag is None:
            from airflow.sdk.exceptions import AirflowException
            raise AirflowException(f"Operator {self.task_id!r} has not been assigned to a DAG yet")
        return self._dag

    @dag.setter
    def dag(self, dag):
        if self._dag is dag:
            return
        if self._dag is not None:
            from airflow.sdk.exceptions import AirflowException
            raise AirflowException(f"The DAG assigned to {self.task_id!r} can not be changed.")
        self._dag = dag
        if self.task_group is None:
            self.task_group = dag.task_group
        enter(self, self.task_id, dag, self.task_group)

    def has_dag(self):
        return self._dag is not None

    @property
    def dag_id(self):
        return self._dag.dag_id if self._dag is not None else f"adhoc_{self.owner}"

    @property
    def node_id(self):
        return self.task_id

    @property
    def label(self):
        group = self.task_group
        if group is not None and group.prefix and self.task_id.startswith(group.prefix):
            return self.task_id[len(group.prefix):]
        return self.task_id

    @property
    def task_display_name(self):
        return self._task_display_name or self.task_id

    @property
    def task_type(self):
        return type(self).__name__

    @property
    def operator_name(self):
        return self.custom_operator_name or self.task_type

    @property
    def operator_class(self):
        return type(self)

    @property
    def params(self):
        """The DAG's params overlaid with the task's own."""
        params = self.__dict__.get("_params")
        if params is None:
            from airflow.sdk._params import ParamsDict
            params = ParamsDict(self._dag.params if self._dag is not None else None)
            params.update(self._own_params or {})
            self.__dict__["_params"] = params
        return params

    @property
    def log(self):
        import logging
        return logging.getLogger(_logger_of(self))

    def _log_info(self, message, *values):
        """As log.info(), but the module logging is not imported for it alone."""
        if type(self).log is not BaseOperator.log:
            return self.log.info(message, *values)
        from leoflow.runtime import logs
        logs.info(_logger_of(self), message, *values)

    @property
    def output(self):
        """The task's return value, as an argument for other tasks."""
        return XComArg(self)

    @property
    def roots(self):
        return [self]

    @property
    def leaves(self):
        return [self]

    @property
    def upstream_task_ids(self):
        return live_ids(self, UPSTREAM)

    @upstream_task_ids.setter
    def upstream_task_ids(self, ids):
        live_ids(self, UPSTREAM)
        self.__dict__[UPSTREAM] = ids

    @property
    def downstream_task_ids(self):
        return live_ids(self, DOWNSTREAM)

    @downstream_task_ids.setter
    def downstream_task_ids(self, ids):
        live_ids(self, DOWNSTREAM)
        self.__dict__[DOWNSTREAM] = ids

    @property
    def upstream_list(self):
        return [self.dag.task_dict[task_id] for task_id in sorted(self.upstream_task_ids)]

    @property
    def downstream_list(self):
        return [self.dag.task_dict[task_id] for task_id in sorted(self.downstream_task_ids)]

    def get_direct_relative_ids(self, upstream=False):
        return self.upstream_task_ids if upstream else self.downstream_task_ids

    def get_direct_relatives(self, upstream=False):
        return self.upstream_list if upstream else self.downstream_list

    def get_flat_relative_ids(self, upstream=False):
        """Ids of all tasks before (upstream) or after this one."""
        found, waiting = set(), list(self.get_direct_relative_ids(upstream))
        while waiting:
            task_id = waiting.pop()
            if task_id not in found:
                found.add(task_id)
                waiting.extend(self.dag.task_dict[task_id].get_direct_relative_ids(upstream))
        return found

    def get_flat_relatives(self, upstream=False):
        found = self.get_flat_relative_ids(upstream)
        return [self.dag.task_dict[task_id] for task_id in sorted(found)]

    def set_upstream(self, other, edge_modifier=None):
        """Draws `other >> self`."""
        dag, one = self._dag, other.operator if other.__class__ is XComArg else other
        if edge_modifier is None and dag is not None and getattr(one, "_dag", None) is dag:
            dag._arrows.extend((one, self))
        else:
            super().set_upstream(one, edge_modifier)

    def set_downstream(self, other, edge_modifier=None):
        """Draws `self >> other`."""
        dag, one = self._dag, other.operator if other.__class__ is XComArg else other
        if edge_modifier is None and dag is not None and getattr(one, "_dag", None) is dag:
            dag._arrows.extend((self, one))
        else:
            super().set_downstream(one, edge_modifier)

    def _late_dag(self):
        return self._dag

    def __repr__(self):
        return f"<Task({self.task_type}): {self.task_id}>"

    @classmethod
    def partial(cls, **kwargs):
        """The arguments that all instances of a mapped task share; expand() or expand_kwargs() of
        the result makes the task."""
        from airflow.sdk._mapping import OperatorPartial
        return OperatorPartial(cls, kwargs)

    # Refused by name.
    def defer(self, **kwargs):
        from airflow.sdk._unsupported import not_supported
        raise not_supported("defer", self.task_id)


def _logger_of(operator):
    kind = type(operator)
    return operator.logger_name or f"airflow.task.operators.{kind.__module__}.{kind.__qualname__}"


def _set_durations():
    from datetime import timedelta
    BaseOperator.retry_delay = timedelta(seconds=300)


_set_durations()
