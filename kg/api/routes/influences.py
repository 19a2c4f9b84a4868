"""`/influences`: which parameters move a property, by published work and by the loaded records."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse

from kg.api.accept import must_choose
from kg.api.here import Here
from kg.api.problems import problems
from kg.influence.combine import as_dict, influences
from kg.store import Store

router = APIRouter(tags=["Influences"])


def ranked(store: Store, of: str, on: str | None, what: str, rows: bool) -> dict[str, Any]:
    """Return the ranking of what moves a property."""
    return as_dict(influences(store, of, on, what=what), rows=rows)


@router.get(
    "/influences",
    summary="Rank what moves a property",
    description="One ranking of the parameters of the line and the properties on the way: stated by "
    "published work (with its source), observed in these records (effect, interval, adjusted for many tests "
    "and compared inside batches), both, or in conflict. Each entry that is observed has the path from "
    "parameter to property; with `rows=true` also the numbers behind it.",
    responses={
        200: {
            "description": "The ranking, or a page to a browser.",
            "content": {
                "application/json": {
                    "example": {
                        "property": "Porosity",
                        "things": 24,
                        "rate_of_false_discoveries": 0.05,
                        "entries": [
                            {
                                "rank": 1,
                                "title": "LineLoad",
                                "step": "FabricatedElectrodeCalendering",
                                "verdict": "both",
                                "sign": -1,
                                "observed": {"effect": -0.9, "interval": [-0.96, -0.78], "q": 0.0001},
                            }
                        ],
                    }
                },
                "text/html": {},
            },
        },
        **problems(400, 406, 422, 503),
    },
)
async def rank_influences(
    here: Here,
    of: Annotated[
        str, Query(description="Label of a property, or QUERY.COLUMN of the library.", examples=["Porosity"])
    ],
    on: Annotated[
        str | None,
        Query(
            description="Only these things: a query, a batch, a lot, a machine, or a list.",
            examples=["KAL-1"],
        ),
    ] = None,
    what: Annotated[
        Literal["both", "stated", "observed"],
        Query(description="Published work, these records, or both.", examples=["both"]),
    ] = "both",
    rows: Annotated[
        bool, Query(description="Tell the numbers behind each entry, too.", examples=[False])
    ] = False,
) -> Response:
    """Return the ranking of what moves a property."""
    media = must_choose(here.request.headers.get("accept"), ["application/json", "text/html"])
    async with here.readers.place():
        told = await here.readers.call(ranked, of, on or None, what, rows)
    if media == "text/html":
        return here.pages.show(here.request, "influences.html", told=told)
    return JSONResponse(told)
