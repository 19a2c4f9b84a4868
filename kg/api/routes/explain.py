"""`/explain`: why the store says a statement, down to the rows of the files."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse

from kg.api.accept import must_choose
from kg.api.here import Here
from kg.api.problems import Problem, problems
from kg.api.routes.start import found
from kg.explain import NotSaidError, Proof, explain, read_statement
from kg.explain.prove import show
from kg.store import Store

router = APIRouter(tags=["Things"])

ALL = 1_000_000


def proved(store: Store, words: list[str], every: bool) -> dict[str, Any]:
    """Return the proof of a statement, each statement in it also in the names that people use.

    Raises Problem 404 where nothing is called so, or nothing says it.
    """
    if "://" not in words[0]:
        found(store, words[0])
    asked = read_statement(store, words)
    try:
        proof = explain(
            store, asked.subject, asked.predicate, asked.object, **({"few": ALL} if every else {})
        )
    except NotSaidError as error:
        raise Problem(404, str(error)) from None
    return _told(store, proof)


def _told(store: Store, proof: Proof) -> dict[str, Any]:
    said = " ".join(show(store, term) for term in (proof.subject, proof.predicate, proof.object))
    told = {"said": said, **proof.as_dict()}
    if proof.premises:
        told["premises"] = [_told(store, premise) for premise in proof.premises]
    return told


@router.get(
    "/explain",
    summary="Say why the store says a statement",
    description="A subject and the name of one of its values, or a subject, a property and a value. What a "
    "file says has file, row, column, the text that stands there, and the line of the mapping; what a rule "
    "concluded has the rule and its premises, each down to its rows; a class has the classes below it.",
    responses={
        200: {
            "description": "The proof, or its page to a browser.",
            "content": {
                "application/json": {
                    "example": {
                        "said": "run/calendering/KA-C-0001#LineLoad.number hasNumberValue 292.7",
                        "kind": "asserted",
                        "rows": [
                            {
                                "file": "kalander_2026-03.xlsx",
                                "place": "row=4",
                                "cells": [{"column": "Linienlast ist [N/mm]", "text": "292.7"}],
                                "mapping": "calendering.yaml",
                                "line": 21,
                            }
                        ],
                    }
                },
                "text/html": {},
            },
        },
        **problems(400, 404, 406, 422, 503),
    },
)
async def explain_statement(
    here: Here,
    subject: Annotated[
        str, Query(description="An identifier, a name below the base, or an IRI.", examples=["KA-C-0001"])
    ],
    value: Annotated[
        str,
        Query(description="The name of a value, or a thing, term, number or text.", examples=["LineLoad"]),
    ],
    property: Annotated[
        str,
        Query(description="Label of a property, or `a`; none with the name of a value.", examples=["a"]),
    ] = "",
    every: Annotated[
        bool,
        Query(alias="all", description="All premises of a count or mean, however many.", examples=[False]),
    ] = False,
) -> Response:
    """Return the proof of a statement."""
    media = must_choose(here.request.headers.get("accept"), ["application/json", "text/html"])
    words = [subject, *([property] if property else []), value]
    told = await here.readers.call(proved, words, every)
    if media == "text/html":
        return here.pages.show(here.request, "explain.html", told=told, asked=" ".join(words))
    return JSONResponse(told)
