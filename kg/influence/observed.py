"""A table of things -> for each upstream value: how strongly the property goes with it, and how sure that is.

The unit that counts is the group at which a value was chosen (the roll, the batch), never the thing.
Groups are compared inside the batches that hold them, and with the other influences taken off.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.multitest import multipletests
from threadpoolctl import threadpool_limits

from kg.influence.levels import Level, Levels, count, distinct, means, recoded
from kg.influence.select import Selection
from kg.influence.table import Codes, Column, Floats, Table

RATE = 0.05
"""Rate of false discoveries that is aimed at."""

FEWEST = 4
"""Degrees of freedom below which nothing is tested."""

FEW = 8
"""Degrees of freedom below which a result is called one of few data."""

TOGETHER, ALIKE = 0.7, 0.9
"""Correlation at which two values are said to go together, and at which the data cannot tell them apart."""

INSIDE = 0.1
"""Share of the variation inside the batches below which a reader is told."""

SPAN = 2.0
"""Largest over least value of a property from which it is compared by ratios."""

FAR = 6.0
"""Robust standard deviations from the middle beyond which a value is called far off."""


@dataclass(frozen=True)
class Adjuster:
    """What was taken off before: the column, and its slope where it was found inside the groups."""

    column: int
    slope: float | None = None


@dataclass(frozen=True)
class Partner:
    """A value that goes together with another one, with the correlation between the groups."""

    column: int
    correlation: float


@dataclass(frozen=True)
class Observed:
    """What the data say of one upstream value and the property.

    `things` have both values; `groups` of them were chosen apart from each other, in `blocks` batches; `df`
    are the degrees of freedom that are left. `effect` is in standard deviations of the property for one
    standard deviation of the value (each over things), with its 95 % interval `low` to `high`; `slope` is
    the same in units, None where several kinds of thing are pooled, for which `slopes` holds one each.
    `correlation` is partial, `rank` the same of ranks. `p` is of the slope, `rank_p` of the ranks, `q` is
    the larger of the two, adjusted for all values that were tested (Benjamini and Hochberg 1995).
    """

    column: int
    level: Level
    things: int
    groups: int
    blocks: int
    df: int
    effect: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    slope: float | None = None
    slope_low: float | None = None
    slope_high: float | None = None
    correlation: float = float("nan")
    rank: float = float("nan")
    p: float = float("nan")
    rank_p: float = float("nan")
    q: float = float("nan")
    adjusters: tuple[Adjuster, ...] = ()
    partners: tuple[Partner, ...] = ()
    warnings: tuple[str, ...] = ()
    reason: str = ""
    by_stratum: tuple[tuple[str, float], ...] = field(default=())

    @property
    def tested(self) -> bool:
        """Return whether there were data enough for a test."""
        return not self.reason

    @property
    def worse(self) -> float:
        """Return the larger of the two p: an influence must show in the slope and in the ranks."""
        return max(self.p, self.rank_p)

    @property
    def found(self) -> bool:
        """Return whether the influence counts as observed: sure enough for so many tests, and of one sign."""
        return self.tested and self.q <= RATE and self.rank * self.effect > 0

    @property
    def sign(self) -> int:
        """Return +1 where the property grows with the value, -1 where it falls, 0 where nothing is seen."""
        return int(np.sign(self.effect)) if self.found else 0


@dataclass(frozen=True)
class Frame:
    """The numbers behind one observation, a row for each thing, as `estimate` takes them."""

    at: Codes
    y: Floats
    x: Floats
    group: Codes
    block: Codes
    adjust: NDArray[np.float64]
    adjusters: tuple[Adjuster, ...]
    imputed: int


def standardised(values: Floats, strata: Codes) -> Floats:
    """Return values less their mean, in standard deviations, each kind of thing for itself; NaN stay."""
    result = np.full(len(values), np.nan)
    for code in range(count(strata)):
        at = (strata == code) & np.isfinite(values)
        if at.sum() > 1:
            spread = values[at].std(ddof=1)
            result[at] = (values[at] - values[at].mean()) / (spread if spread > 0 else 1.0)
    return result


class Observer:
    """One look at a table: levels, standard values, and the selections of what to take off."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.strata = recoded(table.strata)
        near = without_far(table.y, self.strata)
        self.ratios = _in_ratios(near, self.strata)
        self.raw_y = np.log(near) if self.ratios else near
        self.y = standardised(self.raw_y, self.strata)
        self.raw = [without_far(column.values, self.strata) for column in table.columns]
        self.z = np.column_stack(
            [standardised(values, self.strata) for values in self.raw] or [np.empty((len(self.y), 0))]
        )
        levels = Levels(table.groupings, self.strata, self.y)
        self.level = [levels.of(column) for column in table.columns]
        numbers: dict[tuple[bytes, bytes], int] = {}
        self.level_of = np.array(
            [numbers.setdefault(level.key, len(numbers)) for level in self.level], dtype=int
        )
        self.level_set = dict(zip(self.level_of.tolist(), self.level, strict=True))
        self.varies = [bool(np.nanmax(np.abs(z), initial=0.0) > 1e-9) for z in self.z.T]
        self.selection = Selection(self)

    def all(self) -> list[Observed]:
        """Return what the data say of each column, in their order, adjusted for their number."""
        # These products are small and many: threads would wait for each other longer than they work.
        with threadpool_limits(1, "blas"):
            seen = [self.one(place) for place in range(len(self.table.columns))]
        tested = [place for place, result in enumerate(seen) if result.tested]
        if tested:
            adjusted = multipletests([seen[place].worse for place in tested], method="fdr_bh")[1]
            for place, q in zip(tested, adjusted, strict=True):
                seen[place] = _with(seen[place], q=float(q))
        return seen

    def one(self, place: int) -> Observed:
        """Return what the data say of one column, not adjusted for the number of columns."""
        column, level = self.table.columns[place], self.level[place]
        there = np.isfinite(self.z[:, place]) & np.isfinite(self.y)
        groups = distinct(level.group[there])
        blocks = distinct(level.block[there])
        bare = Observed(place, level, int(there.sum()), groups, blocks, groups - blocks - 1)
        if not self.varies[place] or groups < 2:
            return _with(bare, reason="it does not vary")
        if bare.df < FEWEST:
            return _with(bare, reason=f"too few: {self._said(level, groups, blocks)}")
        chosen, partners, capped = self.selection.adjusters(place)
        frame = self.frame(place, chosen)
        result = estimate(frame, bare)
        if result.reason:
            return result
        return self._dressed(result, frame, column, partners, capped)

    def _said(self, level: Level, groups: int, blocks: int) -> str:
        inner = f" in {blocks} blocks" if blocks > 1 else ""
        return f"it was chosen {groups} times{inner}, whatever the number of things"

    def frame(self, place: int, chosen: list[int]) -> Frame:
        """Return the numbers for one column and what is to be taken off, in standard deviations."""
        level = self.level[place]
        at = np.flatnonzero(np.isfinite(self.z[:, place]) & np.isfinite(self.y))
        adjust = self.z[at][:, chosen] if chosen else np.empty((len(at), 0))
        imputed = int(np.isnan(adjust).any(axis=1).sum())
        adjust = np.where(np.isnan(adjust), 0.0, adjust)
        group, block = recoded(level.group[at]), recoded(level.block[at])
        finer = self.selection.finer(place, chosen)
        slopes = within_slopes(self.y[at], adjust, group, finer)
        adjusters = tuple(Adjuster(c, s) for c, s in zip(chosen, slopes, strict=True))
        return Frame(at, self.y[at], self.z[at, place], group, block, adjust, adjusters, imputed)

    def _dressed(
        self, result: Observed, frame: Frame, column: Column, partners: list[Partner], capped: int
    ) -> Observed:
        """Add the slope in units, the partners, and what a reader must beware of."""
        warnings = []
        bearers = distinct(column.bearers[frame.at])
        if result.groups < bearers:
            warnings.append(
                f"the same in each {result.level.name}: {result.groups} of these count, not {bearers} runs"
            )
        if result.df < FEW:
            warnings.append(
                f"few data: {result.groups} {result.level.name or 'things'}, {result.df} degrees of freedom"
            )
        whole = means(frame.x, frame.group)
        share = float((between(frame)[1] ** 2).sum() / max(((whole - whole.mean()) ** 2).sum(), 1e-12))
        if share < INSIDE:
            warnings.append(
                f"varies mostly from batch to batch: {share:.0%} of it inside them, on which this rests"
            )
        if partners:
            warnings.append("goes together with other values: the data can hardly tell them apart")
        far = int(np.isfinite(column.values).sum() - np.isfinite(self.raw[result.column]).sum())
        absent = int(np.isfinite(self.y).sum()) - result.things - far
        if absent:
            warnings.append(f"absent for {absent} of {absent + result.things + far} things")
        if frame.imputed:
            lack = "1 thing lacks" if frame.imputed == 1 else f"{frame.imputed} things lack"
            warnings.append(f"{lack} a value that is taken off; the mean stands in")
        if capped:
            warnings.append(f"{capped} other influences are not taken off, as there are too few groups")
        if far:
            warnings.append(f"{far} far-off {'value is' if far == 1 else 'values are'} left out")
        if (result.p <= RATE) != (result.rank_p <= RATE):
            warnings.append("slope and ranks disagree: it may rest on few points")
        at = frame.at
        slopes, names = [], []
        for code in range(count(self.strata)):
            rows = at[self.strata[at] == code]
            x, y = self.raw[result.column][self.strata == code], self.raw_y[self.strata == code]
            if len(rows) > 1 and (spread := np.nanstd(x, ddof=1)) > 0:
                slopes.append(float(np.nanstd(y, ddof=1) / spread))
                names.append(self.table.stratum_names[code])
        by_stratum: tuple[tuple[str, float], ...] = ()
        unit: dict[str, float] = {}
        if len(slopes) == 1:
            unit = {
                "slope": result.effect * slopes[0],
                "slope_low": result.low * slopes[0],
                "slope_high": result.high * slopes[0],
            }
        else:
            each = [self._in_stratum(frame, result, code) for code in range(count(self.strata))]
            by_stratum = tuple(
                (name, value * scale)
                for name, value, scale in zip(names, each, slopes, strict=False)
                if value is not None
            )
            if len({np.sign(value) for _, value in by_stratum}) > 1 and result.p <= RATE:
                warnings.append("the kinds of thing disagree in sign")
        return _with(
            result, partners=tuple(partners), warnings=tuple(warnings), by_stratum=by_stratum, **unit
        )

    def _in_stratum(self, frame: Frame, result: Observed, code: int) -> float | None:
        rows = np.flatnonzero(self.strata[frame.at] == code)
        part = Frame(
            frame.at[rows], frame.y[rows], frame.x[rows],
            recoded(frame.group[rows]), recoded(frame.block[rows]), frame.adjust[rows], frame.adjusters, 0,
        )  # fmt: skip
        found = estimate(part, _with(result, reason=""))
        return found.effect if not found.reason else None


