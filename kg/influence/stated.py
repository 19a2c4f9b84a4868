"""ontology/influences.ttl -> what published work states to have an influence, and the chains of it."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox

from kg.namespaces import PREFIXES
from kg.resources import folder
from kg.terms import Vocabulary, vocabulary

_BVCOX, _RDFS, _DCTERMS = PREFIXES["bvcox"], PREFIXES["rdfs"], PREFIXES["dcterms"]

SIGNS = {"Increasing": 1, "Decreasing": -1}
"""What a direction says of the sign; the other directions say nothing of it."""

LONGEST = 4
"""Links of the longest chain that is told."""

ORDER = (
    "RecipeFormulation", "SlurryComponentMixing", "FilmCasting", "BatteryElectrodeCoating",
    "CoatedFabricatedElectrodeDrying", "FabricatedElectrodeCalendering", "CellElectrolyteFilling",
)  # fmt: skip
"""The steps that statements speak of, in the order of the process: a chain never goes back in it."""


@dataclass(frozen=True)
class Statement:
    """One stated influence: who found that a parameter of a step moves a property, how, and on what.

    `sign` is 1 or -1 where the source gives one direction, else 0; `direction` is the word of the ontology.
    Parameter, outcome (the property that is moved), bearer and step are IRIs of terms.
    """

    id: str
    label: str
    parameter: str
    outcome: str
    bearer: str
    step: str
    direction: str
    strength: str
    method: str
    system: str
    stated_in: str
    source: str
    remark: str = ""

    @property
    def sign(self) -> int:
        """Return 1 where the property grows with the parameter, -1 where it falls, else 0."""
        return SIGNS.get(self.direction, 0)


@dataclass(frozen=True)
class Match:
    """How a term of the data stands to a term of a statement.

    `kind` is `same`, `narrower` (the data speak of a special case of what is stated), `broader` (the
    statement speaks of a special case), or `related`, with the reason; `sign` is -1 where the two move
    against each other.
    """

    kind: str
    sign: int = 1
    reason: str = ""

    def said(self, own: str, stated: str) -> str:
        """Return the match in words: `CalenderingPressure, related to LineLoad: ...`."""
        if self.kind == "same":
            return stated
        word = {"narrower": f"which is broader than {own}", "broader": f"a special case of {own}"}.get(
            self.kind
        )
        return f"{stated}, {word}" if word else f"{stated}, related to {own}: {self.reason}"


@dataclass(frozen=True)
class Stated:
    """A statement that speaks of a parameter and a property of the data, and how exactly it does.

    `bearer_fits` says whether the statement is about the kind of thing that has the property in the data.
    """

    statement: Statement
    parameter: Match
    outcome: Match
    bearer_fits: bool

    @property
    def sign(self) -> int:
        """Return the stated sign for the terms of the data."""
        return self.statement.sign * self.parameter.sign * self.outcome.sign

    @property
    def exact(self) -> bool:
        """Return whether the terms are the stated ones, or below them."""
        return {self.parameter.kind, self.outcome.kind} <= {"same", "narrower"}


@dataclass(frozen=True)
class Chain:
    """Statements, each about the property that the one before moves: line load, porosity, wetting."""

    statements: tuple[Statement, ...]

    @property
    def sign(self) -> int:
        """Return the sign of the whole chain; 0 where one link has none."""
        result = 1
        for statement in self.statements:
            result *= statement.sign
        return result


@functools.cache
def statements() -> tuple[Statement, ...]:
    """Return all statements of the ontology, in the order of their numbers."""
    facts: dict[str, dict[str, str]] = {}
    for quad in ox.parse(path=folder("ontology") / "influences.ttl"):
        if isinstance(quad.subject, ox.NamedNode) and not isinstance(quad.object, ox.Triple):
            facts.setdefault(quad.subject.value, {})[quad.predicate.value] = quad.object.value
    return tuple(
        Statement(
            id=iri.removeprefix(_BVCOX),
            label=said[_RDFS + "label"],
            parameter=said[_BVCOX + "influencingParameter"],
            outcome=said[_BVCOX + "influencedProperty"],
            bearer=said[_BVCOX + "influenceBearer"],
            step=said[_BVCOX + "influenceStep"],
            direction=said[_BVCOX + "influenceDirection"].removeprefix(_BVCOX),
            strength=said[_BVCOX + "influenceStrength"],
            method=said[_BVCOX + "evidenceMethod"],
            system=said[_BVCOX + "evidenceSystem"],
            stated_in=said[_BVCOX + "evidenceStatedIn"],
            source=said[_DCTERMS + "source"],
            remark=said.get(_BVCOX + "influenceRemark", ""),
        )
        for iri, said in sorted(facts.items())
        if _BVCOX + "influencingParameter" in said
    )


@functools.cache
def _related() -> dict[frozenset[str], Match]:
    text = (Path(__file__).parent / "related.toml").read_text(encoding="utf-8")
    words = vocabulary()
    return {
        frozenset(words.resolve(name, kinds=("class",)).iri for name in pair["terms"]): Match(
            "related", pair["sign"], pair["reason"]
        )
        for pair in tomllib.loads(text)["pair"]
    }


def match(own: str, stated: str, words: Vocabulary) -> Match | None:
    """Return how a term of the data stands to a term of a statement; None where they have nothing to do."""
    if own == stated:
        return Match("same")
    if own in words and words.is_a(own, stated):
        return Match("narrower")
    if stated in words and words.is_a(stated, own):
        return Match("broader")
    return _related().get(frozenset((own, stated)))


def stated(
    parameter: str,
    property_: str,
    bearers: Iterable[str],
    words: Vocabulary,
    pool: Sequence[Statement] | None = None,
) -> list[Stated]:
    """Return the statements that speak of a parameter and a property, the most exact ones first.

    `bearers` are the classes of the things that have the property.
    """
    classes = list(bearers)
    found = []
    for statement in statements() if pool is None else pool:
        first, second = (
            match(parameter, statement.parameter, words),
            match(property_, statement.outcome, words),
        )
        if first and second:
            fits = any(words.is_a(one, statement.bearer) for one in classes if one in words)
            found.append(Stated(statement, first, second, fits))
    return sorted(found, key=lambda one: (not one.exact, not one.bearer_fits, one.statement.id))


def about(property_: str, words: Vocabulary) -> list[tuple[Statement, Match]]:
    """Return the statements that speak of a property, whatever the parameter."""
    found = [(statement, match(property_, statement.outcome, words)) for statement in statements()]
    return [(statement, matched) for statement, matched in found if matched]


def chains(property_: str, words: Vocabulary) -> list[Chain]:
    """Return the chains of two and more statements that end at a property, along the order of the process.

    A statement follows on another one where it speaks of the property that the other one moves, or of a term
    above, below or related to it. No term occurs twice.
    """
    ends: list[tuple[Statement, ...]] = [(statement,) for statement, _ in about(property_, words)]
    found: list[tuple[Statement, ...]] = []
    while ends:
        longer = [
            (statement, *end)
            for end in ends
            for statement in statements()
            if match(statement.outcome, end[0].parameter, words)
            and _before(statement, end[0], words)
            and statement.parameter not in {link.parameter for link in end}
            and statement.parameter != end[-1].outcome
        ]
        found += longer
        ends = [end for end in longer if len(end) < LONGEST]
    return [Chain(links) for links in found]


def _before(one: Statement, other: Statement, words: Vocabulary) -> bool:
    places = [
        ORDER.index(label) if (label := words.term(s.step).label) in ORDER else None for s in (one, other)
    ]
    return None in places or places[0] <= places[1]  # type: ignore[operator]
