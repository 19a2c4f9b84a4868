"""Levels of the settings -> runs, spread so that no two settings of a line go together by accident."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Design:
    """Settings for a number of runs: a Latin hypercube, shuffled until hardly correlated."""

    TRIES = 200

    def __init__(self, runs: int, rng: np.random.Generator) -> None:
        """Take the number of runs and the source of chance."""
        self._runs, self._rng = runs, rng
        self._columns: list[Floats] = []

    def hold(self, values: Floats) -> Floats:
        """Take over a column that is given, so that later ones keep clear of it."""
        self._columns.append(values)
        return values

    def spread(self, low: float, high: float, levels: int | None = None, digits: int = 2) -> Floats:
        """Return a setting that covers low to high, evenly or in a few levels."""
        steps = min(levels or self._runs, self._runs)
        values = np.linspace(low, high, steps)[np.arange(self._runs) * steps // self._runs].round(digits)
        tries = [self._rng.permutation(values) for _ in range(self.TRIES)]
        return self.hold(min(tries, key=self._togetherness))

    def _togetherness(self, values: Floats) -> float:
        if self._runs < 3 or not self._columns:
            return 0.0
        return max(abs(_correlation(values, column)) for column in self._columns)


def _correlation(one: Floats, other: Floats) -> float:
    one, other = one - one.mean(), other - other.mean()
    size = float(np.sqrt((one @ one) * (other @ other)))
    return float(one @ other) / size if size else 0.0
