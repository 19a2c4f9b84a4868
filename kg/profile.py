"""A reporting profile -> what each electrode and each cell of a store lacks of it, and a score.

A profile is a file of shapes, `kg/shapes/profiles/NAME.ttl`. Each shape asks that a path from a thing leads
to a node of a class, by `sh:qualifiedValueShape` with `sh:qualifiedMinCount 1`. The shapes are read as
SHACL and answered by set queries, one for each path, since pySHACL walks the lineage once for each thing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import rdflib
from rdflib.collection import Collection
from rdflib.namespace import RDF, SH

from kg.errors import KgError
from kg.near import near, quoted
from kg.resources import PACKAGE
from kg.store import Store
from kg.terms import Vocabulary, vocabulary

FOLDER = PACKAGE / "shapes" / "profiles"
_MADE_FROM = "(bvcox:madeFrom)+"


@dataclass(frozen=True)
class Requirement:
    """One thing that a profile asks for: of which classes, along which path, a node of which classes.

    `path` is a property path of SPARQL.
    """

    iri: str
    title: str
    message: str
    targets: tuple[str, ...]
    path: str
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Scored:
    """One electrode or cell: what of the profile it meets, and what it lacks."""

    subject: str
    met: tuple[Requirement, ...]
    missing: tuple[Requirement, ...]

    @property
    def score(self) -> float:
        """Return the share of the requirements that are met, from 0 to 1."""
        return len(self.met) / (len(self.met) + len(self.missing))


@dataclass(frozen=True)
class Report:
    """What a profile finds in a store: the requirements, and each thing that they are asked of."""

    profile: str
    requirements: tuple[Requirement, ...]
    scored: tuple[Scored, ...]

    @property
    def score(self) -> float:
        """Return the mean of the scores, from 0 to 1; 1 where there is nothing to be asked of."""
        if not self.scored:
            return 1.0
        return sum(one.score for one in self.scored) / len(self.scored)

    def missing(self) -> list[tuple[Requirement, int, int]]:
        """Return each requirement that is not met everywhere: by how many, of how many, the most first."""
        counts = []
        for requirement in self.requirements:
            lack = sum(requirement in one.missing for one in self.scored)
            asked = lack + sum(requirement in one.met for one in self.scored)
            if lack:
                counts.append((requirement, lack, asked))
        return sorted(counts, key=lambda count: (-count[1], count[0].iri))


def profiles() -> list[str]:
    """Return the names of the profiles."""
    return sorted(path.stem for path in FOLDER.glob("*.ttl"))


def _path(shapes: rdflib.Graph, node: rdflib.term.Node) -> str:
    """Return a path of SHACL as a property path of SPARQL."""
    if isinstance(node, rdflib.URIRef):
        return f"<{node}>"
    if shapes.value(node, RDF.first) is not None:
        return f"({'/'.join(_path(shapes, part) for part in Collection(shapes, node))})"
    for predicate, before, after in (
        (SH.inversePath, "^", ""),
        (SH.zeroOrMorePath, "", "*"),
        (SH.oneOrMorePath, "", "+"),
        (SH.zeroOrOnePath, "", "?"),
    ):
        inner = shapes.value(node, predicate)
        if inner is not None:
            return f"({before}{_path(shapes, inner)}{after})"
    listed = shapes.value(node, SH.alternativePath)
    if listed is None:
        raise KgError("a profile has a path that is none of SHACL.")
    return f"({'|'.join(_path(shapes, part) for part in Collection(shapes, listed))})"


def _classes(shapes: rdflib.Graph, shape: rdflib.term.Node) -> tuple[str, ...]:
    """Return the classes of which a node has to be one."""
    value = shapes.value(shape, SH.qualifiedValueShape)
    found = [] if value is None else list(shapes.objects(value, SH["class"]))
    listed = None if value is None else shapes.value(value, SH["or"])
    if listed is not None:
        found = [one for part in Collection(shapes, listed) for one in shapes.objects(part, SH["class"])]
    count = shapes.value(shape, SH.qualifiedMinCount)
    if not found or count is None or int(str(count)) != 1:
        text = "asks for one node of a class: sh:qualifiedValueShape with sh:class, sh:qualifiedMinCount 1."
        raise KgError(f"{shape}: a shape of a profile {text}")
    return tuple(map(str, found))


def read_profile(name: str) -> tuple[Requirement, ...]:
    """Return the requirements of a profile, in the order of their names.

    Raises KgError where there is no such profile, or a shape is of another form.
    """
    path = FOLDER / f"{name}.ttl"
    if name not in profiles():
        alike = near(name, profiles())
        hint = f"Near: {quoted(alike)}." if alike else f"Profiles: {quoted(profiles())}."
        raise KgError(f"there is no profile '{name}'. {hint}")
    return _read(path)


def _read(path: Path) -> tuple[Requirement, ...]:
    shapes = rdflib.Graph().parse(path, format="turtle")
    found = []
    for shape in shapes.subjects(RDF.type, SH.PropertyShape):
        way = shapes.value(shape, SH.path)
        assert way is not None  # the rules of the house ask for one
        found.append(
            Requirement(
                iri=str(shape),
                title=str(shapes.value(shape, SH.name) or ""),
                message=str(shapes.value(shape, SH.message) or ""),
                targets=tuple(sorted(map(str, shapes.objects(shape, SH.targetClass)))),
                path=_path(shapes, way),
                classes=_classes(shapes, shape),
            )
        )
    return tuple(sorted(found, key=lambda one: one.iri))


def _values(iris: Iterable[str]) -> str:
    return " ".join(f"<{iri}>" for iri in sorted(iris))


def _below(classes: Iterable[str], words: Vocabulary) -> set[str]:
    return {one for iri in classes for one in ({iri} | (words.descendants(iri) if iri in words else set()))}


def _rows(store: Store, query: str) -> Iterator[tuple[str, str]]:
    for solution in store.query(query):
        yield solution["this"].value, solution["that"].value


def _subjects(store: Store, targets: tuple[str, ...], words: Vocabulary) -> set[str]:
    """Return the things that are asked, without those of which another of them is made.

    A web is reported where its way ends: what is said of it before is found along its lineage.
    """
    classes = _values(_below(targets, words))
    every = f"SELECT DISTINCT ?this (?this AS ?that) WHERE {{ VALUES ?class {{ {classes} }} ?this a ?class }}"
    found = {this for this, _ in _rows(store, every)}
    query = f"""SELECT DISTINCT ?this ?that WHERE {{
        VALUES ?class {{ {classes} }} ?that a ?class . ?that {_MADE_FROM} ?this }}"""
    return found - {this for this, that in _rows(store, query) if this in found and that in found}


def report(store: Store, profile: str) -> Report:
    """Return what each electrode and each cell of a store meets and lacks of a profile, by their IRIs.

    Raises KgError where there is no such profile.
    """
    requirements = read_profile(profile)
    words = vocabulary()
    asked: dict[str, list[Requirement]] = {}
    reached: dict[tuple[tuple[str, ...], str], dict[str, set[str]]] = {}
    for targets in dict.fromkeys(one.targets for one in requirements):
        subjects = _subjects(store, targets, words)
        classes = _values(_below(targets, words))
        for requirement in (one for one in requirements if one.targets == targets):
            for subject in subjects:
                asked.setdefault(subject, []).append(requirement)
            key = (targets, requirement.path)
            if key in reached:
                continue
            query = f"""SELECT DISTINCT ?this ?that WHERE {{
                {{ SELECT DISTINCT ?this WHERE {{ VALUES ?class {{ {classes} }} ?this a ?class }} }}
                ?this {requirement.path} ?node . ?node a ?that }}"""
            reached[key] = {}
            for this, that in _rows(store, query):
                reached[key].setdefault(this, set()).add(that)
    wanted = {one: _below(one.classes, words) for one in requirements}
    scored = []
    for subject in sorted(asked):
        met = [
            one for one in asked[subject] if wanted[one] & reached[one.targets, one.path].get(subject, set())
        ]
        missing = [one for one in asked[subject] if one not in met]
        scored.append(Scored(subject, tuple(met), tuple(missing)))
    return Report(profile, requirements, tuple(scored))
