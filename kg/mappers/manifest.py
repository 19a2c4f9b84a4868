"""A manifest `campaign.toml` -> which files go with which mapping, read how.

folder = "2026-03"

[[files]]
pattern = "calender/*.csv"
mapping = "mappings/calendering.yaml"
table = {decimal = ","}
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError

from kg.errors import Fault, FaultsError
from kg.mappers.spec import Strict, TableSpec
from kg.near import near, quoted
from kg.sources.sql import is_connection
from kg.sources.text import fault, read_text

ENDINGS = (".toml", ".yaml", ".yml")


class Entry(Strict):
    """Files that are read in one way."""

    pattern: str = Field(min_length=1)
    mapping: str | None = None
    under: str = ""
    table: dict[str, Any] = Field(default_factory=dict)


class ManifestSpec(Strict):
    """The text of a manifest."""

    title: str = ""
    folder: str = "."
    files: tuple[Entry, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Listed:
    """One file of a campaign: its mapping, where the manifest names one, and how it is read.

    `under` goes before its name in the store; `table` holds keys that replace those of the mapping.
    """

    path: Path
    mapping: Path | None = None
    under: str = ""
    table: dict[str, Any] = field(default_factory=dict)


def is_manifest(path: Path) -> bool:
    """Return whether a file that is named to be loaded is a manifest, by its name."""
    return path.name.lower().endswith(ENDINGS) and not is_connection(path)


def _values(path: Path) -> Any:
    text, _ = read_text(path, ("utf-8",))
    try:
        return tomllib.loads(text) if path.suffix.lower() == ".toml" else yaml.safe_load(text)
    except (tomllib.TOMLDecodeError, yaml.YAMLError) as error:
        said = " ".join(str(error).split()).rstrip(".")
        raise fault(path, f"this manifest cannot be read: {said}.") from None


def _said(path: Path, error: ValidationError) -> list[Fault]:
    faults = []
    for detail in error.errors():
        place = [part + 1 if isinstance(part, int) else part for part in detail["loc"]]
        where = " ".join(map(str, place))
        if detail["type"] == "extra_forbidden":
            model = Entry if place[:1] == ["files"] else ManifestSpec
            alike = near(str(place[-1]), model.model_fields)
            hint = f"Near: {quoted(alike)}." if alike else f"Keys: {', '.join(model.model_fields)}."
            text = f"{where} is no key here. {hint}"
        elif detail["type"] == "missing" and place == ["files"]:
            text = "this is no manifest: it has no list 'files'. A mapping goes after --mapping."
        elif detail["type"] == "missing":
            text = f"{where} is missing."
        else:
            text = f"{where}: {detail['msg'].removeprefix('Value error, ').lower()}."
        faults.append(Fault(path.name, 0, text))
    return faults


def _reading(path: Path, number: int, table: dict[str, Any]) -> list[Fault]:
    """Return what is wrong with the keys of `table` of one entry."""
    texts = {key: _text(value) for key, value in table.items()}
    try:
        TableSpec.model_validate(texts)
    except ValidationError as error:
        found = []
        for detail in error.errors():
            key = str(detail["loc"][0]) if detail["loc"] else "table"
            alike = near(key, TableSpec.model_fields)
            hint = f" Near: {quoted(alike)}." if alike and detail["type"] == "extra_forbidden" else ""
            text = f"files {number}, table: '{key}' is no key with this value.{hint}"
            found.append(Fault(path.name, 0, f"{text} Keys: docs/reference/mapping-language.md"))
        return list(dict.fromkeys(found))
    return []


def _text(value: Any) -> Any:
    """Return a value as a mapping file would give it, where all scalars are texts."""
    if isinstance(value, dict):
        return {key: _text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_text(item) for item in value]
    return str(value).lower() if isinstance(value, bool) else str(value)


def read_manifest(path: Path) -> list[Listed]:
    """Return the files that a manifest names, in its order; folders and mappings are relative to it.

    Raises FaultsError with all that is wrong: keys, mappings that are not there, patterns that fit no
    file, and files that several entries name.
    """
    values = _values(path)
    if not isinstance(values, dict):
        raise fault(path, "this is no manifest: it has no list 'files'. A mapping goes after --mapping.")
    try:
        spec = ManifestSpec.model_validate(values)
    except ValidationError as error:
        raise FaultsError(_said(path, error)) from None
    folder = path.parent / spec.folder
    if not folder.is_dir():
        raise fault(path, f"folder: there is no folder '{folder}'.")
    faults: list[Fault] = []
    found: dict[Path, int] = {}
    listed: list[Listed] = []
    for number, entry in enumerate(spec.files, start=1):
        where = f"files {number}"
        mapping = path.parent / entry.mapping if entry.mapping is not None else None
        if mapping is not None and not mapping.is_file():
            faults.append(Fault(path.name, 0, f"{where}: there is no mapping '{entry.mapping}'."))
        faults += _reading(path, number, entry.table)
        files = _files(folder, entry.pattern)
        if not files:
            text = f"{where}: no file in '{folder}' fits '{entry.pattern}'."
            faults.append(Fault(path.name, 0, text))
        for file in files:
            if file in found:
                text = f"{where}: files {found[file]} names '{file.relative_to(folder)}' already."
                faults.append(Fault(path.name, 0, f"{text} Make the patterns differ."))
            found[file] = number
            listed.append(Listed(file, mapping, entry.under.strip("/"), entry.table))
    if faults:
        raise FaultsError(faults)
    return listed


def _files(folder: Path, pattern: str) -> list[Path]:
    try:
        files = sorted(file for file in folder.glob(pattern) if file.is_file())
    except (ValueError, NotImplementedError):
        return []  # an absolute pattern, or one that no glob can be
    return [file for file in files if not file.name.startswith((".", "~$"))]
