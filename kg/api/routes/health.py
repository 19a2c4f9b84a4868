"""`/health`: whether the server answers, for whoever watches over it."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from kg.api.access import everyone
from kg.api.here import Here
from kg.api.problems import problems
from kg.store import Store

router = APIRouter(tags=["Server"])


class Health(BaseModel):
    """What the server says of itself."""

    status: str = Field(description="`ok` where a reader answered.", examples=["ok"])
    version: str = Field(description="Version of battery-kg.", examples=["0.1.0"])
    base: str = Field(description="Base IRI of the store.", examples=["https://example.org/line/"])
    readers: int = Field(description="Processes that answer.", examples=[4])
    files: int = Field(description="Source files in the store.", examples=[27])


def files(store: Store) -> int:
    """Return how many graphs of records the store holds."""
    return len(store.graphs())


@router.get(
    "/health",
    summary="See whether the server answers",
    description="Asks the store through a reader process. It needs no key, and tells nothing of the records "
    "but how many files there are.",
    responses=problems(503),
)
@everyone
async def health(here: Here) -> Health:
    """Return the state of the server."""
    count = await here.readers.call(files)
    return Health(
        status="ok",
        version=here.request.app.version,
        base=here.base,
        readers=here.readers.alive,
        files=count,
    )
