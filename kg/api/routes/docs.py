"""`/docs`: every path with its parameters, answers and errors, as a page that works without the network."""

from __future__ import annotations

from fastapi import APIRouter, Response

from kg.api.access import everyone
from kg.api.described import groups
from kg.api.here import Here
from kg.api.problems import problems

router = APIRouter(tags=["Server"])


@router.get(
    "/docs",
    summary="Read what every path does",
    description="The content of /openapi.json as a page; nothing on it is loaded from elsewhere.",
    responses={
        200: {"description": "The page.", "content": {"text/html": {"example": "<!doctype html>..."}}},
        **problems(),
    },
)
@everyone
async def docs(here: Here) -> Response:
    """Return the page of the interface."""
    document = here.request.app.openapi()
    return here.pages.show(here.request, "docs.html", groups=groups(document), about=document["info"])
