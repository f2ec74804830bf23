# SPDX-License-Identifier: Apache-2.0
"""EmptyOperator: a point in the graph. Without callbacks it never becomes a process."""
from airflow.sdk._making import Known
from airflow.sdk._operator import BaseOperator


class EmptyOperator(BaseOperator):
    """Does nothing."""

    ui_color = "#e8f7e4"
    inherits_from_empty_operator = True
    _known_arguments = Known()

    def execute(self, context):
        pass
