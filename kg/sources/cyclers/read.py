"""A file of a tester -> its recordings; which map fits is decided by what stands in the file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kg.sources.cyclers import binary
from kg.sources.cyclers.convert import convert
from kg.sources.cyclers.recording import Recording
from kg.sources.cyclers.spec import InstrumentMap, fold, maps, not_series
from kg.sources.cyclers.text import HEAD, Raw, cells_of, decode, header_line, known_headers, read_text_table
from kg.sources.text import fault, read_bytes

_START = 1_000_000
"""Bytes among which header and signs are looked for."""


def read_cycler(
    path: Path, *, zone: str | None = None, given: Iterable[InstrumentMap] = (), data: bytes | None = None
) -> list[Recording]:
    """Return the recordings in a file of a tester: one, or one for each table of the file.

    `zone` is the time zone of times that name none; `given` are the maps to try instead of ours; `data` are
    the bytes of the file, where they have been read already.
    Raises FaultsError where no map fits, with what was tried, or several fit equally well.
    """
    data = read_bytes(path) if data is None else data
    known = tuple(given) or maps()
    kind = binary.kind_of(data)
    if kind == "text":
        map_ = _text_map(path, data, known)
        return [convert(map_, read_text_table(path, data, map_), zone)]
    if kind == "json":
        value = binary.parse_json(path, data)
        chosen = [map_ for map_ in known if map_.spec.kind == "json" and _fits_json(map_, value)]
        if not chosen:
            raise _refused(path, "JSON", [map_ for map_ in known if map_.spec.kind == "json"])
        return [convert(map_, binary.read_json(path, value, map_.spec.table), zone) for map_ in chosen]
    readers = {"parquet": binary.read_parquet, "mpr": binary.read_mpr, "nda": binary.read_nda}
    if kind not in readers:
        raise fault(path, "this is neither text, JSON, Parquet, .mpr nor .nda(x), so no tester wrote it.")
    raw = readers[kind](path, data)
    return [convert(_typed_map(path, raw, kind, known), raw, zone)]


def _text_map(path: Path, data: bytes, known: Iterable[InstrumentMap]) -> InstrumentMap:
    texts = [map_ for map_ in known if map_.spec.kind == "text"]
    start = data[:_START]
    # A cut may fall into a character; what follows the last line feed is left out.
    start = start if len(data) <= _START else start[: start.rfind(b"\n") + 1]
    heads: dict[tuple[str, ...], list[str] | None] = {}
    scores: dict[str, tuple[int, InstrumentMap]] = {}
    for map_ in texts:
        encodings = tuple(map_.spec.encoding)
        if encodings not in heads:
            text = decode(start, encodings)
            heads[encodings] = None if text is None else text.split("\n")[:HEAD]
        head = heads[encodings]
        if head is not None and header_line(head, map_) is not None:
            scores[map_.file] = (known_headers(head, map_), map_)
    if not scores:
        said = decode(start, ("utf-8", "cp1252")) or ""
        for other in not_series():
            if other.sign in said:
                raise fault(path, f"{other.reason}. It is no series.")
        raise _refused(path, "text", texts, next((head for head in heads.values() if head), []))
    best = max(score for score, _ in scores.values())
    found = [map_ for score, map_ in scores.values() if score == best]
    if len(found) > 1:
        names = ", ".join(map_.file for map_ in found)
        raise fault(path, f"several maps fit equally well: {names}. Name one: --map FILE.")
    return found[0]


def _fits_json(map_: InstrumentMap, value: dict[str, Any]) -> bool:
    table = value.get(map_.spec.table)
    module = str(value.get("@module", ""))
    if not isinstance(table, dict) or not all(mark in module for mark in map_.spec.marks):
        return False
    return _fits(map_, table)


def _fits(map_: InstrumentMap, names: Iterable[str]) -> bool:
    here = {fold(name) for name in names}
    return all(here & wanted for wanted in map_.detect)


def _typed_map(path: Path, raw: Raw, kind: str, known: Iterable[InstrumentMap]) -> InstrumentMap:
    candidates = [map_ for map_ in known if map_.spec.kind == kind]
    found = [map_ for map_ in candidates if _fits(map_, raw.frame.columns)]
    if not found:
        raise _refused(path, kind, candidates)
    return found[0]


def _refused(path: Path, kind: str, tried: list[InstrumentMap], head: Iterable[str] = ()) -> Exception:
    names = ", ".join(map_.file for map_ in tried)
    text = f"no map fits this {kind} file. Tried: {names or 'none, as there is no map of this kind'}."
    lacks = [(*_lacking(map_, list(head)), map_.file) for map_ in tried] if head else []
    if lacks and min(lacks)[0] < 1:
        _, missing, name = min(lacks)
        text += f" The nearest is {name}, for which a line would have to hold: {missing}."
    return fault(path, f"{text} To add a map: docs/reference/cyclers.md")


def _lacking(map_: InstrumentMap, head: list[str]) -> tuple[float, str]:
    """Return the part of the headers of a map that the best line of a file lacks, and their names."""
    least: tuple[float, str] = (1.0, "")
    for line in head:
        here = {fold(cell) for cell in cells_of(line, map_)}
        missing = [
            text for text, names in zip(map_.spec.detect, map_.detect, strict=True) if not here & names
        ]
        least = min(least, (len(missing) / len(map_.spec.detect), ", ".join(missing)))
    return least
