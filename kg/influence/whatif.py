"""An observed influence and a change of its parameter -> the change of the property, or why not.

The model is a straight line or a parabola between the groups, whichever predicts better what it never saw.
It answers inside the range of its data, and nowhere else.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from kg.errors import KgError
from kg.influence.combine import Entry, Ranking
from kg.influence.levels import count, means, recoded
from kg.influence.observed import Frame, Observer
from kg.influence.table import Floats
from kg.terms import vocabulary

FEWEST = 8
"""Degrees of freedom that a model must have left."""

BETTER = 0.95
"""A parabola is taken where its error is at most this part of that of a straight line."""

FOLDS = 10
MANY = 40
"""Groups from which the outermost 5 % do not count for the range."""

_CHANGE = re.compile(
    r"(?P<name>.+?)\s*(?:(?P<sign>[+-])\s*(?P<by>\d+(?:\.\d+)?)|=\s*(?P<to>-?\d+(?:\.\d+)?))\s*(?P<unit>[^\s\d]\S*)?"
)


@dataclass(frozen=True)
class Change:
    """What is asked: the entry by its title, and a change by a `share`, by an amount, or to a value."""

    name: str
    share: float | None = None
    add: float | None = None
    to: float | None = None
    unit: str = ""

    def of(self, value: float) -> float:
        """Return the value after the change."""
        if self.to is not None:
            return self.to
        return value * (1 + self.share) if self.share is not None else value + (self.add or 0.0)


def parse(text: str) -> Change:
    """Return the change that a text asks for: `LineLoad +10 %`, `LineLoad -20 N/mm`, `LineLoad = 300`.

    Raises KgError where it is none.
    """
    found = _CHANGE.fullmatch(text.strip())
    if not found:
        raise KgError(
            f"'{text}' is no change. Write 'LineLoad +10 %', 'LineLoad -20 N/mm' or 'LineLoad = 300'."
        )
    name, unit = found["name"], found["unit"] or ""
    if found["to"] is not None:
        return Change(name, to=float(found["to"]), unit=unit)
    by = float(found["by"]) * (1 if found["sign"] == "+" else -1)
    return Change(name, share=by / 100) if unit == "%" else Change(name, add=by, unit=unit)


@dataclass(frozen=True)
class Model:
    """A fitted influence: the property by one parameter, with the others as they are.

    `form` is `line` or `parabola`; `weights` and `covariance` are those of its terms in standard deviations,
    x is taken from `centre`. `error` is that of predictions for groups it never saw, in standard deviations,
    and `explained` the part of the variation that they explain. `low` to `high` is where it holds, in
    standard deviations of the value.
    """

    outcome: str
    parameter: str
    form: str
    weights: Floats
    covariance: NDArray[np.float64]
    df: int
    groups: int
    things: int
    error: float
    explained: float
    folds: str
    low: float
    high: float
    digest: str

    def terms(self, x: float) -> Floats:
        """Return the terms of the model at a value."""
        return np.array([x, x * x][: len(self.weights)])


@dataclass(frozen=True)
class Answer:
    """The change of a property for a change of a parameter, for one kind of thing.

    `before` and `after` are values of the parameter, `value` the mean of the property, `change` its change
    with the 95 % interval `low` to `high`, all in units. `error` is the error of prediction for a group
    never seen.
    """

    kind: str
    before: float
    after: float
    value: float
    change: float
    low: float
    high: float
    error: float
    valid_from: float
    valid_to: float


@dataclass(frozen=True)
class WhatIf:
    """A model and its answers, one for each kind of thing; `refused` says why another kind has none."""

    change: Change
    entry: Entry
    model: Model
    answers: tuple[Answer, ...]
    refused: tuple[str, ...]
    unit: str
    parameter_unit: str


def what_if(ranking: Ranking, text: str) -> WhatIf:
    """Return what becomes of the property of a ranking when one of its parameters is changed.

    Raises KgError where the change is none, the influence is not observed, the data are too few for a model,
    the model predicts no better than the mean, or the new value lies outside the range of the data.
    """
    change = parse(text)
    entry = ranking.entry(change.name)
    if ranking.observer is None:
        raise KgError("a model needs observed influences; leave out --what stated.")
    if change.unit and change.unit != entry.unit:
        raise KgError(
            f"{entry.label} is kept in {entry.unit or 'no unit'}, not in '{change.unit}'. Give it in that."
        )
    model = fit(ranking, entry)
    seen = entry.observed
    assert seen is not None
    observer = ranking.observer
    x, names = observer.raw[seen.column], observer.table.stratum_names
    answers, refused = [], []
    for code in range(count(observer.strata)):
        at = (observer.strata == code) & np.isfinite(x) & np.isfinite(observer.raw_y)
        if at.sum() > 1 and float(x[at].std(ddof=1)) > 0:
            try:
                answers.append(_answer(model, change, entry, observer, at, names[code]))
            except KgError as error:
                refused.append(str(error))
    if not answers:
        raise KgError(" ".join(refused))
    unit = vocabulary().units.get(ranking.unit)
    return WhatIf(change, entry, model, tuple(answers), tuple(refused), unit.name if unit else "", entry.unit)


def _answer(
    model: Model, change: Change, entry: Entry, observer: Observer, at: NDArray[np.bool_], kind: str
) -> Answer:
    assert entry.observed is not None
    x, y = observer.raw[entry.observed.column][at], observer.raw_y[at]
    middle, spread = float(x.mean()), float(x.std(ddof=1))
    wide = float(y.std(ddof=1))
    after = change.of(middle)
    low = max(middle + model.low * spread, float(x.min()))
    high = min(middle + model.high * spread, float(x.max()))
    if not low <= after <= high:
        unit = f" {entry.unit}" if entry.unit not in ("", "1") else ""
        of = f" of the {kind} ones" if kind else ""
        raise KgError(
            f"{entry.title} would be {after:.4g}{unit}, and the data{of} hold {low:.4g} to {high:.4g}{unit}. "
            "Nothing is said about what was never tried; ask for a value in this range."
        )
    step = model.terms((after - middle) / spread) - model.terms(0.0)
    size = float(step @ model.weights)
    sure = float(stats.t.ppf(0.975, model.df)) * float(np.sqrt(step @ model.covariance @ step))
    mean = float(observer.table.y[at].mean())

    def units(value: float) -> float:
        return mean * float(np.expm1(value * wide)) if observer.ratios else value * wide

    ends = sorted((units(size - sure), units(size + sure)))
    return Answer(
        kind, middle, after, mean, units(size), ends[0], ends[1], abs(units(model.error)), low, high
    )


def fit(ranking: Ranking, entry: Entry) -> Model:
    """Return the model of an observed influence. Raises KgError where the data do not carry one."""
    seen, observer = entry.observed, ranking.observer
    if observer is None or seen is None or not seen.found:
        q = f" (q {seen.q:.2f})" if seen is not None and seen.tested else ""
        raise KgError(
            f"an influence of {entry.title} on {ranking.label} is not observed in these data{q}: no model."
        )
    if seen.df < FEWEST:
        text = (
            f"the influence of {entry.title} rests on {seen.groups} groups with {seen.df} degrees of freedom"
        )
        raise KgError(f"{text}; a model needs {FEWEST}. More batches are needed, not more things.")
    frame = observer.frame(seen.column, [adjuster.column for adjuster in seen.adjusters])
    y, terms, adjust, block, x = _grouped(frame)
    forms = [("line", terms[:, :1]), ("parabola", terms)]
    folds, said = _folds(block)
    errors = [_unseen(y, np.column_stack([part, adjust]), folds) for _, part in forms]
    place = 1 if errors[1][0] < BETTER * errors[0][0] and len(np.unique(np.round(x, 6))) > 3 else 0
    form, part = forms[place]
    error, explained = errors[place]
    if explained <= 0:
        raise KgError(
            f"a model of {ranking.label} by {entry.title} predicts no better than the mean: none is made."
        )
    design = np.column_stack([part, adjust])
    inverse = np.linalg.pinv(design.T @ design)
    weights = inverse @ design.T @ y
    df = len(y) - count(block) - int(np.linalg.matrix_rank(design))
    left = y - design @ weights
    covariance = inverse * float(left @ left) / df
    size = part.shape[1]
    outer = (2.5, 97.5) if len(x) >= MANY else (0.0, 100.0)
    low, high = (float(value) for value in np.percentile(x, outer))
    return Model(
        ranking.label, entry.title, form, weights[:size], covariance[:size, :size], df, len(y), seen.things,
        error,
        explained, said, low, high, digest(ranking, entry),
    )  # fmt: skip


def _grouped(
    frame: Frame,
) -> tuple[Floats, NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], Floats]:
    """Return property, terms, adjusters and block of each group, the first three less their mean in it."""
    y = frame.y.copy()
    for place, adjuster in enumerate(frame.adjusters):
        if adjuster.slope is not None:
            y -= adjuster.slope * frame.adjust[:, place]
    kept = [place for place, adjuster in enumerate(frame.adjusters) if adjuster.slope is None]
    x = means(frame.x, frame.group)
    block = recoded(np.round(means(frame.block.astype(float), frame.group)).astype(np.int64))
    adjust = means(frame.adjust[:, kept], frame.group) if kept else np.empty((len(x), 0))
    columns = np.column_stack([means(y, frame.group), x, x * x, adjust])
    columns -= means(columns, block)[block]
    return columns[:, 0], columns[:, 1:3], columns[:, 3:], block, x


def _folds(block: NDArray[np.int64]) -> tuple[NDArray[np.int64], str]:
    """Return the fold of each group: whole batches are left out where there are enough of them."""
    if count(block) >= FOLDS // 2:
        return block % FOLDS, "batches left out"
    return np.arange(len(block)) % FOLDS, "groups left out"


def _unseen(y: Floats, design: NDArray[np.float64], folds: NDArray[np.int64]) -> tuple[float, float]:
    """Return the error of predictions for what was left out, and the part of it that they explain."""
    missed = np.empty(len(y))
    for fold in np.unique(folds):
        out = folds == fold
        weights = np.linalg.lstsq(design[~out], y[~out], rcond=None)[0]
        missed[out] = y[out] - design[out] @ weights
    total = float(y @ y)
    return float(np.sqrt(np.mean(missed**2))), 1 - float(missed @ missed) / total if total else 0.0


def digest(ranking: Ranking, entry: Entry) -> str:
    """Return the sha256 of the numbers that a model is made from: it changes when they do."""
    rows = ranking.evidence(entry)
    names = [name for name in rows.columns if name not in ("property row", "parameter row")]
    text = rows.select(names).sort("thing").write_csv(float_precision=9)
    return hashlib.sha256(text.encode()).hexdigest()


def as_dict(answer: WhatIf) -> dict[str, Any]:
    """Return a model and its answers for machines."""
    model = answer.model
    return {
        "property": model.outcome,
        "parameter": model.parameter,
        "unit": answer.unit,
        "parameter_unit": answer.parameter_unit,
        "answers": [
            {
                "kind": one.kind,
                "parameter_before": one.before,
                "parameter_after": one.after,
                "property_before": one.value,
                "change": one.change,
                "interval": [one.low, one.high],
                "error_of_prediction": one.error,
                "valid_from": one.valid_from,
                "valid_to": one.valid_to,
            }
            for one in answer.answers
        ],
        "refused": list(answer.refused),
        "model": {
            "form": model.form,
            "groups": model.groups,
            "things": model.things,
            "degrees_of_freedom": model.df,
            "explained_of_what_was_left_out": model.explained,
            "folds": model.folds,
            "taken_off": list(answer.entry.adjusted_for),
            "sha256": model.digest,
        },
    }


def coefficients(model: Model, answers: Sequence[Answer], files: Mapping[str, str]) -> str:
    """Return the numbers of a model as JSON, as it is kept in the graph; `files` are digests by graph."""
    kept = {
        "form": model.form,
        "weights": model.weights.tolist(),
        "covariance": model.covariance.tolist(),
        "degrees_of_freedom": model.df,
        "trained_on": dict(files),
        "kinds": [{"kind": one.kind, "middle": one.before, "property": one.value} for one in answers],
    }
    return json.dumps(kept, sort_keys=True)
