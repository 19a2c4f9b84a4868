"""The query of a rule -> the statements that it looks for, as patterns with variables and paths."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any

import pyoxigraph as ox
import rdflib
from rdflib.paths import AlternativePath, InvPath, MulPath, Path, SequencePath
from rdflib.plugins.sparql import prepareQuery

from kg.derive import Rule
from kg.namespaces import standalone

Pattern = tuple[Any, Any, Any]
Node = ox.NamedNode | ox.Literal
Binding = Mapping[str, Node]


@functools.lru_cache(maxsize=64)
def _algebra(text: str) -> Any:
    return prepareQuery(standalone(text, "urn:none:")).algebra


def template(rule: Rule) -> list[Pattern]:
    """Return what a rule writes, as patterns."""
    return list(_algebra(rule.text).template)


def alternatives(rule: Rule) -> list[tuple[Pattern, ...]]:
    """Return the sets of patterns by which a rule holds: one for each choice among its unions and options."""
    return [tuple(dict.fromkeys(patterns)) for patterns in _read(_algebra(rule.text).p)]


def _read(part: Any) -> list[tuple[Pattern, ...]]:
    name = getattr(part, "name", "")
    if name == "BGP":
        return [tuple(part.triples)]
    if name in ("Join", "LeftJoin"):
        both = [(*one, *other) for one, other in product(_read(part.p1), _read(part.p2))]
        return both + (_read(part.p1) if name == "LeftJoin" else [])
    if name == "Union":
        return _read(part.p1) + _read(part.p2)
    if name == "Minus":
        return _read(part.p1)
    inner = part.get("p") if hasattr(part, "get") else None
    return _read(inner) if inner is not None else [()]


def to_ox(node: Any) -> Node:
    """Return a term of rdflib as one of the store."""
    if isinstance(node, rdflib.URIRef):
        return ox.NamedNode(str(node))
    if node.language:
        return ox.Literal(str(node), language=node.language)
    return ox.Literal(str(node), datatype=ox.NamedNode(str(node.datatype)) if node.datatype else None)


def variables(patterns: Iterable[Pattern]) -> set[str]:
    """Return the names of the variables in patterns."""
    return {str(node) for one in patterns for node in one if isinstance(node, rdflib.Variable)}


def filled(node: Any, binding: Binding) -> Any:
    """Return the term that a node stands for, a path as it is, or None where nothing is known of it."""
    if isinstance(node, rdflib.Variable):
        return binding.get(str(node))
    return node if isinstance(node, Path) else to_ox(node)


class Walk:
    """Paths through a store, with the statements that they lead over."""

    def __init__(self, db: ox.Store) -> None:
        self.db = db

    def chain(self, start: Node, path: Any, end: Node) -> list[ox.Triple] | None:
        """Return the statements of a shortest path from one node to another; None where there is none."""
        return next((over for node, over in self.steps(start, path) if node == end), None)

    def steps(self, node: Any, path: Any) -> Iterator[tuple[Any, list[ox.Triple]]]:
        """Yield the nodes that a path leads to, with the statements on the way."""
        if isinstance(path, ox.NamedNode | rdflib.URIRef):
            link = path if isinstance(path, ox.NamedNode) else ox.NamedNode(str(path))
            if isinstance(node, ox.NamedNode):
                found = {quad.triple: None for quad in self.db.quads_for_pattern(node, link, None, None)}
                yield from ((triple.object, [triple]) for triple in found)
        elif isinstance(path, InvPath):
            yield from self._back(node, path.arg)
        elif isinstance(path, SequencePath):
            yield from self._sequence(node, list(path.args))
        elif isinstance(path, AlternativePath):
            for one in path.args:
                yield from self.steps(node, one)
        elif isinstance(path, MulPath):
            yield from self._many(node, path)

    def _back(self, node: Any, path: Any) -> Iterator[tuple[Any, list[ox.Triple]]]:
        assert isinstance(path, rdflib.URIRef), "rules turn single properties around, no paths"
        link = ox.NamedNode(str(path))
        found = {quad.triple: None for quad in self.db.quads_for_pattern(None, link, node, None)}
        yield from ((triple.subject, [triple]) for triple in found)

    def _sequence(self, node: Any, parts: list[Any]) -> Iterator[tuple[Any, list[ox.Triple]]]:
        if not parts:
            yield node, []
            return
        for middle, over in self.steps(node, parts[0]):
            for end, further in self._sequence(middle, parts[1:]):
                yield end, over + further

    def _many(self, node: Any, path: MulPath) -> Iterator[tuple[Any, list[ox.Triple]]]:
        seen = set()
        level: list[tuple[Any, list[ox.Triple]]] = [(node, [])]
        if path.mod in ("*", "?"):
            seen.add(node)
            yield node, []
        while level:
            following = []
            for here, over in level:
                for end, further in self.steps(here, path.path):
                    if end not in seen:
                        seen.add(end)
                        following.append((end, over + further))
                        yield end, over + further
            level = following if path.mod != "?" else []
