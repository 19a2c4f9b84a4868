"""Axioms -> what HermiT says of them: consistent or not, empty classes, the classified hierarchy."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pyoxigraph as ox

from kg.errors import KgError
from kg.namespaces import PREFIXES
from kg.reasoner.assemble import lines

NOTHING = PREFIXES["owl"] + "Nothing"
THING = PREFIXES["owl"] + "Thing"

_SUBCLASS = re.compile(r"^SubClassOf\( <([^>]+)> <([^>]+)> \)$", re.MULTILINE)
_SATISFIABLE = re.compile(r"is (not )?satisfiable")
_MAIN = "org.semanticweb.HermiT.cli.CommandLine"
_EQUIVALENT = re.compile(r"^EquivalentClasses\( (.+) \)$", re.MULTILINE)


class ReasonerMissingError(KgError):
    """Java or the package that carries HermiT is not installed."""


class ReasonerFailedError(KgError):
    """HermiT stopped without an answer."""


@dataclass(frozen=True)
class Verdict:
    """What HermiT found.

    `parents` are direct superclass links between named classes, `same` sets of equivalent classes;
    both are empty when the axioms are inconsistent. `seconds` is the wall time of the run.
    """

    consistent: bool
    unsatisfiable: tuple[str, ...]
    parents: frozenset[tuple[str, str]]
    same: tuple[frozenset[str], ...]
    seconds: float


def missing() -> str | None:
    """Return what is missing to run HermiT, with the way to get it; None when nothing is."""
    if shutil.which("java") is None:
        return "Java is not installed; on Debian: apt-get install default-jre-headless."
    if find_spec("owlready2") is None:
        return "owlready2, which carries HermiT, is not installed: pip install 'battery-kg[ontology]'."
    return None


def classify(triples: Iterable[ox.Triple], limit: float = 3600, megabytes: int = 3000) -> Verdict:
    """Run HermiT on axioms and have it classify all classes.

    The HermiT is the one that owlready2 carries. It is called as a program of its own, on a file of its own,
    since owlready2 warns of EMMO's annotations and holds every class as a Python object.
    `limit` is in seconds; `megabytes` bounds the memory of Java.
    Raises ReasonerMissingError, ReasonerFailedError.
    """
    output, seconds = _run(triples, ["--classify"], limit, megabytes)
    if output is None:
        return Verdict(False, (), frozenset(), (), seconds)
    return _verdict(output, seconds)


def is_satisfiable(
    iri: str, triples: Iterable[ox.Triple], limit: float = 3600, megabytes: int = 3000
) -> bool:
    """Tell whether a class can have members; of `THING`, whether the axioms are consistent.

    Much faster than to classify. Raises ReasonerMissingError, ReasonerFailedError.
    """
    output, _ = _run(triples, [f"--consistency=<{iri}>"], limit, megabytes)
    if output is None:
        return False
    said = _SATISFIABLE.search(output)
    if said is None:
        raise ReasonerFailedError(f"HermiT does not say whether {iri} is satisfiable: {output.strip()}")
    return said[1] is None


def is_consistent(
    triples: Iterable[ox.Triple], limit: float = 3600, megabytes: int = 3000
) -> tuple[bool, float]:
    """Tell whether axioms and data can be true together, and how long that took, in seconds.

    Raises ReasonerMissingError, ReasonerFailedError.
    """
    output, seconds = _run(triples, ["--consistency"], limit, megabytes)
    return output is not None, seconds


def _run(
    triples: Iterable[ox.Triple], task: list[str], limit: float, megabytes: int
) -> tuple[str | None, float]:
    """Return what HermiT prints, None when it finds the axioms inconsistent; and the time in seconds."""
    wanting = missing()
    if wanting:
        raise ReasonerMissingError(wanting)
    with tempfile.TemporaryDirectory(prefix="kg-reasoner-") as folder:
        path = Path(folder) / "axioms.nt"
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(lines(triples))
        command = ["java", f"-Xmx{megabytes}M", "-cp", _class_path(), _MAIN, *task]
        # EMMO defines a datatype by a union of its own (EMMO_799c067b...), at which HermiT gives up.
        command += ["--ignoreUnsupportedDatatypes", path.as_uri()]
        started = time.monotonic()
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)
        except subprocess.TimeoutExpired:
            raise ReasonerFailedError(f"HermiT has no answer after {limit:.0f} s.") from None
        seconds = time.monotonic() - started
    if "nconsistent ontology" in done.stdout + done.stderr:
        return None, seconds
    if done.returncode:
        told = (done.stderr or done.stdout)[-2000:].strip()
        raise ReasonerFailedError(f"HermiT stopped with code {done.returncode}: {told}")
    return done.stdout, seconds


def _class_path() -> str:
    spec = find_spec("owlready2")
    assert spec is not None and spec.origin is not None
    folder = Path(spec.origin).parent / "hermit"
    return os.pathsep.join([str(folder), str(folder / "HermiT.jar")])


def _verdict(output: str, seconds: float) -> Verdict:
    groups = [frozenset(re.findall(r"<([^>]+)>", found)) for found in _EQUIVALENT.findall(output)]
    empty = frozenset().union(*(group for group in groups if NOTHING in group)) - {NOTHING}
    return Verdict(
        consistent=True,
        unsatisfiable=tuple(sorted(empty)),
        parents=frozenset(
            (child, parent)
            for child, parent in _SUBCLASS.findall(output)
            if child != NOTHING and parent != THING
        ),
        same=tuple(sorted((g for g in groups if NOTHING not in g), key=sorted)),
        seconds=seconds,
    )
