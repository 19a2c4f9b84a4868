"""Nested records of JSON or XML -> a table: one record a row, one leaf a column with dots in its name."""

from __future__ import annotations

import json
import re
from collections import Counter
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
from kg.sources.xmlfile import ENDING as XML
from kg.sources.xmlfile import parse_xml

LINES = (".jsonl", ".ndjson")
ANY = "*"
"""In the path of the records: each key of an object."""


def pointer_token(key: str) -> str:
    """Return a key as it stands in a JSON pointer that is the fragment of an IRI (RFC 6901, section 6)."""
    return quote(key.replace("~", "~0").replace("/", "~1"), safe="!$&'()*+,;=:@~")


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


class _Number(str):
    """A number as it is written in the file."""


def _short(value: Any) -> str:
    text = json_text(value)
    return text if len(text) <= 40 else f"{text[:40]}..."


def json_text(value: Any) -> str:
    """Return a value as JSON, its numbers as they are written in the file."""
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, dict):
        pairs = (f"{json.dumps(key, ensure_ascii=False)}: {json_text(item)}" for key, item in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(json_text, value))}]"
    return json.dumps(value, ensure_ascii=False)


def leaves(
    value: dict[str, Any], reading: Reading, before: str = "", skip: str | None = None, under: str = ""
) -> Iterator[tuple[str, str]]:
    """Yield (column, text) of each leaf; the list or object `skip`, which the path enters, is left out.

    `under` is what the names of these columns begin with in the table. Of a list that the mapping leaves
    out, only that it is there is told: it may be all other records of a file, beside each record.
    Raises ValueError for a list that `reading.keyed` makes an object of, where its items have no such key.
    """
    for key, item in value.items():
        name = before + key
        if name == skip:
            continue
        if not isinstance(item, dict | list):
            yield name, _scalar(item)
            continue
        if name in reading.whole:
            yield name, json_text(item)
            continue
        keys = next((keys for path, keys in reading.keyed if _fits(name, path)), ())
        if keys and isinstance(item, list):
            item = _by_key(item, name, keys)
        if isinstance(item, dict):
            yield from leaves(item, reading, f"{name}.", skip, under)
        else:
            nested = any(isinstance(part, dict | list) for part in item)
            if nested and reading.leaves_out(f"{under}{name}[]"):
                yield f"{name}[]", "[...]"
            else:
                yield f"{name}[]", json_text(item) if nested else "\n".join(map(_scalar, item))


def _fits(name: str, path: str) -> bool:
    return re.fullmatch(".+".join(map(re.escape, path.split(ANY))), name) is not None


def _by_key(items: list[Any], name: str, keys: tuple[str, ...]) -> dict[str, Any]:
    """Return a list of objects as one object: each is named by the first of the keys that it alone has."""
    names = [[_under(item, key) for key in keys] for item in items]
    counts = Counter((key, text) for texts in names for key, text in zip(keys, texts, strict=True))
    found: dict[str, Any] = {}
    for item, texts in zip(items, names, strict=True):
        own = (text for key, text in zip(keys, texts, strict=True) if text and counts[key, text] == 1)
        text = next(own, "")
        if not text or text in found:
            said = " or ".join(f"'{key}'" for key in keys)
            raise ValueError(f"in the list '{name}' no {said} of its own names {_short(item)}")
        found[text] = {key: value for key, value in item.items() if key not in keys or value != text}
    return found


def _under(item: Any, path: str) -> str:
    """Return the text at a path of keys with dots between them; nothing where there is none."""
    for key in path.split("."):
        item = item.get(key) if isinstance(item, dict) else None
    return item if isinstance(item, str) else ""


_STEP = re.compile(r"\[\]|(?:^|(?<=\.))\*(?=\.|$)")


def path_levels(path: str) -> list[tuple[str, str]]:
    """Return the levels of a path of records: the keys to a list or an object, and which of both it is.

    >>> path_levels("batches[].cells[]")
    [('batches', '[]'), ('cells', '[]')]
    >>> path_levels("tasks.*.result.*")
    [('tasks', '*'), ('result', '*')]
    """
    found, start = [], 0
    for step in _STEP.finditer(path):
        found.append((path[start : step.start()].strip("."), step[0]))
        start = step.end()
    rest = path[start:].strip(".")
    return found if found and not rest else [*found, (rest, "[]")]


