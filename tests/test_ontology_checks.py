"""Claims about the slices and our extension, one file each in ontology/checks."""

from __future__ import annotations

import re
from pathlib import Path

import pyoxigraph as ox
import pytest

from kg.namespaces import PREFIXES
from kg.resources import folder

ONTOLOGY = folder("ontology")
CHECKS = sorted((ONTOLOGY / "checks").glob("*-violation.rq"))
OWN = sorted(p for p in ONTOLOGY.glob("*.ttl") if p.name not in ("catalogue.ttl", "classified.ttl"))


@pytest.fixture(scope="module")
def graph() -> ox.Store:
    store = ox.Store()
    for path in [*sorted((ONTOLOGY / "imports").glob("*.ttl")), *OWN]:
        store.load(path=str(path), format=ox.RdfFormat.TURTLE)
    return store


def test_all_checks_are_found() -> None:
    assert len(CHECKS) == 21


@pytest.mark.parametrize("path", CHECKS, ids=lambda path: path.name.removesuffix("-violation.rq"))
def test_nothing_breaks_the_rule(path: Path, graph: ox.Store) -> None:
    query = path.read_text(encoding="utf-8")
    offenders = [[str(value) for value in row] for row in graph.query(query)]  # type: ignore[union-attr]

    assert query.startswith("# ")
    assert offenders == []


@pytest.mark.parametrize(
    ("check", "offence"),
    [
        ("own-term-has-english-label", "bvcox:X a owl:Class ."),
        ("own-term-has-german-label", "bvcox:X a owl:Class ."),
        ("own-term-has-elucidation", "bvcox:X a owl:Class ."),
        ("own-class-has-parent", "bvcox:X a owl:Class ."),
        ("own-class-has-example", "bvcox:X a owl:Class ."),
        ("own-term-has-source", "bvcox:X a owl:Class ."),
        ("own-quantity-has-canonical-unit", "bvcox:X a owl:Class ; rdfs:subClassOf <{quantity}> ."),
        ("reference-exists", "bvcox:X rdfs:subClassOf emmo:EMMO_gone ."),
        ("property-is-declared", "bvcox:X bvcox:neverDeclared 1 ."),
        ("own-term-stands-on-current-terms", "bvcox:X rdfs:subClassOf echem:C ."),
        ("canonical-unit-converts", "bvcox:X bvcox:canonicalUnit emmo:NoSuchUnit ."),
        (
            "canonical-unit-fits-dimension",
            "bvcox:X rdfs:subClassOf <{length}> ; bvcox:canonicalUnit emmo:Second .",
        ),
        ("canonical-unit-is-one", "bvcox:X bvcox:canonicalUnit emmo:Second, emmo:Minute ."),
        ("own-labels-are-unique", 'bvcox:X skos:prefLabel "X"@en . bvcox:Y skos:prefLabel "X"@en .'),
        (
            "own-names-are-unique",
            'bvcox:X a owl:Class ; skos:altLabel "Y y" . bvcox:Y a owl:Class ; skos:prefLabel "YY" .',
        ),
        ("own-label-is-local-name", 'bvcox:X skos:prefLabel "Y"@en .'),
        ("harmful-axiom-left-out", "bvcox:X a owl:InverseFunctionalProperty ."),
    ],
)
def test_check_finds_an_offence(check: str, offence: str, graph: ox.Store) -> None:
    prefixes = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in PREFIXES.items())
    terms = {
        "quantity": PREFIXES["emmo"] + "EMMO_0650c031_42b6_4f0a_b62d_d88f071da6bf",  # Quantity
        "parameter": PREFIXES["emmo"] + "EMMO_cf80faa4_69d2_46d1_8a2b_f7f63ca244c1",  # ProcessParameter
        "length": PREFIXES["emmo"] + "EMMO_cd2cd0de_e0cc_4ef1_b27e_2e88db027bac",  # Length
    }
    store = ox.Store()
    store.extend(iter(graph))
    store.load((prefixes + offence.format(**terms)).encode(), format=ox.RdfFormat.TURTLE)
    query = (ONTOLOGY / "checks" / f"{check}-violation.rq").read_text(encoding="utf-8")
    own = [row for row in store.query(query) if "#X" in str(row) or "neverDeclared" in str(row)]  # type: ignore[union-attr]

    assert len(own) == 1


def test_label_in_a_comment_is_the_label_of_the_iri_before_it() -> None:
    labels: dict[str, set[str]] = {}
    for path in [*sorted((ONTOLOGY / "imports").glob("*.ttl")), *OWN]:
        for quad in ox.parse(path=str(path), format=ox.RdfFormat.TURTLE):
            if quad.predicate.value == PREFIXES["skos"] + "prefLabel":
                labels.setdefault(quad.subject.value, set()).add(quad.object.value)  # type: ignore[union-attr]
    stale = PREFIXES["emmo"] + "EMMO_68390bfb_e307_479d_8f78_d66d8773cb1d"  # ReactiveMaterial
    labels[stale] = {"ReactiveMaterial"}
    wrong, seen = [], 0
    for path in [*OWN, *CHECKS]:
        for line in path.read_text(encoding="utf-8").splitlines():
            code, _, comment = line.partition("  # ")
            opaque = re.findall(r"\b(\w+):(\w+_[0-9a-f]{8}_\w+)", code)
            known = [PREFIXES.get(prefix, "") + local for prefix, local in opaque]
            if not comment or not known:
                continue
            seen += 1
            said = {text.strip() for text in comment.split(",")}
            if path.suffix == ".rq" or len(known) > 1:
                wrong += [line for iri in known if not labels.get(iri, set()) & said]
            elif not labels.get(known[-1], set()) & {comment.strip()}:
                wrong.append(line)

    assert seen > 100
    assert wrong == []
