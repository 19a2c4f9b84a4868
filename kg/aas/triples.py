"""An environment as AAS JSON <-> triples: the RDF mapping of the metamodel, with the order of lists.

A property of the metamodel is `NAMESPACE/Class/name`, with the class that declares it; a literal of an
enumeration is `NAMESPACE/Enumeration/Literal`; a member of a list has its place as `NAMESPACE/index`.
Each object has an IRI below that of its file, so there are no blank nodes.
"""

from __future__ import annotations

import enum
import functools
import re
import typing
from collections.abc import Iterator, Mapping
from typing import Any

import pyoxigraph as ox

from kg.aas.environment import Environment
from kg.aas.package import core
from kg.errors import KgError
from kg.namespaces import PREFIXES

NAMESPACES = {"3.0": "https://admin-shell.io/aas/3/0/", "3.1": "https://admin-shell.io/aas/3/1/"}
XSD, RDF_TYPE = PREFIXES["xsd"], PREFIXES["rdf"] + "type"


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def _spelled(name: str) -> str:
    """Return the name of a class of aas-core as the metamodel spells it."""
    return name.replace("IEC61360", "Iec61360").replace("XSD", "Xsd").replace("AASSub", "AasSub")


class Metamodel:
    """Classes, properties and enumerations of a version of the metamodel, as aas-core has them."""

    def __init__(self, version: str) -> None:
        self.version, self.ns = version, NAMESPACES[version]
        self.types = core(version).types
        found = {name: each for name, each in vars(self.types).items() if isinstance(each, type)}
        self.classes = {_spelled(name): each for name, each in found.items() if hasattr(each, "__mro__")}

    @functools.cache  # noqa: B019 - there are two metamodels, and they live as long as the program
    def properties(self, name: str) -> Mapping[str, tuple[str, Any]]:
        """Return by JSON name the IRI of each property of a class, and the kind of its values."""
        made: dict[str, tuple[str, Any]] = {}
        for cls in self.classes[name].__mro__:
            for attribute in vars(cls).get("__annotations__", {}):
                kind = typing.get_type_hints(cls, vars(self.types))[attribute]
                key = _camel(attribute)
                made[key] = (f"{self.ns}{_spelled(cls.__name__)}/{key}", _inner(kind))
        return made

    @functools.cache  # noqa: B019 - as above
    def literals(self, kind: type[enum.Enum]) -> Mapping[str, str]:
        """Return the IRI of each literal of an enumeration."""
        stem = f"{self.ns}{_spelled(kind.__name__)}/"
        return {
            str(each.value): stem + "".join(word.capitalize() for word in each.name.split("_"))
            for each in kind
        }

    def has_model_type(self, name: str) -> bool:
        """Return whether JSON names the class of an object, since a place may hold several classes."""
        tops = ("Identifiable", "SubmodelElement", "DataSpecificationContent")
        return any(_spelled(cls.__name__) in tops for cls in self.classes[name].__mro__)


@functools.cache
def metamodel(version: str) -> Metamodel:
    """Return a version of the metamodel."""
    return Metamodel(version)


def _inner(kind: Any) -> Any:
    """Return the class inside of Optional and List."""
    inner = [each for each in typing.get_args(kind) if each is not type(None)]
    return _inner(inner[0]) if inner else kind


def triples(environment: Environment, root: str, version: str = "3.0") -> Iterator[ox.Triple]:
    """Yield the triples of an environment whose IRI is `root`; `version` is that of the metamodel."""
    yield from _object(metamodel(version), environment, "Environment", root, root + "#")


def _object(
    known: Metamodel, node: Mapping[str, Any], name: str, subject: str, stem: str
) -> Iterator[ox.Triple]:
    name = node.get("modelType", name)
    here = ox.NamedNode(subject)
    yield ox.Triple(here, ox.NamedNode(RDF_TYPE), ox.NamedNode(known.ns + name))
    for key, value in node.items():
        if key == "modelType":
            continue
        iri, kind = known.properties(name)[key]
        prop = ox.NamedNode(iri)
        listed = isinstance(value, list)
        for place, each in enumerate(value if listed else [value]):
            if not isinstance(each, dict):
                yield ox.Triple(here, prop, _literal(known, each, kind))
                continue
            child = f"{stem}{key}.{place}" if listed else f"{stem}{key}"
            yield ox.Triple(here, prop, ox.NamedNode(child))
            if listed:
                index = ox.Literal(str(place), datatype=ox.NamedNode(XSD + "integer"))
                yield ox.Triple(ox.NamedNode(child), ox.NamedNode(known.ns + "index"), index)
            yield from _object(known, each, _spelled(kind.__name__), child, child + ".")


def _literal(known: Metamodel, value: Any, kind: Any) -> ox.NamedNode | ox.Literal:
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return ox.NamedNode(known.literals(kind)[value])
    if isinstance(value, bool):
        return ox.Literal(str(value).lower(), datatype=ox.NamedNode(XSD + "boolean"))
    return ox.Literal(value)


def environment_of(found: Iterator[ox.Triple] | list[ox.Triple], root: str) -> tuple[Environment, str]:
    """Return the environment whose IRI is `root` from its triples, and the version of the metamodel.

    Raises KgError where there is none.
    """
    about: dict[str, list[tuple[str, Any]]] = {}
    for triple in found:
        about.setdefault(triple.subject.value, []).append((triple.predicate.value, triple.object))  # type: ignore[union-attr]
    types = [each.value for prop, each in about.get(root, []) if prop == RDF_TYPE]
    for version, ns in NAMESPACES.items():
        if ns + "Environment" in types:
            return _read(metamodel(version), about, root), version
    raise KgError(f"{root} is no environment of shells.")


def _read(known: Metamodel, about: Mapping[str, list[tuple[str, Any]]], subject: str) -> dict[str, Any]:
    told = about[subject]
    name = next(each.value for prop, each in told if prop == RDF_TYPE).removeprefix(known.ns)
    by_iri = {iri: (key, kind) for key, (iri, kind) in known.properties(name).items()}
    made: dict[str, Any] = {"modelType": name} if known.has_model_type(name) else {}
    lists: dict[str, list[tuple[int, Any]]] = {}
    for prop, value in told:
        if prop not in by_iri:
            continue
        key, kind = by_iri[prop]
        if not isinstance(value, ox.NamedNode):
            made[key] = value.value == "true" if value.datatype.value == XSD + "boolean" else value.value
        elif value.value in about:
            place = _place(known, about, value.value)
            read = _read(known, about, value.value)
            if place is None:
                made[key] = read
            else:
                lists.setdefault(key, []).append((place, read))
        else:
            made[key] = next(text for text, iri in known.literals(kind).items() if iri == value.value)
    return made | {
        key: [each for _, each in sorted(of, key=lambda pair: pair[0])] for key, of in lists.items()
    }


def _place(known: Metamodel, about: Mapping[str, list[tuple[str, Any]]], subject: str) -> int | None:
    return next((int(each.value) for prop, each in about[subject] if prop == known.ns + "index"), None)


def ids(environment: Environment) -> list[str]:
    """Return the ids of all shells, submodels and concept descriptions."""
    return [each["id"] for kind in environment.values() for each in kind]


def version_in(text: str) -> str:
    """Return the version of the metamodel that a namespace in a text names, empty where it names none.

    >>> version_in('<environment xmlns="https://admin-shell.io/aas/3/1">')
    '3.1'
    """
    found = re.search(r"admin-shell\.io/aas/(\d+)/(\d+)", text[:2000])
    return f"{found[1]}.{found[2]}" if found else ""
