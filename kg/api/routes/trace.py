"""`/trace/{id}`: what went into a thing, or what came of it."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response

from kg import lineage
from kg.api.accept import must_choose
from kg.api.here import Here
from kg.api.problems import problems
from kg.api.routes.start import found
from kg.store import Store

router = APIRouter(tags=["Things"])

Direction = Literal["up", "down"]

FORMATS = {
    "json": "application/json",
    "html": "text/html",
    "jsonld": "application/ld+json",
    "svg": "image/svg+xml",
    "csv": "text/csv",
}


def traced(store: Store, /, name: str, direction: Direction, form: str, *, cells: bool, **given: Any) -> Any:
    """Return the trace of the thing of this name in one of the formats; for a page, what stands on it."""
    limits = {
        "since": lineage.moment(given["since"]) if given["since"] else None,
        "until": lineage.moment(given["until"]) if given["until"] else None,
        "at": lineage.metres(given["at"]) if given["at"] else None,
        "depth": given["depth"],
    }
    told = lineage.trace(store, found(store, name), direction, with_values=not cells, **limits)
    if cells:
        recall = lineage.recall(told)
        if form == "csv":
            return lineage.as_csv(recall.cells)
        named = {"cells": [vars(cell) for cell in recall.cells], "gaps": [vars(gap) for gap in recall.gaps]}
        return json.dumps({"asked": recall.asked, **named})
    if form == "html":
        rows = [vars(row) for row in lineage.rows(told)]
        gaps = [vars(gap) for gap in told.gaps]
        return {"asked": told.asked, "rows": rows, "gaps": gaps}
    if form == "svg":
        return lineage.svg(told)
    if form == "csv":
        return lineage.as_csv(lineage.rows(told))
    return json.dumps(lineage.as_jsonld(told) if form == "jsonld" else lineage.as_dict(told))


@router.get(
    "/trace/{name:path}",
    summary="Trace a thing",
    description="Up: everything that went into it, run by run, with parameters, machines, notes and the "
    "rows of the files. Down: everything that came of it; with `cells`, the cells that were reached and "
    "where each is now. A machine may be named too, with the time in which its runs count. "
    "A name is as for /find.",
    responses={
        200: {
            "description": "The trace: things, runs and the steps between them, as rows, as a picture, or a "
            "page to a browser.",
            "content": {
                "application/json": {
                    "example": {
                        "asked": "cell/PC-0001",
                        "direction": "up",
                        "roots": ["cell/PC-0001"],
                        "things": [],
                        "runs": [],
                        "steps": [
                            {
                                "source": "reel/S-C-0001",
                                "run": "run/stacking/PC-0001",
                                "made": "cell/PC-0001",
                                "source_at": [[12.0, 13.2]],
                                "made_at": None,
                            }
                        ],
                        "gaps": [],
                    }
                },
                "application/ld+json": {},
                "image/svg+xml": {},
                "text/csv": {},
                "text/html": {},
            },
        },
        **problems(400, 404, 406, 422, 503),
    },
)
async def trace_thing(
    here: Here,
    name: Annotated[str, Path(description="What the thing is called.", examples=["PC-0001"])],
    direction: Annotated[
        Direction, Query(description="up: what went into it; down: what came of it.", examples=["up"])
    ] = "up",
    since: Annotated[
        str, Query(description="Of a machine: runs from then on.", examples=["2026-03-08T06:00"])
    ] = "",
    until: Annotated[
        str, Query(description="Of a machine: runs up to then.", examples=["2026-03-08T09:00"])
    ] = "",
    at: Annotated[str, Query(description="Of a web: these metres alone.", examples=["120..121"])] = "",
    depth: Annotated[int | None, Query(ge=1, description="How many runs far.", examples=[3])] = None,
    format: Annotated[
        Literal["json", "html", "jsonld", "svg", "csv"] | None,
        Query(description="Goes before the header Accept.", examples=["svg"]),
    ] = None,
    cells: Annotated[
        bool, Query(description="Return the cells that were reached, as JSON or CSV.", examples=[True])
    ] = False,
) -> Response:
    """Return the trace of a thing."""
    offered = [FORMATS["json"], FORMATS["csv"]] if cells else list(FORMATS.values())
    media = must_choose(FORMATS[format] if format else here.request.headers.get("accept"), offered)
    form = next(form for form, known in FORMATS.items() if known == media)
    limits = {"since": since, "until": until, "at": at, "depth": depth}
    told = await here.readers.call(traced, name, direction, form, cells=cells, **limits)
    if form == "html":
        return here.pages.show(here.request, "trace.html", told=told, direction=direction)
    return Response(told, media_type=media)
