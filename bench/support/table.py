# SPDX-License-Identifier: Apache-2.0
"""Rows of the result table: what was measured, beside what, against which target."""

import dataclasses
import statistics


@dataclasses.dataclass
class Row:
    figure: str
    value: float
    unit: str
    target: float | None = None  # none: the row is only information
    more_is_better: bool = False
    peer: str = ""  # floor or peer that was measured in the same run
    peer_value: float | None = None
    note: str = ""

    def verdict(self):
        if self.target is None:
            return ""
        good = self.value >= self.target if self.more_is_better else self.value <= self.target
        return "ok" if good else "MISS"

    def cells(self):
        ratio = ""
        if self.peer_value:
            ratio = f"{self.value / self.peer_value:.2f}"
        bound = ""
        if self.target is not None:
            bound = (">= " if self.more_is_better else "<= ") + number(self.target)
        peer = "" if self.peer_value is None else f"{self.peer} {number(self.peer_value)}"
        value = f"{number(self.value)} {self.unit}"
        return [self.figure, value, bound, self.verdict(), peer, ratio, self.note]


def number(value):
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def print_table(rows):
    head = ["figure", "measured", "target", "", "beside it, same run", "ratio", "note"]
    lines = [head] + [row.cells() for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())


def median(values):
    return statistics.median(values)


def percentile(values, share):
    """The smallest value that at least `share` of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-len(ordered) * share // 100) - 1))]
