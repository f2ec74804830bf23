# SPDX-License-Identifier: Apache-2.0
"""What runs inside a task process: the connection to the agent, the context, rendering, XCom and
the task's life."""
