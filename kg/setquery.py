"""SPARQL constraints of SHACL -> one query each over all focus nodes, run by the store's engine.

pySHACL asks a SPARQL constraint once for each focus node; over a line that takes minutes.
Here `$this` is bound to all focus nodes of the shape at once; the solutions are the same.
Source: SHACL, section 5.2 (SPARQL-based Constraints), https://www.w3.org/TR/shacl/#sparql-constraints
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pyoxigraph as ox
import rdflib
from rdflib.namespace import SH

from kg.namespaces import PREFIXES

_WHERE = re.compile(r"\bWHERE\s*\{", re.IGNORECASE)
Below = Callable[[str], Iterable[str]]


@dataclass(frozen=True)
class SetQuery:
    """A SPARQL constraint as one query; its solutions have `this`, and `value` where it states one."""

    shape: str
    severity: str
    message: str
    text: str


def _targets(shape: rdflib.term.Node, shapes: rdflib.Graph, below: Below) -> str:
    parts = [f"VALUES ?this {{ <{node}> }}" for node in shapes.objects(shape, SH.targetNode)]
    for class_ in shapes.objects(shape, SH.targetClass):
        classes = " ".join(f"<{iri}>" for iri in below(str(class_)))
        parts.append(f"VALUES ?kgClass {{ {classes} }} ?this a ?kgClass")
    parts += [f"?this <{link}> ?kgTarget" for link in shapes.objects(shape, SH.targetSubjectsOf)]
    parts += [f"?kgTarget <{link}> ?this" for link in shapes.objects(shape, SH.targetObjectsOf)]
    return " UNION ".join(f"{{ {part} }}" for part in parts)


def _prefixes(constraint: rdflib.term.Node, shapes: rdflib.Graph) -> str:
    lines = []
    for owner in shapes.objects(constraint, SH.prefixes):
        for declared in shapes.objects(owner, SH.declare):
            name, iri = shapes.value(declared, SH.prefix), shapes.value(declared, SH.namespace)
            lines.append(f"PREFIX {name}: <{iri}>\n")
    return "".join(sorted(lines))


def _head(select: str) -> tuple[str, str, str]:
    """Return what stands before the first WHERE clause, its opening, and the rest."""
    found = _WHERE.search(select)
    return (select[: found.start()], found[0], select[found.end() :]) if found else (select, "", "")


def split(shapes: rdflib.Graph, below: Below) -> tuple[rdflib.Graph, list[SetQuery]]:
    """Return the shapes without their SPARQL constraints, and these as set queries.

    `below` gives the classes that count as a class.
    Only SELECT constraints of node shapes with targets of their own are taken; the rest is left for pySHACL.
    """
    rest = rdflib.Graph()
    for prefix, namespace in shapes.namespaces():
        rest.bind(prefix, namespace)
    for triple in shapes:
        rest.add(triple)
    queries = []
    for shape, constraint in list(shapes.subject_objects(SH.sparql)):
        select, targets = shapes.value(constraint, SH.select), _targets(shape, shapes, below)
        if select is None or not targets or shapes.value(shape, SH.path) is not None:
            continue
        focus = f"WHERE {{ {{ SELECT DISTINCT ?this WHERE {{ {targets} }} }} "
        before, _, after = _head(str(select).replace("$this", "?this"))
        text = f"{before}{focus}{after}"
        message = shapes.value(constraint, SH.message) or shapes.value(shape, SH.message)
        severity = str(shapes.value(shape, SH.severity) or SH.Violation).rsplit("#", 1)[-1]
        queries.append(
            SetQuery(str(shape), severity, str(message or ""), _prefixes(constraint, shapes) + text)
        )
        rest.remove((shape, SH.sparql, constraint))
    return rest, sorted(queries, key=lambda query: query.shape)


def run(query: SetQuery, data: ox.Store) -> list[tuple[str, str]]:
    """Return (focus node, value) of each solution, each once."""
    found: dict[tuple[str, str], None] = {}
    solutions = data.query(query.text, prefixes=PREFIXES, use_default_graph_as_union=True)
    assert isinstance(solutions, ox.QuerySolutions)
    names = {variable.value for variable in solutions.variables}
    for solution in solutions:
        focus = solution["this"].value
        value = solution["value"] if "value" in names else None
        found[focus, focus if value is None else value.value] = None
    return list(found)
