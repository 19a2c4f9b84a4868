"""`/queries`: the questions of the library, each a path of its own with the parameters of its file."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from kg import queries
from kg.api import library
from kg.api.accept import choose, must_choose
from kg.api.here import Here
from kg.api.problems import Problem, problems
from kg.api.streaming import Streaming, attended

router = APIRouter(tags=["Questions"])

SHOWN = 500
"""Rows that a page shows."""
FORMATS = {
    "html": "text/html",
    "json": library.RECORDS,
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "xml": "application/sparql-results+xml",
    "srj": "application/sparql-results+json",
    "sparql": library.QUERY,
}
_OFFERED = [library.RECORDS, *(media for media in FORMATS.values() if media != library.RECORDS)]
_OWN = ("format", "lang")


def _groups() -> list[tuple[str, list[queries.Query]]]:
    found = [queries.read(name) for name in queries.library()]
    users = dict.fromkeys(user for query in found for user in query.about.users)
    # A question stands once on the page, with the first of those whom it serves.
    return [(user, [q for q in found if q.about.users[:1] == (user,)]) for user in users]


@router.get(
    "/queries",
    summary="List the questions of the library",
    description="Each with its summary, its parameters and their defaults, and its columns with units.",
    responses={
        200: {
            "description": "The questions, or a page to a browser.",
            "content": {
                "application/json": {
                    "example": [
                        {
                            "name": "cells_of_material_lot",
                            "summary": "Cells that a material lot went into",
                            "question": "Which cells must be found if this lot is bad?",
                            "users": ["analyst"],
                            "params": {
                                "lot": {"help": "Material lot", "unit": None, "default": "lot/NMC-2601"}
                            },
                            "columns": {"cell": {"help": "Cell", "unit": None}},
                            "example": "kg query cells_of_material_lot -p lot=lot/NMC-2601",
                        }
                    ]
                },
                "text/html": {},
            },
        },
        **problems(406),
    },
)
async def list_queries(here: Here) -> Response:
    """Return the library."""
    accept = here.request.headers.get("accept")
    if must_choose(accept, ["application/json", "text/html"]) == "text/html":
        return here.pages.show(here.request, "queries.html", groups=_groups())
    return JSONResponse([_told(queries.read(name)) for name in queries.library()])


def _told(query: queries.Query) -> dict[str, Any]:
    told = {"name": query.name, **query.about.model_dump(mode="json")}
    for name, param in told["params"].items():
        param["default"] = queries.typed(query.default(name))
    return told


def _type(default: str) -> str:
    if default.lstrip("+-").isdigit():
        return "integer"
    try:
        float(default)
    except ValueError:
        return "string"
    return "number"


def _parameters(query: queries.Query) -> list[dict[str, Any]]:
    found = [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": f"{param.help}." + (f" In {param.unit}." if param.unit else ""),
            "schema": {"type": _type(query.default(name))},
            "example": _example(query.default(name)),
        }
        for name, param in query.about.params.items()
    ]
    found.append(
        {
            "name": "format",
            "in": "query",
            "required": False,
            "description": "Short for Accept; `json` gives records, `srj` SPARQL, `sparql` the query.",
            "schema": {"type": "string", "enum": list(FORMATS)},
            "example": "csv",
        }
    )
    return found


def _example(default: str) -> Any:
    text = queries.typed(default)
    kind = _type(default)
    return int(text) if kind == "integer" else float(text) if kind == "number" else text


def _columns(query: queries.Query) -> str:
    lines = [
        f"- `{name}`: {column.help}" + (f" [{column.unit}]" if column.unit else "")
        for name, column in query.about.columns.items()
    ]
    return "\n".join(["", "", "Columns:", *lines]) if lines else ""


def _route(query: queries.Query) -> Callable[..., Awaitable[Response]]:
    async def ask(here: Here) -> Response:
        return await _ask(here, query)

    return ask


async def _ask(here: Here, query: queries.Query) -> Response:
    asked = here.request.query_params
    given = {name: value.strip() for name, value in asked.items() if name not in _OWN and value.strip()}
    for name in given:
        if len(asked.getlist(name)) > 1:
            raise Problem(400, f"'{name}' came several times; give it once.")
    short, accept = asked.get("format"), here.request.headers.get("accept")
    if short and short not in FORMATS:
        raise Problem(406, f"'{short}' is no format. Formats: {', '.join(FORMATS)}.")
    media = FORMATS[short] if short else choose(accept, _OFFERED)
    if media == "text/html":
        return await _page(here, query, given)
    if media == library.QUERY:
        return PlainTextResponse(
            await here.readers.call(library.text, query.name, given),
            media_type=f"{library.QUERY}; charset=utf-8",
        )
    short = "json" if media == library.RECORDS else None
    return Streaming(here.readers, library.answer, query.name, given, accept=media or accept, short=short)


async def _page(here: Here, query: queries.Query, given: dict[str, str]) -> Response:
    params = [
        {
            "name": name,
            "help": param.help,
            "unit": param.unit,
            "type": _type(query.default(name)),
            "default": queries.typed(query.default(name)),
            "given": given.get(name, ""),
        }
        for name, param in query.about.params.items()
    ]
    values: dict[str, Any] = {"query": query, "params": params, "found": None, "problem": ""}
    status = 200
    try:
        async with here.readers.place():
            work = here.readers.call(library.shown, query.name, given, SHOWN)
            values["found"] = await attended(here.request.receive, work)
    except Problem as problem:
        values["problem"], status = problem.detail, problem.status
    return here.pages.show(here.request, "query.html", status, **values)


for _name in queries.library():
    _query = queries.read(_name)
    router.add_api_route(
        f"/queries/{_name}",
        _route(_query),
        name=f"query_{_name}",
        methods=["GET"],
        summary=_query.about.summary,
        description=f"{_query.about.question}{_columns(_query)}",
        openapi_extra={"parameters": _parameters(_query)},
        responses={
            200: {
                "description": "The rows, as records or in a format of SPARQL; a page to a browser.",
                "content": {
                    library.RECORDS: {"example": [dict.fromkeys(_query.about.columns)]},
                    **{media: {} for media in _OFFERED[1:]},
                },
            },
            **problems(400, 406, 503),
        },
    )


@router.get("/queries/{name}", include_in_schema=False)
async def unknown(name: str) -> Response:
    """Say that there is no such question."""
    try:
        queries.read(name)
    except Exception as error:
        raise Problem(
            404, str(error).replace("'kg query --list' tells them", "/queries lists them")
        ) from None
    raise AssertionError("a question of the library has a route")