def within_slopes(
    y: Floats, adjust: NDArray[np.float64], group: Codes, finer: list[bool]
) -> list[float | None]:
    """Return the slopes of what varies inside the groups, from the differences inside them; None for others.

    Where there is too little inside the groups to find them, they stay for the comparison between the groups.
    """
    picked = [place for place, is_finer in enumerate(finer) if is_finer]
    result: list[float | None] = [None] * len(finer)
    if not picked or len(y) - count(group) < 3 * len(picked) + 5:
        return result
    x = adjust[:, picked]
    x = x - means(x, group)[group]
    slopes = np.linalg.lstsq(x, y - means(y, group)[group], rcond=None)[0]
    for place, slope in zip(picked, slopes, strict=True):
        result[place] = float(slope)
    return result


def between(frame: Frame) -> tuple[Floats, Floats, NDArray[np.float64], int]:
    """Return property, value and adjusters of each group, less the mean of its block, and how many blocks.

    From the property, what varies inside the groups is taken off first, with the slope found there.
    """
    y = frame.y.copy()
    for place, adjuster in enumerate(frame.adjusters):
        if adjuster.slope is not None:
            y -= adjuster.slope * frame.adjust[:, place]
    kept = [place for place, adjuster in enumerate(frame.adjusters) if adjuster.slope is None]
    block = recoded(np.round(means(frame.block.astype(float), frame.group)).astype(np.int64))
    columns = np.column_stack([y, frame.x, frame.adjust[:, kept]])
    grouped = means(columns, frame.group)
    grouped -= means(grouped, block)[block]
    return grouped[:, 0], grouped[:, 1], grouped[:, 2:], count(block)


