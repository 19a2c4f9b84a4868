"""`/aas/...`: shells, submodels and concepts, by the read profiles of Part 2 of the AAS.

Each shell and each submodel is the base of a service of its own, beside the repositories of all of them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from kg.aas.package import MEDIA
from kg.api import shells as served
from kg.api.aas_answer import VARY, AasRoute, answer, decoded, encoded
from kg.api.aas_ask import (
    BY_CONTENT,
    LIST,
    REFERENCE,
    SEEN,
    USUAL,
    AasId,
    ConceptId,
    How,
    IdShort,
    Meant,
    OnePage,
    Seen,
    SubmodelId,
    Wanted,
    Which,
    offer,
)  # fmt: skip
from kg.api.accept import must_choose
from kg.api.here import Here
from kg.api.shells import Ask, Filter, Selection

router = APIRouter(prefix="/aas", tags=["Shells"], route_class=AasRoute)

PROFILES = [
    f"https://admin-shell.io/aas/API/3/0/{name}ServiceSpecification/SSP-002"
    for name in (
        "AssetAdministrationShellRepository",
        "SubmodelRepository",
        "AssetAdministrationShell",
        "Submodel",
    )
]
FORMS = {"application/json": "json", **{media: form for form, media in MEDIA.items()}}


@offer(
    router,
    "/description",
    summary="Say which service this is",
    description="The profiles of the specification that are kept here, all of them for reading.",
    example={"profiles": PROFILES[:1]},
)
async def description() -> Response:
    """Return the profiles."""
    return answer({"profiles": PROFILES})


@offer(
    router,
    "/shells",
    summary="List shells",
    description=f"The shells of the things in the store, page by page. {SEEN}",
    example=LIST,
)
async def list_shells(here: Here, sight: Seen, page: OnePage, which: Which) -> Response:
    """Return a page of shells."""
    async with here.readers.place():
        return answer(await here.readers.call(served.shells, sight, page, which))


@offer(
    router,
    "/shells/$reference",
    summary="List references to shells",
    description="The same list as that of shells, as references.",
    example=LIST,
)
async def list_references(here: Here, sight: Seen, page: OnePage, which: Which) -> Response:
    """Return a page of references."""
    async with here.readers.place():
        return answer(await here.readers.call(served.shells, sight, page, which, "$reference"))


@offer(
    router,
    "/shells/{aasIdentifier}",
    summary="Show a shell",
    description="A shell: what it is of, and references to its submodels.",
    example={"modelType": "AssetAdministrationShell", "id": "https://.../battery/TX42-0001/aas"},
)
async def show_shell(here: Here, sight: Seen, aas: AasId) -> Response:
    """Return a shell."""
    return answer(await here.readers.call(served.shell, sight, decoded(aas, "aasIdentifier")))


@offer(
    router,
    "/shells/{aasIdentifier}/$reference",
    summary="Refer to a shell",
    description="A reference to a shell, by which other shells and submodels name it.",
    example=REFERENCE,
)
async def refer_to_shell(here: Here, sight: Seen, aas: AasId) -> Response:
    """Return a reference."""
    return answer(await here.readers.call(served.shell, sight, decoded(aas, "aasIdentifier"), "$reference"))


@offer(
    router,
    "/shells/{aasIdentifier}/asset-information",
    summary="Show what a shell is of",
    description="Kind, type and ids of the thing that a shell is of.",
    example={"assetKind": "Instance", "globalAssetId": "https://.../battery/TX42-0001"},
)
async def asset_information(here: Here, sight: Seen, aas: AasId) -> Response:
    """Return the asset."""
    return answer(await here.readers.call(served.shell, sight, decoded(aas, "aasIdentifier"), "asset"))


@offer(
    router,
    "/shells/{aasIdentifier}/asset-information/thumbnail",
    summary="Show a picture of a thing",
    description="The store keeps no pictures, so the answer is 404.",
)
async def thumbnail(here: Here, sight: Seen, aas: AasId) -> Response:
    """Say that there is none."""
    return answer(await here.readers.call(served.thumbnail, sight, decoded(aas, "aasIdentifier")))


@offer(
    router,
    "/shells/{aasIdentifier}/submodel-refs",
    summary="List the submodels of a shell",
    description="References to the submodels of a shell, page by page.",
    example=LIST,
)
async def list_submodel_refs(here: Here, sight: Seen, aas: AasId, page: OnePage) -> Response:
    """Return a page of references."""
    return answer(await here.readers.call(served.submodel_refs, sight, decoded(aas, "aasIdentifier"), page))


@offer(
    router,
    "/shells/{aasIdentifier}/shells",
    summary="List the shell of a service",
    description="A shell as a list of one, for programs that ask its service as they ask a repository.",
    example=LIST,
)
async def shell_as_list(here: Here, sight: Seen, aas: AasId) -> Response:
    """Return a list of one shell."""
    return answer(served.Paged([await here.readers.call(served.shell, sight, decoded(aas, "aasIdentifier"))]))


@offer(
    router,
    "/submodels/{submodelIdentifier}/shells",
    summary="List the shells that have a submodel",
    description="The shells to which a submodel belongs.",
    example=LIST,
)
async def shells_of_submodel(here: Here, sight: Seen, submodel: SubmodelId) -> Response:
    """Return the shells."""
    return answer(await here.readers.call(served.holders, sight, decoded(submodel, "submodelIdentifier")))


@offer(
    router,
    "/submodels",
    summary="List submodels",
    description=f"The submodels of all shells, page by page. {SEEN}",
    example=LIST,
)
async def list_submodels(here: Here, sight: Seen, page: OnePage, which: Meant, ask: How) -> Response:
    """Return a page of submodels."""
    async with here.readers.place():
        return answer(await here.readers.call(served.submodels, sight, page, which, ask))


@offer(
    router,
    "/submodels/{content:content}",
    summary="List what of submodels",
    description=f"The list of submodels by content. {BY_CONTENT}",
    example=LIST,
)
async def list_of_submodels(
    here: Here, sight: Seen, page: OnePage, which: Meant, ask: How, content: Wanted
) -> Response:
    """Return a page of metadata, values, references or paths."""
    how = Ask(content, ask.deep, ask.blobs)
    async with here.readers.place():
        return answer(await here.readers.call(served.submodels, sight, page, which, how))


@offer(
    router,
    "/shells/{aasIdentifier}/description",
    summary="Say which service a shell is",
    description="A shell is a service of its own; the profiles are those of all.",
    example={"profiles": PROFILES[:1]},
)
async def description_of_shell(aas: AasId) -> Response:
    """Return the profiles."""
    return await description()


@offer(
    router,
    "/submodels/{submodelIdentifier}/description",
    summary="Say which service a submodel is",
    description="A submodel is a service of its own; the profiles are those of all.",
    example={"profiles": PROFILES[:1]},
)
async def description_of_submodel(submodel: SubmodelId) -> Response:
    """Return the profiles."""
    return await description()


_Ids = list[str] | None


def _selection(
    shells: Annotated[_Ids, Query(alias="aasIds", description="Ids of shells in base64url.")] = None,
    submodels: Annotated[
        _Ids, Query(alias="submodelIds", description="Ids of submodels in base64url.")
    ] = None,
    concepts: Annotated[
        bool, Query(alias="includeConceptDescriptions", description="Whether concepts are described, too.")
    ] = True,
) -> Selection:
    named = [tuple(decoded(id, "ids") for id in given or ()) for given in (shells, submodels)]
    return Selection(named[0], named[1], concepts)


Chosen = Annotated[Selection, Depends(_selection)]
SERIALIZED = "JSON, or with Accept XML or an AASX package."


async def _serialized(here: Here, sight: Seen, chosen: Selection) -> Response:
    media = must_choose(here.request.headers.get("accept"), list(FORMS))
    async with here.readers.place():
        body, more = await here.readers.call(served.serialized, sight, chosen, FORMS[media], USUAL)
    link = {"Link": f'</aas/shells?cursor={encoded(more)}>; rel="next"'} if more else {}
    return Response(body, headers={**VARY, **link}, media_type=media)


@offer(
    router,
    "/serialization",
    summary="Write shells and submodels into one file",
    description=f"Those that are named; without names the first {USUAL} shells, and where there are more, "
    f"Link leads to the list of the others. {SERIALIZED}",
    example={"assetAdministrationShells": [], "submodels": [], "conceptDescriptions": []},
)
async def serialize(here: Here, sight: Seen, chosen: Chosen) -> Response:
    """Return an environment."""
    return await _serialized(here, sight, chosen)


@offer(
    router,
    "/shells/{aasIdentifier}/serialization",
    summary="Write a shell into a file",
    description=f"A shell with its submodels, or with those that are named. {SERIALIZED}",
    example={"assetAdministrationShells": [], "submodels": [], "conceptDescriptions": []},
)
async def serialize_shell(here: Here, sight: Seen, aas: AasId, chosen: Chosen) -> Response:
    """Return an environment."""
    id = decoded(aas, "aasIdentifier")
    whole = chosen if chosen.submodels else replace(chosen, shells=(id, *chosen.shells))
    return await _serialized(here, sight, replace(whole, within=id.removesuffix("/aas")))


@offer(
    router,
    "/submodels/{submodelIdentifier}/serialization",
    summary="Write a submodel into a file",
    description=f"A submodel alone, or with its shell where that is named. {SERIALIZED}",
    example={"submodels": [], "conceptDescriptions": []},
)
async def serialize_submodel(here: Here, sight: Seen, submodel: SubmodelId, chosen: Chosen) -> Response:
    """Return an environment."""
    id = decoded(submodel, "submodelIdentifier")
    whole = replace(chosen, submodels=(id, *chosen.submodels), within=id.rpartition("/submodel/")[0])
    return await _serialized(here, sight, whole)


@offer(
    router,
    "/concept-descriptions",
    summary="List what semantic ids mean",
    description="The concepts of the templates and of the vocabulary, page by page.",
    example=LIST,
)
async def list_concepts(here: Here, page: OnePage, id_short: IdShort = "") -> Response:
    """Return a page of concept descriptions."""
    return answer(await here.readers.call(served.concepts, page, Filter(id_short)))


@offer(
    router,
    "/concept-descriptions/{cdIdentifier}",
    summary="Say what a semantic id means",
    description="The description of a concept (IEC 61360): name, unit, kind of value.",
    example={"modelType": "ConceptDescription", "id": "https://w3id.org/emmo#EMMO_..."},
)
async def show_concept(here: Here, concept: ConceptId) -> Response:
    """Return a concept description."""
    return answer(await here.readers.call(served.concept, decoded(concept, "cdIdentifier")))


@offer(
    router,
    "/lookup/shells",
    summary="Find the shells of a thing",
    description="The ids of the shells whose asset has all of these ids.",
    example={**LIST, "result": ["https://.../battery/TX42-0001/aas"]},
)
async def lookup(here: Here, sight: Seen, page: OnePage, which: Which) -> Response:
    """Return a page of ids."""
    async with here.readers.place():
        return answer(await here.readers.call(served.ids, sight, page, which))


@offer(
    router,
    "/lookup/shells/{aasIdentifier}",
    summary="Say the ids of the thing of a shell",
    description="The global id and the specific ids of its asset.",
    example=[{"name": "serialNumber", "value": "TX42-0001"}],
)
async def asset_ids(here: Here, sight: Seen, aas: AasId) -> Response:
    """Return the ids."""
    return answer(await here.readers.call(served.shell, sight, decoded(aas, "aasIdentifier"), "assets"))
