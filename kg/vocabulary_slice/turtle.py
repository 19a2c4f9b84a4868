"""Facts -> Turtle, byte for byte the same each time: sorted, one statement a line, no blank nodes."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pyoxigraph as ox

from kg.namespaces import PREFIXES
from kg.vocabulary_slice.units import Statement

TYPE = PREFIXES["rdf"] + "type"
PREF_LABEL = PREFIXES["skos"] + "prefLabel"

_LOCAL = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_FIRST = {TYPE: 0, PREF_LABEL: 1}


def write(statements: Iterable[Statement], labels: dict[str, str], header: str) -> str:
    """Return a Turtle document; opaque IRIs in object place are followed by their label in a comment."""
    by_subject: dict[str, list[tuple[str, str | ox.Literal]]] = {}
    for subject, predicate, value in statements:
        by_subject.setdefault(subject, []).append((predicate, value))
    used = {_prefix(iri) for s in by_subject for iri in _iris(s, by_subject[s])} - {None}
    lines = [f"# {line}".rstrip() for line in header.splitlines()]
    lines += ["", *(f"@prefix {p}: <{iri}> ." for p, iri in sorted(PREFIXES.items()) if p in used)]
    for subject in sorted(by_subject):
        lines += ["", name(subject)]
        said = sorted(by_subject[subject], key=_order)
        for number, (predicate, value) in enumerate(said, 1):
            end = "." if number == len(said) else ";"
            lines.append(f"    {_predicate(predicate)} {_object(value)} {end}{_comment(value, labels)}")
    return "\n".join(lines) + "\n"


def _order(said: tuple[str, str | ox.Literal]) -> tuple[int, str, str]:
    predicate, value = said
    return _FIRST.get(predicate, 2), predicate, str(value)


def _iris(subject: str, said: list[tuple[str, str | ox.Literal]]) -> Iterable[str]:
    yield subject
    for predicate, value in said:
        yield predicate
        if isinstance(value, str):
            yield value
        elif value.datatype.value.startswith(PREFIXES["xsd"]) and not _is_plain(value):
            yield value.datatype.value


def _prefix(iri: str) -> str | None:
    for prefix, namespace in PREFIXES.items():
        if iri.startswith(namespace) and _LOCAL.fullmatch(iri[len(namespace) :]):
            return prefix
    return None


def name(iri: str) -> str:
    """Return an IRI as Turtle writes it: with its prefix where it has one."""
    prefix = _prefix(iri)
    return f"<{iri}>" if prefix is None else f"{prefix}:{iri[len(PREFIXES[prefix]) :]}"


def _predicate(iri: str) -> str:
    return "a" if iri == TYPE else name(iri)


def _is_plain(value: ox.Literal) -> bool:
    return bool(value.language) or value.datatype.value == PREFIXES["xsd"] + "string"


def _object(value: str | ox.Literal) -> str:
    if isinstance(value, str):
        return name(value)
    text = str(ox.Literal(value.value))
    if value.language:
        return f"{text}@{value.language}"
    return text if _is_plain(value) else f"{text}^^{name(value.datatype.value)}"


def _comment(value: str | ox.Literal, labels: dict[str, str]) -> str:
    if not isinstance(value, str) or value not in labels:
        return ""
    local = re.split("[#/]", value)[-1]
    return "" if local == labels[value] else f"  # {labels[value]}"
