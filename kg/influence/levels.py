"""Groupings of things -> the level at which a value varies, and the batches inside which it is compared.

A setting of a roll that made 20 cells was chosen once, not 20 times: the rolls are counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kg.influence.table import ABSENT, Codes, Column, Floats, Grouping

GROUPS_IN_BLOCK = 3
"""Groups that a block holds at least, on average, for a comparison inside blocks to leave enough of them."""


@dataclass(frozen=True)
class Level:
    """The groups that count as one observation each, and the blocks inside which they are compared.

    `group` has a code for each thing, `block` a code for each thing that is the same in each group.
    """

    name: str
    group: Codes
    block_name: str
    block: Codes

    @property
    def key(self) -> tuple[bytes, bytes]:
        """Return what is the same for equal levels."""
        return self.group.tobytes(), self.block.tobytes()


def recoded(codes: Codes) -> Codes:
    """Return codes from 0 in the order of first occurrence; each absent one is a group of its own."""
    own = codes.copy()
    absent = own == ABSENT
    own[absent] = own.max(initial=0) + 1 + np.arange(int(absent.sum()))
    first = np.full(int(own.max(initial=-1)) + 1, -1, dtype=np.int64)
    # Of several places of a group the last one that is written stays: the first.
    first[own[::-1]] = np.arange(len(own))[::-1]
    order = first[first >= 0]
    new = np.empty(len(first), dtype=np.int64)
    new[own[np.sort(order)]] = np.arange(len(order))
    result: Codes = new[own]
    return result


def count(codes: Codes) -> int:
    """Return how many groups there are."""
    return int(codes.max(initial=-1)) + 1


def inside(fine: Codes, coarse: Codes) -> bool:
    """Return whether each group of the finer codes lies in one group of the coarser ones."""
    one = np.zeros(count(fine), dtype=np.int64)
    one[fine] = coarse
    return bool(np.array_equal(one[fine], coarse))


def distinct(codes: Codes) -> int:
    """Return how many groups some of the codes name."""
    return int(np.count_nonzero(np.bincount(codes - ABSENT)))


def constant_in(values: Floats, codes: Codes) -> bool:
    """Return whether values are the same in each group; absent values count for nothing."""
    there = np.isfinite(values)
    one = np.zeros(count(codes))
    one[codes[there]] = values[there]
    apart = float(np.max(np.abs(values[there] - one[codes[there]]), initial=0.0))
    if not apart or apart > 1e-9 * max(1.0, float(np.max(np.abs(values[there]), initial=0.0))):
        return not apart
    low = np.full(count(codes), np.inf)
    high = np.full(count(codes), -np.inf)
    np.minimum.at(low, codes[there], values[there])
    np.maximum.at(high, codes[there], values[there])
    seen = high >= low
    return bool(np.all(high[seen] - low[seen] <= 1e-9 * np.maximum(1.0, np.abs(high[seen]))))


def means(values: NDArray[np.float64], codes: Codes) -> NDArray[np.float64]:
    """Return the mean of each group, for a column of values or for several."""
    size = np.bincount(codes, minlength=count(codes)).astype(float)
    if values.ndim == 1:
        result: Floats = np.bincount(codes, weights=values, minlength=count(codes)) / size
        return result
    averages = np.empty((count(codes), values.shape[1]))
    for place in range(values.shape[1]):
        averages[:, place] = np.bincount(codes, weights=values[:, place], minlength=count(codes)) / size
    return averages


class Levels:
    """The groupings of a table, ready to ask which of them a column follows."""

    def __init__(self, groupings: Sequence[Grouping], strata: Codes, y: Floats) -> None:
        self.size, self.strata, self.y = len(strata), recoded(strata), y
        self.groupings = [Grouping(grouping.name, recoded(grouping.codes)) for grouping in groupings]
        self._blocks: dict[bytes, tuple[str, Codes]] = {}

    def of(self, column: Column) -> Level:
        """Return the level of a column: the widest grouping above its bearers in which it does not vary."""
        name, group = "", recoded(column.bearers)
        for grouping in self.groupings:
            wider = count(grouping.codes) < count(group) and count(grouping.codes) > 1
            if grouping.codes.tobytes() == group.tobytes():
                name = name or grouping.name
            if wider and inside(group, grouping.codes) and constant_in(column.values, grouping.codes):
                name, group = grouping.name, grouping.codes
        # Kinds of thing are never put together.
        if not inside(group, self.strata):
            group = recoded(group * (count(self.strata) + 1) + self.strata)
        block_name, block = self._block_of(group)
        return Level(name, group, block_name, block)

    def _block_of(self, group: Codes) -> tuple[str, Codes]:
        """Return the narrowest batches that hold several groups each; of equal ones that with more to say."""
        if group.tobytes() not in self._blocks:
            best, name, codes = (count(self.strata), 0.0), "", self.strata
            for grouping in self.groupings:
                within = recoded(grouping.codes * (count(self.strata) + 1) + self.strata)
                blocks = count(within)
                if blocks * GROUPS_IN_BLOCK > count(group) or not inside(group, within):
                    continue
                rank = (blocks, self._explained(within))
                if rank > best:
                    best, name, codes = rank, grouping.name, within
            self._blocks[group.tobytes()] = name, codes
        return self._blocks[group.tobytes()]

    def _explained(self, codes: Codes) -> float:
        y = self.y
        there = np.isfinite(y)
        centred = y[there] - y[there].mean()
        mean = means(centred, recoded(codes[there]))[recoded(codes[there])]
        total = float(centred @ centred)
        return float(mean @ mean) / total if total else 0.0
