# SPDX-License-Identifier: Apache-2.0
"""One module per group of figures. Each has measure(options) -> list of Row."""