@dataclass
class _Walk:
    """The records of one file, while they are gathered along the path."""

    path: Path
    levels: list[tuple[str, str]]
    reading: Reading
    found: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)

    def columns(self, value: dict[str, Any], before: str, skip: str | None, pointer: str) -> dict[str, str]:
        columns: dict[str, str] = {}
        try:
            for name, text in leaves(value, self.reading, skip=skip, under=before):
                if name in SET_ASIDE_COLUMNS:
                    continue
                if before + name in columns:
                    reason = f"at '{pointer or '/'}' two values are called '{name}', by a dot in a key."
                    raise fault(self.path, f"{reason} Rename the key.")
                columns[before + name] = text
        except ValueError as error:
            raise fault(self.path, f"at '{pointer or '/'}': {error}.") from None
        return columns

    def enter(self, depth: int, value: Any, pointer: str, before: str, outer: dict[str, str]) -> None:
        """Go down one level; `before` is the path so far, `outer` the columns of the levels above."""
        steps, kind = self.levels[depth]
        for step in filter(None, steps.split(".")):
            if not isinstance(value, dict) or step not in value:
                here = quoted(value) if isinstance(value, dict) else "no object"
                alike = quoted(near(step, value)) if isinstance(value, dict) else ""
                hint = f"Near: {alike}" if alike else f"Here: {here}"
                reason = (
                    f"there is no '{step}' at '{pointer or '/'}', where the path of the records leads. {hint}"
                )
                if depth == 0 and self.reading.may_lack:
                    return
                if depth == 0:
                    raise fault(self.path, f"{reason}.")
                self.bad.append(BadRow(pointer, reason))
                return
            value, pointer = value[step], f"{pointer}/{pointer_token(step)}"
        if kind == ANY:
            self.each(depth, value, pointer, f"{before}{steps}{'.' if steps else ''}{ANY}", outer)
            return
        before += f"{steps}[]."
        if isinstance(value, dict):
            self.record(depth, value, pointer, before, outer)
            return
        if not isinstance(value, list | None):
            raise fault(
                self.path, f"at '{pointer or '/'}' a list of records is expected, not {_short(value)}."
            )
        for index, item in enumerate(value or []):
            self.record(depth, item, f"{pointer}/{index}", before, outer)

    def each(self, depth: int, value: Any, pointer: str, name: str, outer: dict[str, str]) -> None:
        """Take each value of an object as a record; its key is a column, as it often is its only name."""
        if not isinstance(value, dict | None):
            text = f"at '{pointer or '/'}' an object of records is expected, not {_short(value)}."
            raise fault(self.path, text)
        # A column that is called '*' alone would mean all columns to polars.
        column = f"$.{ANY}" if name == ANY else name
        for key, item in (value or {}).items():
            place = f"{pointer}/{pointer_token(key)}"
            self.record(depth, item, place, f"{name}.", outer | {column: key})

    def record(self, depth: int, item: Any, place: str, before: str, outer: dict[str, str]) -> None:
        if not isinstance(item, dict):
            raise fault(self.path, f"at '{place}' a record in braces is expected, not {_short(item)}.")
        if depth + 1 == len(self.levels):
            self.found.append((place, outer | self.columns(item, "", None, place)))
            return
        steps, kind = self.levels[depth + 1]
        # Where each value of the object is a record, nothing stands beside the records.
        above = {} if (steps, kind) == ("", ANY) else self.columns(item, before, steps, place)
        self.enter(depth + 1, item, place, before, outer | above)


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


def xml_lists(reading: Reading) -> frozenset[str]:
    """Return the paths at which elements of XML are a list, though there may be only one."""
    levels = [steps for steps, kind in path_levels(reading.records) if kind == "[]"]
    found = {".".join(levels[: depth + 1]) for depth in range(len(levels))} - {""}
    # Paths of keyed lists begin at the record.
    return frozenset(found | {".".join(filter(None, [*levels, path])) for path, _ in reading.keyed})


def parse_records(
    path: Path, encodings: tuple[str, ...], decimal: str = ".", lists: frozenset[str] = frozenset()
) -> Any:
    """Return the content of a file of records, JSON or XML, numbers of JSON as their own text.

    Raises FaultsError where it is neither, as its name says.
    """
    if path.suffix.lower() == XML:
        return parse_xml(path, lists)
    return parse_json(path, encodings, decimal, _Number)


def read_records(path: Path, reading: Reading) -> Table:
    """Return the records at the path `reading.records` as a table.

    Raises FaultsError where the file is no JSON or XML, or holds no records there.
    """
    content = parse_records(path, reading.encodings, reading.decimal, xml_lists(reading))
    walk = _Walk(path, path_levels(reading.records), reading)
    steps = walk.levels[0][0]
    root = walk.columns(content, "$.", steps, "") if isinstance(content, dict) and steps else {}
    walk.enter(0, content, "", "", root)
    if not walk.found and not walk.bad and not reading.may_lack:
        raise fault(path, f"there are no records under '{reading.records}'.")
    names = dict.fromkeys(name for _, record in walk.found for name in record)
    # Without records nobody can say which of their keys are absent.
    names = names or dict.fromkeys(reading.named)
    texts = {name: [record.get(name, "").strip() for _, record in walk.found] for name in names}
    try:
        frame = frame_of_texts(texts, reading)
    except UnicodeEncodeError as error:
        half = ascii(error.object[error.start])
        raise FaultsError([Fault(path.name, 0, f"a text holds {half}, which is half a character.")]) from None
    places = pl.Series("place", [place for place, _ in walk.found], dtype=pl.String)
    return Table(path.name, frame, places, tuple(walk.bad))
