# SPDX-License-Identifier: Apache-2.0
"""The standard provider is ours; others are found where the DAG's dependencies put them."""
import os
import sys

__path__ += [folder for entry in sys.path if (
    folder := os.path.join(entry, "airflow", "providers")) not in __path__
             and os.path.isdir(folder)]
