"""A query as the SPARQL protocol brings it -> its answer in a format that the client accepts.

These functions run in a reader process.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, cast

import pyoxigraph as ox

from kg.answers import Answer
from kg.api.accept import choose, must_choose
from kg.api.problems import Problem
from kg.api.worker import Out
from kg.labels import expand
from kg.namespaces import PREFIXES
from kg.store import Store
from kg.terms import vocabulary

_RESULTS = ox.QueryResultsFormat
_RDF = ox.RdfFormat

ROWS: dict[str, tuple[str, ox.QueryResultsFormat]] = {
    "application/sparql-results+json": ("json", _RESULTS.JSON),
    "application/sparql-results+xml": ("xml", _RESULTS.XML),
    "text/csv": ("csv", _RESULTS.CSV),
    "text/tab-separated-values": ("tsv", _RESULTS.TSV),
    "application/json": ("", _RESULTS.JSON),
    "application/xml": ("", _RESULTS.XML),
}
TRUTH = {media: ROWS[media] for media in list(ROWS)[:2] + list(ROWS)[4:]}
TRIPLES: dict[str, tuple[str, ox.RdfFormat]] = {
    "text/turtle": ("turtle", _RDF.TURTLE),
    "application/n-triples": ("nt", _RDF.N_TRIPLES),
    "application/rdf+xml": ("rdf", _RDF.RDF_XML),
    "application/ld+json": ("jsonld", _RDF.JSON_LD),
    "application/trig": ("trig", _RDF.TRIG),
    "application/n-quads": ("nq", _RDF.N_QUADS),
    "application/xml": ("", _RDF.RDF_XML),
    "application/json": ("", _RDF.JSON_LD),
    "text/plain": ("", _RDF.N_TRIPLES),
}

_UNWRITTEN = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"""'
    r"|'''(?:[^'\\]|\\.|'(?!''))*'''"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'(?:[^'\\\n]|\\.)*'"
    r'|<[^<>"{}|^`\\\x00-\x20]*>'
    r"|\#[^\n]*",
    re.DOTALL,
)
_CODEPOINT = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")


def _keywords(query: str) -> set[str]:
    """Return the words of a query outside of strings, IRIs, comments, variables and prefixed names."""
    bare = _UNWRITTEN.sub(" ", query)
    return {word.upper() for word in re.findall(r"(?<![\w?$:@.-])[A-Za-z]+(?![\w:-])", bare)}


def _read(query: str) -> tuple[str, bool]:
    """Return the query with its labels expanded, and whether it names its own dataset.

    Raises Problem where it would call another server: who asks must not reach what this machine reaches.
    """
    decoded = _CODEPOINT.sub(lambda match: chr(int(match[1] or match[2], 16)), query)
    words = _keywords(query) | _keywords(decoded)
    if "SERVICE" in words:
        raise Problem(400, "SERVICE is not answered here. Ask each server by itself and join the answers.")
    return expand(query, vocabulary()), "FROM" in words


def evaluate(store: Store, query: str, default: Sequence[str] = (), named: Sequence[str] = ()) -> Any:
    """Return the solutions, truth or triples of a query over a dataset.

    Without a dataset, neither of the protocol nor of the query, the default graph is the union of all graphs.
    Raises Problem 400 where the query is no SPARQL, or a graph is no IRI.
    """
    text, own = _read(query)
    options: dict[str, Any] = {"use_default_graph_as_union": not own}
    if default or named:
        # The protocol's dataset takes the place of the query's, and holds nothing but what it names.
        options = {"default_graph": _nodes(default), "named_graphs": _nodes(named)}
    try:
        return store.db.query(text, base_iri=store.base, prefixes=PREFIXES, **options)
    except SyntaxError as error:
        raise Problem(400, f"this is not SPARQL: {_said(str(error), text)}") from None


def _nodes(iris: Sequence[str]) -> list[ox.NamedNode]:
    try:
        return [ox.NamedNode(iri) for iri in iris]
    except ValueError as error:
        raise Problem(400, f"a graph of the request is no IRI: {error}.") from None


def _said(error: str, query: str) -> str:
    """Return a message of the parser as people read it: line, column, and what stands there."""
    place = re.match(r"error at (\d+):(\d+): (.*)", error, re.DOTALL)
    if not place:
        return error if len(error) < 300 else f"{error[:300]} ..."
    line, column = int(place[1]), int(place[2])
    lines = query.splitlines() or [""]
    rest = lines[line - 1][column - 1 :][:40] if line <= len(lines) else ""
    found = f"'{rest}' does not belong there" if rest.strip() else "the query ends too early"
    expected = place[3] if len(place[3]) < 120 else ""
    return f"line {line}, column {column}: {found}." + (
        f" {expected[0].upper()}{expected[1:]}." if expected else ""
    )


def _chosen(accept: str | None, short: str | None, offered: dict[str, tuple[str, Any]]) -> str:
    for media, (name, _) in offered.items():
        if short and short == name:
            return media
    return must_choose(accept, list(offered))


