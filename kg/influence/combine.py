"""A store and a property -> one ranking of what moves it: stated, observed, both, or in conflict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
import pyoxigraph as ox

from kg.errors import KgError
from kg.influence.gather import gather
from kg.influence.group import ask, things_of
from kg.influence.observed import RATE, Observed, Observer
from kg.influence.path import Path as Way
from kg.influence.path import way
from kg.influence.select import may_follow
from kg.influence.stated import Chain, Stated, Statement, about, chains, stated
from kg.influence.table import Column, Table, plain
from kg.influence.target import TARGET, Target, target_of
from kg.iri import shorten
from kg.store import Store
from kg.terms import Vocabulary, vocabulary
from kg.values import Values
from kg.values import open as open_values

VERDICTS = {
    "both": "stated and observed",
    "conflict": "observed against what is stated",
    "observed": "observed, not stated",
    "unseen": "stated, not seen in these data",
    "untested": "stated, too few data",
    "absent": "stated, no data",
    "nothing": "not seen",
    "few": "too few data",
}
"""What an entry of a ranking can come to, in words."""

THROUGH = 0.3
"""Least correlation of a parameter with a property on the way that it is said to act through."""


@dataclass(frozen=True)
class Entry:
    """One parameter, or one property on the way, and the evidence for its influence.

    `rank` counts from 1 over all entries. `role` is `parameter` (of a run: it can be set) or `property` (of
    a thing on the way: it is moved by others). `through` holds the ranks of properties on the way that a
    parameter acts through.
    """

    rank: int
    role: str
    term: str
    label: str
    step: str
    step_label: str
    side: str
    name: str
    unit: str
    verdict: str
    stated: tuple[Stated, ...] = ()
    observed: Observed | None = None
    through: tuple[int, ...] = ()
    partners: tuple[tuple[str, float], ...] = ()
    adjusted_for: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Return the entry as people say it: `positive LineLoad (zone-1)`."""
        further = f" ({self.name.replace('.', ', ')})" if self.name else ""
        return f"{self.side} {self.label}{further}".strip()

    @property
    def sign(self) -> int:
        """Return the observed sign, or else the stated one; 0 where there is neither."""
        if self.observed is not None and self.observed.sign:
            return self.observed.sign
        return next((one.sign for one in self.stated if one.sign), 0)


@dataclass(frozen=True)
class Ranking:
    """The answer: all entries in order, and the things they rest on.

    `observer` holds the table behind it; `evidence` and `path` give what an entry was made from.
    """

    outcome: str
    label: str
    unit: str
    on: str
    entries: tuple[Entry, ...]
    chains: tuple[Chain, ...]
    notes: tuple[str, ...]
    store: Store
    values: Values
    observer: Observer | None = None

    @property
    def table(self) -> Table | None:
        """Return the table of the things; None where nothing was looked at."""
        return self.observer.table if self.observer else None

    def entry(self, name: str, side: str = "") -> Entry:
        """Return the first entry of a term by its label. Raises KgError where there is none."""
        for entry in self.entries:
            if name in (entry.title, entry.label, f"{entry.step_label}.{entry.label}") and side in (
                "",
                entry.side,
            ):
                return entry
        known = ", ".join(dict.fromkeys(entry.title for entry in self.entries[:12]))
        raise KgError(f"no entry is called '{name}'. The first ones: {known}.")

    def evidence(self, entry: Entry) -> pl.DataFrame:
        """Return the rows behind an entry, one for each thing.

        Columns: thing, group, block, `property` and `parameter` in units, `y` and `x` as they were compared,
        the values that were taken off (`adjust 1` ...), and where property and parameter are recorded. The
        slope is that of least squares on the means of the groups, each less the mean of its block, after
        what has a slope in `Observed.adjusters` was taken off `y` with that slope.
        """
        seen = entry.observed
        if self.observer is None or seen is None or not seen.tested:
            raise KgError(f"{entry.title} has no rows behind it: nothing was observed.")
        frame = self.observer.frame(seen.column, [adjuster.column for adjuster in seen.adjusters])
        table = self.observer.table
        column = table.columns[seen.column]
        rows = pl.DataFrame(
            {
                "thing": [table.things[at] for at in frame.at],
                "group": frame.group,
                "block": frame.block,
                "property": table.y[frame.at],
                "parameter": column.values[frame.at],
                "y": frame.y,
                "x": frame.x,
                **{f"adjust {n + 1}": frame.adjust[:, n] for n in range(frame.adjust.shape[1])},
            }
        )
        place = pl.format("{}#row={}", "graph", "row")
        place = pl.when(pl.col("row").str.contains("#")).then(pl.col("row")).otherwise(place)
        places = table.recorded([-1, seen.column]).with_columns(place=place).group_by("thing", "column").agg(
            pl.col("place").drop_nulls().unique().sort().str.join(" "),
            pl.col("quantity").unique().sort().str.join(" "),
        )  # fmt: skip
        for number, name in ((-1, "property"), (seen.column, "parameter")):
            part = places.filter(pl.col("column") == number).select(
                "thing", pl.col("place").alias(f"{name} row"), pl.col("quantity").alias(f"{name} quantity")
            )
            rows = rows.join(part, on="thing", how="left")
        return rows

    def path(self, entry: Entry) -> Way | None:
        """Return the way from a parameter to the property, in an example; None without data."""
        if self.observer is None or entry.observed is None:
            return None
        return way(self.values, self.observer.table, entry.observed.column, vocabulary(), self.store.base)


