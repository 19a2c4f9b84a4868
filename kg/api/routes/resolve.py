"""`/resolve`: column headers and variable names -> terms, each with a verdict."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, File, Query, Response, UploadFile
from fastapi.responses import JSONResponse

from kg.api.accept import must_choose
from kg.api.access import everyone
from kg.api.here import Here
from kg.api.problems import Problem, problems
from kg.api.uploads import save
from kg.resolve import resolve, unit_reader
from kg.resolve.names import names_in
from kg.resolve.record import record
from kg.store import Store
from kg.terms import vocabulary

router = APIRouter(tags=["Terms"])

_DOC = (
    "A verdict is `confident`, `unsure` (look at the other candidates) or `no term`. Names that come "
    "together help each other: a file of calendering is about rolls and nips."
)
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Each name with its verdict and candidates, or a page to a browser.",
        "content": {
            "application/json": {
                "example": [
                    {
                        "name": "Linienlast [N/mm]",
                        "verdict": "confident",
                        "reason": "label and unit",
                        "unit": "N/mm",
                        "candidates": [
                            {
                                "term": "bvcox:LineLoad",
                                "iri": "https://w3id.org/battery-kg/bvco-ext#LineLoad",
                                "score": 1.0,
                                "canonical_unit": "N/mm",
                            }
                        ],
                    }
                ]
            },
            "text/html": {},
        },
    },
    **problems(400, 406, 413, 422, 503),
}
MOST = 2000
"""Names that are resolved at once."""


def resolved(store: Store, names: list[str], about: str) -> list[dict[str, Any]]:
    """Return what each name means."""
    if len(names) > MOST:
        raise Problem(400, f"{len(names):,} names are more than {MOST:,}. Send them in parts.")
    known = vocabulary()
    return [record(known, each) for each in resolve(names, known, context=True, about=about)]


def resolved_file(store: Store, path: str, about: str) -> list[dict[str, Any]]:
    """Return what the headers or keys of a file mean."""
    reader = unit_reader(vocabulary())
    return resolved(store, names_in(Path(path), lambda text: reader.read(text) is not None, None), about)


@router.get("/resolve", summary="Resolve names", description=_DOC, responses=_ANSWERS)
@everyone
async def resolve_names(
    here: Here,
    name: Annotated[
        list[str],
        Query(description="A header or variable name. May be given several times.", examples=["L_pos"]),
    ] = [],  # noqa: B006  (FastAPI copies it)
    names: Annotated[
        str, Query(description="Several names, one on each line.", examples=["L_pos\neps_c"])
    ] = "",
    about: Annotated[
        str,
        Query(description="What they are about, such as the name of their file.", examples=["calendering"]),
    ] = "",
) -> Response:
    """Return the terms of names."""
    asked = [one.strip() for one in [*name, *names.splitlines()] if one.strip()]
    media = must_choose(here.request.headers.get("accept"), ["application/json", "text/html"])
    found = await here.readers.call(resolved, asked, about) if asked else None
    if media == "text/html":
        return here.pages.show(here.request, "resolve.html", names="\n".join(asked), found=found)
    if found is None:
        raise Problem(422, "no name came. Give one or more: /resolve?name=L_pos&name=eps_c")
    return JSONResponse(found)


@router.post(
    "/resolve",
    summary="Resolve the headers of a file",
    description=f"{_DOC} The file is a CSV, workbook or JSON file, or a text with one name on each line.",
    responses=_ANSWERS,
)
async def resolve_headers(
    here: Here, file: Annotated[UploadFile, File(description="The file.", examples=["coating.csv"])]
) -> Response:
    """Return the terms of the headers of a file."""
    media = must_choose(here.request.headers.get("accept"), ["application/json", "text/html"])
    with tempfile.TemporaryDirectory() as folder:
        path = await save(file, Path(folder))
        found = await here.readers.call(resolved_file, str(path), path.stem)
    if media == "text/html":
        names = "\n".join(one["name"] for one in found)
        return here.pages.show(here.request, "resolve.html", names=names, found=found)
    return JSONResponse(found)
