"""The parts of a draft -> the text of a mapping file, one line for each column in the order of the file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kg.draft.look import Sight
from kg.mappers.spec import DELIMITERS, MISSING

if TYPE_CHECKING:
    from kg.draft.parts import Line, Part, Thing

_PLAIN = re.compile(r"[^\W_][\w .()/+*²³°-]*(?<![ ])")
_SPOKEN = {"y", "n", "yes", "no", "on", "off", "true", "false", "null", "none"}
WIDE = 38
"""Letters up to which names are padded, so that the lines stand in columns."""


def quoted(text: str) -> str:
    """Return a text as it stands in YAML: bare where every reader takes it for this text, else quoted.

    >>> quoted("Web ID"), quoted("N"), quoted("Dicke [µm]")
    ('Web ID', '"N"', '"Dicke [µm]"')
    """
    if _PLAIN.fullmatch(text) and text.casefold() not in _SPOKEN and not re.match(r"[\d+-]", text):
        return text
    return json.dumps(text, ensure_ascii=False)


def _flow(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{quoted(str(key))}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, bool | int):
        return str(value).lower()
    return quoted(str(value))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _rows(lines: Sequence[tuple[str, str, str]]) -> list[str]:
    """Return lines `name: keys  # comment`, padded."""
    width = min(WIDE, max((len(name) for name, _, _ in lines), default=0))
    return [
        f"  {name + ':':{width + 1}} {keys}".rstrip() + (f"  # {_one_line(comment)}" if comment else "")
        for name, keys, comment in lines
    ]


def _table(sight: Sight) -> dict[str, object]:
    reading = sight.reading
    keys: dict[str, object] = {}
    if reading.sheet is not None:
        keys["sheet"] = reading.sheet
    elif reading.delimiter != ",":
        keys["delimiter"] = next(name for name, sign in DELIMITERS.items() if sign == reading.delimiter)
    if reading.decimal != ".":
        keys["decimal"] = reading.decimal
    if sight.thousands:
        keys["thousands"] = sight.thousands
    if reading.sheet is None and reading.encodings != ("utf-8",):
        keys["encoding"] = reading.encodings if len(reading.encodings) > 1 else reading.encodings[0]
    if isinstance(reading.header, str):
        keys["header"] = {"find": reading.header}
    elif reading.header != 1:
        keys["header"] = reading.header
    if reading.header_rows != 1:
        keys["header_rows"] = reading.header_rows
    if reading.preamble:
        keys["preamble"] = True
    if reading.repeated:
        keys["repeated"] = "number"
    return keys


def _thing(thing: Thing) -> str:
    keys = {"kind": thing.kind, "class": thing.class_, "role": thing.role, "key": thing.key}
    return _flow({key: value for key, value in keys.items() if value})


def _line(line: Line) -> tuple[str, str, str]:
    return quoted(line.column), _flow(line.keys) if line.keys else "", line.comment


HEAD = """\
# Draft of a mapping, made by `kg draft` from {file}.
# The number on a line says how sure it is, 1.00 the most. Read each line; a wrong one is yours to correct.
# Under `todo` stands what is a guess or is not understood. Move each of its lines to `columns`, corrected
# where it is wrong, or its name to `ignore`; `kg load` refuses this mapping until nothing is left there.
# Then try it, and nothing is stored yet:  kg load {path} --mapping THIS_FILE --dry-run
"""


def render(path: Path, parts: Sequence[Part]) -> tuple[str, dict[int, tuple[int, str]]]:
    """Return the text of a mapping file, and for each line of a column its part and its name."""
    text = HEAD.format(file=path.name, path=path)
    places: dict[int, tuple[int, str]] = {}
    for number, part in enumerate(parts):
        text += "---\n" if number else ""
        text += _head(part)
        mapped = [line for line in part.lines if line.where == "columns"]
        text += "columns:\n"
        for line, row in zip(mapped, _rows([_line(line) for line in mapped]), strict=True):
            places[text.count("\n") + 1] = number, line.column
            text += f"{row}\n"
        text += "ignore: []\n"
        left = [line for line in part.lines if line.where == "todo"]
        rows = [(quoted(name), quoted(way), "") for name, way in part.open.items()]
        rows += [_line(line) for line in left]
        if rows:
            text += "todo:\n" + "".join(f"{row}\n" for row in _rows(rows))
    return text, places


def _head(part: Part) -> str:
    sight = part.sight
    text = f"title: {quoted(part.title)}\n"
    if sight.source == "records":
        text += "source: records\n"
    text += f"files: [{json.dumps(part.files, ensure_ascii=False)}]\n"
    if table := _table(sight):
        text += f"table: {_flow(table)}\n"
    if sight.source == "records":
        text += f"records: {quoted(sight.reading.records)}\n"
    if part.missing:
        text += f"missing: {_flow([*MISSING, *part.missing])}  # texts that mean 'no value'\n"
    rows = [(name, _thing(thing), thing.comment) for name, thing in part.things.items()]
    return text + "things:\n" + "".join(f"{row}\n" for row in _rows(rows))
