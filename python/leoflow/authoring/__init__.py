# SPDX-License-Identifier: Apache-2.0
"""Reads a DAG file and turns what it defines into dag.json documents."""
