"""Values that were known before -> the few that are taken off before another value is looked at.

They are picked one after the other, each by its test beside those picked before, with a threshold that keeps
the rate of false ones (Benjamini and Gavrilov 2009, Annals of Applied Statistics 3, 179).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from kg.influence.levels import count, means
from kg.influence.table import Column

if TYPE_CHECKING:
    from kg.influence.observed import Observer, Partner

ENTRY = 0.05
FEWEST = 4
MOST = 12
ALONE = 0.05
"""Least share of a value that must be its own, beside what was picked before."""

VARIES = 0.3
"""Share of the variation inside the groups from which a value counts as varying there."""

PRESENT = 0.8
"""Share of the things that must have a value for it to be taken off."""


@dataclass(frozen=True)
class _Grams:
    """Products of all columns and the property at one level: between the groups, and inside them."""

    between: NDArray[np.float64]
    inside: NDArray[np.float64]
    groups: int
    blocks: int
    things: int
    varies: NDArray[np.bool_]


class Selection:
    """What to take off, for each column of a table."""

    def __init__(self, observer: Observer) -> None:
        self.observer = observer
        self.columns = observer.table.columns
        y = observer.y[:, None]
        self.filled = np.nan_to_num(np.hstack([observer.z, y]), nan=0.0)
        share = np.isfinite(observer.z).mean(axis=0) if len(self.columns) else np.empty(0)
        self.usable = (share >= PRESENT) & np.array(observer.varies, dtype=bool)
        self._grams: dict[int, _Grams] = {}
        self._picked: dict[frozenset[int], list[int]] = {}
        self._p: dict[tuple[int, ...], NDArray[np.float64]] = {}

    def grams(self, number: int) -> _Grams:
        """Return the products at a level, by its number."""
        if number not in self._grams:
            level = self.observer.level_set[number]
            group, block = level.group, level.block
            at_group = means(self.filled, group)
            inside = self.filled - at_group[group]
            block_of = np.zeros(count(group), dtype=np.int64)
            block_of[group] = block
            centred = at_group - means(at_group, block_of)[block_of]
            whole = self.filled - means(self.filled, block)[block]
            gram_in = inside.T @ inside
            total = np.maximum(np.einsum("ij,ij->j", whole, whole), 1e-12)
            self._grams[number] = _Grams(
                centred.T @ centred,
                gram_in,
                count(group),
                count(block),
                len(group),
                np.diag(gram_in) > VARIES * total,
            )
        return self._grams[number]

    def finer(self, place: int, chosen: list[int]) -> list[bool]:
        """Return which of some columns vary inside the groups of a column."""
        varies = self.grams(int(self.observer.level_of[place])).varies
        return [bool(varies[other]) for other in chosen]

    def adjusters(self, place: int) -> tuple[list[int], list[Partner], int]:
        """Return the columns to take off for a column, its partners, and how many columns had no room."""
        from kg.influence.observed import ALIKE, TOGETHER, Partner

        grams = self.grams(int(self.observer.level_of[place]))
        others = [c for c in range(len(self.columns)) if c != place and self.usable[c]]
        own = grams.between[place, place]
        partners = []
        for c in others:
            size = float(np.sqrt(own * grams.between[c, c]))
            if size > 1e-12 and not grams.varies[c]:
                r = float(grams.between[place, c]) / size
                if abs(r) >= TOGETHER and self.columns[c].key != self.columns[place].key:
                    partners.append(Partner(c, r))
        alike = {partner.column for partner in partners if abs(partner.correlation) >= ALIKE}
        # The value itself stands in the pool: what it explains must not hide the others.
        pool = self.allowed(place) | ({place} if self.usable[place] else set())
        picked = [c for c in self.pick(pool) if c != place and c not in alike]
        inner = [c for c in picked if grams.varies[c]]
        outer = [c for c in picked if not grams.varies[c] and grams.between[c, c] > 1e-9 * grams.groups]
        room = max(0, (grams.groups - grams.blocks) // 4)
        kept = [c for c in picked if c in inner or c in outer[:room]]
        partners.sort(key=lambda partner: -abs(partner.correlation))
        return kept, partners, max(0, len(outer) - room)

    def allowed(self, place: int) -> frozenset[int]:
        """Return the columns that may be taken off for a column: what cannot be a consequence of it.

        For a property, the step that makes it is left in, too: its variation is what is looked at.
        """
        x = self.columns[place]
        return frozenset(
            c
            for c, column in enumerate(self.columns)
            if self.usable[c]
            and not may_follow(column, x)
            and not (x.role == "property" and column.step == x.step and column.side == x.side)
        )

    def pick(self, pool: frozenset[int]) -> list[int]:
        """Return the columns of a pool that are picked, in the order of picking."""
        if pool not in self._picked:
            picked: list[int] = []
            rest = np.array(sorted(pool), dtype=np.int64)
            while len(rest) and len(picked) < MOST:
                p = self._tests(tuple(picked))[rest]
                best = int(np.argmin(p))
                step = len(picked) + 1
                if p[best] > step * ENTRY / (len(pool) + 1 - step * (1 - ENTRY)):
                    break
                picked.append(int(rest[best]))
                rest = np.delete(rest, best)
            self._picked[pool] = picked
        return self._picked[pool]

    def _tests(self, picked: tuple[int, ...]) -> NDArray[np.float64]:
        """Return p of all columns beside those picked, from the products alone; 1 where nothing can be said.

        The columns of a pool do not depend on each other, and most pools are picked from in the same way.
        """
        if picked not in self._p:
            places = np.flatnonzero(self.usable)
            of = self.observer.level_of[places]
            p = np.ones(len(self.columns))
            for number in np.unique(of):
                here = places[of == number]
                p[here] = _p_values(self.grams(int(number)), here, list(picked))
            self._p[picked] = p
        return self._p[picked]


def _p_values(grams: _Grams, places: NDArray[np.int64], picked: list[int]) -> NDArray[np.float64]:
    """Return p of columns of one level: first what varies inside the groups, then between the groups."""
    y = len(grams.varies) - 1
    inner = np.array([c for c in picked if grams.varies[c]], dtype=np.int64)
    there = [c for c in picked if not grams.varies[c] and grams.between[c, c] > 1e-9 * grams.groups]
    outer = np.array(there, dtype=np.int64)
    if grams.things - grams.groups < 3 * len(inner) + 5:
        inner, outer = inner[:0], np.concatenate([inner, outer])
    df = grams.groups - grams.blocks - len(outer) - 1
    if df < FEWEST:
        return np.ones(len(places))
    weight = np.zeros(y + 1)
    weight[y] = 1.0
    if len(inner):
        weight[inner] -= np.linalg.pinv(grams.inside[np.ix_(inner, inner)]) @ grams.inside[inner, y]
    xy = grams.between[places] @ weight
    xx = grams.between[places, places]
    own = xx.copy()
    yy = float(weight @ grams.between @ weight)
    if len(outer):
        inverse = np.linalg.pinv(grams.between[np.ix_(outer, outer)])
        shared, right = grams.between[np.ix_(outer, places)], grams.between[outer] @ weight
        own -= np.einsum("ij,ij->j", shared, inverse @ shared)
        xy -= shared.T @ (inverse @ right)
        yy -= float(right @ inverse @ right)
    usable = (xx > 1e-9 * grams.groups) & (own >= ALONE * xx) & (yy > 1e-12)
    r2 = np.where(usable, np.minimum(xy**2 / np.where(usable, own * yy, 1.0), 1 - 1e-15), 0.0)
    p: NDArray[np.float64] = 2 * stats.t.sf(np.sqrt(r2 * df / (1 - r2)), df)
    return np.where(usable, p, 1.0)


def may_follow(column: Column, x: Column) -> bool:
    """Return whether a value may be a consequence of another one, by when and where it came about.

    What was chosen for a run is no consequence; what was measured before, or on the other electrode, neither.
    """
    if column.role == "parameter" and column.chosen and column.key != x.key:
        return False
    if column.side and x.side and column.side != x.side:
        return False
    if abs(column.distance - x.distance) > 0.25:
        return column.distance < x.distance
    if column.step != x.step and np.isfinite(column.start) and np.isfinite(x.start):
        return column.start >= x.start
    return True
