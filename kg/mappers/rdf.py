"""RDF in another vocabulary -> N-Triples in ours, by CONSTRUCT, with an account of what the source states."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pyoxigraph as ox

from kg import model, ntriples
from kg.errors import KgError
from kg.findings import Finding
from kg.iri import file_iri
from kg.jsonld import document
from kg.jsonld.context import compact
from kg.jsonld.units import readable
from kg.mappers.plan import RdfPlan
from kg.namespaces import PREFIXES
from kg.sources.text import fault, read_text
from kg.terms import Vocabulary
from kg.units import Units, split_token

FORMATS = {
    ".jsonld": ox.RdfFormat.JSON_LD,
    ".ttl": ox.RdfFormat.TURTLE,
    ".nt": ox.RdfFormat.N_TRIPLES,
    ".rdf": ox.RdfFormat.RDF_XML,
    ".owl": ox.RdfFormat.RDF_XML,
    ".trig": ox.RdfFormat.TRIG,
    ".nq": ox.RdfFormat.N_QUADS,
    ".json": ox.RdfFormat.JSON_LD,
}
_NUMBER_VALUE = ox.NamedNode(model.HAS_NUMBER_VALUE)
_TYPE = ox.NamedNode(model.RDF_TYPE)
_DERIVED = ox.NamedNode(model.DERIVED_FROM)
_DATE_TIME = model.XSD + "dateTime"
_STRINGS = (PREFIXES["xsd"] + "string", PREFIXES["rdf"] + "langString")


@dataclass(frozen=True)
class Stated:
    """One thing that the source states: its node, its name there, its value, and what became of it."""

    node: str
    name: str
    value: str
    outcome: str
    reason: str = ""


@dataclass
class MappedRdf:
    """What an RDF file becomes: triples, the account of what it states, findings on what was set aside.

    `places` gives the source node, as an IRI, of each thing constructed.
    """

    plan: RdfPlan
    file: str
    graph: str
    triples: dict[ox.Triple, None]
    stated: list[Stated]
    places: dict[str, str]
    findings: list[Finding] = field(default_factory=list)

    def ntriples(self) -> str:
        """Return the triples as N-Triples."""
        return ntriples.write(self.triples)


def _parse(path: Path, name: str, plan: RdfPlan, base: str, vocabulary: Vocabulary) -> ox.Store:
    format_ = FORMATS.get(path.suffix.lower())
    if format_ is None:
        raise fault(path, f"RDF is read from files that end in {', '.join(FORMATS)}.")
    if format_ == ox.RdfFormat.JSON_LD:
        return document.read(path, base, name, plan.encodings, vocabulary)
    text, _ = read_text(path, plan.encodings)
    store = ox.Store()
    try:
        store.load(input=text.encode(), format=format_, base_iri=base)
    except (SyntaxError, ValueError) as error:
        said = (error.msg if isinstance(error, SyntaxError) else str(error)).rstrip(".")
        raise fault(
            path, f"this is not {format_.name}: {said}.", getattr(error, "lineno", None) or 0
        ) from None
    return store


def _node(term: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple | None) -> str:
    return term.value if isinstance(term, ox.NamedNode | ox.Literal) else ""


class _Quantities:
    """Flat quantities with value tokens -> the nested pattern in canonical units."""

    def __init__(self, vocabulary: Vocabulary, file: str) -> None:
        self.vocabulary, self.file = vocabulary, file
        self.findings: list[Finding] = []

    def nest(self, triples: dict[ox.Triple, None]) -> dict[ox.Triple, None]:
        types: dict[ox.NamedNode, list[str]] = {}
        nodes: dict[ox.NamedNode, str] = {}
        flat: list[ox.Triple] = []
        for triple in triples:
            if not isinstance(triple.subject, ox.NamedNode) or isinstance(triple.object, ox.BlankNode):
                raise KgError(f"{self.file}: a CONSTRUCT makes a blank node; give each node an IRI.")
            if triple.predicate == _TYPE and isinstance(triple.object, ox.NamedNode):
                types.setdefault(triple.subject, []).append(triple.object.value)
            elif triple.predicate == _DERIVED:
                nodes[triple.subject] = _node(triple.object)
            elif triple.predicate == _NUMBER_VALUE:
                flat.append(triple)
        away: set[ox.NamedNode] = set()
        for triple in flat:
            subject, token = triple.subject, triple.object
            assert isinstance(subject, ox.NamedNode)
            if not isinstance(token, ox.Literal):
                raise KgError(f"{self.file}: a CONSTRUCT gives {token} as a number; a number is a text.")
            del triples[triple]
            for new in self.one(subject, token, types.get(subject, []), nodes.get(subject, "")):
                triples[new] = None
            if ox.Triple(subject, ox.NamedNode(model.HAS_NUMERICAL_PART), _part(subject)) not in triples:
                away.add(subject)
        if not away:
            return triples
        return {
            triple: None for triple in triples if triple.subject not in away and triple.object not in away
        }

    def one(
        self, quantity: ox.NamedNode, token: ox.Literal, types: list[str], node: str
    ) -> Iterator[ox.Triple]:
        units = self.vocabulary.units
        terms = [iri for iri in types if iri not in model.VALUE_KINDS.values()]
        canonical = next(filter(None, map(self.vocabulary.canonical_unit, terms)), None)
        said, written = _readable(token.value, units)
        try:
            number, text = split_token(said)
            unit = units.parse(written or text or "1")
            canonical = canonical or unit
            if not (written or text) and unit.dimension != canonical.dimension:
                raise ValueError(f"a number without a unit cannot become '{canonical.name}'")
            value = units.convert(number, unit, canonical)
            if not math.isfinite(value):
                raise ValueError(f"'{said}' is larger than any number that can be stored")
        except (ValueError, KgError) as error:
            message = f"{error}".rstrip(".") + "."
            label = self.vocabulary.term(terms[0]).label if terms else ""
            self.findings.append(
                Finding("number", message, "Violation", self.file, node, label, said, quantity.value)
            )
            return
        part = _part(quantity)
        yield ox.Triple(quantity, ox.NamedNode(model.HAS_NUMERICAL_PART), part)
        yield ox.Triple(quantity, ox.NamedNode(model.HAS_UNIT), ox.NamedNode(canonical.iri))
        yield ox.Triple(part, _TYPE, ox.NamedNode(model.REAL_DATA))
        double = ox.NamedNode(model.XSD + "double")
        # Arithmetic leaves noise in the last digit; a number that was not converted stays as it is.
        value = value if unit == canonical else float(f"{value:.15g}")
        yield ox.Triple(part, _NUMBER_VALUE, ox.Literal(repr(value), datatype=double))
        if unit != canonical:
            yield ox.Triple(quantity, ox.NamedNode(model.SOURCE_TOKEN), ox.Literal(said))


def _readable(token: str, units: Units) -> tuple[str, str]:
    """Return a token as people read it, and the IRI of its unit where the source gives one, else nothing."""
    number, _, iri = token.rpartition(" ")
    if "://" not in iri:
        return token, ""
    iri = readable(iri)
    unit = units.get(iri)
    code = unit.code if unit else compact(iri)
    return (number if code == "1" else f"{number} {code}"), (iri if unit else code)


def _part(quantity: ox.NamedNode) -> ox.NamedNode:
    sign = "." if "#" in quantity.value else "#"
    return ox.NamedNode(f"{quantity.value}{sign}number")


def _wrong_times(triples: dict[ox.Triple, None], file: str) -> list[Finding]:
    """Take out the times that are none, and return what is wrong with them.

    The store and the engine of SHACL take any text as a time; comparing it with another ends in an error.
    """
    wrong = [
        triple
        for triple in triples
        if isinstance(triple.object, ox.Literal)
        and triple.object.datatype.value == _DATE_TIME
        and not _is_time(triple.object.value)
    ]
    nodes = {triple.subject: _node(triple.object) for triple in triples if triple.predicate == _DERIVED}
    findings = []
    for triple in wrong:
        del triples[triple]
        text = _node(triple.object)
        message = f"'{text}' is not a time such as 2026-03-04T09:30:00Z."
        place, subject = nodes.get(triple.subject, ""), _node(triple.subject)
        findings.append(Finding("time", message, "Violation", file, place, "", text, subject))
    return findings


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return "T" in text


def _place(node: str, graph: str) -> str:
    """Return a node as a place: the JSON pointer, where the node is one into this file, else its IRI."""
    return node.removeprefix(f"{graph}#")


def _account(
    source: ox.Store, plan: RdfPlan, base: str, graph: str, derived: set[str], away: dict[str, str]
) -> list[Stated]:
    stated = []
    try:
        rows = source.query(plan.account, base_iri=base, prefixes=PREFIXES)
    except SyntaxError as error:
        raise KgError(f"{plan.path.name}: the account is not SPARQL: {error}") from None
    columns = {variable.value for variable in getattr(rows, "variables", ())}
    if not isinstance(rows, ox.QuerySolutions) or not columns >= {"node", "name", "value"}:
        raise KgError(f"{plan.path.name}: the account is a SELECT query with ?node, ?name and ?value.")
    for row in rows:
        node, name, value = (
            _node(row[key]) if row[key] is not None else "" for key in ("node", "name", "value")
        )
        node = _place(node, graph)
        why = _node(row["reason"]) if "reason" in columns and row["reason"] is not None else ""
        if node in away:
            outcome, reason = "set aside", away[node]
        elif node in derived:
            outcome, reason = "mapped", ""
        elif name in plan.ignore:
            outcome, reason = "ignored", plan.ignore[name]
        elif not value:
            outcome, reason = "empty", "the source gives no value"
        else:
            outcome, reason = "set aside", why or "no mapping and not ignored by name"
        stated.append(Stated(node, name, value, outcome, reason))
    return stated


def apply_rdf(plan: RdfPlan, path: Path, base: str, vocabulary: Vocabulary, name: str = "") -> MappedRdf:
    """Return what an RDF file becomes; `name` is its name in the store, where that is another than its own.

    Raises FaultsError where the file cannot be read, KgError where a query of the mapping is wrong.
    """
    name = name or path.name
    graph = file_iri(base, name)
    source = _parse(path, name, plan, base, vocabulary)
    document.describe(source, vocabulary)
    triples: dict[ox.Triple, None] = {}
    try:
        for query in plan.construct:
            constructed = source.query(query, base_iri=base, prefixes=PREFIXES)
            if not isinstance(constructed, ox.QueryTriples):
                raise KgError(f"{plan.path.name}: 'construct' names a query that is no CONSTRUCT.")
            triples.update(dict.fromkeys(constructed))
    except SyntaxError as error:
        raise KgError(f"{plan.path.name}: a CONSTRUCT is not SPARQL: {error}") from None
    quantities = _Quantities(vocabulary, path.name)
    triples = quantities.nest(triples)
    found = [*quantities.findings, *_wrong_times(triples, path.name)]
    found = [finding.at(place=_place(finding.place, graph)) for finding in found]
    places = {
        triple.subject.value: _place(_node(triple.object), graph)
        for triple in triples
        if triple.predicate == _DERIVED and isinstance(triple.subject, ox.NamedNode)
    }
    derived = {_place(_node(triple.object), graph) for triple in triples if triple.predicate == _DERIVED}
    away = {finding.place: finding.message for finding in found}
    stated = _account(source, plan, base, graph, derived, away)
    names = {item.node: item.name for item in stated}
    findings = [finding.at(column=names.get(finding.place, finding.column)) for finding in found]
    findings += [
        Finding("account", f"{item.reason}.", "Violation", path.name, item.node, item.name, item.value)
        for item in stated
        if item.outcome == "set aside" and item.node not in away
    ]
    findings.sort(key=lambda finding: (finding.place, finding.rule, finding.value))
    return MappedRdf(plan, path.name, graph, triples, stated, places, findings)
