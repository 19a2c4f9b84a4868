"""`/terms`: words of people, headers, and IRIs -> terms of the vocabulary."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote, unquote

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import JSONResponse

from kg.api.accept import must_choose
from kg.api.access import everyone
from kg.api.here import Here
from kg.api.problems import Problem, problems
from kg.store import Store
from kg.termrecord import page, record
from kg.terms import AmbiguousTermError, Term, UnknownTermError, Vocabulary, vocabulary

router = APIRouter(tags=["Terms"])

_EXAMPLE = {
    "iri": "https://w3id.org/battery-kg/bvco-ext#LineLoad",
    "label": "LineLoad",
    "kind": "class",
    "meaning": "Force of the calender's rolls for each length of the nip.",
    "german": ["Linienlast"],
    "unit": "N/mm",
}


def search(store: Store, text: str, limit: int, counted: bool) -> dict[str, Any]:
    """Return the term that a text names, where it names one, and the terms that it may mean."""
    known = vocabulary()
    try:
        exact, ambiguous = known.resolve(text), ""
    except UnknownTermError:
        exact, ambiguous = None, ""
    except AmbiguousTermError as error:
        exact, ambiguous = None, str(error)
    hits = known.search(exact.label if exact else text, limit)
    return {
        "exact": page(known, exact, store if counted else None) if exact else None,
        "ambiguous": ambiguous,
        "hits": [record(known, hit.term) | {"score": hit.score, "reason": hit.reason} for hit in hits],
    }


def one(store: Store, name: str, counted: bool) -> dict[str, Any]:
    """Return all that is known of the term of this label or IRI, with labels beside its neighbours.

    Raises Problem 404 where there is none, and 400 where there are several.
    """
    known = vocabulary()
    try:
        term = known.term(name) if "://" in name else known.resolve(name)
    except AmbiguousTermError as error:
        raise Problem(400, str(error), candidates=error.candidates) from None
    except UnknownTermError as error:
        raise Problem(404, str(error)) from None
    return page(known, term, store if counted else None) | {"labels": _labels(known, term)}


def _labels(known: Vocabulary, term: Term) -> dict[str, str]:
    near = {
        *term.parents,
        *term.close,
        *known.descendants(term.iri),
        *([term.replaced_by] if term.replaced_by else []),
    }
    return {iri: known.term(iri).label for iri in sorted(near) if iri in known}


@router.get(
    "/terms",
    summary="Find terms",
    description="A text is a label, a German or English word, a part of one, a unit code, or an IRI. `exact` "
    "is the term that has just this name; `hits` are ranked, each with its score and reason.",
    responses={
        200: {
            "description": "The terms, or a page to a browser.",
            "content": {
                "application/json": {
                    "example": {
                        "exact": _EXAMPLE,
                        "ambiguous": "",
                        "hits": [{**_EXAMPLE, "score": 1.0, "reason": "label"}],
                    }
                },
                "text/html": {},
            },
        },
        **problems(406, 422, 503),
    },
)
@everyone
async def find_terms(
    here: Here,
    text: Annotated[str, Query(description="What to look for.", examples=["Linienlast"])] = "",
    limit: Annotated[int, Query(ge=1, le=100, description="Hits at most.", examples=[10])] = 10,
) -> Response:
    """Return the terms that a text may mean."""
    accept = here.request.headers.get("accept")
    media = must_choose(accept, ["application/json", "text/html"])
    found = await here.readers.call(search, text, limit, here.caller.staff) if text.strip() else None
    if media == "text/html":
        return here.pages.show(here.request, "terms.html", text=text, found=found, quote=quote)
    return JSONResponse(found or {"exact": None, "ambiguous": "", "hits": []})


@router.get(
    "/terms/{name:path}",
    summary="See one term",
    description="What it means, its names in English and German, its unit, its parents and what is below "
    "it, where it is mapped, shaped and queried, and how many things of the store are of this class. "
    "An IRI is percent-encoded as a whole.",
    responses={
        200: {
            "description": "The term, or its page to a browser.",
            "content": {"application/json": {"example": {**_EXAMPLE, "used": 24}}, "text/html": {}},
        },
        **problems(400, 404, 406, 503),
    },
)
@everyone
async def see_term(
    here: Here, name: Annotated[str, Path(description="A label or an IRI.", examples=["LineLoad"])]
) -> Response:
    """Return one term."""
    media = must_choose(here.request.headers.get("accept"), ["application/json", "text/html"])
    try:
        term = await here.readers.call(one, unquote(name), here.caller.staff)
    except Problem as problem:
        if media != "text/html":
            raise
        return here.pages.show(
            here.request,
            "terms.html",
            problem.status,
            text=name,
            found=None,
            quote=quote,
            problem=problem.detail,
        )
    if media == "text/html":
        return here.pages.show(here.request, "term.html", term=term, quote=quote)
    return JSONResponse(term)