def estimate(frame: Frame, bare: Observed) -> Observed:
    """Return slope, interval and tests of a value: least squares between groups, inside their blocks."""
    y, x, adjust, blocks = between(frame)
    groups = len(y)
    rank = 0
    if adjust.shape[1]:
        basis, weights, _ = np.linalg.svd(adjust, full_matrices=False)
        basis = basis[:, weights > 1e-8 * max(1.0, float(weights.max(initial=0.0)))]
        rank = basis.shape[1]
        y, x = y - basis @ (basis.T @ y), x - basis @ (basis.T @ x)
    df = groups - blocks - rank - 1
    bare = _with(bare, groups=groups, blocks=blocks, df=df, adjusters=frame.adjusters)
    spread = float(x @ x)
    if df < FEWEST:
        return _with(bare, reason=f"too few: {groups} groups, {df} degrees of freedom left")
    if spread <= 1e-10 * groups or float(y @ y) <= 1e-18:
        return _with(bare, reason="it does not vary apart from what is taken off")
    effect = float(x @ y) / spread
    left = y - effect * x
    error = float(np.sqrt(left @ left / df / spread))
    wide = float(stats.t.ppf(0.975, df)) * error
    correlation = float(x @ y) / float(np.sqrt(spread * (y @ y)))
    ranks = float(stats.spearmanr(x, y).statistic) if groups > 2 else 0.0
    return _with(
        bare, effect=effect, low=effect - wide, high=effect + wide, correlation=correlation, rank=ranks,
        p=_two_sided(correlation, df), rank_p=_two_sided(ranks, df),
    )  # fmt: skip


