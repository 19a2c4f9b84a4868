"""`/aas/submodels/...`: a submodel and its elements, by itself and as one of a shell."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from kg.api import shells as served
from kg.api.aas_answer import AasRoute, answer, decoded
from kg.api.aas_ask import (
    BY_CONTENT,
    LIST,
    AasId,
    Elements,
    How,
    OnePage,
    Seen,
    SubmodelId,
    Wanted,
    offer,
)
from kg.api.here import Here
from kg.api.shells import Ask

router = APIRouter(prefix="/aas", tags=["Shells"])
within = APIRouter(route_class=AasRoute)


def _ids(here: Here, submodel: SubmodelId) -> tuple[str, str]:
    """Return the id of the submodel, and of the shell that must have it where the path names one."""
    shell = here.request.path_params.get("aasIdentifier", "")
    return decoded(submodel, "submodelIdentifier"), decoded(shell, "aasIdentifier")


def _in_shell(aas: AasId) -> None:
    """Declare the shell, which is a part of some of the paths."""


Ids = Annotated[tuple[str, str], Depends(_ids)]


@offer(
    within,
    "",
    summary="Show a submodel",
    description="A submodel with all its elements, or as `level` and `extent` say.",
    example={"modelType": "Submodel", "id": "https://.../battery/TX42-0001/submodel/TechnicalData"},
)
async def show(here: Here, sight: Seen, ids: Ids, ask: How) -> Response:
    """Return a submodel."""
    return answer(await here.readers.call(served.submodel, sight, *ids, ask))


@offer(
    within,
    "/{content:content}",
    summary="Show what of a submodel",
    description=BY_CONTENT,
    example={"GeneralInformation": {"BatteryMass": 241.082}},
)
async def show_content(here: Here, sight: Seen, ids: Ids, ask: How, content: Wanted) -> Response:
    """Return metadata, values, a reference or paths."""
    how = Ask(content, ask.deep, ask.blobs)
    return answer(await here.readers.call(served.submodel, sight, *ids, how))


@offer(
    within,
    "/submodel-elements",
    summary="List the elements of a submodel",
    description="The elements right below a submodel, page by page.",
    example=LIST,
)
async def elements(here: Here, sight: Seen, ids: Ids, page: OnePage, ask: How) -> Response:
    """Return a page of elements."""
    return answer(await here.readers.call(served.elements, sight, *ids, page, ask))


@offer(
    within,
    "/submodel-elements/{content:content}",
    summary="List what of the elements of a submodel",
    description=f"The list of elements by content. {BY_CONTENT}",
    example=LIST,
)
async def elements_content(
    here: Here, sight: Seen, ids: Ids, page: OnePage, ask: How, content: Wanted
) -> Response:
    """Return a page of metadata, values, references or paths."""
    how = Ask(content, ask.deep, ask.blobs)
    return answer(await here.readers.call(served.elements, sight, *ids, page, how))


@offer(
    within,
    "/submodel-elements/{idShortPath}",
    summary="Show an element",
    description="An element with all below it, or as `level` and `extent` say.",
    example={"modelType": "Property", "idShort": "BatteryMass", "valueType": "xs:float", "value": "241.082"},
)
async def element(here: Here, sight: Seen, ids: Ids, path: Elements, ask: How) -> Response:
    """Return an element."""
    return answer(await here.readers.call(served.element, sight, *ids, path, ask))


@offer(
    within,
    "/submodel-elements/{idShortPath}/attachment",
    summary="Say where a file is",
    description="The store keeps records and no files beside them, so the answer is 404 with the address.",
)
async def attachment(here: Here, sight: Seen, ids: Ids, path: Elements) -> Response:
    """Say where the file is."""
    return answer(await here.readers.call(served.file, sight, *ids, path))


@offer(
    within,
    "/submodel-elements/{idShortPath}/{content:content}",
    summary="Show what of an element",
    description=f"{BY_CONTENT} A value stands under the name of its element.",
    example={"BatteryMass": 241.082},
)
async def element_content(
    here: Here, sight: Seen, ids: Ids, path: Elements, ask: How, content: Wanted
) -> Response:
    """Return metadata, a value, a reference or paths."""
    how = Ask(content, ask.deep, ask.blobs)
    return answer(await here.readers.call(served.element, sight, *ids, path, how))


router.include_router(within, prefix="/submodels/{submodelIdentifier}")
router.include_router(
    within,
    prefix="/shells/{aasIdentifier}/submodels/{submodelIdentifier}",
    dependencies=[Depends(_in_shell)],
)
