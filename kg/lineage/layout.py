"""Cards in columns and the arrows between them -> places in a plane, in which no card lies on another.

Layers of a directed graph, after Sugiyama, Tagawa and Toda (1981): an arrow over several columns passes
through a gap in each; cards of a column are put in the order of what they are joined to, and then moved
towards it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

SWEEPS = 12


@dataclass(frozen=True)
class Box:
    """A card in the plane."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Plan:
    """Where each card is, through which points each arrow goes, and how large all of it is."""

    boxes: dict[str, Box]
    ways: dict[tuple[str, str], tuple[tuple[float, float], ...]]
    width: float
    height: float


class _Sheet:
    """Columns of cards, and of the gaps that arrows pass through."""

    def __init__(
        self,
        heights: Mapping[str, float],
        columns: Mapping[str, int],
        arrows: Iterable[tuple[str, str]],
        gap: float,
    ) -> None:
        self.heights, self.gap = dict(heights), gap
        self.columns: list[list[str]] = [[] for _ in range(max(columns.values(), default=-1) + 1)]
        self.before: dict[str, list[str]] = {}
        self.after: dict[str, list[str]] = {}
        self.chains: dict[tuple[str, str], list[str]] = {}
        for key, column in columns.items():
            self.columns[column].append(key)
        for source, target in arrows:
            chain = [source]
            for column in range(columns[source] + 1, columns[target]):
                gap_key = f"{source}\n{target}\n{column}"
                self.heights[gap_key] = 2.0
                self.columns[column].append(gap_key)
                chain.append(gap_key)
            chain.append(target)
            self.chains[source, target] = chain
            if columns[source] < columns[target]:
                for one, other in pairwise(chain):
                    self.after.setdefault(one, []).append(other)
                    self.before.setdefault(other, []).append(one)
        self.y: dict[str, float] = {}
        for keys in self.columns:
            self.stack(keys)

    def stack(self, keys: list[str]) -> None:
        """Put the cards of a column one below the other, centred about zero."""
        total = sum(self.heights[key] for key in keys) + self.gap * (len(keys) - 1)
        y = -total / 2
        for key in keys:
            self.y[key] = y + self.heights[key] / 2
            y += self.heights[key] + self.gap

    def wish(self, key: str, sides: tuple[dict[str, list[str]], ...]) -> float:
        """Return where a card would like to be: amid what it is joined to."""
        joined = [self.y[other] for side in sides for other in side.get(key, ())]
        return sum(joined) / len(joined) if joined else self.y[key]

    def sort(self) -> None:
        for sweep in range(SWEEPS):
            forward = sweep % 2 == 0
            sides = (self.before,) if forward else (self.after,)
            for keys in self.columns if forward else reversed(self.columns):
                wishes = {key: self.wish(key, sides) for key in keys}
                keys.sort(key=lambda key: wishes[key])
                self.stack(keys)

    def settle(self) -> None:
        for sweep in range(2 * SWEEPS):
            for keys in self.columns if sweep % 2 == 0 else reversed(self.columns):
                self.place(keys, {key: self.wish(key, (self.before, self.after)) for key in keys})

    def place(self, keys: list[str], wishes: dict[str, float]) -> None:
        """Move the cards of a column as near to their wishes as their order and the gaps allow.

        Neighbours that would lie on each other form a block, which stands where its members wish on average.
        """
        blocks: list[tuple[list[str], float, float]] = []
        for key in keys:
            blocks.append(([key], self.heights[key], wishes[key]))
            while len(blocks) > 1:
                (upper, above, at), (lower, below, to) = blocks[-2:]
                if at + above / 2 + self.gap <= to - below / 2:
                    break
                size = above + self.gap + below
                # Where the middle of the joined block must be for each half to have its wish.
                from_upper, from_lower = at + (size - above) / 2, to - (size - below) / 2
                weight = len(upper) / (len(upper) + len(lower))
                blocks[-2:] = [(upper + lower, size, weight * from_upper + (1 - weight) * from_lower)]
        for members, size, middle in blocks:
            y = middle - size / 2
            for key in members:
                self.y[key] = y + self.heights[key] / 2
                y += self.heights[key] + self.gap


def arrange(
    heights: Mapping[str, float],
    columns: Mapping[str, int],
    arrows: Iterable[tuple[str, str]],
    *,
    width: float,
    gap_x: float,
    gap_y: float,
) -> Plan:
    """Return places for cards of one width and of these heights, in these columns from the left."""
    sheet = _Sheet(heights, columns, arrows, gap_y)
    sheet.sort()
    sheet.settle()
    tops = [sheet.y[key] - sheet.heights[key] / 2 for key in sheet.y]
    top = min(tops, default=0.0)
    step = width + gap_x
    boxes = {
        key: Box(columns[key] * step, sheet.y[key] - heights[key] / 2 - top, width, heights[key])
        for key in heights
    }
    column_of = {key: number for number, keys in enumerate(sheet.columns) for key in keys}
    ways = {}
    for (source, target), chain in sheet.chains.items():
        points = [(boxes[source].x + width, sheet.y[source] - top)]
        for key in chain[1:-1]:
            x, y = column_of[key] * step, sheet.y[key] - top
            points += [(x, y), (x + width, y)]
        points.append((boxes[target].x, sheet.y[target] - top))
        ways[source, target] = tuple(points)
    bottom = max((sheet.y[key] + sheet.heights[key] / 2 for key in sheet.y), default=0.0)
    return Plan(boxes, ways, max(len(sheet.columns) * step - gap_x, 0), bottom - top)