def answer(
    store: Store,
    out: Out,
    query: str,
    default: Sequence[str] = (),
    named: Sequence[str] = (),
    *,
    accept: str | None = None,
    short: str | None = None,
) -> None:
    """Write the answer of a query in the format that fits best; `short` is the name of one, such as `csv`.

    Raises Problem 400 for what is no SPARQL, and 406 where no format fits.
    """
    result = evaluate(store, query, default, named)
    if isinstance(result, ox.QueryTriples):
        media = _chosen(accept, short, TRIPLES)
        out.start(media=media)
        ox.serialize(result, cast(Any, out), format=TRIPLES[media][1], prefixes=_prefixes(media))
        return
    rows(out, result, accept=accept, short=short)


def rows(
    out: Out, result: ox.QuerySolutions | ox.QueryBoolean, *, accept: str | None, short: str | None
) -> None:
    """Write the rows or the truth of a query in the format that fits best."""
    offered = TRUTH if isinstance(result, ox.QueryBoolean) else ROWS
    media = _chosen(accept, short, offered)
    out.start(media=media)
    result.serialize(cast(Any, out), format=offered[media][1])


def _prefixes(media: str) -> dict[str, str] | None:
    return PREFIXES if media in ("text/turtle", "application/trig", "application/rdf+xml") else None


def shown(store: Store, query: str, limit: int) -> dict[str, Any]:
    """Return the first rows of an answer for a page, and whether there are more."""
    result = evaluate(store, query)
    if isinstance(result, ox.QueryBoolean):
        return {"truth": bool(result)}
    if isinstance(result, ox.QueryTriples):
        triples = [triple for _, triple in zip(range(limit + 1), result, strict=False)]
        text = ox.serialize(triples[:limit], format=_RDF.TURTLE, prefixes=PREFIXES) or b""
        return {"turtle": text.decode(), "count": min(len(triples), limit), "more": len(triples) > limit}
    return first_rows(store, result, limit)


def first_rows(store: Store, result: ox.QuerySolutions, limit: int) -> dict[str, Any]:
    """Return the first rows for a page, and whether there are more."""
    names = [variable.value for variable in result.variables]
    found = [
        tuple(solution[name] for name in names) for _, solution in zip(range(limit + 1), result, strict=False)
    ]
    return table(store, Answer(names, found[:limit])) | {"more": len(found) > limit}


def table(store: Store, answer: Answer) -> dict[str, Any]:
    """Return rows for a page: each cell its text, the IRI where it is one, and whether it is a number."""
    texts = answer.texts(store.base, vocabulary())
    rows = [
        [
            {
                "text": text,
                "iri": term.value if isinstance(term, ox.NamedNode) else "",
                "number": isinstance(term, ox.Literal) and term.datatype.value in _NUMBERS,
            }
            for term, text in zip(row, line, strict=True)
        ]
        for row, line in zip(answer.rows, texts, strict=True)
    ]
    return {"columns": answer.columns, "rows": rows, "count": len(rows)}


_NUMBERS = {PREFIXES["xsd"] + name for name in ("double", "float", "decimal", "integer", "int", "long")}


def description(store: Store, endpoint: str, media: str) -> bytes:
    """Return the service description: what the endpoint understands, and the graphs that it holds."""
    sd = "http://www.w3.org/ns/sparql-service-description#"
    a, node = ox.NamedNode(PREFIXES["rdf"] + "type"), ox.NamedNode
    service, dataset = node(endpoint), node(f"{endpoint}#dataset")
    default = node(f"{endpoint}#default-graph")

    def said(subject: ox.NamedNode, predicate: str, object_: ox.NamedNode) -> ox.Triple:
        return ox.Triple(subject, node(sd + predicate), object_)

    formats = {form.iri for _, form in ROWS.values()} | {form.iri for _, form in TRIPLES.values()}
    triples = [
        ox.Triple(service, a, node(sd + "Service")),
        said(service, "endpoint", node(endpoint)),
        said(service, "supportedLanguage", node(sd + "SPARQL11Query")),
        said(service, "feature", node(sd + "UnionDefaultGraph")),
        *(said(service, "resultFormat", node(iri)) for iri in sorted(formats)),
        said(service, "defaultDataset", dataset),
        ox.Triple(dataset, a, node(sd + "Dataset")),
        said(dataset, "defaultGraph", default),
        ox.Triple(default, a, node(sd + "Graph")),
    ]
    names = sorted(name.value for name in store.db.named_graphs() if isinstance(name, ox.NamedNode))
    for number, name in enumerate(names, start=1):
        graph = node(f"{endpoint}#graph-{number}")
        triples += [
            said(dataset, "namedGraph", graph),
            ox.Triple(graph, a, node(sd + "NamedGraph")),
            said(graph, "name", node(name)),
        ]
    return ox.serialize(triples, format=TRIPLES[media][1], prefixes={**PREFIXES, "sd": sd}) or b""


def is_page(accept: str | None, offered: Sequence[str]) -> bool:
    """Return whether a client wants a page rather than one of the formats."""
    return accept is not None and choose(accept, [*offered, "text/html"]) == "text/html"
