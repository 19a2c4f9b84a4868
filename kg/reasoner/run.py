"""One run of the reasoner: assemble, classify, look at a sample of data, write what reasoning adds."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import pyoxigraph as ox

from kg.errors import Fault
from kg.reasoner import hermit, hierarchy
from kg.reasoner.assemble import axioms, own_files, read, terminology, upstream_files
from kg.reasoner.explain import explain
from kg.reasoner.hermit import THING, Verdict
from kg.reasoner.module import Axiom, speaking_of_individuals
from kg.reasoner.sample import lineage_of_a_cell
from kg.vocabulary_slice import DifferentFileError
from kg.vocabulary_slice.left_out import left_out_axioms


@dataclass(frozen=True)
class Classified:
    """What a run found.

    `axioms` counts the triples that were read, `data` those of the sample of data;
    `data_consistent` and `data_seconds` are None when no data were asked for, or the vocabulary is unsound;
    `changed` tells whether the file of the hierarchy was written anew.
    """

    axioms: int
    left_out: int
    verdict: Verdict
    labels: dict[str, str]
    data: int = 0
    data_consistent: bool | None = None
    data_seconds: float | None = None
    links: int = 0
    equivalences: int = 0
    changed: bool = False

    @property
    def sound(self) -> bool:
        """Tell whether nothing is wrong."""
        return (
            self.verdict.consistent and not self.verdict.unsatisfiable and self.data_consistent is not False
        )


def assembled(upstream: Path, ontology: Path) -> tuple[set[ox.Triple], int]:
    """Return the axioms of everything together, and how many upstream axioms are left out.

    Raises DifferentFileError where an upstream file is not the one in the lock of the slices.
    """
    _refuse_other_files(upstream, ontology)
    out = left_out_axioms(ontology / "bridge.ttl")
    every = read([*(upstream / name for name in upstream_files()), *own_files(ontology)])
    return axioms(every, out), len(out)


def _refuse_other_files(upstream: Path, ontology: Path) -> None:
    lock = tomllib.loads((ontology / "imports.toml").read_text(encoding="utf-8"))
    faults = []
    for entry in lock.values():
        for name, total in entry["files"].items():
            path = upstream / name
            if not path.is_file():
                faults.append(
                    Fault(name, 0, f"no such file below {upstream}. It comes from {entry['source']}.")
                )
            elif hashlib.sha256(path.read_bytes()).hexdigest() != total:
                faults.append(
                    Fault(name, 0, "is not the file in the lock. To accept it: kg ontology slice --update")
                )
    if faults:
        raise DifferentFileError(faults)


def classify(upstream: Path, ontology: Path, *, data: bool = True, limit: float = 3600) -> Classified:
    """Classify the full upstream ontologies with ours, and write what that adds to the stated hierarchy.

    Nothing is written when a class is unsatisfiable or something is inconsistent.
    The first run is over classes and properties.
    `data` asks for a second one, over everything: with our individuals and the records of one cell.
    `limit` is the time for each of the two runs of HermiT, in seconds.
    Raises DifferentFileError, ReasonerMissingError, ReasonerFailedError.
    """
    inputs = hierarchy.made_of(ontology)
    stated = hierarchy.Stated.read(ontology)
    every, out = assembled(upstream, ontology)
    verdict = hermit.classify(terminology(every), limit)
    result = Classified(len(every), out, verdict, dict(stated.labels))
    if data and result.sound:
        both = axioms(every | lineage_of_a_cell())
        consistent, seconds = hermit.is_consistent(speaking_of_individuals(both), limit)
        result = replace(
            result, data=len(both) - len(every), data_consistent=consistent, data_seconds=seconds
        )
    if not result.sound:
        return result
    found = hierarchy.inferred(verdict, stated)
    text = hierarchy.text(found, stated, inputs)
    path = ontology / hierarchy.FILE
    changed = not path.is_file() or path.read_text(encoding="utf-8") != text
    if changed:
        path.write_text(text, encoding="utf-8", newline="\n")
    same = sum(predicate == hierarchy.EQUIVALENT for _, predicate, _ in found)
    return replace(result, links=len(found) - same, equivalences=same, changed=changed)


def why(upstream: Path, ontology: Path, iri: str | None = None) -> list[str] | None:
    """Return in readable lines the axioms by which a class is unsatisfiable; None when it can have members.

    Without `iri`, those by which everything is inconsistent.
    """
    every, _ = assembled(upstream, ontology)
    labels = dict(hierarchy.Stated.read(ontology).labels)
    found = explain(iri or THING, every)
    return None if found is None else [readable(axiom, labels) for axiom in found]


def readable(axiom: Axiom, labels: dict[str, str]) -> str:
    """Return an axiom on one line, with labels for IRIs."""

    def name(node: object) -> str:
        if isinstance(node, ox.BlankNode):
            said = sorted(f"{name(t.predicate)} {name(t.object)}" for t in axiom.triples if t.subject == node)
            return f"[{'; '.join(said)}]"
        if isinstance(node, ox.Literal):
            return node.value
        iri = node.value if isinstance(node, ox.NamedNode) else ""
        return labels.get(iri) or iri.rpartition("/")[2].rpartition("#")[2]

    return f"{name(axiom.head.subject)} {name(axiom.head.predicate)} {name(axiom.head.object)}"


def only_names(iris: Iterable[str], labels: dict[str, str]) -> list[str]:
    """Return labels, with the IRI behind, sorted by label."""
    return sorted(f"{labels.get(iri, '')} <{iri}>".strip() for iri in iris)
