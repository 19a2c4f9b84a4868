"""Compiled shapes find what pySHACL finds, on random shapes and random graphs."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pyoxigraph as ox
import pytest
import rdflib
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg import ntriples
from kg.engine.columns import Columns, NotColumnsError, merged, read
from kg.engine.screens import Screens
from kg.engine.shapes import compile_shapes
from kg.validate import Result, plan_of, validate_by

HEAD = """
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix x: <https://x.org/> .
"""
XSD = "http://www.w3.org/2001/XMLSchema#"
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"


def graph(text: str) -> rdflib.Graph:
    return rdflib.Graph().parse(data=HEAD + text, format="turtle")


def told(results: Iterable[Result]) -> list[tuple[str, ...]]:
    """Return what is found; a blank node has no name that could be compared."""

    def name(text: str) -> str:
        return "_" if re.fullmatch(r"blank\d|n[0-9a-fN]{20,}b?\d*", text, re.IGNORECASE) else text

    return sorted((name(r.focus), name(r.value), r.rule, r.severity, r.message) for r in results)


# Random graphs

LEXICAL = {
    "double": [
        "1",
        "1.0",
        "2.5",
        "-3E0",
        "1e400",
        "NaN",
        "INF",
        "-INF",
        "abc",
        "",
        "0",
        "-0.0",
        ".5",
        "+1",
        "007",
    ],
    "decimal": ["1", "1.0", "2.50", "x", "-3"],
    "integer": ["1", "01", "-3", "2", "1.0", "+2"],
    "string": ["", "a", "ab", "/a", "a/b", "1", 'q"', "b\\n", "new\nline", "ß"],
    "dateTime": [
        "2026-03-02T08:00:00Z",
        "2026-03-02T09:00:00+01:00",
        "2026-03-02T09:00:00",
        "2026-02-30T09:00:00Z",
        "2026-03-02T09:00:00.5Z",
        "soon",
        "2026-03-02T24:00:00Z",
    ],
    "boolean": ["true", "1", "yes"],
    "date": ["2026-03-02", "never"],
}
literals = st.sampled_from(
    [(text, kind) for kind, texts in LEXICAL.items() for text in texts] + [("a", "@en"), ("a", "@de")]
).map(
    lambda pair: (
        ox.Literal(pair[0], language=pair[1][1:])
        if pair[1].startswith("@")
        else ox.Literal(pair[0], datatype=ox.NamedNode(XSD + pair[1]))
    )
)
nodes = st.sampled_from(
    [ox.NamedNode(f"https://x.org/{name}") for name in 3 * ("a", "b", "c/1", "d#1")]
    + [ox.BlankNode("blank1")]
)
predicates = st.sampled_from([ox.NamedNode(f"https://x.org/{name}") for name in "pqr"])
statements = st.builds(ox.Triple, nodes, predicates, st.one_of(nodes, literals))
types = st.builds(
    lambda node, name: ox.Triple(node, ox.NamedNode(TYPE), ox.NamedNode(f"https://x.org/{name}")),
    nodes,
    st.sampled_from(["T", "U"]),
)
graphs = st.lists(st.one_of(statements, statements, types), max_size=14, unique=True)

# Random shapes

paths = st.sampled_from(
    [
        "x:p",
        "x:q",
        "[ sh:inversePath x:p ]",
        "( x:p x:q )",
        "( x:p [ sh:inversePath x:p ] )",
        "[ sh:alternativePath ( x:p x:q ) ]",
        "( [ sh:alternativePath ( x:p [ sh:inversePath x:q ] ) ] x:r )",
        "[ sh:inversePath ( x:p x:q ) ]",
        "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>",
        "[ sh:zeroOrMorePath x:p ]",
    ]
)
targets = st.lists(
    st.sampled_from(
        [
            "sh:targetClass x:T",
            "sh:targetClass x:U",
            "sh:targetSubjectsOf x:p",
            "sh:targetObjectsOf x:q",
            "sh:targetObjectsOf x:p",
            "sh:targetNode x:a",
        ]
    ),
    min_size=1,
    max_size=2,
    unique=True,
)
bounds = st.tuples(
    st.sampled_from(["minInclusive", "minExclusive", "maxInclusive", "maxExclusive"]),
    st.sampled_from(["1.0e0", "0.1", "1", "-3.0e0", "2.5e0", '"2026-03-02T08:00:00Z"^^xsd:dateTime', '"a"']),
).map(lambda pair: f"sh:{pair[0]} {pair[1]}")
value_rules = st.one_of(
    bounds,
    st.sampled_from([*LEXICAL, "anyURI"]).map(lambda kind: f"sh:datatype xsd:{kind}"),
    st.sampled_from(["IRI", "BlankNode", "Literal", "BlankNodeOrIRI", "IRIOrLiteral"]).map(
        lambda kind: f"sh:nodeKind sh:{kind}"
    ),
    st.sampled_from(["^[a-z]", "/[^/#]+$", "[.]0$", "^.$", "^[-+]?[0-9]+[.][0-9]*$", "a++", "\\\\d"]).map(
        lambda text: f'sh:pattern "{text}"'
    ),
    st.sampled_from(["minLength 1", "minLength 3", "maxLength 2", "maxLength 15"]).map(
        lambda text: f"sh:{text}"
    ),
    st.sampled_from(["x:a x:b", 'x:a "a"', '"1"^^xsd:integer', '"a"@en', "1.0e0 2.5e0"]).map(
        lambda terms: f"sh:in ( {terms} )"
    ),
    st.sampled_from(["x:a", '"a"', "1", "x:T"]).map(lambda term: f"sh:hasValue {term}"),
    st.sampled_from(["sh:class x:T", "sh:class x:U"]),
    st.sampled_from(["sh:equals x:q", "sh:disjoint x:q", "sh:disjoint x:p"]),
)
path_rules = st.one_of(
    value_rules,
    value_rules,
    st.sampled_from([f"sh:{way}Count {n}" for way in ("min", "max") for n in range(4)]),
    st.sampled_from(["sh:lessThan x:q", "sh:lessThanOrEquals x:q", "sh:lessThanOrEquals x:r"]),
    st.sampled_from(["sh:uniqueLang true", "sh:not [ sh:class x:T ]"]),
)


def rules_of(rules: st.SearchStrategy[str], most: int = 3) -> st.SearchStrategy[str]:
    found = st.lists(rules, min_size=1, max_size=most, unique_by=lambda rule: rule.split()[0])
    return found.map(" ; ".join)


plain = rules_of(value_rules, 2).map(lambda rules: f"[ {rules} ]")
inner = st.one_of(
    plain,
    st.tuples(paths, rules_of(path_rules, 2)).map(lambda pair: f"[ sh:path {pair[0]} ; {pair[1]} ]"),
)
nested = st.one_of(
    plain.map(lambda shape: f"sh:node {shape}"),
    st.tuples(inner, inner).map(lambda pair: f"sh:or ( {pair[0]} {pair[1]} )"),
    st.tuples(inner, inner).map(lambda pair: f"sh:and ( {pair[0]} {pair[1]} )"),
    st.tuples(paths, rules_of(path_rules, 2)).map(
        lambda pair: f"sh:property [ sh:path {pair[0]} ; {pair[1]} ]"
    ),
)
qualified = st.tuples(inner, st.sampled_from(["Min", "Max"]), st.integers(0, 2)).map(
    lambda parts: f"sh:qualifiedValueShape {parts[0]} ; sh:qualified{parts[1]}Count {parts[2]}"
)
shapes = st.one_of(
    st.tuples(targets, rules_of(st.one_of(value_rules, nested))).map(
        lambda pair: f"a sh:NodeShape ; {' ; '.join(pair[0])} ; {pair[1]}"
    ),
    st.tuples(targets, paths, rules_of(st.one_of(path_rules, path_rules, nested, qualified))).map(
        lambda parts: f"a sh:PropertyShape ; {' ; '.join(parts[0])} ; sh:path {parts[1]} ; {parts[2]}"
    ),
)
LAW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def shapes_graph(texts: list[str]) -> rdflib.Graph:
    ways = ("Violation", "Warning", "Info")
    return graph(
        "".join(
            f'x:S{number} {text} ; sh:severity sh:{ways[number]} ; sh:message "Rule {number}." .\n'
            for number, text in enumerate(texts)
        )
    )


@LAW
@given(st.lists(shapes, min_size=1, max_size=3), graphs)
def test_random_shapes_find_in_random_graphs_what_pyshacl_finds(
    texts: list[str], triples: list[ox.Triple]
) -> None:
    try:
        shapes = shapes_graph(texts)
        expected = told(validate_by(plan_of(shapes), triples, engine="pyshacl"))
    except Exception as refused:  # pySHACL raises errors of many kinds for shapes that are none
        with pytest.raises(type(refused)):
            validate_by(plan_of(shapes), triples)
        return

    assert told(validate_by(plan_of(shapes), triples)) == expected


@LAW
@given(st.lists(shapes, min_size=1, max_size=3), graphs)
def test_a_screen_clears_no_node_at_which_pyshacl_finds_something(
    texts: list[str], triples: list[ox.Triple]
) -> None:
    """Columns made of two halves of the graph clear no more than those of the whole."""
    plan = plan_of(shapes_graph(texts))
    triples = [triple for triple in triples if "_:" not in str(triple)]
    halves = [ntriples.write(triples[::2]), ntriples.write(triples[1::2])]
    whole, parts = plan.columns("".join(halves)), merged(plan.columns(half) for half in halves)

    def suspects(columns: Columns) -> dict[str, set[int]]:
        screens = Screens(columns, lambda iri: [iri])
        return {s.node: set(found) for s, found in screens.all(plan.compiled.shapes).items()}

    assert suspects(parts) == suspects(whole)


# What is left to pySHACL


@pytest.mark.parametrize(
    "rule",
    [
        "sh:path [ sh:zeroOrMorePath x:p ] ; sh:minCount 1",
        "sh:path x:p ; sh:uniqueLang true",
        "sh:path x:p ; sh:not [ sh:class x:T ]",
        "sh:path x:p ; sh:datatype xsd:gYear",
        'sh:path x:p ; sh:pattern "a" ; sh:flags "i"',
        'sh:path x:p ; sh:minInclusive "2026-03-02"^^xsd:date',
        "sh:closed true",
        "sh:path x:p ; sh:minCount 1 ; sh:deactivated true",
        "sh:path x:p ; sh:invented 1",
    ],
)
def test_what_the_compiler_does_not_know_is_left_to_pyshacl(rule: str) -> None:
    compiled = compile_shapes(graph(f"x:S sh:targetClass x:T ; {rule} ."))

    assert compiled.shapes == ()
    assert list(compiled.reasons) == ["https://x.org/S"]
    assert len(compiled.rest) > 0


def test_of_a_path_that_may_have_no_value_one_is_found() -> None:
    plan = plan_of(graph("x:S a sh:NodeShape ; sh:targetSubjectsOf x:q ; sh:property x:P . "
                         "x:P sh:path x:p ; sh:maxCount 0 ."))  # fmt: skip
    some, other = ox.NamedNode("https://x.org/s"), ox.NamedNode("https://x.org/o")
    triples = [ox.Triple(some, ox.NamedNode(f"https://x.org/{name}"), other) for name in "pq"]

    (found,) = validate_by(plan, triples)

    assert found == validate_by(plan, triples, engine="pyshacl")[0]


def test_a_shape_that_defines_a_component_leaves_all_to_pyshacl() -> None:
    compiled = compile_shapes(
        graph("x:S sh:targetClass x:T ; sh:path x:p ; sh:minCount 1 . x:C a sh:ConstraintComponent .")
    )

    assert compiled.shapes == ()
    assert list(compiled.reasons) == ["https://x.org/S"]


@pytest.mark.parametrize(
    "line",
    [
        "<https://x.org/a> <http://www.w3.org/2000/01/rdf-schema#subClassOf> <https://x.org/T> .",
        "_:blank <https://x.org/p> <https://x.org/T> .",
        "<https://x.org/\\u0061> <https://x.org/p> <https://x.org/T> .",
        "<https://x.org/a> <https://x.org/p> <<( <https://x.org/a> <https://x.org/p> <https://x.org/b> )>> .",
    ],
)
def test_columns_refuse_what_they_do_not_show(line: str) -> None:
    with pytest.raises(NotColumnsError):
        read(line + "\n", {"https://x.org/p"})
