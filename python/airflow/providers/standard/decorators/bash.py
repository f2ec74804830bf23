# SPDX-License-Identifier: Apache-2.0
"""The operator behind @task.bash."""
from airflow.providers.standard.operators.bash import OPTIONS, BashOperator
from airflow.sdk._making import Known, OwnDict, unknown


class _BashDecoratedOperator(BashOperator):
    """Calls the function, renders the text it returns and runs that in bash."""

    template_fields = ("op_args", "op_kwargs", "bash_command", "env", "cwd")
    template_fields_renderers = {"op_args": "py", "op_kwargs": "py",
                                 **BashOperator.template_fields_renderers}
    custom_operator_name = "@task.bash"
    decorator_name = "task.bash"
    bash_command = ""
    op_args = ()
    op_kwargs = OwnDict()
    _known_arguments = Known(required="python_callable", python_callable=None, op_args=None,
                       op_kwargs=lambda value, name: value or {}, multiple_outputs=unknown,
                       **OPTIONS)

    def __init__(self, *, python_callable, op_args=(), op_kwargs=None, **kwargs):
        if kwargs.pop("multiple_outputs", False):
            from airflow.sdk._scope import note
            note("multiple_outputs does not apply to @task.bash: its result is a line of text")
        super().__init__(bash_command="", **kwargs)
        self.python_callable = python_callable
        self.op_args, self.op_kwargs = op_args, op_kwargs or {}

    def execute(self, context):
        from airflow.sdk._binding import keywords_for, merged_context
        keywords = keywords_for(self.python_callable, self.op_args,
                                merged_context(context, self.op_kwargs))
        command = self.python_callable(*self.op_args, **keywords)
        if not isinstance(command, str) or not command.strip():
            raise TypeError(
                "The returned value from the TaskFlow callable must be a non-empty string.")
        self.bash_command = command
        self._render_command(context)
        return super().execute(context)

    def _render_command(self, context):
        """Renders the command, which did not exist when the other fields were rendered, and reports
        it."""
        from leoflow.runtime import client, templates
        templates.render_fields(self, context, ("bash_command",))
        agent = client.current()
        if agent is not None:
            agent.rendered(templates.report_fields(self, agent.secrets))
