"""Nested JSON records -> a table: one record a row, one leaf a column with dots in its name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl

from kg.errors import Fault, FaultsError
from kg.near import near, quoted
from kg.sources.grid import SET_ASIDE_COLUMNS, frame_of_texts
from kg.sources.table import BadRow, Reading, Table
from kg.sources.text import fault, read_text

LINES = (".jsonl", ".ndjson")


def pointer_token(key: str) -> str:
    """Return a key as it stands in a JSON pointer that is the fragment of an IRI (RFC 6901, section 6)."""
    return quote(key.replace("~", "~0").replace("/", "~1"), safe="!$&'()*+,;=:@~")


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _leaves(value: dict[str, Any], before: str, skip: str) -> Iterator[tuple[str, str]]:
    """Yield (column, text) of each leaf; the list `skip`, which the path enters, is left out."""
    for key, item in value.items():
        name = before + key
        if name == skip:
            continue
        if isinstance(item, dict):
            yield from _leaves(item, f"{name}.", skip)
        elif isinstance(item, list):
            nested = any(isinstance(part, dict | list) for part in item)
            text = json.dumps(item, ensure_ascii=False) if nested else "\n".join(map(_scalar, item))
            yield f"{name}[]", text
        else:
            yield name, _scalar(item)


@dataclass
class _Walk:
    """The records of one file, while they are gathered along the path."""

    path: Path
    levels: list[str]
    found: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)

    def columns(self, value: dict[str, Any], before: str, skip: str, pointer: str) -> dict[str, str]:
        columns: dict[str, str] = {}
        for name, text in _leaves(value, "", skip):
            if name in SET_ASIDE_COLUMNS:
                continue
            if before + name in columns:
                reason = f"at '{pointer or '/'}' two values are called '{name}', by a dot in a key."
                raise fault(self.path, f"{reason} Rename the key.")
            columns[before + name] = text
        return columns

    def enter(self, depth: int, value: Any, pointer: str, before: str, outer: dict[str, str]) -> None:
        """Go down one level; `before` is the path so far, `outer` the columns of the levels above."""
        for step in filter(None, self.levels[depth].split(".")):
            if not isinstance(value, dict) or step not in value:
                here = quoted(value) if isinstance(value, dict) else "no object"
                alike = quoted(near(step, value)) if isinstance(value, dict) else ""
                hint = f"Near: {alike}" if alike else f"Here: {here}"
                reason = (
                    f"there is no '{step}' at '{pointer or '/'}', where the path of the records leads. {hint}"
                )
                if depth == 0:
                    raise fault(self.path, f"{reason}.")
                self.bad.append(BadRow(pointer, reason))
                return
            value, pointer = value[step], f"{pointer}/{pointer_token(step)}"
        before += f"{self.levels[depth]}[]."
        if isinstance(value, dict):
            self.record(depth, value, pointer, before, outer)
            return
        if not isinstance(value, list | None):
            raise fault(
                self.path, f"at '{pointer or '/'}' a list of records is expected, not {_short(value)}."
            )
        for index, item in enumerate(value or []):
            self.record(depth, item, f"{pointer}/{index}", before, outer)

    def record(self, depth: int, item: Any, place: str, before: str, outer: dict[str, str]) -> None:
        if not isinstance(item, dict):
            raise fault(self.path, f"at '{place}' a record in braces is expected, not {_short(item)}.")
        if depth + 1 == len(self.levels):
            self.found.append((place, outer | self.columns(item, "", "", place)))
        else:
            above = self.columns(item, before, self.levels[depth + 1], place)
            self.enter(depth + 1, item, place, before, outer | above)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else f"{text[:40]}..."


def parse_json(
    path: Path, encodings: tuple[str, ...], decimal: str = ".", number: Callable[[str], str] = str
) -> Any:
    """Return the content of a JSON or JSON Lines file, numbers as their own text.

    `number` makes of that text what tells a number from a text where that matters.
    Raises FaultsError, with the line, where it is no JSON or gives a key twice in one object.
    """
    text, _ = read_text(path, encodings)

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(items)
        if len(result) < len(items):
            keys = [key for key, _ in items]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise fault(path, f"the key '{twice}' comes twice in one object. Keep one of the two.", line)
        return result

    def load(part: str) -> Any:
        return json.loads(
            part,
            parse_float=lambda token: number(token.replace(".", decimal)),
            parse_int=number,
            parse_constant=number,
            object_pairs_hook=pairs,
        )

    line = 0
    try:
        if path.suffix.lower() not in LINES:
            return load(text)
        records = []
        for part in text.split("\n"):
            line += 1
            if part.strip():
                records.append(load(part))
        return records
    except json.JSONDecodeError as error:
        place = error.lineno + max(line - 1, 0)
        hint = " One record a line, or name the file .json." if line else ""
        raise fault(path, f"this is not JSON: {error.msg}, column {error.colno}.{hint}", place) from None
    except RecursionError:
        raise fault(path, "the values are nested too deeply to be records.") from None


def read_records(path: Path, reading: Reading) -> Table:
    """Return the records at the path `reading.records` as a table.

    Raises FaultsError where the file is no JSON or holds no records there.
    """
    content = parse_json(path, reading.encodings, reading.decimal)
    levels = reading.records.split("[]")
    levels = [level.removeprefix(".") for level in (levels if levels[-1] else levels[:-1])]
    walk = _Walk(path, levels)
    root = walk.columns(content, "$.", levels[0], "") if isinstance(content, dict) and levels[0] else {}
    walk.enter(0, content, "", "", root)
    if not walk.found and not walk.bad:
        raise fault(path, f"there are no records under '{reading.records}'.")
    names = dict.fromkeys(name for _, record in walk.found for name in record)
    texts = {name: [record.get(name, "").strip() for _, record in walk.found] for name in names}
    try:
        frame = frame_of_texts(texts, reading)
    except UnicodeEncodeError as error:
        half = ascii(error.object[error.start])
        raise FaultsError([Fault(path.name, 0, f"a text holds {half}, which is half a character.")]) from None
    places = pl.Series("place", [place for place, _ in walk.found], dtype=pl.String)
    return Table(path.name, frame, places, tuple(walk.bad))
