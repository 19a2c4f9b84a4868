"""One upload, in a process of its own: a job on standard input -> what became of it, both as JSON."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from kg.errors import KgError
from kg.load import Loader, Outcome
from kg.near import near, quoted
from kg.resources import PACKAGE
from kg.store import StoreError

UPLOADS = "uploads"


def mappings(store: Path) -> dict[str, Path]:
    """Return the mapping files by name: those of the product, and those of the store, which go first."""
    found = {}
    for folder in (PACKAGE / "mappers", store / "mappings"):
        for path in sorted(folder.rglob("*.yaml")):
            found[path.stem] = path
    return found


def _mapping(store: Path, name: str | None) -> list[Path]:
    if not name:
        return []
    known = mappings(store)
    if name.removesuffix(".yaml") not in known:
        alike = near(name, known)
        hint = f" Near: {quoted(alike)}." if alike else ""
        raise KgError(
            f"no mapping is called '{name}'.{hint} Mappings are those of kg/mappers and of the store."
        )
    return [known[name.removesuffix(".yaml")]]


def run(store: Path, job: dict[str, Any]) -> dict[str, Any]:
    """Load a file, or look at it, and return what became of it.

    The file is kept in the store: a row that a value leads back to must stay readable.
    """
    loader = Loader(store, _mapping(store, job["mapping"]), dry_run=job["dry_run"], under=job["under"])
    kept = store / UPLOADS / job["under"] / job["name"]
    if job["dry_run"]:
        return _told(loader.load([Path(job["file"])]), True)
    kept.parent.mkdir(parents=True, exist_ok=True)
    before = kept.with_name(f".{kept.name}.before")
    if kept.exists():
        kept.replace(before)
    try:
        shutil.copyfile(job["file"], kept)
        outcomes = loader.load([kept])
    except BaseException:
        _put_back(before, kept)
        raise
    if outcomes and not outcomes[0].usable:
        _put_back(before, kept)
    before.unlink(missing_ok=True)
    return _told(outcomes, False)


def _put_back(before: Path, kept: Path) -> None:
    kept.unlink(missing_ok=True)
    with contextlib.suppress(FileNotFoundError):
        before.replace(kept)


def _told(outcomes: list[Outcome], dry_run: bool) -> dict[str, Any]:
    one = outcomes[0]
    return {
        "file": one.name,
        "outcome": one.outcome,
        "reason": one.reason,
        "dry_run": dry_run,
        "mapping": one.mapping,
        "read": one.read,
        "loaded": one.loaded,
        "set_aside": one.set_aside,
        "triples": one.triples,
        "findings": [finding.as_dict() for finding in one.findings],
    }


def main() -> None:
    """Run the job that standard input tells."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    try:
        answer = run(Path(sys.argv[1]), json.load(sys.stdin))
    except StoreError as error:
        answer = {"problem": 409, "detail": str(error)}
    except KgError as error:
        answer = {"problem": 400, "detail": str(error)}
    with out:
        json.dump(answer, out)


if __name__ == "__main__":
    main()
