"""The vocabulary -> what the reference pages say of each term of ours, and of the BVCO terms in use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyoxigraph as ox

from kg.namespaces import PREFIXES
from kg.resources import folder
from kg.terms import Term, Vocabulary
from kg.usage import Usage, usages

_BAR = "#" * 78
_SECTION = re.compile(rf"^{_BAR}\n# (.+)\n{_BAR}\n", re.M)
_TERM = re.compile(r"^bvcox:([\w-]+) a ", re.M)


@dataclass(frozen=True)
class Entry:
    """A term with what its page says: labels in place of IRIs, and the files that use it."""

    term: Term
    parents: tuple[str, ...]
    unit: str
    dimension: str
    use: Usage

    @property
    def english(self) -> tuple[str, ...]:
        """Return its other names that are not German."""
        return tuple(name for name in self.term.alt if name not in self.term.german)


@dataclass(frozen=True)
class Section:
    """A section of the extension and the terms in it, in the order of their labels."""

    title: str
    entries: tuple[Entry, ...]

    @property
    def slug(self) -> str:
        """Return the name of its page, from the first words of the title: `process-steps`."""
        short = re.split(r":| \(| that ", self.title)[0]
        return re.sub(r"[^a-z0-9]+", "-", short.casefold()).strip("-")


@dataclass(frozen=True)
class Table:
    """A page that tells individuals in a table: its title, its columns, and the texts of each row."""

    title: str
    slug: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


_TABLES = (
    (
        "Data points of the battery passport",
        "passport.ttl",
        (
            ("nr", "dataPointNumber"),
            ("data point", "officialName"),
            ("source", "legalSource"),
            ("for", "hasAccessTier"),
            ("EV", "obligationForEv"),
            ("LMT", "obligationForLmt"),
            ("industrial", "obligationForIndustrial"),
            ("terms", "statesTerm"),
        ),
    ),
    (
        "Influences that are stated",
        "influences.ttl",
        (
            ("parameter", "influencingParameter"),
            ("property", "influencedProperty"),
            ("of", "influenceBearer"),
            ("at", "influenceStep"),
            ("direction", "influenceDirection"),
            ("method", "evidenceMethod"),
            ("system", "evidenceSystem"),
            ("source", PREFIXES["dcterms"] + "source"),
        ),
    ),
)


def tables(words: Vocabulary) -> list[Table]:
    """Return the passport points and the influences, each in the order of its file."""
    made = []
    for title, name, columns in _TABLES:
        said: dict[str, dict[str, list[str]]] = {}
        for quad in ox.parse(path=str(folder("ontology") / name), format=ox.RdfFormat.TURTLE):
            if isinstance(quad.subject, ox.NamedNode) and "#" in quad.subject.value:
                values = said.setdefault(quad.subject.value, {})
                values.setdefault(quad.predicate.value, []).append(_label(words, quad.object))
        predicates = [iri if "://" in iri else PREFIXES["bvcox"] + iri for _, iri in columns]
        rows = tuple(tuple(", ".join(values.get(iri, ())) for iri in predicates) for values in said.values())
        slug = re.sub(r"[^a-z0-9]+", "-", title.casefold())
        made.append(Table(title, slug, tuple(heading for heading, _ in columns), rows))
    return made


def _label(words: Vocabulary, value: object) -> str:
    if isinstance(value, ox.NamedNode):
        return words.term(value.value).label if value.value in words else value.value
    return value.value if isinstance(value, ox.Literal) else ""


def own_sections(words: Vocabulary) -> list[Section]:
    """Return the terms of ours by section of the extension, the bridge and the rules, in their order."""
    files = [folder("ontology") / name for name in ("bvco_ext.ttl", "bridge.ttl", "derived.ttl")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    parts = _SECTION.split(text)[1:]
    sections = []
    for title, body in zip(parts[::2], parts[1::2], strict=True):
        iris = (PREFIXES["bvcox"] + name for name in _TERM.findall(body))
        if entries := tuple(_entries(words, iris)):
            sections.append(Section(title, entries))
    return sections


def bvco_section(words: Vocabulary) -> Section:
    """Return the live terms of BVCO of which we say in a sentence what they mean."""
    terms = (term.iri for term in words if term.source == "bvco" and term.meaning and not term.deprecated)
    return Section("BVCO in our words", tuple(_entries(words, terms)))


def _entries(words: Vocabulary, iris: Iterable[str]) -> Iterator[Entry]:
    used = usages()
    terms = (words.term(iri) for iri in iris)
    for term in sorted(terms, key=lambda term: (term.label.casefold(), term.iri)):
        unit = words.canonical_unit(term.iri) if term.kind == "class" else words.units.get(term.iri)
        yield Entry(
            term=term,
            parents=tuple(sorted(words.term(parent).label for parent in term.parents if parent in words)),
            unit=(unit.symbol or unit.code) if unit else "",
            dimension=(words.dimension(term.iri) or "") if unit else "",
            use=used.get(term.iri, Usage()),
        )
