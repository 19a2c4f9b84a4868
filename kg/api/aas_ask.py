"""Parameters of a request for shells -> what is asked for, which part of it, and by whom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Depends, Path, Query

from kg.aas.export import Sight
from kg.api.aas_answer import asset, decoded, meaning
from kg.api.access import everyone
from kg.api.here import Here
from kg.api.problems import problems
from kg.api.shells import Ask, Content, Filter, Page

USUAL, MOST = 20, 1000
SEEN = (
    "Everybody sees the shells of batteries with a passport, without what a passport keeps from them; the "
    "people of the line see those of modules, cells, machines and runs, too."
)
BY_CONTENT = (
    "`$metadata`: all but values; `$value`: values alone; `$reference`: where it is; `$path`: the "
    "paths of short names below it."
)


def _id(alias: str, what: str) -> Any:
    return Path(alias=alias, description=f"Id of {what} in base64url.")


AasId = Annotated[str, _id("aasIdentifier", "a shell")]
SubmodelId = Annotated[str, _id("submodelIdentifier", "a submodel")]
ConceptId = Annotated[str, _id("cdIdentifier", "a concept")]
IdShort = Annotated[str, Query(alias="idShort", description="Only those of this short name.")]
Elements = Annotated[
    str, Path(alias="idShortPath", description="Path of short names: `Metadata.Name`, `Documents[0]`.")
]
Wanted = Annotated[Content, Path(alias="content", description=BY_CONTENT)]
AssetIds = Annotated[
    list[str] | None, Query(alias="assetIds", description="Ids of the asset, each as JSON in base64url.")
]


def _page(
    limit: Annotated[int, Query(ge=1, description=f"How many at most; {MOST} in the end.")] = USUAL,
    cursor: Annotated[str, Query(description="Where the page begins: from the page before.")] = "",
) -> Page:
    return Page(min(limit, MOST), decoded(cursor, "cursor"))


def _ask(
    level: Annotated[
        Literal["core", "deep"], Query(description="`core`: children alone; `deep`: all below them.")
    ] = "deep",
    extent: Annotated[
        Literal["withBlobValue", "withoutBlobValue"], Query(description="Whether blobs have their values.")
    ] = "withoutBlobValue",
) -> Ask:
    return Ask("", level == "deep", extent == "withBlobValue")


def _sight(here: Here) -> Sight:
    return Sight(here.caller.audience, here.caller.staff)


def _filter(id_short: IdShort = "", asset_ids: AssetIds = None) -> Filter:
    return Filter(id_short, tuple(map(asset, asset_ids or ())))


OnePage = Annotated[Page, Depends(_page)]
How = Annotated[Ask, Depends(_ask)]
Seen = Annotated[Sight, Depends(_sight)]
Which = Annotated[Filter, Depends(_filter)]


def _semantic(
    semantic: Annotated[
        str, Query(alias="semanticId", description="Only those of this meaning: a reference in base64url.")
    ] = "",
    id_short: IdShort = "",
) -> Filter:
    return Filter(id_short, semantic=meaning(semantic) if semantic else "")


Meant = Annotated[Filter, Depends(_semantic)]

OWN = (400, 404, 503)
MESSAGE = {"code": "404", "messageType": "Error", "text": "there is no shell with the id '...' here."}
RESULT = {"application/json": {"example": {"messages": [MESSAGE]}}}
"""What the specification answers with the statuses `OWN`; those of keys and rates are as everywhere."""

_Endpoint = TypeVar("_Endpoint", bound=Callable[..., Any])


def offer(
    router: APIRouter, path: str, *, summary: str, description: str, example: Any = None
) -> Callable[[_Endpoint], _Endpoint]:
    """Register a route that is open to everybody, since it keeps the lattice of audiences itself."""

    def register(endpoint: _Endpoint) -> _Endpoint:
        shown = {"application/json": {"example": example}}
        told: dict[int | str, dict[str, Any]] = {
            200: {"description": "What was asked for.", "content": shown}
        }
        faults = problems(*OWN)
        faults |= {status: {**faults[status], "content": RESULT} for status in OWN}
        answers = {**told, **faults}
        router.get(path, summary=summary, description=description, responses=answers)(everyone(endpoint))
        return endpoint

    return register


REFERENCE = {"type": "ModelReference", "keys": [{"type": "Submodel", "value": "https://..."}]}
LIST = {"paging_metadata": {"cursor": "aHR0cHM..."}, "result": [REFERENCE]}
