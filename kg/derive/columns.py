"""A store -> all that a rule writes, made by columns where its CONSTRUCT query takes long."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import polars as pl

from kg import model
from kg.derive import steps as of_steps
from kg.derive.rule import rules
from kg.derive.run import construct
from kg.derive.tables import Parts, all_behind, line, numbers, rows, said, tables
from kg.namespaces import PREFIXES
from kg.store import Store

_BVCOX = PREFIXES["bvcox"]
_DOUBLE = f'"^^<{PREFIXES["xsd"]}double> .\n'


def derived_from(store: Store) -> Parts:
    """Return the things behind each thing; a part of the things at a time."""
    for some in all_behind(store).iter_slices(500_000):
        yield line(some, "<", pl.col("from"), f"> <{_BVCOX}comesFrom> <", pl.col("to"), "> .\n")


def went_through(store: Store) -> Parts:
    """Return the runs that made each thing or something that it comes from."""
    made = said(store, model.HAS_OUTPUT, "run", "thing")
    own = made.select("run", **{"from": "thing"})
    through = all_behind(store).join(made, left_on="to", right_on="thing").select("run", "from")
    for some in pl.concat([own, through]).unique().iter_slices(500_000):
        yield line(some, "<", pl.col("from"), f"> <{_BVCOX}wentThrough> <", pl.col("run"), "> .\n")


def direct_values(store: Store) -> Parts:
    """Return each value in one statement; of tables from the names of the numbers, of others by the rule."""
    graphs, known = set(store.graphs()), tables(store)
    start, value = f"> <{_BVCOX}value-", pl.col("value").cast(pl.String)
    for some in numbers(store, sorted(graphs & known)):
        yield line(some, "<", pl.col("bearer"), start, pl.col("name"), '> "', value, _DOUBLE)
    yield from _by_rule(store, sorted(graphs - known))


def _by_rule(store: Store, graphs: list[str]) -> Parts:
    rule = next(rule for rule in rules() if rule.name == "direct-values")
    for graph in graphs:
        text = (
            f"SELECT DISTINCT ?bearer WHERE {{ GRAPH <{graph}> "
            f"{{ ?bearer <{model.HAS_PROPERTY}>|<{model.HAS_PROCESS_PARAMETER}> ?quantity }} }}"
        )
        bearers = rows(store, text)["bearer"].to_list()
        for number in range(0, len(bearers), 1000):
            yield construct(store, rule.of(bearers[number : number + 1000]))


COLUMNS: dict[str, Callable[[Store], Parts]] = {
    "batch-statistics": of_steps.batch_statistics,
    "derived-from": derived_from,
    "direct-values": direct_values,
    "latest-state": of_steps.latest_state,
    "machine-state-ends": of_steps.machine_state_ends,
    "missing-steps": of_steps.missing_steps,
    "state-after-step": of_steps.state_after_step,
    "step-bridges": of_steps.step_bridges,
    "went-through": went_through,
}
"""By the name of the rule; each yields the same N-Triples as the query, which a test compares."""

FOR_SOME: dict[str, Callable[[Store, Iterable[str]], Parts]] = {"batch-statistics": of_steps.statistics_of}
"""By the name of the rule: the same for some foci, where the query for them takes long."""
