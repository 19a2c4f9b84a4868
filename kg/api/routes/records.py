"""`/records`: files of records are looked at, and loaded by who has a key, by the engine of `kg load`."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Response, UploadFile
from pydantic import BaseModel, Field

from kg.api.accept import must_choose
from kg.api.here import Here
from kg.api.load_job import mappings
from kg.api.problems import Problem, problems
from kg.api.uploads import save
from kg.catalogue import entries
from kg.store import Store

router = APIRouter(tags=["Records"])


class Found(BaseModel):
    """One thing that is wrong with a value or a row."""

    file: str = Field(description="The file.", examples=["coating.csv"])
    row: str = Field(description="The row, as its number in the file.", examples=["17"])
    column: str = Field(description="The column; empty where it is about the row.", examples=["Last"])
    value: str = Field(description="What stands there.", examples=["9000"])
    rule: str = Field(
        description="IRI of the rule.", examples=["https://w3id.org/battery-kg/shapes#LineLoad"]
    )
    severity: str = Field(description="A Violation sets the row aside.", examples=["Violation"])
    message: str = Field(description="The rule in words.", examples=["A line load is at most 2000 N/mm."])
    subject: str = Field(description="The thing it is about.", examples=["https://example.org/line/run/K-1"])


class Loaded(BaseModel):
    """What became of a file, or would become of it."""

    file: str = Field(description="Its name in the store.", examples=["coating.csv"])
    outcome: str = Field(
        description="loaded, checked (a dry run), unchanged, empty, no mapping or failed.",
        examples=["checked"],
    )
    reason: str = Field(description="Why, where it is not loaded.", examples=[""])
    dry_run: bool = Field(description="Whether it was only looked at.", examples=[True])
    mapping: str = Field(description="The mapping that read it.", examples=["coating.yaml"])
    read: int = Field(description="Rows read.", examples=[24])
    loaded: int = Field(description="Rows in the store, or that would be.", examples=[23])
    set_aside: int = Field(description="Rows set aside by a violation.", examples=[1])
    triples: int = Field(description="Triples of the file.", examples=[2104])
    findings: list[Found] = Field(description="What was found, row by row.")


class Known(BaseModel):
    """A file that the store knows."""

    name: str = Field(description="Its name.", examples=["coating.csv"])
    iri: str = Field(
        description="IRI of the file and of its graph.",
        examples=["https://example.org/line/file/coating.csv"],
    )
    outcome: str = Field(description="What became of it.", examples=["loaded"])
    mapping: str = Field(description="The mapping that read it.", examples=["coating.yaml"])
    read: int = Field(description="Rows read.", examples=[24])
    loaded: int = Field(description="Rows in the store.", examples=[23])
    set_aside: int = Field(description="Rows set aside.", examples=[1])
    loaded_at: str = Field(description="When it was loaded.", examples=["2026-03-08T06:20:00+00:00"])


def known_files(store: Store) -> list[dict[str, Any]]:
    """Return the files that the catalogue has."""
    names = ("name", "outcome", "mapping", "read", "loaded", "set_aside", "loaded_at")
    return [
        {"iri": entry.graph, **{name: getattr(entry, name) for name in names}}
        for entry in entries(store, items=False)
    ]


@router.get(
    "/records",
    summary="List the files of the store",
    description="Every file with its counts of rows. A browser gets a form for uploads.",
    responses={200: {"content": {"text/html": {}}}, **problems(406, 503)},
)
async def list_files(here: Here) -> list[Known]:
    """Return the files that the store knows."""
    media = must_choose(here.request.headers.get("accept"), ["application/json", "text/html"])
    files = await here.readers.call(known_files)
    if media == "text/html":
        return _page(here, files=files)  # type: ignore[return-value]
    return [Known(**file) for file in files]


def _page(here: Here, status: int = 200, **values: Any) -> Response:
    shown = {
        "files": [],
        "result": None,
        "problem": "",
        "mappings": sorted(mappings(here.app.store)),
        **values,
    }
    return here.pages.show(here.request, "records.html", status, **shown)


@router.post(
    "/records",
    summary="Look at a file of records, or load it",
    description="By default the file is read, mapped and checked, and nothing is stored: the answer says "
    "what would become of it, with every finding by row and column. With `dry_run=false` and a key that may "
    "write, it is loaded as by `kg load`: rows that break a rule are set aside, the rest goes in, and a file "
    "of the same name is replaced. One load runs at a time; while another process writes to the store, the "
    "answer is 409.",
    responses={200: {"content": {"text/html": {}}}, **problems(400, 406, 409, 413, 422)},
)
async def upload(
    here: Here,
    file: Annotated[UploadFile, File(description="The file, with its own name.")],
    mapping: Annotated[
        str,
        Form(
            description="Name of a mapping; without it, the one that fits the file's name.",
            examples=["coating"],
        ),
    ] = "",
    under: Annotated[
        str, Form(description="Put this and / before the name of the file.", examples=[""])
    ] = "",
    dry_run: Annotated[bool, Form(description="Only look at the file.", examples=[True])] = True,
    key: Annotated[
        str, Form(description="The key, where a form of a browser cannot set the header.", examples=[""])
    ] = "",
) -> Loaded:
    """Look at a file, or load it."""
    media = must_choose(here.request.headers.get("accept"), ["application/json", "text/html"])
    try:
        result = await _load(here, file, mapping, under, dry_run, key)
    except Problem as problem:
        if media != "text/html":
            raise
        return _page(here, problem.status, problem=problem.detail)  # type: ignore[return-value]
    if media == "text/html":
        return _page(here, result=result)  # type: ignore[return-value]
    return Loaded(**result)


async def _load(
    here: Here, file: UploadFile, mapping: str, under: str, dry_run: bool, key: str
) -> dict[str, Any]:
    if not dry_run:
        here.must_write(key)
    if (under and not re.fullmatch(r"[\w.-]+(/[\w.-]+)*", under)) or ".." in under:
        raise Problem(422, f"'{under}' is no name to put before a file: letters, digits, - _ . and /.")
    with tempfile.TemporaryDirectory() as folder:
        path = await save(file, Path(folder))
        return await here.app.writer.load(path, path.name, mapping.strip() or None, under, dry_run)
