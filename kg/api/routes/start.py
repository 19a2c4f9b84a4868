"""`/` and `/find`: the start page, and the way from a name to the thing."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse, RedirectResponse

from kg import queries
from kg.api.accept import choose
from kg.api.access import everyone
from kg.api.here import Here
from kg.api.pages import address
from kg.api.problems import Problem, problems
from kg.catalogue import entries
from kg.errors import KgError
from kg.names import find
from kg.store import Store

router = APIRouter(tags=["Things"])


def overview(store: Store) -> dict[str, Any]:
    """Return how many files and triples there are, and when one was loaded last."""
    files = [entry for entry in entries(store, items=False) if entry.outcome == "loaded"]
    last = max((entry.loaded_at for entry in files), default="")
    return {"files": len(files), "triples": store.count(), "at": last[:16].replace("T", " ")}


def found(store: Store, name: str) -> str:
    """Return the IRI of the thing of this name.

    Raises Problem 404 where nothing or more than one thing is called so.
    """
    try:
        return find(store, name)
    except KgError as error:
        raise Problem(404, str(error)) from None


@router.get(
    "/",
    summary="See the start page",
    description="A page for people: what the store holds, and the ways to ask it.",
    responses={
        200: {"description": "The page.", "content": {"text/html": {"example": "<!doctype html>..."}}},
        303: {"description": "For who may not see records: the list of passports."},
        **problems(503),
    },
)
@everyone
async def start(here: Here) -> Response:
    """Return the start page."""
    if not here.caller.staff:
        return RedirectResponse(f"{here.request.scope.get('root_path', '')}/passports", 303)
    told = await here.readers.call(overview)
    return here.pages.show(here.request, "index.html", questions=len(queries.library()), **told)


@router.get(
    "/find",
    summary="Find a thing by its name",
    description="A name is the number in your own files (`PC-0001`), a name below the base (`cell/PC-0001`), "
    "a serial number, a label, or an IRI. A browser is led to the page of the thing.",
    responses={
        200: {
            "description": "The IRI of the thing, and where it is shown.",
            "content": {
                "application/json": {
                    "example": {"iri": "https://example.org/line/cell/PC-0001", "page": "/id/cell/PC-0001"}
                }
            },
        },
        303: {"description": "For a browser: the page of the thing is at Location."},
        **problems(404, 422, 503),
    },
)
async def find_thing(
    here: Here, name: Annotated[str, Query(description="What the thing is called.", examples=["PC-0001"])]
) -> Response:
    """Return the thing of a name."""
    accept = here.request.headers.get("accept")
    wants_page = choose(accept, ["application/json", "text/html"]) == "text/html"
    iri = await here.readers.call(found, name.strip())
    page = address(here.request.scope.get("root_path", ""), here.base, iri)
    if wants_page:
        return RedirectResponse(page, 303)
    return JSONResponse({"iri": iri, "page": page})