def influences(
    store: Store,
    of: str,
    on: str | None = None,
    *,
    what: str = "both",
    values: Values | None = None,
) -> Ranking:
    """Return what has an influence on a property, in one ranking.

    `of` is the label of a property, or `QUERY.COLUMN`: the first column of the query gives the things, the
    named one the values. `on` names a group of things (a query, a batch, a lot, a machine, a list); default:
    all. `what` is `stated`, `observed` or `both`. Raises KgError for unknown names, and where nothing has
    the property.
    """
    words = vocabulary()
    opened = values if values is not None else open_values(store)
    target, term = _target(store, opened, of, words)
    label = words.term(term).label if term in words else of
    notes: list[str] = []
    observer: Observer | None = None
    entries: list[Entry] = []
    if what != "stated":
        if target is None:
            target = target_of(opened, term, words, store.base)
        things = None
        if on:
            things = things_of(store, opened, on, target.frame["thing"].unique().sort().to_list())
            if not things:
                raise KgError(f"nothing in the group '{on}' has a value of {label}.")
        observer = Observer(gather(opened, target, words, store.base, things))
        notes += observer.table.notes
        entries = _observed(observer, term, opened, words, what == "both")
    if what != "observed":
        entries += _stated_only(term, entries, words)
    entries.sort(key=_order)
    ranked = tuple(replace(entry, rank=place) for place, entry in enumerate(entries, 1))
    if observer is not None:
        ranked = tuple(replace(entry, through=_through(entry, ranked, observer)) for entry in ranked)
    unit = observer.table.unit if observer else ""
    found = tuple(chains(term, words)) if what != "observed" else ()
    return Ranking(term, label, unit, on or "", ranked, found, tuple(notes), store, opened, observer)


def _target(store: Store, values: Values, of: str, words: Vocabulary) -> tuple[Target | None, str]:
    """Return the values of a query that is named, or none, and the IRI of the property."""
    query, dot, column = of.rpartition(".")
    if dot and (answer := ask(store, query)) is not None:
        if column not in answer.columns[1:]:
            raise KgError(
                f"the query '{query}' has no column '{column}'. Columns: {', '.join(answer.columns[1:])}."
            )
        place = answer.columns.index(column)
        rows = [
            (row[0].value, float(term.value))
            for row in answer.rows
            if isinstance(row[0], ox.NamedNode) and isinstance(term := row[place], ox.Literal)
        ]
        frame = pl.DataFrame(rows, schema={"thing": pl.String, "value": pl.Float64}, orient="row")
        if frame.is_empty():
            raise KgError(f"the query '{query}' gives no numbers in the column '{column}'.")
        blank = [pl.lit(None, pl.String).alias(name) for name in TARGET if name not in frame.columns]
        note = (f"Values are those of the query {query}, column {column}.",)
        return Target(of, frame.with_columns(*blank).select(*TARGET), note), of
    return None, words.resolve(of, kinds=("class",)).iri


