"""`/id/...` and `/about/...`: the IRIs of the store, dereferenced on whatever host the server runs.

A thing is no document: `/id/` sees other, and `/about/` tells of it in the format that fits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from kg.api import thing
from kg.api.accept import must_choose
from kg.api.here import Here
from kg.api.problems import Problem, problems

router = APIRouter(tags=["Things"])

FORMATS = {
    "html": "text/html",
    "turtle": "text/turtle",
    "jsonld": "application/ld+json",
    "nt": "application/n-triples",
    "rdf": "application/rdf+xml",
    "json": "application/json",
}
_OFFERED = ["text/turtle", *(media for media in FORMATS.values() if media != "text/turtle")]
_TAIL = Path(description="What follows the base in the IRI.", examples=["cell/PC-0001"])


def _tail(request: Request, prefix: str) -> str:
    """Return the path after a prefix as it was sent: two IRIs may differ in their encoding alone."""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    return raw.decode("ascii").partition("?")[0].partition(prefix)[2]


@router.get(
    "/id/{tail:path}",
    summary="Dereference an IRI of the store",
    description="`/id/cell/PC-0001` stands for the base of the store and `cell/PC-0001`. "
    "A thing is not a document, so the answer is 303 See Other to the document about it, in the format that "
    "Accept asks for.",
    status_code=303,
    responses={
        303: {
            "description": "The document about the thing is at Location.",
            "headers": {
                "Location": {
                    "description": "The document.",
                    "schema": {"type": "string"},
                    "example": "/about/cell/PC-0001?format=turtle",
                }
            },
        },
        **problems(404, 406, 503),
    },
)
async def dereference(here: Here, tail: Annotated[str, _TAIL]) -> Response:
    """Lead from a thing to the document about it."""
    media = must_choose(here.request.headers.get("accept"), _OFFERED)
    sent = _tail(here.request, "/id/")
    iri = await here.readers.call(thing.iri_of, sent)
    root = here.request.scope.get("root_path", "")
    short = next(name for name, form in FORMATS.items() if form == media)
    where = f"{root}/about/{iri.removeprefix(here.base)}" + ("" if short == "html" else f"?format={short}")
    return RedirectResponse(where, 303, headers={"Vary": "Accept"})


@router.get(
    "/about/{tail:path}",
    summary="See what the store says of a thing",
    description="A page for people: classes, values each with its unit and the row of the file that it was "
    "read from, and what the thing leads to. For programs: its statements as Turtle, JSON-LD, N-Triples or "
    "RDF/XML, and what the page shows as JSON.",
    responses={
        200: {
            "description": "The document.",
            "content": {
                "text/turtle": {
                    "example": "<https://example.org/line/cell/PC-0001> a battery:battery_68ed ."
                },
                **{media: {} for media in _OFFERED[1:]},
            },
        },
        **problems(404, 406, 503),
    },
)
async def about(
    here: Here,
    tail: Annotated[str, _TAIL],
    format: Annotated[
        str | None, Query(description=f"Short for Accept: {', '.join(FORMATS)}.", examples=["turtle"])
    ] = None,
) -> Response:
    """Return the document about a thing."""
    if format and format not in FORMATS:
        raise Problem(406, f"'{format}' is no format. Formats: {', '.join(FORMATS)}.")
    media = FORMATS[format] if format else must_choose(here.request.headers.get("accept"), _OFFERED)
    sent = _tail(here.request, "/about/")
    if media in ("text/html", "application/json"):
        told = await here.readers.call(thing.thing, sent)
        headers = _headers(here.request, told["iri"], sent)
        if media == "application/json":
            return JSONResponse(told, headers=headers)
        why = _why(here.request)
        return here.pages.show(here.request, "thing.html", headers=headers, told=told, why=why)
    text = await here.readers.call(thing.statements, sent, media)
    return Response(text, media_type=media, headers=_headers(here.request, here.base + sent, sent))


def _why(request: Request) -> Callable[[str, str], str]:
    """Return what gives the address of the proof of a value."""
    root = request.scope.get("root_path", "")

    def why(quantity: str, bearer: str) -> str:
        return f"{root}/explain?{urlencode({'subject': bearer, 'value': quantity.partition('#')[2]})}"

    return why


def _headers(request: Request, iri: str, tail: str) -> dict[str, str]:
    root: Any = request.scope.get("root_path", "")
    links = [f'<{iri}>; rel="describes"']
    links += [
        f'<{root}/about/{tail}?format={short}>; rel="alternate"; type="{media}"'
        for short, media in FORMATS.items()
    ]
    return {"Link": ", ".join(links), "Vary": "Accept, Accept-Language, Cookie"}
