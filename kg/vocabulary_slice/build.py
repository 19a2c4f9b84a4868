"""A folder of upstream files -> ontology/imports/*.ttl and the lock that says what they were made of."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path

from kg.errors import Fault, FaultsError
from kg.vocabulary_slice.extract import extract
from kg.vocabulary_slice.sources import LICENCE, SOURCES, Source
from kg.vocabulary_slice.turtle import write


class DifferentFileError(FaultsError):
    """An upstream file is missing, or is not the one that the lock names."""


@dataclass(frozen=True)
class Outcome:
    """What was written: statements and terms by slice, which slices changed, and what was left out."""

    statements: dict[str, int]
    terms: dict[str, int]
    changed: tuple[str, ...]
    left_out: tuple[str, ...]


def build(upstream: Path, ontology: Path, update: bool = False) -> Outcome:
    """Write the slices of the files below `upstream` into `ontology`/imports.

    A file whose sha256 is not the one in the lock stops the work before anything is written,
    unless `update` says that the new file is wanted.
    """
    lock = ontology / "imports.toml"
    sums = _checked_sums(upstream, lock, update)
    facts = extract(upstream)
    texts = {
        f"imports/{source.name}.ttl": write(facts.statements[source.name], facts.labels, _header(source))
        for source in SOURCES
    }
    texts["imports.toml"] = _lock_text(sums)
    changed = []
    (ontology / "imports").mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        path = ontology / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8", newline="\n")
            changed.append(name)
    return Outcome(
        statements={name: len(found) for name, found in facts.statements.items()},
        terms={name: len({s for s, _, _ in found}) for name, found in facts.statements.items()},
        changed=tuple(changed),
        left_out=tuple(facts.left_out),
    )


def _checked_sums(upstream: Path, lock: Path, update: bool) -> dict[str, dict[str, str]]:
    known = tomllib.loads(lock.read_text(encoding="utf-8")) if lock.is_file() else {}
    sums: dict[str, dict[str, str]] = {}
    faults: list[Fault] = []
    for source in SOURCES:
        locked = known.get(source.name, {}).get("files", {})
        for name in source.files:
            path = upstream / name
            if not path.is_file():
                faults.append(
                    Fault(name, 0, f"no such file below {upstream}. It comes from {source.repository}.")
                )
                continue
            found = hashlib.sha256(path.read_bytes()).hexdigest()
            sums.setdefault(source.name, {})[name] = found
            if locked.get(name, found) != found and not update:
                faults.append(
                    Fault(
                        name, 0, f"sha256 {found} is not {locked[name]} of the lock. To accept it: --update"
                    )
                )
    if faults:
        raise DifferentFileError(faults)
    return sums


def _header(source: Source) -> str:
    return (
        f"Facts of {source.title}, version {source.version}.\n"
        f"Source: {source.version_iri} ({source.repository}), licence {LICENCE}.\n"
        "Changed: only IRIs, kinds, labels, named parents, codes and factors; repaired where wrong.\n"
        "Written by `kg ontology slice`; do not edit. Repairs: kg/vocabulary_slice/repairs.py."
    )


def _lock_text(sums: dict[str, dict[str, str]]) -> str:
    lines = [
        "# What the slices in imports/ were made of. Written by `kg ontology slice`; do not edit.",
        "# Paths are those below the folder given to --from; see docs/explanation/vocabulary.md.",
    ]
    for source in SOURCES:
        lines += [
            "",
            f"[{source.name}]",
            f'title = "{source.title}"',
            f'version_iri = "{source.version_iri}"',
            f'version = "{source.version}"',
            f'source = "{source.repository}"',
            f'path = "{source.path}"',
            f'licence = "{LICENCE}"',
            "",
            f"[{source.name}.files]",
            *(f'"{name}" = "{found}"' for name, found in sorted(sums[source.name].items())),
        ]
    return "\n".join(lines) + "\n"
