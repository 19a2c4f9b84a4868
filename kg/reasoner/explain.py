"""A class that can have no member, or an inconsistency -> the few axioms that make it so."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pyoxigraph as ox

from kg.reasoner.hermit import THING, is_satisfiable
from kg.reasoner.module import Axiom, module, split


def explain(iri: str, triples: Iterable[ox.Triple]) -> list[Axiom] | None:
    """Return a smallest set of axioms by which a class is unsatisfiable, or None when it can have members.

    Smallest means that without any one of them the class can have members; there may be other such sets.
    `THING` asks for the axioms of an inconsistency.
    """
    declarations, every = split(triples)

    def empty(axioms: Iterable[Axiom]) -> bool:
        # Of the names that are left only those that are used are declared: fewer for HermiT to read.
        some = list(axioms)
        names = {name for axiom in some for name in axiom.names} | {iri}
        declared = {d for d in declarations if getattr(d.subject, "value", "") in names}
        return not is_satisfiable(iri, declared.union(*(axiom.triples for axiom in some)))

    around = module(() if iri == THING else (iri,), every)
    return _smallest(around, empty) if empty(around) else None


def _smallest(axioms: list[Axiom], empty: Callable[[Iterable[Axiom]], bool]) -> list[Axiom]:
    """Leave out ever smaller pieces, as long as what is left suffices."""
    size = max(1, len(axioms) // 2)
    while True:
        place, shrunk = 0, False
        while place < len(axioms):
            without = axioms[:place] + axioms[place + size :]
            if empty(without):
                axioms, shrunk = without, True
            else:
                place += size
        if size == 1 and not shrunk:
            return axioms
        size = max(1, size // 2)
