"""Files that went into a store -> its derived graphs, in step with them.

A rule whose graph rests on the state of the files before the load, and of whose inputs the store knows what
changed, is run for those foci alone that this concerns. Every other rule that is behind is run as a whole.
Each graph and its entry of the catalogue change in one transaction: who is killed leaves the old or the new.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyoxigraph as ox

from kg import catalogue
from kg.derive import changes, state
from kg.derive.columns import COLUMNS, FOR_SOME
from kg.derive.rule import Rule, rules
from kg.derive.run import construct
from kg.derive.state import State, basis, states
from kg.store import CATALOGUE_GRAPH, INCOMING, Store

PART = 2_000
"""Foci up to which a rule is run for them alone; beyond that, all of it takes about as long."""

MUCH = 1_000_000
"""Statements that changed, beyond which it is not looked at which foci they concern."""

Progress = Callable[[str], None]
"""Called with the name of a rule before it is run."""


@dataclass(frozen=True)
class Refreshed:
    """What became of a rule: `whole`, `part` (for `foci` of them) or `unchanged`; and its seconds."""

    rule: str
    how: str
    triples: int
    foci: int
    seconds: float


class Refresh:
    """One refresh of the derived graphs of a store that is open for writing."""

    def __init__(self, store: Store, changed: Collection[str], before: str | None) -> None:
        self.store, self.before = store, before
        entries = catalogue.entries(store, items=False)
        self.basis = basis(entries)
        self.files = sum(entry.outcome == "loaded" for entry in entries)
        self.known = states(store)
        self.digests: dict[str, str] = {}
        self.graphs = list(changed)
        self.own: list[pl.DataFrame] = []
        self.whole: set[str] = set()

    @functools.cached_property
    def changed(self) -> pl.DataFrame | None:
        """Return what changed in the source files as columns; None where that is too much to look at."""
        parts = [changes.statements([])]
        size = 0
        for graph in self.graphs:
            lines = self.store.changes.get(graph)
            if lines is None:
                # A graph that is new is new in all that it says.
                text = self.store.db.dump(format=ox.RdfFormat.N_TRIPLES, from_graph=ox.NamedNode(graph))
                assert text is not None
                lines = pl.Series("line", text.decode().split("\n")).to_frame()
            size += len(lines)
            if size > MUCH:
                return None
            parts.append(changes.statements(lines["line"]))
        return pl.concat(parts)

    def run(self, rule: Rule) -> Refreshed:
        """Bring the graph of a rule in step, and return what was done."""
        begun = time.perf_counter()
        self.digests[rule.name] = state.digest(rule, [self.digests[name] for name in rule.about.uses])
        known = self.known.get(rule.name)
        same_rule = known is not None and known.digest == self.digests[rule.name]
        if known and same_rule and known.basis == self.basis:
            return Refreshed(rule.name, "unchanged", known.triples, 0, 0.0)
        foci = self._foci(rule) if known and same_rule and known.basis == self.before else None
        if known and foci is not None:
            triples = self._part(rule, foci, known, begun)
            how = "part" if foci else "unchanged"
            return Refreshed(rule.name, how, triples, len(foci), time.perf_counter() - begun)
        triples = self._whole(rule, begun)
        return Refreshed(rule.name, "whole", triples, 0, time.perf_counter() - begun)

    def _foci(self, rule: Rule) -> set[str] | None:
        """Return the foci that the changes concern; None where the rule must be run as a whole."""
        if self.changed is None or self.whole & set(rule.about.uses):
            return None
        nodes = changes.nodes(pl.concat([self.changed, *self.own]), rule)
        if not rule.about.focus:
            return None if nodes else set()
        if len(nodes) > PART:
            return None
        foci = changes.foci(self.store, rule, nodes)
        return foci if len(foci) <= PART else None

    def _entry(self, rule: Rule, triples: int, how: str, begun: float) -> str:
        told = State(
            rule.name,
            triples,
            "",
            how,
            time.perf_counter() - begun,
            self.basis,
            self.digests[rule.name],
            self.files,
        )
        return state.ntriples(told)

    def _part(self, rule: Rule, foci: set[str], known: State, begun: float) -> int:
        """Make anew what a rule says of some foci, and change only what differs."""
        old = {triple for focus in foci for triple in changes.said_of(self.store, rule.graph, focus)}
        make = FOR_SOME.get(rule.name)
        if make:
            text = b"".join(make(self.store, foci))
        else:
            text = construct(self.store, rule.of(sorted(foci))) if foci else b""
        new = {quad.triple for quad in ox.parse(text, format=ox.RdfFormat.N_TRIPLES)}
        triples = known.triples + len(new - old) - len(old - new)
        gone, come = (ox.serialize(some, format=ox.RdfFormat.N_TRIPLES) for some in (old - new, new - old))
        assert gone is not None and come is not None
        entry = self._entry(rule, triples, "part" if foci else known.how, begun)
        changed = f"DELETE DATA {{ GRAPH <{rule.graph}> {{ {gone.decode()} }} }} ;\n" if gone else ""
        self.store.db.update(
            f"{changed}DELETE WHERE {{ GRAPH <{CATALOGUE_GRAPH}> {{ <{rule.graph}> ?p ?o }} }} ;\n"
            f"INSERT DATA {{ GRAPH <{rule.graph}> {{ {come.decode()} }}"
            f" GRAPH <{CATALOGUE_GRAPH}> {{ {entry} }} }}"
        )
        self.own.append(changes.statements((gone + come).decode().split("\n")))
        return triples

    def _whole(self, rule: Rule, begun: float) -> int:
        """Run a rule for all foci; its graph is written anew."""
        self.whole.add(rule.name)
        make = COLUMNS.get(rule.name)
        parts = make(self.store) if make else iter([construct(self.store, rule.all())])
        if self.store.holds(rule.graph):
            text = b"".join(parts).decode()
            lines = "".join(f"{line}\n" for line in dict.fromkeys(text.splitlines()))
            self.store.replace(rule.graph, lines, self._entry(rule, lines.count("\n"), "whole", begun))
            return lines.count("\n")
        return self._bulk(rule, parts, begun)

    def _bulk(self, rule: Rule, parts: Iterable[bytes], begun: float) -> int:
        """Load a graph that is not there yet by the bulk loader, all of it or nothing."""
        place = self.store.path / INCOMING / f"{rule.name}.nq"
        place.parent.mkdir(exist_ok=True)
        try:
            count = _write(place, parts, rule.graph)
            with place.open("ab") as file:
                entry = self._entry(rule, count, "whole", begun)
                file.write(entry.replace(" .\n", f" <{CATALOGUE_GRAPH}> .\n").encode())
            self.store.db.bulk_load(path=place, format=ox.RdfFormat.N_QUADS, lenient=True)
        finally:
            place.unlink(missing_ok=True)
        return count


def _write(place: Path, parts: Iterable[bytes], graph: str) -> int:
    count = 0
    end = f" <{graph}> .\n".encode()
    with place.open("wb") as file:
        for part in parts:
            count += part.count(b"\n")
            file.write(part.replace(b" .\n", end))
    return count


def refresh(
    store: Store, changed: Collection[str] = (), *, before: str | None = None, tell: Progress | None = None
) -> list[Refreshed]:
    """Bring the derived graphs of a store, open for writing, in step with its files; return what was done.

    `changed` names the graphs of files that went in by this handle, `before` is the `basis` of the files
    before that; without it, every rule that is behind is run as a whole.
    """
    work = Refresh(store, changed, before)
    done = []
    for rule in rules():
        if not rule.about.kept:
            continue
        if tell:
            tell(rule.name)
        done.append(work.run(rule))
    store.changes.clear()
    return done


__all__ = ["Refreshed", "basis", "refresh"]
