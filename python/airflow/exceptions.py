# SPDX-License-Identifier: Apache-2.0
"""The exceptions under their public core path; the same classes as airflow.sdk.exceptions."""
from airflow.sdk.exceptions import *  # noqa: F401,F403
from airflow.sdk.exceptions import __getattr__  # noqa: F401