def _two_sided(correlation: float, df: int) -> float:
    """Return how often chance alone gives a correlation at least as far from 0, by Student's t."""
    rest = max(1.0 - correlation * correlation, 1e-300)
    return float(2 * stats.t.sf(abs(correlation) * np.sqrt(df / rest), df))


def without_far(values: Floats, strata: Codes) -> Floats:
    """Return values without those that lie far off from all others of their kind: NaN stands in."""
    result = values.copy()
    for code in range(count(strata)):
        at = np.flatnonzero((strata == code) & np.isfinite(values))
        if len(at):
            apart = np.abs(values[at] - np.median(values[at]))
            # Of few different values the middle half may be equal; then nothing is called far.
            spread = 1.4826 * float(np.median(apart))
            result[at[apart > FAR * spread]] = np.nan if spread > 0 else values[at[apart > FAR * spread]]
    return result


def _in_ratios(values: Floats, strata: Codes) -> bool:
    """Return whether a property spans so much that it is compared by ratios: by its logarithm."""
    spans = []
    for code in range(count(strata)):
        here = values[(strata == code) & np.isfinite(values)]
        if len(here):
            spans.append(here.max() / here.min() if here.min() > 0 else 0.0)
    return bool(spans) and min(spans) > 0 and max(spans) >= SPAN


def _with(result: Observed, **changes: object) -> Observed:
    return replace(result, **changes)  # type: ignore[arg-type]