def _observed(
    observer: Observer, term: str, values: Values, words: Vocabulary, with_stated: bool
) -> list[Entry]:
    table = observer.table
    seen = observer.all()
    types = plain(values.edges().filter(pl.col("link") == "type").collect())
    kinds = types.filter(pl.col("subject").is_in(table.things[:50]))["object"].unique().to_list()
    names = [_title(column, words) for column in table.columns]
    entries = []
    for column, result in zip(table.columns, seen, strict=True):
        said = tuple(stated(column.term, term, kinds, words)) if with_stated else ()
        # A parameter of another step that has the same name is another lever.
        said = tuple(one for one in said if _same_step(column.step, one.statement.step, words))
        label = words.term(column.term).label if column.term in words else column.term
        step = words.term(column.step).label if column.step in words else ""
        unit = words.units.get(column.unit)
        entries.append(
            Entry(
                0, column.role, column.term, label, column.step, step, column.side, column.name,
                unit.name if unit else "", _verdict(result, said), said, result,
                partners=tuple((names[one.column], one.correlation) for one in result.partners),
                adjusted_for=tuple(names[one.column] for one in result.adjusters),
            )
        )  # fmt: skip
    return entries


def _same_step(own: str, said: str, words: Vocabulary) -> bool:
    if own not in words or said not in words:
        return True
    shared = words.is_a(own, said) or words.is_a(said, own)
    return shared or _stage(own, words) == _stage(said, words) or not _stage(own, words)


_STAGES = (
    "mixing",
    "coating",
    "drying",
    "calendering",
    "filling",
    "formation",
    "stacking",
    "slitting",
    "casting",
)


def _stage(step: str, words: Vocabulary) -> str:
    """Return the word in the label of a step that says which it is: two classes may name one step."""
    label = words.term(step).label.casefold()
    return next((word for word in _STAGES if label.endswith(word)), "")


def _verdict(result: Observed | None, said: tuple[Stated, ...]) -> str:
    if result is None:
        return "absent"
    if not said:
        return "observed" if result.found else "nothing" if result.tested else "few"
    if not result.tested:
        return "untested"
    if not result.found:
        return "unseen"
    signs = {one.sign for one in said if one.sign and one.bearer_fits}
    return "conflict" if signs and result.sign not in signs else "both"


def _stated_only(term: str, entries: list[Entry], words: Vocabulary) -> list[Entry]:
    """Return entries for statements about the property that no upstream value of the data answers."""
    told = {one.statement.id for entry in entries for one in entry.stated}
    grouped: dict[str, list[Stated]] = {}
    for statement, matched in about(term, words) if term in words else []:
        if statement.id not in told:
            one = next(s for s in stated(statement.parameter, term, [], words, [statement]))
            grouped.setdefault(statement.parameter, []).append(replace(one, outcome=matched))
    return [
        Entry(
            0, "parameter", parameter, words.term(parameter).label, said[0].statement.step,
            words.term(said[0].statement.step).label, "", "", "", "absent", tuple(said),
        )
        for parameter, said in grouped.items()
    ]  # fmt: skip


def _order(entry: Entry) -> tuple[int, float, float, str]:
    """Sort: what is found by its least sure size, then what is stated, then the rest by p."""
    seen = entry.observed
    if seen is not None and seen.found:
        sure = min(abs(seen.low), abs(seen.high))
        return 0, -sure, seen.p, entry.title
    p = seen.p if seen is not None and seen.tested else 2.0
    return (1 if entry.stated else 2 if p < 2 else 3), p, 0.0, entry.title


def _through(entry: Entry, entries: tuple[Entry, ...], observer: Observer) -> tuple[int, ...]:
    """Return the ranks of properties on the way that move with a parameter as its influence needs it."""
    seen = entry.observed
    if entry.role != "parameter" or seen is None or not seen.found:
        return ()
    x = observer.table.columns[seen.column]
    grams = observer.selection.grams(int(observer.level_of[seen.column])).between
    found = []
    for other in entries:
        if other.role != "property" or other.observed is None or not other.observed.found:
            continue
        column = observer.table.columns[other.observed.column]
        if not may_follow(column, x) or (column.side != x.side and column.side):
            continue
        size = float(
            np.sqrt(grams[seen.column, seen.column] * grams[other.observed.column, other.observed.column])
        )
        r = float(grams[seen.column, other.observed.column]) / size if size > 0 else 0.0
        if abs(r) >= THROUGH and np.sign(r) * other.observed.sign == seen.sign:
            # The nearest property first: line load acts on porosity before it acts on anything of the cell.
            found.append((round(x.distance - column.distance, 1), -abs(r), other.rank))
    return tuple(rank for *_, rank in sorted(found)[:3])


