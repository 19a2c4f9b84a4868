"""Our own files beside the whole of upstream -> what EMMO's own checker, emmocheck, says of them."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox

from kg.errors import KgError
from kg.reasoner.assemble import OWL, TYPE, matching, own_files, read, upstream_files
from kg.vocabulary_slice.left_out import left_out_axioms

UPSTREAM = "https://w3id.org/battery-kg/upstream"
OWN = "https://w3id.org/battery-kg/bvco-ext"

_ONTOLOGY = ox.NamedNode(OWL + "Ontology")
_CATALOGUE = f"""<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<catalog prefer="public" xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">
  <uri id="upstream" name="{UPSTREAM}" uri="./upstream.ttl"/>
</catalog>
"""
_FAILURE = re.compile(r"^(?:FAIL|ERROR): .*\n(\w+) \([\w.]+\)(?: \((.*)\))?$", re.MULTILINE)
_TERM = re.compile(r"(?:entity|cls)=([^,]+)")


class CheckerMissingError(KgError):
    """The checker cannot be installed here."""


@dataclass(frozen=True)
class Failure:
    """A test of emmocheck that a term does not pass; `term` is empty where the test is about everything."""

    test: str
    term: str


def install(venv: Path) -> None:
    """Make a virtual environment with emmocheck, unless it is there; it pins an older owlready2 than ours.

    Raises CheckerMissingError where that does not work, for lack of a network for example.
    """
    if (venv / "bin" / "emmocheck").is_file():
        return
    for command in (
        [sys.executable, "-m", "venv", str(venv)],
        [
            str(venv / "bin" / "pip"),
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "EMMOntoPy>=0.11,<0.12",
        ],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            told = (done.stderr or done.stdout).strip().splitlines()[-1:]
            raise CheckerMissingError(f"emmocheck cannot be installed in {venv}: {' '.join(told)}")


def emmocheck(upstream: Path, ontology: Path, venv: Path, limit: float = 900) -> list[Failure]:
    """Return what emmocheck finds in our own files, with the whole of upstream imported.

    Old IRIs of the bridge, which are records and no terms, are not shown to it.
    Raises CheckerMissingError.
    """
    program = (venv / "bin" / "emmocheck").resolve()
    with tempfile.TemporaryDirectory(prefix="kg-emmocheck-") as name:
        folder = Path(name)
        theirs = _terms(read(upstream / file for file in upstream_files()))
        theirs -= matching(theirs, left_out_axioms(ontology / "bridge.ttl"))
        _write(folder / "upstream.ttl", UPSTREAM, theirs, ())
        ours = {
            quad.triple
            for path in own_files(ontology)
            for quad in ox.parse(path=str(path), format=ox.RdfFormat.TURTLE)
            if not str(quad.subject).startswith("<http://emmo.info/")
        }
        _write(folder / "own.ttl", OWN, _terms(ours), (UPSTREAM,))
        (folder / "catalog-v001.xml").write_text(_CATALOGUE, encoding="utf-8")
        try:
            done = subprocess.run(
                [str(program), "--local", "own.ttl"],
                capture_output=True,
                text=True,
                cwd=folder,
                timeout=limit,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CheckerMissingError(f"emmocheck does not run: {error}") from None
    printed = done.stdout + done.stderr
    if not re.search(r"^Ran \d+ tests", printed, re.MULTILINE):
        raise CheckerMissingError(f"emmocheck stopped: {printed.strip()[-500:]}")
    return failures(printed)


def failures(printed: str) -> list[Failure]:
    """Return the failures in what emmocheck prints."""
    found = set()
    for test, about in _FAILURE.findall(printed):
        term = _TERM.search(about)
        found.add(Failure(test, term[1] if term else ""))
    return sorted(found, key=lambda failure: (failure.test, failure.term))


def _terms(triples: set[ox.Triple]) -> set[ox.Triple]:
    heads = {triple.subject for triple in triples if triple.predicate == TYPE and triple.object == _ONTOLOGY}
    return {triple for triple in triples if triple.subject not in heads}


def _write(path: Path, iri: str, triples: set[ox.Triple], imports: Iterable[str]) -> None:
    about = ox.NamedNode(iri)
    head = {ox.Triple(about, ox.NamedNode(OWL + "imports"), ox.NamedNode(name)) for name in imports}
    head.add(ox.Triple(about, TYPE, _ONTOLOGY))
    path.write_bytes(ox.serialize(head | triples, format=ox.RdfFormat.TURTLE) or b"")
