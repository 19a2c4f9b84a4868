"""The axioms left out -> a page that can be sent upstream, one section each."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from textwrap import indent

import pyoxigraph as ox

from kg.namespaces import PREFIXES
from kg.vocabulary_slice.left_out import LeftOut, left_out_axioms
from kg.vocabulary_slice.turtle import name

_HEAD = """# Axioms of upstream that are left out

Written by `kg ontology bridge --page`; the axioms stand as data in `ontology/bridge.ttl`.
Neither the slices in `ontology/imports` nor the reasoner runs of `make ontology` contain them.
Each section can be sent as it stands to the repository that it names.
Old IRIs are shown as their current ones.

"""


def left_out_page(ontology: Path) -> str:
    """Return the page for the axioms of a folder's bridge.ttl, in Markdown."""
    labels: dict[str, str] = {}
    for path in [*sorted((ontology / "imports").glob("*.ttl")), ontology / "bridge.ttl"]:
        for quad in ox.parse(path=str(path), format=ox.RdfFormat.TURTLE):
            if quad.predicate.value == PREFIXES["skos"] + "prefLabel":
                labels.setdefault(quad.subject.value, quad.object.value)
    return page(left_out_axioms(ontology / "bridge.ttl"), labels)


def page(axioms: Iterable[LeftOut], labels: dict[str, str]) -> str:
    """Return the page in Markdown; `labels` gives the label of each IRI."""
    found = sorted(axioms, key=lambda axiom: (axiom.repository, axiom.name))
    rows = "".join(
        f"| [{_title(axiom, labels)}](#{_anchor(_title(axiom, labels))}) | {_short(axiom.repository)} |\n"
        for axiom in found
    )
    return f"{_HEAD}| axiom | repository |\n|---|---|\n{rows}\n" + "\n".join(
        _section(axiom, labels) for axiom in found
    )


def _section(axiom: LeftOut, labels: dict[str, str]) -> str:
    return (
        f"## {_title(axiom, labels)}\n\n"
        f"Repository: <{axiom.repository}>\n\n"
        f"{indent(_turtle(axiom, labels), '    ')}\n\n"
        f"Why it is left out: {axiom.reason}.\n\n"
        f"What it causes: {axiom.contradiction}\n\n"
        f"What we suggest: {axiom.suggestion}\n"
    )


def _title(axiom: LeftOut, labels: dict[str, str]) -> str:
    words = [labels.get(iri, name(iri).rpartition(":")[2]) for iri in _parts(axiom)]
    return " ".join(words)


def _anchor(title: str) -> str:
    return title.casefold().replace(" ", "-")


def _short(repository: str) -> str:
    return repository.removeprefix("https://github.com/")


def _parts(axiom: LeftOut) -> list[str]:
    return [iri for iri in (axiom.subject, axiom.predicate, axiom.object) if iri is not None]


def _turtle(axiom: LeftOut, labels: dict[str, str]) -> str:
    subject, predicate, value = (
        "[]" if iri is None else name(iri) for iri in (axiom.subject, axiom.predicate, axiom.object)
    )
    comment = ", ".join(labels[iri] for iri in _parts(axiom) if iri in labels)
    if axiom.is_triple:
        said = f"{subject} {predicate} {value} ."
    elif (
        axiom.predicate == PREFIXES["echem"] + "electrochemistry_c1ac455d_964c_4435_a9f0_d7339c44f4bb"
    ):  # bvco
        said = f'{subject} {predicate} "{axiom.object}" .'
    else:
        said = (
            f"{subject} rdfs:subClassOf [ a owl:Restriction ;\n"
            f"    owl:onProperty {predicate} ;\n    owl:someValuesFrom {value} ] ."
        )
    return f"# {comment}\n{said}"
