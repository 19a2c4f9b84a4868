"""Passports as they are -> an append-only log of what changed, chained by hashes, that can be checked.

    kg-store/passports.log     one JSON object a line: which passport changed, and the hash of the line before

A passport is an answer of the graph, and its log says what that answer was at a time: a line holds the sha256
of the whole document, so a passport that was handed out can be held against it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kg.errors import KgError

FILE = "passports.log"
START = "0" * 64


@dataclass(frozen=True)
class Entry:
    """A line of the log."""

    number: int
    time: str
    passport: str
    event: str
    sha256: str
    before: str
    hash: str

    def as_line(self) -> str:
        """Return the line as it stands in the file."""
        return json.dumps(vars(self), ensure_ascii=False, sort_keys=True) + "\n"


def digest(document: str) -> str:
    """Return the sha256 of a document."""
    return hashlib.sha256(document.encode()).hexdigest()


def _hash(number: int, time: str, passport: str, event: str, sha256: str, before: str) -> str:
    return digest(json.dumps([number, time, passport, event, sha256, before], ensure_ascii=False))


def intact(entry: Entry) -> bool:
    """Return whether a line fits its own hash."""
    made = _hash(entry.number, entry.time, entry.passport, entry.event, entry.sha256, entry.before)
    return made == entry.hash


def _entry(line: str, number: int) -> Entry:
    try:
        said: dict[str, Any] = json.loads(line)
        return Entry(**said)
    except (ValueError, TypeError):
        raise KgError(
            f"{FILE}:{number}: this line is no entry of the log. It was changed or cut off."
        ) from None


def read(store: Path) -> list[Entry]:
    """Return the entries of the log of a store, checked.

    Raises KgError at the first line that was changed, left out or put in.
    """
    path = store / FILE
    if not path.is_file():
        return []
    entries: list[Entry] = []
    before = START
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        entry = _entry(line, number)
        right = _hash(number, entry.time, entry.passport, entry.event, entry.sha256, before)
        if (entry.number, entry.before, entry.hash) != (number, before, right):
            raise KgError(
                f"{FILE}:{number}: the chain is broken: this line or one before it was changed or left out."
            )
        entries.append(entry)
        before = entry.hash
    return entries


def latest(entries: Iterable[Entry]) -> dict[str, Entry]:
    """Return the last entry of each passport."""
    return {entry.passport: entry for entry in entries}


def record(
    store: Path, documents: Iterable[tuple[str, str, str]], now: datetime | None = None
) -> list[Entry]:
    """Add a line for each passport that is new or has changed, and return the lines.

    `documents` are (passport, event, document).
    Raises KgError where the log is broken; then nothing is added.
    """
    entries = read(store)
    known = latest(entries)
    time = (now or datetime.now(UTC)).isoformat(timespec="seconds")
    before = entries[-1].hash if entries else START
    added: list[Entry] = []
    for passport, event, document in documents:
        sha256 = digest(document)
        if passport in known and known[passport].sha256 == sha256:
            continue
        number = len(entries) + len(added) + 1
        said = event or ("update" if passport in known else "issue")
        entry = Entry(
            number, time, passport, said, sha256, before, _hash(number, time, passport, said, sha256, before)
        )
        added.append(entry)
        before = entry.hash
    if added:
        with (store / FILE).open("a", encoding="utf-8") as file:
            file.writelines(entry.as_line() for entry in added)
    return added
