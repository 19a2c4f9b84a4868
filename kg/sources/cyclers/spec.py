"""The map of an instrument as a TOML file -> a checked plan, with units and terms resolved.

The maps are in kg/mappers/series, one file for each export of each instrument; nothing in them is a program.
"""

from __future__ import annotations

import functools
import hashlib
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from kg.errors import Fault, FaultsError, KgError
from kg.near import near, quoted
from kg.resources import PACKAGE
from kg.terms import vocabulary

FOLDER = PACKAGE / "mappers" / "series"
COLUMNS, NOT_SERIES = "columns.toml", "not_series.toml"
MISSING = ("", "N/A", "n/a", "NA", "NaN", "nan", "None", "NULL", "--", "-")
DELIMITERS = {"tab": "\t", ",": ",", ";": ";"}


class Strict(BaseModel):
    """Text from outside: an unknown key is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class KnownColumn(Strict):
    """A column that a series may have; see columns.toml."""

    unit: str
    term: str = ""
    label: str = ""
    bdf: bool = False
    whole: bool = False


class SourceColumn(Strict):
    """One line of a map: what a header of the file means."""

    name: str
    unit: str = ""
    times: float = 1.0
    duration: bool = False
    time: list[str] = []
    missing: list[str] = []

    @model_validator(mode="after")
    def _one_way(self) -> SourceColumn:
        if sum((bool(self.unit), self.duration, bool(self.time))) > 1:
            raise ValueError("give one of 'unit', 'duration' and 'time'")
        return self


class Sign(Strict):
    """Where the current has no sign: the column and the texts of it for which the current is negative."""

    column: str
    negative: list[str]


class MapSpec(Strict):
    """One map of an instrument."""

    title: str
    kind: Literal["text", "parquet", "json", "mpr", "nda"]
    grain: Literal["samples", "cycles"] = "samples"
    detect: list[str] = Field(min_length=1)
    marks: list[str] = []
    table: str = ""
    delimiter: Literal["tab", ",", ";"] = ","
    decimal: Literal[".", ","] | list[Literal[".", ","]] = "."
    encoding: list[str] = ["utf-8"]
    zone: str = "UTC"
    missing: list[str] = []
    quoted_lines: bool = False
    own_names: bool = False
    sign: Sign | None = None
    columns: dict[str, SourceColumn] = {}


class NotSeries(Strict):
    """A file that is no recording: a text in its first lines, and what it is."""

    sign: str
    reason: str


class NotSeriesFile(Strict):
    """The file not_series.toml."""

    file: list[NotSeries]


@dataclass(frozen=True)
class Target:
    """What a column of the file becomes: the number x there is x * factor + offset in the unit of `name`."""

    name: str
    factor: float = 1.0
    offset: float = 0.0
    duration: bool = False
    time: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class InstrumentMap:
    """A map that is ready for use; `targets` has the headers as `fold` writes them."""

    file: str
    digest: str
    spec: MapSpec
    targets: dict[str, Target]

    @property
    def detect(self) -> list[set[str]]:
        """Return the headers that must be there: one of each set."""
        return [{fold(name) for name in _alternatives(text)} for text in self.spec.detect]


def _alternatives(text: str) -> list[str]:
    # A bar also stands in headers such as '|Z|/Ohm'; those are never alternatives.
    return [text] if text.startswith("|") else text.split("|")


def fold(header: str) -> str:
    """Return a header without case, blanks and underscores, in which versions of one export differ.

    >>> fold("Test_Time (s)") == fold("Test Time(s)")
    True
    """
    return re.sub(r"[\s_]+", "", header).casefold()


def _toml(path: Path) -> Any:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise FaultsError([Fault(path.name, 0, f"this map cannot be read: {error}.")]) from None


def _faults(path: Path, error: ValidationError) -> FaultsError:
    return FaultsError(
        [
            Fault(path.name, 0, f"{' '.join(map(str, detail['loc']))}: {detail['msg']}.")
            for detail in error.errors()
        ]
    )


@functools.cache
def columns() -> dict[str, KnownColumn]:
    """Return the columns that a series may have, by name."""
    path = FOLDER / COLUMNS
    try:
        found = {name: KnownColumn.model_validate(value) for name, value in _toml(path).items()}
    except ValidationError as error:
        raise _faults(path, error) from None
    faults = []
    for name, column in found.items():
        try:
            unit_iri(column)
            term_iri(column)
        except KgError as error:
            faults.append(Fault(path.name, 0, f"{name}: {error}"))
    if faults:
        raise FaultsError(faults)
    return found


def unit_iri(column: KnownColumn) -> str:
    """Return the IRI of the unit of a column."""
    return vocabulary().units.parse(column.unit).iri


def term_iri(column: KnownColumn) -> str:
    """Return the IRI of the term of a column, or an empty text."""
    return vocabulary().resolve(column.term, ("class",)).iri if column.term else ""


def _target(source: str, line: SourceColumn) -> Target:
    known = columns().get(line.name)
    if known is None:
        alike = near(line.name, columns())
        hint = f" Near: {quoted(alike)}." if alike else ""
        raise KgError(f"'{source}': no column is called '{line.name}' in {COLUMNS}.{hint}")
    units = vocabulary().units
    target = units.parse(known.unit)
    factor, offset = units.scale(units.parse(line.unit), target) if line.unit else (1.0, 0.0)
    return Target(
        line.name, factor * line.times, offset, line.duration, tuple(line.time), tuple(line.missing)
    )


def read_map(path: Path) -> InstrumentMap:
    """Return the map in a file, with units and terms resolved.

    Raises FaultsError with all that is wrong in it.
    """
    try:
        spec = MapSpec.model_validate(_toml(path))
    except ValidationError as error:
        raise _faults(path, error) from None
    faults = []
    targets: dict[str, Target] = {}
    if spec.own_names:
        for name, known in columns().items():
            targets[fold(name)] = Target(name)
            if known.label:
                targets[fold(known.label)] = Target(name)
    for source, line in spec.columns.items():
        try:
            targets[fold(source)] = _target(source, line)
        except KgError as error:
            faults.append(Fault(path.name, 0, str(error)))
    if faults:
        raise FaultsError(faults)
    digest = hashlib.sha256(path.read_bytes() + (FOLDER / COLUMNS).read_bytes()).hexdigest()
    return InstrumentMap(path.name, digest, spec, targets)


@functools.cache
def maps(folder: Path = FOLDER) -> tuple[InstrumentMap, ...]:
    """Return all maps of a folder, sorted by name.

    Raises FaultsError where one of them has faults.
    """
    found, faults = [], []
    for path in sorted(folder.glob("*.toml")):
        if path.name in (COLUMNS, NOT_SERIES):
            continue
        try:
            found.append(read_map(path))
        except FaultsError as error:
            faults += error.faults
    if faults:
        raise FaultsError(faults)
    return tuple(found)


@functools.cache
def maps_digest() -> str:
    """Return the sha256 of all maps and of the columns: a file is read again when it changes."""
    paths = sorted(FOLDER.glob("*.toml"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


@functools.cache
def not_series() -> tuple[NotSeries, ...]:
    """Return the signs of files that are no recordings."""
    path = FOLDER / NOT_SERIES
    try:
        return tuple(NotSeriesFile.model_validate(_toml(path)).file)
    except ValidationError as error:
        raise _faults(path, error) from None
