"""Nested JSON records -> a table: one record a row, one leaf a column with dots in its name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from kg.sources.grid import SET_ASIDE_COLUMNS
from kg.sources.table import Reading, Table
from kg.sources.text import fault, read_text

LINES = (".jsonl", ".ndjson")


def _escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _leaves(value: dict[str, Any], before: str, skip: str | None) -> Iterator[tuple[str, str]]:
    """Yield (column, text) of each leaf; the list `skip`, which the path enters, is left out."""
    for key, item in value.items():
        name = before + key
        if isinstance(item, dict):
            yield from _leaves(item, f"{name}.", None if skip is None else skip.removeprefix(f"{key}."))
        elif isinstance(item, list):
            if key != skip:
                nested = any(isinstance(part, dict | list) for part in item)
                text = json.dumps(item, ensure_ascii=False) if nested else "\n".join(map(_scalar, item))
                yield f"{name}[]", text
        else:
            yield name, _scalar(item)


def _enter(path: Path, value: Any, steps: list[str], pointer: str, done: str) -> Any:
    for step in filter(None, steps):
        if not isinstance(value, dict) or step not in value:
            here = ", ".join(value) if isinstance(value, dict) else type(value).__name__
            raise fault(path, f"the records should be under '{done}{step}', but at '{pointer or '/'}' is: {here}.")
        value = value[step]
        pointer += "/" + _escape(step)
    return value, pointer


def _walk(
    path: Path, value: Any, levels: list[str], pointer: str, outer: dict[str, str], done: str
) -> Iterator[tuple[str, dict[str, str]]]:
    items, pointer = _enter(path, value, levels[0].split("."), pointer, done)
    if isinstance(items, dict):
        items, pointers = [items], [pointer]
    elif isinstance(items, list):
        pointers = [f"{pointer}/{index}" for index in range(len(items))]
    else:
        raise fault(path, f"at '{pointer or '/'}' a list of records is expected.")
    done += f"{levels[0]}[]."
    for item, place in zip(items, pointers, strict=True):
        if not isinstance(item, dict):
            raise fault(path, f"at '{place}' a record in braces is expected, not {json.dumps(item)[:40]}.")
        if len(levels) == 1:
            yield place, outer | dict(_leaves(item, "", None))
        else:
            above = {done.removeprefix("[].") + name: text for name, text in _leaves(item, "", levels[1])}
            yield from _walk(path, item, levels[1:], place, outer | above, done)


def parse_json(path: Path, encodings: tuple[str, ...], decimal: str = ".") -> Any:
    """Return the content of a JSON or JSON Lines file, numbers as their own text.

    Raises FaultsError, with the line, where it is no JSON.
    """
    text, _ = read_text(path, encodings)

    def number(token: str) -> str:
        return token.replace(".", decimal)

    try:
        if path.suffix.lower() in LINES:
            return [
                json.loads(line, parse_float=number, parse_int=str)
                for line in text.splitlines()
                if line.strip()
            ]
        return json.loads(text, parse_float=number, parse_int=str)
    except json.JSONDecodeError as error:
        raise fault(path, f"this is not JSON: {error.msg}, column {error.colno}.", error.lineno) from None


def read_records(path: Path, reading: Reading) -> Table:
    """Return the records at the path `reading.records` as a table.

    Raises FaultsError where the file is no JSON or holds no records there.
    """
    content = parse_json(path, reading.encodings, reading.decimal)
    levels = reading.records.split("[]")[:-1] if reading.records.endswith("[]") else [reading.records]
    levels = [level.removeprefix(".") for level in levels]
    found = list(_walk(path, content, levels, "", {}, ""))
    if not found:
        raise fault(path, f"there are no records under '{reading.records}'.")
    names = list(dict.fromkeys(name for _, record in found for name in record))
    columns: dict[str, list[str | None]] = {}
    for name in names:
        if name in SET_ASIDE_COLUMNS:
            continue
        texts = (record.get(name, "").strip() for _, record in found)
        columns[name] = [None if not text or text in reading.missing else text for text in texts]
    frame = pl.DataFrame(columns, schema={name: pl.String for name in columns})
    return Table(path.name, frame, pl.Series("place", [place for place, _ in found], dtype=pl.String))
