"""The classified hierarchy and the one that our files state -> what reasoning adds, as a Turtle file."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox

from kg.namespaces import PREFIXES
from kg.reasoner.assemble import axioms, lines, own_files, read, terminology
from kg.reasoner.hermit import Verdict
from kg.vocabulary_slice.left_out import left_out_axioms
from kg.vocabulary_slice.turtle import name

SUBCLASS = PREFIXES["rdfs"] + "subClassOf"
EQUIVALENT = PREFIXES["owl"] + "equivalentClass"
PREF_LABEL = PREFIXES["skos"] + "prefLabel"
TYPE = PREFIXES["rdf"] + "type"
CLASS = PREFIXES["owl"] + "Class"

FILE = "classified.ttl"

BY_DATATYPE = PREFIXES["emmo"] + "EMMO_70bbb94e_2ca7_4d73_ba01_6397f134d172"  # SymbolicData
"""EMMO sorts whatever has a literal by its XSD datatype under this class: the ampere is a FloatData, since it
has a multiplier, and an NCNameData, since its symbol is one. A thousand such links are true and of no use."""


@dataclass(frozen=True)
class Stated:
    """What the slices and our own files state: classes with a label, parents, and equivalences."""

    labels: Mapping[str, str]
    parents: Mapping[str, frozenset[str]]

    @classmethod
    def read(cls, ontology: Path) -> Stated:
        """Read the slices, the extension and the bridge below the folder of the ontology."""
        classes: set[str] = set()
        labels: dict[str, tuple[bool, str]] = {}
        parents: dict[str, set[str]] = defaultdict(set)
        for path in [*sorted((ontology / "imports").glob("*.ttl")), *own_files(ontology)]:
            for quad in ox.parse(path=str(path), format=ox.RdfFormat.TURTLE):
                subject, predicate, value = quad.subject, quad.predicate.value, quad.object
                if not isinstance(subject, ox.NamedNode):
                    continue
                if predicate == PREF_LABEL and isinstance(value, ox.Literal):
                    # English first, then by the alphabet: the same label each time.
                    label = (not (value.language or "").startswith("en"), value.value)
                    labels[subject.value] = min(labels.get(subject.value, label), label)
                elif isinstance(value, ox.NamedNode):
                    if predicate == TYPE and value.value == CLASS:
                        classes.add(subject.value)
                    if predicate in {SUBCLASS, EQUIVALENT}:
                        parents[subject.value].add(value.value)
                    if predicate == EQUIVALENT:
                        parents[value.value].add(subject.value)
        return cls(
            labels={iri: labels[iri][1] for iri in classes & labels.keys()},
            parents={iri: frozenset(above) for iri, above in parents.items()},
        )


def inferred(verdict: Verdict, stated: Stated) -> set[tuple[str, str, str]]:
    """Return the direct superclass links and the equivalences between known classes that are not stated.

    Upstream names classes that no slice holds, since they have no label; a link through such a class becomes
    a link to the known classes above it.
    Links to the classes by which EMMO sorts literals are not returned; see `BY_DATATYPE`.
    """
    node = _nodes(verdict)
    above = _known_parents(verdict, stated, node)
    members: dict[str, list[str]] = defaultdict(list)
    for iri in sorted(stated.labels):
        members[node.get(iri, iri)].append(iri)
    found: set[tuple[str, str, str]] = set()
    for group in members.values():
        for one in group:
            found |= {(one, EQUIVALENT, o) for o in group if o > one and not _same(one, o, stated)}
    for child, parents in above.items():
        for one in members[child]:
            given = upwards(one, stated.parents)
            for parent in parents:
                if BY_DATATYPE in upwards(members[parent][0], stated.parents):
                    continue
                if not given & set(members[parent]):
                    # Of equivalent parents the first stands for all: the equivalence is stated too.
                    found.add((one, SUBCLASS, members[parent][0]))
    return found


def _same(one: str, other: str, stated: Stated) -> bool:
    return other in upwards(one, stated.parents) and one in upwards(other, stated.parents)


def _nodes(verdict: Verdict) -> dict[str, str]:
    """Return for each class the one that stands for its set of equivalent classes."""
    return {iri: min(group) for group in verdict.same for iri in group}


def _known_parents(verdict: Verdict, stated: Stated, node: Mapping[str, str]) -> dict[str, set[str]]:
    direct: dict[str, set[str]] = defaultdict(set)
    for child, parent in verdict.parents:
        direct[node.get(child, child)].add(node.get(parent, parent))
    known = {node.get(iri, iri) for iri in stated.labels}
    result: dict[str, set[str]] = {}
    for child in sorted(known):
        ahead, nearest, seen = list(direct[child]), set[str](), set[str]()
        while ahead:
            parent = ahead.pop()
            if parent in seen:
                continue
            seen.add(parent)
            if parent in known:
                nearest.add(parent)
            else:
                ahead += direct[parent]
        result[child] = nearest - {child}
    return result


def upwards(iri: str, parents: Mapping[str, frozenset[str]]) -> set[str]:
    """Return the classes above one, and itself."""
    seen: set[str] = set()
    ahead = [iri]
    while ahead:
        name = ahead.pop()
        if name not in seen:
            seen.add(name)
            ahead += parents.get(name, ())
    return seen


def made_of(ontology: Path) -> dict[str, str]:
    """Return what the hierarchy follows from: the name of each input -> its sha256.

    Of an upstream file it is the sum in the lock of the slices.
    Of ours it is that of the axioms about classes and properties that it states, so that a further German
    name or influence statement does not call for a run of the reasoner; and that of what is left out.
    """
    lock = tomllib.loads((ontology / "imports.toml").read_text(encoding="utf-8"))
    found = {name: total for entry in lock.values() for name, total in sorted(entry["files"].items())}
    own = own_files(ontology)
    meant = terminology(axioms(read([*sorted((ontology / "imports").glob("*.ttl")), *own])))
    for path in own:
        found[path.name] = _sum("".join(lines(read([path]) & meant)))
    found["left out"] = _sum(
        "".join(
            sorted(
                f"{o.subject} {o.predicate} {o.object}\n" for o in left_out_axioms(ontology / "bridge.ttl")
            )
        )
    )
    return found


def _sum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def text(found: set[tuple[str, str, str]], stated: Stated, inputs: Mapping[str, str]) -> str:
    """Return the file of what reasoning adds, sorted; its header names what it was made of."""
    rows = [
        "# What reasoning adds to the hierarchy that the slices and our own files state.",
        "# Written by `kg ontology classify` with HermiT; do not edit.",
        "# How and why: docs/how-to/reason-over-the-vocabulary.md",
        "# Made of (sha256; of our own files that of their axioms):",
        *(f"#   {total} {file}" for file, total in sorted(inputs.items())),
        "",
    ]
    terms = {term for triple in found for term in triple}
    used = {p for p, iri in PREFIXES.items() if any(term.startswith(iri) for term in terms)}
    rows += [f"@prefix {p}: <{PREFIXES[p]}> ." for p in sorted(used)]
    by_subject: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for subject, predicate, value in sorted(found):
        by_subject[subject][predicate].append(value)
    for subject, said in by_subject.items():
        rows += ["", name(subject) + _label(subject, stated)]
        ends = [" ;"] * (len(said) - 1) + [" ."]
        for (predicate, values), end in zip(said.items(), ends, strict=True):
            head = f"    {name(predicate)} "
            for place, value in enumerate(values, 1):
                sign = end if place == len(values) else " ,"
                rows.append(f"{head}{name(value)}{sign}{_label(value, stated)}")
                head = "        "
    return "\n".join(rows) + "\n"


def _label(iri: str, stated: Stated) -> str:
    label = stated.labels.get(iri, "")
    return f"  # {label}" if label and not iri.endswith(label) else ""


def stale(ontology: Path) -> list[str]:
    """Return the inputs that are not those that the file was made of; nothing when it is current."""
    path = ontology / FILE
    if not path.is_file():
        return [FILE]
    head = path.read_text(encoding="utf-8").partition("\n\n")[0]
    before = {name: total for total, name in re.findall(r"^#   ([0-9a-f]{64}) (.+)$", head, re.MULTILINE)}
    now = made_of(ontology)
    return sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
