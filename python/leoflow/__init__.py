# SPDX-License-Identifier: Apache-2.0
"""Leoflow's Python side: the extractor, the template interpreter and the task runtime. Standard library only."""
