"""`/trace/{id}`: what went into a thing, or what came of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import JSONResponse

from kg.api.accept import must_choose
from kg.api.here import Here
from kg.api.problems import problems
from kg.api.routes.start import found
from kg.store import Store
from kg.trace import as_dict, trace

router = APIRouter(tags=["Things"])

Direction = Literal["up", "down"]


def traced(store: Store, name: str, direction: Direction) -> dict[str, Any]:
    """Return the trace of the thing of this name."""
    return as_dict(trace(store, found(store, name), direction), store.base)


@router.get(
    "/trace/{name:path}",
    summary="Trace a thing",
    description="Up: everything that went into it, run by run, with parameters, machines, notes and the "
    "rows of the files. Down: everything that came of it. A name is as for /find.",
    responses={
        200: {
            "description": "The trace as a tree, or a page to a browser.",
            "content": {
                "application/json": {
                    "example": {
                        "id": "cell/PC-0001",
                        "classes": ["PouchCell"],
                        "properties": [{"term": "Mass", "name": "Mass", "value": 31.2, "unit": "Gram"}],
                        "sources": ["stapeln_2026-03.csv#row=2"],
                        "runs": [],
                    }
                },
                "text/html": {},
            },
        },
        **problems(404, 406, 422, 503),
    },
)
async def trace_thing(
    here: Here,
    name: Annotated[str, Path(description="What the thing is called.", examples=["PC-0001"])],
    direction: Annotated[
        Direction, Query(description="up: what went into it; down: what came of it.", examples=["up"])
    ] = "up",
) -> Response:
    """Return the trace of a thing."""
    media = must_choose(here.request.headers.get("accept"), ["application/json", "text/html"])
    told = await here.readers.call(traced, name, direction)
    if media == "text/html":
        return here.pages.show(here.request, "trace.html", told=told, direction=direction)
    return JSONResponse(told)
