# SPDX-License-Identifier: Apache-2.0
"""PythonOperator: calls a function with its arguments and what it asks for of the context."""
from airflow.sdk._making import Known, OwnDict
from airflow.sdk._operator import BaseOperator
from airflow.sdk._unsupported import module_getattr

_COROUTINE = 0x80


def _callable(value, name):
    if not callable(value):
        raise TypeError(f"`{name}` must be callable")
    return value


class PythonOperator(BaseOperator):
    """Calls `python_callable(*op_args, **op_kwargs)`; parameters named like context entries are
    filled in."""

    template_fields = ("templates_dict", "op_args", "op_kwargs")
    template_fields_renderers = {"templates_dict": "json", "op_args": "py", "op_kwargs": "py"}
    ui_color = "#ffefeb"
    shallow_copy_attrs = ("python_callable", "op_kwargs")
    templates_dict = None
    show_return_value_in_logs = True
    op_args = ()
    op_kwargs = OwnDict()
    _known_arguments = Known(required="python_callable", python_callable=_callable,
                       op_args=lambda value, name: value or (),
                       op_kwargs=lambda value, name: value or {}, templates_dict=None,
                       show_return_value_in_logs=lambda value, name: bool(value))

    def __init__(self, *, python_callable, op_args=None, op_kwargs=None, templates_dict=None,
                 templates_exts=None, show_return_value_in_logs=True, **kwargs):
        super().__init__(**kwargs)
        if not callable(python_callable):
            raise TypeError(f"`python_callable` of {self.task_id} must be callable")
        self.python_callable = python_callable
        self.op_args = op_args or ()
        self.op_kwargs = op_kwargs or {}
        if templates_dict is not None:
            self.templates_dict = templates_dict
        if not show_return_value_in_logs:
            self.show_return_value_in_logs = False
        if templates_exts:
            self.template_ext = tuple(templates_exts)

    def execute(self, context):
        from leoflow.runtime.assets import run_to_end
        result = self.execute_callable(self.keywords(context))
        result = run_to_end(result, context.get("outlet_events"))
        if self.show_return_value_in_logs:
            self._log_info("Done. Returned value was: %s", result)
        else:
            self._log_info("Done. Returned value not shown")
        return result

    def keywords(self, context):
        """The keyword arguments of the call: op_kwargs, and what the function names of the
        context."""
        from airflow.sdk._binding import keywords_for, merged_context
        merged = merged_context(context, self.op_kwargs, templates_dict=self.templates_dict)
        return keywords_for(self.python_callable, self.op_args, merged)

    def execute_callable(self, keywords):
        """Calls the function; a coroutine function is run to its end."""
        function = self.python_callable
        code = getattr(function, "__code__", None)
        if code is not None and code.co_flags & _COROUTINE:
            import asyncio
            return asyncio.run(function(*self.op_args, **keywords))
        return function(*self.op_args, **keywords)


def get_current_context():
    """The context of the running task."""
    from leoflow.runtime import context
    return context.get_current_context()


__getattr__ = module_getattr(__name__, """
    BranchPythonOperator ShortCircuitOperator PythonVirtualenvOperator ExternalPythonOperator
    BranchPythonVirtualenvOperator BranchExternalPythonOperator""")
