"""A statement and a store -> its proof, by the rows of files and the rules behind it."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

import pyoxigraph as ox

from kg import model
from kg.derive import Rule, rules
from kg.derive.functions import ask
from kg.derive.run import construct
from kg.errors import KgError
from kg.explain.patterns import Binding, Node, Walk, alternatives, filled, template, variables
from kg.explain.proof import Proof
from kg.explain.rows import Files
from kg.iri import shorten
from kg.namespaces import PREFIXES
from kg.resources import vocabulary_files
from kg.statements import CLASSIFIED
from kg.store import DERIVED, VOCABULARY_GRAPH, Store, holds_records
from kg.terms import vocabulary

FEW = 12
"""Premises of one kind that are told; a mean may rest on thousands."""

HERMIT = "HermiT inferred it from all axioms together (ontology/classified.ttl)"
_SUBCLASS = PREFIXES["rdfs"] + "subClassOf"
_SAME = PREFIXES["owl"] + "equivalentClass"
_ABSENT = re.compile(r"FILTER\s+NOT\s+EXISTS\s*\{([^{}]*)\}")


class NotSaidError(KgError):
    """The store does not say the statement, nor does a rule."""


@functools.cache
def _stated() -> dict[tuple[str, str, str], tuple[str, ...]]:
    """Return the files of the vocabulary by the links between terms that they state."""
    found: dict[tuple[str, str, str], tuple[str, ...]] = {}
    for path in vocabulary_files():
        source = HERMIT if path.name == CLASSIFIED else f"{path.parent.name}/{path.name}"
        for quad in ox.parse(path=str(path)):
            if isinstance(quad.subject, ox.NamedNode):
                key = (str(quad.subject), str(quad.predicate), str(quad.object))
                found[key] = (*found.get(key, ()), source)
    return found


class _Prover:
    """One proof, with what it reads on the way."""

    def __init__(self, store: Store, few: int) -> None:
        self.store, self.few = store, few
        self.files = Files(store)
        self.walk = Walk(store.db)
        self.under_way: set[ox.Triple] = set()

    def holds(self, triple: ox.Triple) -> bool:
        return next(iter(self._quads(triple)), None) is not None

    def _quads(self, triple: ox.Triple) -> Iterator[ox.Quad]:
        assert not isinstance(triple.subject, ox.Triple)
        return self.store.db.quads_for_pattern(triple.subject, triple.predicate, triple.object, None)

    def prove(self, triple: ox.Triple) -> Proof:
        graphs = sorted(
            quad.graph_name.value for quad in self._quads(triple) if isinstance(quad.graph_name, ox.NamedNode)
        )
        records = [graph for graph in graphs if holds_records(graph)]
        if records:
            rows = tuple(row for graph in records for row in self.files.rows(triple, graph))
            return _proof("asserted", triple, rows=rows)
        if VOCABULARY_GRAPH in graphs:
            key = (str(triple.subject), str(triple.predicate), str(triple.object))
            return _proof("vocabulary", triple, stated_by=_stated().get(key, ()))
        for graph in graphs:
            rule = next((rule for rule in rules() if rule.graph == graph), None)
            if rule is not None:
                return self._by_rule(rule, triple)
        return self._unkept(triple) or self._by_hierarchy(triple) or _refuse(self.store, triple)

    def _unkept(self, triple: ox.Triple) -> Proof | None:
        """Return the proof by a rule that has no graph, where it says the statement when it is asked."""
        for rule in rules():
            if rule.about.kept or triple.predicate.value not in rule.made:
                continue
            assert isinstance(triple.subject, ox.NamedNode)
            text = construct(self.store, rule.of([triple.subject.value]))
            if any(quad.triple == triple for quad in ox.parse(text, format=ox.RdfFormat.N_TRIPLES)):
                return self._by_rule(rule, triple)
        return None

    def _by_hierarchy(self, triple: ox.Triple) -> Proof | None:
        """Return the proof that a thing or class stands under a class, by the links between the classes."""
        subject, target = triple.subject, triple.object
        assert isinstance(subject, ox.NamedNode)
        if triple.predicate.value == _SUBCLASS:
            links = self._upwards(subject, target)
            return None if links is None else self._hierarchy(triple, links)
        if triple.predicate.value != model.RDF_TYPE:
            return None
        own = self.store.db.quads_for_pattern(subject, ox.NamedNode(model.RDF_TYPE), None, None)
        for quad in sorted(own, key=str):
            if isinstance(quad.object, ox.NamedNode):
                links = self._upwards(quad.object, target)
                if links is not None:
                    return self._hierarchy(triple, [quad.triple, *links])
        return None

    def _hierarchy(self, triple: ox.Triple, links: list[ox.Triple]) -> Proof:
        return _proof("hierarchy", triple, premises=tuple(self.prove(link) for link in links))

    def _upwards(self, start: ox.NamedNode, target: object) -> list[ox.Triple] | None:
        """Return the links of a shortest way up from one class to another, over equivalences as well."""
        level: list[tuple[ox.NamedNode, list[ox.Triple]]] = [(start, [])]
        seen = {start}
        while level:
            following = []
            for node, over in level:
                for above, link in self._above(node):
                    if above == target:
                        return [*over, link]
                    if above not in seen:
                        seen.add(above)
                        following.append((above, [*over, link]))
            level = following
        return None

    def _above(self, node: ox.NamedNode) -> Iterator[tuple[ox.NamedNode, ox.Triple]]:
        graph, db = ox.NamedNode(VOCABULARY_GRAPH), self.store.db
        for link in (_SUBCLASS, _SAME):
            for quad in db.quads_for_pattern(node, ox.NamedNode(link), None, graph):
                if isinstance(quad.object, ox.NamedNode):
                    yield quad.object, quad.triple
        for quad in db.quads_for_pattern(None, ox.NamedNode(_SAME), node, graph):
            if isinstance(quad.subject, ox.NamedNode):
                yield quad.subject, quad.triple

    def _by_rule(self, rule: Rule, triple: ox.Triple) -> Proof:
        if triple in self.under_way:
            raise KgError(f"the rule '{rule.name}' rests on itself for {triple}.")
        self.under_way.add(triple)
        found, binding = self._found(rule, triple)
        told = [self.prove(one) for one in found[: self.few]]
        self.under_way.discard(triple)
        absent = tuple(self._absent(text, binding) for text in _ABSENT.findall(rule.text))
        return _proof(
            "derived",
            triple,
            rule=rule.name,
            summary=rule.about.summary,
            premises=tuple(told),
            absent=absent,
            more=len(found) - len(told),
        )

    def _absent(self, text: str, binding: Binding) -> str:
        shown = " ".join(re.sub(r"(?m)#.*$", "", text).split())
        return re.sub(
            r"\?(\w+)",
            lambda name: (
                shorten(binding[name[1]].value, self.store.base) if name[1] in binding else f"?{name[1]}"
            ),
            shown,
        )

    def _found(self, rule: Rule, triple: ox.Triple) -> tuple[list[ox.Triple], Binding]:
        """Return the statements by which a rule says one, and what its variables stand for."""
        for binding in self._solutions(rule, triple):
            for patterns in alternatives(rule):
                premises = self._premises(patterns, binding)
                if premises:
                    return premises, binding
        return [], {}

    def _solutions(self, rule: Rule, triple: ox.Triple) -> Iterator[Binding]:
        """Yield what the variables of a rule stand for where it says a statement."""
        assert isinstance(triple.subject, ox.NamedNode)
        focus = triple.subject.value.partition("#")[0]
        text = rule.of(dict.fromkeys([focus, triple.subject.value])) if rule.about.focus else rule.text
        prologue, _, rest = text.partition("CONSTRUCT")
        query = f"{prologue}SELECT DISTINCT * WHERE{rest.partition('WHERE')[2]}"
        solutions = ask(self.store, query)
        assert isinstance(solutions, ox.QuerySolutions)
        names = [variable.value for variable in solutions.variables]
        said = template(rule)
        for solution in solutions:
            binding = {name: solution[name] for name in names if solution[name] is not None}
            for pattern in said:
                if [filled(node, binding) for node in pattern] == [
                    triple.subject,
                    triple.predicate,
                    triple.object,
                ]:
                    yield binding
                    break

    def _premises(
        self, patterns: tuple[tuple[object, object, object], ...], binding: Binding
    ) -> list[ox.Triple]:
        """Return the statements that patterns stand for; none where one of them is not in the store."""
        free = variables(patterns) - binding.keys()
        if free:
            return self._gathered(patterns, binding)
        found: dict[ox.Triple, None] = {}
        for pattern in patterns:
            start, link, end = (filled(node, binding) for node in pattern)
            over = self.walk.chain(start, link, end)
            if over is None:
                return []
            found.update(dict.fromkeys(over))
        return list(found)

    def _gathered(
        self, patterns: tuple[tuple[object, object, object], ...], binding: Binding
    ) -> list[ox.Triple]:
        """Return the statements behind a rule that counts or averages: all that its inner query takes in."""
        lines = [" ".join(_written(node, binding) for node in pattern) + " ." for pattern in patterns]
        bound = "\n".join(
            f"VALUES ?{name} {{ {value} }}" for name, value in binding.items() if name in variables(patterns)
        )
        text = f"SELECT DISTINCT * WHERE {{ {bound}\n" + "\n".join(lines) + " }"
        found: dict[ox.Triple, None] = {}
        for solution in self.store.query(text):
            values: dict[str, Node] = dict(binding)
            for name in variables(patterns) - binding.keys():
                values[name] = solution[name]
            found.update(dict.fromkeys(self._premises(patterns, values)))
        return list(found)


def _written(node: object, binding: Binding) -> str:
    n3 = getattr(node, "n3", None)
    assert n3 is not None
    return str(n3())


def _proof(kind: str, triple: ox.Triple, **parts: object) -> Proof:
    assert isinstance(triple.subject, ox.NamedNode)
    assert isinstance(triple.object, ox.NamedNode | ox.Literal)
    return Proof(kind, triple.subject, triple.predicate, triple.object, **parts)  # type: ignore[arg-type]


def _refuse(store: Store, triple: ox.Triple) -> Proof:
    """Raise NotSaidError, with what the store says instead."""
    assert isinstance(triple.subject, ox.NamedNode)
    quads = list(store.db.quads_for_pattern(triple.subject, triple.predicate, None, None))
    name = shorten(triple.subject.value, store.base)
    if quads:
        values = sorted({show(store, quad.object) for quad in quads})
        more = f" and {len(values) - 6} more" if len(values) > 6 else ""
        raise NotSaidError(
            f"the store does not say this of '{name}'. "
            f"It says {show(store, triple.predicate)}: {', '.join(values[:6])}{more}."
        )
    own = store.db.quads_for_pattern(triple.subject, None, None, None)
    links = sorted({show(store, quad.predicate) for quad in own})
    said = f"It says: {', '.join(links[:12])}." if links else "It says nothing of it."
    raise NotSaidError(f"the store says no {show(store, triple.predicate)} of '{name}'. {said}")


def show(store: Store, term: object) -> str:
    """Return a term as people say it: label, name below the base, or value."""
    if isinstance(term, ox.Literal):
        return term.value
    assert isinstance(term, ox.NamedNode)
    if term.value == model.RDF_TYPE:
        return "a"
    try:
        return vocabulary().term(term.value).label
    except KgError:
        pass
    short = shorten(term.value, store.base)
    if short != term.value:
        return short
    for prefix, iri in PREFIXES.items():
        if term.value.startswith(iri):
            return f"{prefix}:{term.value[len(iri) :]}"
    return term.value.removeprefix(DERIVED)


def explain(
    store: Store,
    subject: ox.NamedNode,
    predicate: ox.NamedNode,
    object: ox.NamedNode | ox.Literal,
    *,
    few: int = FEW,
) -> Proof:
    """Return why the store says a statement: rows of files, or a rule with its premises, down to the rows.

    Of a rule that takes in many statements, such as a mean, `few` are told and the rest is counted.
    Raises NotSaidError where neither the store nor a rule says it, with what is said instead.
    """
    return _Prover(store, few).prove(ox.Triple(subject, predicate, object))