def _title(column: Column, words: Vocabulary) -> str:
    label = words.term(column.term).label if column.term in words else column.term
    further = f" ({column.name.replace('.', ', ')})" if column.name else ""
    step = words.term(column.step).label if column.step in words else ""
    return f"{column.side} {label}{further}".strip() + (f" [{step}]" if step else "")


def _statement_dict(one: Stated, words: Vocabulary) -> dict[str, Any]:
    statement: Statement = one.statement
    return {
        "id": statement.id,
        "label": statement.label,
        "parameter": words.term(statement.parameter).label,
        "parameter_match": one.parameter.kind,
        "property": words.term(statement.outcome).label,
        "property_match": one.outcome.kind,
        "reason": one.parameter.reason or one.outcome.reason,
        "bearer": words.term(statement.bearer).label,
        "bearer_fits": one.bearer_fits,
        "step": words.term(statement.step).label,
        "direction": statement.direction,
        "sign": one.sign,
        "strength": statement.strength,
        "method": statement.method,
        "system": statement.system,
        "stated_in": statement.stated_in,
        "source": statement.source,
        "remark": statement.remark,
    }


def _number(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)


def _observed_dict(seen: Observed, entry: Entry, ranking: Ranking, rows: bool) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "found": seen.found,
        "reason": seen.reason,
        "things": seen.things,
        "groups": seen.groups,
        "group_is": seen.level.name,
        "blocks": seen.blocks,
        "block_is": seen.level.block_name,
        "degrees_of_freedom": seen.df,
        "effect": _number(seen.effect),
        "interval": [_number(seen.low), _number(seen.high)],
        "slope": _number(seen.slope),
        "slope_interval": [_number(seen.slope_low), _number(seen.slope_high)],
        "slope_by_kind": dict(seen.by_stratum),
        "partial_correlation": _number(seen.correlation),
        "rank_correlation": _number(seen.rank),
        "p": _number(seen.p),
        "p_of_ranks": _number(seen.rank_p),
        "q": _number(seen.q),
        "adjusted_for": [
            {"value": name, "slope_inside_groups": adjuster.slope}
            for name, adjuster in zip(entry.adjusted_for, seen.adjusters, strict=True)
        ],
        "goes_together_with": [{"value": name, "correlation": r} for name, r in entry.partners],
        "warnings": list(seen.warnings),
    }
    if rows and seen.tested:
        answer["rows"] = ranking.evidence(entry).to_dicts()
    return answer


def as_dict(ranking: Ranking, *, rows: bool = False, limit: int | None = None) -> dict[str, Any]:
    """Return a ranking for machines; with `rows` also the rows behind each entry."""
    words = vocabulary()
    table = ranking.table
    base = ranking.store.base
    return {
        "property": ranking.label,
        "iri": ranking.outcome,
        "unit": ranking.unit,
        "on": ranking.on,
        "things": len(table.things) if table else 0,
        "rate_of_false_discoveries": RATE,
        "compared_by_ratios": bool(ranking.observer and ranking.observer.ratios),
        "notes": list(ranking.notes),
        "entries": [
            {
                "rank": entry.rank,
                "role": entry.role,
                "parameter": entry.label,
                "iri": entry.term,
                "title": entry.title,
                "step": entry.step_label,
                "side": entry.side,
                "name": entry.name,
                "unit": entry.unit,
                "verdict": entry.verdict,
                "verdict_in_words": VERDICTS[entry.verdict],
                "sign": entry.sign,
                "through": [ranking.entries[rank - 1].title for rank in entry.through],
                "stated": [_statement_dict(one, words) for one in entry.stated],
                "observed": _observed_dict(entry.observed, entry, ranking, rows) if entry.observed else None,
                "path": [step.as_dict(base) for step in found.steps]
                if entry.verdict in ("both", "observed", "conflict") and (found := ranking.path(entry))
                else [],
            }
            for entry in ranking.entries[:limit]
        ],
        "chains": [
            {
                "sign": chain.sign,
                "links": [
                    {
                        "parameter": words.term(link.parameter).label,
                        "property": words.term(link.outcome).label,
                        "direction": link.direction,
                        "source": link.source,
                        "id": link.id,
                    }
                    for link in chain.statements
                ],
            }
            for chain in ranking.chains
        ],
        "shortened": limit is not None and len(ranking.entries) > limit,
        "base": base,
        "example": shorten(table.things[0], base) if table else "",
    }
