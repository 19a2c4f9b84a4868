"""`/sparql`: the SPARQL 1.1 Protocol for reading, and a page to ask from."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from starlette.datastructures import FormData, ImmutableMultiDict, QueryParams

from kg.api import sparql
from kg.api.accept import must_choose
from kg.api.here import Here
from kg.api.problems import Problem, problems
from kg.api.streaming import Streaming, attended

router = APIRouter(tags=["Questions"])

FORM, DIRECT, UPDATE = (
    "application/x-www-form-urlencoded",
    "application/sparql-query",
    "application/sparql-update",
)
EXAMPLE = """SELECT ?cell ?value WHERE {
  ?cell term:hasProperty ?capacity .
  ?capacity a term:DischargingCapacity ;
    term:hasNumericalPart/term:hasNumberValue ?value .
} LIMIT 10
"""
_READING = "this endpoint is for reading; records come in by POST /records."
SHOWN = 500
"""Rows that a page shows."""

_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The answer, in the format that Accept asks for.",
        "content": {
            "application/sparql-results+json": {
                "example": {
                    "head": {"vars": ["n"]},
                    "results": {
                        "bindings": [
                            {
                                "n": {
                                    "type": "literal",
                                    "value": "48",
                                    "datatype": "http://www.w3.org/2001/XMLSchema#integer",
                                }
                            }
                        ]
                    },
                }
            },
            **{
                media: {}
                for media in ("application/sparql-results+xml", "text/csv", "text/tab-separated-values")
            },
            **{media: {} for media in list(sparql.TRIPLES)[:6]},
            "text/html": {},
        },
    }
}
_DOC = (
    "Prefixes of the project need not be declared, and `term:Label` stands for the IRI of a term. "
    "Without a dataset the default graph is the union of all graphs; `default-graph-uri` and "
    "`named-graph-uri` take the place of what FROM says. SELECT and ASK are answered as JSON, XML, CSV or "
    "TSV, CONSTRUCT and DESCRIBE as Turtle, N-Triples, RDF/XML, JSON-LD, TriG or N-Quads. "
    "A query over its time limit is stopped and answered by 503. SERVICE and updates are refused."
)
_GRAPHS = "May be given several times."


@router.get(
    "/sparql",
    summary="Ask by SPARQL",
    description=f"{_DOC} Without a query, the service description is answered, and a page to a browser.",
    responses={**_ANSWER, **problems(400, 406, 503)},
)
async def get(
    here: Here,
    query: Annotated[
        str | None, Query(description="A SPARQL query.", examples=["SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"])
    ] = None,
    default_graph_uri: Annotated[
        list[str], Query(alias="default-graph-uri", description=f"A graph of the default graph. {_GRAPHS}")
    ] = [],  # noqa: B006  (FastAPI copies it)
    named_graph_uri: Annotated[
        list[str], Query(alias="named-graph-uri", description=f"A named graph. {_GRAPHS}")
    ] = [],  # noqa: B006
    format: Annotated[
        str | None,
        Query(description="Short for Accept: json, xml, csv, tsv, turtle, nt, rdf, jsonld, trig, nq."),
    ] = None,
) -> Response:
    """Answer a query in the address, or say what the endpoint is."""
    asked = here.request.query_params
    if "update" in asked:
        raise Problem(400, f"an update is never taken by GET, and {_READING}")
    if query is None:
        return await _described(here)
    return await _answer(here, _one(asked, "query"), asked)


@router.post(
    "/sparql",
    summary="Ask by SPARQL, with the query in the body",
    description=_DOC,
    responses={**_ANSWER, **problems(400, 406, 413, 415, 503)},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                DIRECT: {"schema": {"type": "string"}, "example": "ASK {}"},
                FORM: {
                    "schema": {
                        "type": "object",
                        "required": ["query"],
                        "properties": {
                            "query": {"type": "string"},
                            "default-graph-uri": {"type": "array", "items": {"type": "string"}},
                            "named-graph-uri": {"type": "array", "items": {"type": "string"}},
                        },
                    },
                    "example": {"query": "ASK {}"},
                },
            },
        }
    },
)
async def post(here: Here) -> Response:
    """Answer a query in the body."""
    media, charset = _content_type(here.request)
    if media == UPDATE:
        raise Problem(403, f"updates are refused: {_READING}")
    if media == DIRECT:
        if charset not in ("", "utf-8", "utf8"):
            raise Problem(415, f"a query is UTF-8; '{charset}' is not read.")
        query = _utf8(await here.request.body())
        return await _answer(here, query, here.request.query_params)
    if media != FORM:
        said = f"'{media}' is not read" if media else "the request has no Content-Type"
        raise Problem(415, f"{said}. Send {DIRECT} or {FORM}.")
    _utf8(await here.request.body())
    async with here.request.form() as form:
        if "update" in form:
            raise Problem(403, f"updates are refused: {_READING}")
        both = _together(here.request.query_params, form)
        return await _answer(here, _one(form, "query"), both)


def _together(address: QueryParams, form: FormData) -> ImmutableMultiDict[str, Any]:
    """Return the parameters of the form, and those of the address: clients put the dataset in either."""
    return ImmutableMultiDict([*address.multi_items(), *form.multi_items()])


def _content_type(request: Request) -> tuple[str, str]:
    media, *params = (part.strip() for part in request.headers.get("content-type", "").split(";"))
    named = dict(param.lower().split("=", 1) for param in params if "=" in param)
    return media.lower(), named.get("charset", "").strip('"')


def _utf8(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Problem(400, f"the query is not UTF-8 (byte {error.start}).") from None


def _one(given: ImmutableMultiDict[str, Any], name: str) -> str:
    values = given.getlist(name)
    if len(values) != 1 or not isinstance(values[0], str):
        raise Problem(400, f"one '{name}' is needed, and {len(values)} came.")
    return values[0]


async def _answer(here: Here, query: str, given: ImmutableMultiDict[str, Any]) -> Response:
    default, named = given.getlist("default-graph-uri"), given.getlist("named-graph-uri")
    accept, short = here.request.headers.get("accept"), given.get("format")
    if short == "html" or (not short and sparql.is_page(accept, [*sparql.ROWS, *sparql.TRIPLES])):
        return await _page(here, query)
    return Streaming(here.readers, sparql.answer, query, default, named, accept=accept, short=short)


async def _page(here: Here, query: str) -> Response:
    try:
        async with here.readers.place():
            work = here.readers.call(sparql.shown, query, SHOWN)
            found = await attended(here.request.receive, work)
    except Problem as problem:
        values = {"query": query, "found": None, "problem": problem.detail}
        return here.pages.show(here.request, "sparql.html", problem.status, problem.headers, **values)
    return here.pages.show(here.request, "sparql.html", query=query, found=found, problem="")


async def _described(here: Here) -> Response:
    accept = here.request.headers.get("accept")
    offered = list(sparql.TRIPLES)[:4]
    if sparql.is_page(accept, offered):
        return here.pages.show(here.request, "sparql.html", query=EXAMPLE, found=None, problem="")
    media = must_choose(accept, offered)
    endpoint = str(here.request.url_for("get")).partition("?")[0]
    text = await here.readers.call(sparql.description, endpoint, media)
    return Response(text, media_type=media, headers={"Vary": "Accept"})
