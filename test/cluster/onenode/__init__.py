# SPDX-License-Identifier: Apache-2.0
"""A Kubernetes of one node for tests; see test/cluster/README.md."""
