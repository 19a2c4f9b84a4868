"""The values of a node during a run -> the one value that its row holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

Changes = Sequence[tuple[float, Any]]
"""When the node changed and to what, in the order of time; the first is what it had at the begin."""


def _numbers(changes: Changes) -> list[float]:
    return [float(v) for _, v in changes if isinstance(v, int | float) and not isinstance(v, bool)]


def _mean(changes: Changes, end: float) -> float | None:
    """Return the mean over time: each value holds until the next; a bad reading is left out."""
    total = weight = 0.0
    ends = [time for time, _ in changes[1:]] + [end]
    for (begin, value), until in zip(changes, ends, strict=False):
        if isinstance(value, int | float):
            total += value * (until - begin)
            weight += until - begin
    numbers = _numbers(changes)
    if not weight:
        return numbers[-1] if numbers else None
    return float(f"{total / weight:.12g}")


def _said(changes: Changes) -> list[Any]:
    return [value for _, value in changes if value not in (None, "")]


TAKES: dict[str, Callable[[Changes, float], Any]] = {
    "mean": _mean,
    "first": lambda changes, end: next(iter(_said(changes)), None),
    "last": lambda changes, end: next(iter(reversed(_said(changes))), None),
    "min": lambda changes, end: min(_numbers(changes), default=None),
    "max": lambda changes, end: max(_numbers(changes), default=None),
    "gain": lambda changes, end: _gain(_numbers(changes)),
}
"""What can be taken of the values; `gain` is how much a counter went up, over a reset to nothing too."""


def _gain(numbers: list[float]) -> float | None:
    if not numbers:
        return None
    pairs = pairwise(numbers)
    return sum(new - old if new >= old else new for old, new in pairs)


def taken(how: str, changes: Changes, end: float) -> Any:
    """Return what is taken of the values of one node in a run that ended at `end`.

    >>> taken("mean", [(0.0, 1.0), (9.0, 2.0)], 10.0)
    1.1
    """
    return TAKES[how](changes, end)
