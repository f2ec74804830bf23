# SPDX-License-Identifier: Apache-2.0
"""What the drivers of bench/ share: a server of its own, measuring, the table."""
