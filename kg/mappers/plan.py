"""A mapping in names -> a plan in IRIs and factors; every fault of the mapping at once."""

from __future__ import annotations

import hashlib
import string
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from kg import model
from kg.errors import Fault, FaultsError, KgError
from kg.labels import expand
from kg.mappers.spec import DELIMITERS, ColumnSpec, MappingSpec, RdfSpec, Spec, read_spec
from kg.mappers.yamlfile import Document, Place, read_documents
from kg.sources.table import Reading
from kg.terms import Term, Vocabulary
from kg.units import DifferentDimensionError, Unit, UnknownUnitError

FILE_FIELDS = ("file", "stem")
PROPERTY_KINDS = ("object property", "datatype property", "annotation property")


@dataclass(frozen=True)
class Thing:
    """A process run or a thing of each row; `key` is a template in Python's format syntax, as parsed parts.

    `split` is the sign between several identifiers in one cell.
    """

    name: str
    kind: str
    type_iri: str
    role: str | None
    key: tuple[tuple[str, str | None], ...]
    split: str | None = None

    @property
    def key_columns(self) -> tuple[str, ...]:
        """Return the columns that the key is made of."""
        return tuple(field for _, field in self.key if field and field not in FILE_FIELDS)


@dataclass(frozen=True)
class Quantity:
    """A column that holds the values of a quantity.

    `unit` is None where each cell names its own; values are stored in `canonical`.
    `fragment` ends the IRI of the quantity: `{thing}#{fragment}`.
    """

    column: str
    thing: str
    term: Term
    unit: Unit | None
    canonical: Unit
    kind: str
    fragment: str


@dataclass(frozen=True)
class Moment:
    """A column that says when the run began or ended."""

    column: str
    predicate: str
    format: str
    zone: str


@dataclass(frozen=True)
class Text:
    """A column of text about a thing."""

    column: str
    thing: str
    predicate: str


@dataclass(frozen=True)
class Choice:
    """A column whose text chooses a further class of a thing."""

    column: str
    thing: str
    classes: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Plan:
    """All that is needed to turn a table into triples."""

    title: str
    path: Path
    digest: str
    source: str
    files: tuple[str, ...]
    reading: Reading
    thousands: str | None
    things: tuple[Thing, ...]
    links: tuple[tuple[str, str, str], ...]
    ids: tuple[tuple[str, str], ...]
    quantities: tuple[Quantity, ...]
    moments: tuple[Moment, ...]
    texts: tuple[Text, ...]
    choices: tuple[Choice, ...]
    columns: tuple[str, ...]
    optional: frozenset[str]
    ignore: tuple[str, ...]

    @property
    def run(self) -> Thing | None:
        """Return the process run of a row, where the mapping has one."""
        return next((thing for thing in self.things if thing.role == "run"), None)


@dataclass(frozen=True)
class RdfPlan:
    """All that is needed to turn RDF in another vocabulary into ours."""

    title: str
    path: Path
    digest: str
    source: str
    files: tuple[str, ...]
    encodings: tuple[str, ...]
    construct: tuple[str, ...]
    account: str
    ignore: dict[str, str]


AnyPlan = Plan | RdfPlan


class _Compiler:
    """One document of a mapping file, while its faults are collected."""

    def __init__(self, document: Document, spec: MappingSpec, vocabulary: Vocabulary, digest: str) -> None:
        self.document, self.spec, self.vocabulary, self.digest = document, spec, vocabulary, digest
        self.faults: list[Fault] = []

    def wrong(self, place: Place, text: str) -> None:
        self.faults.append(self.document.fault(place, text))

    def resolve(self, label: str, place: Place, kinds: tuple[str, ...]) -> Term | None:
        try:
            return self.vocabulary.resolve(label, kinds=kinds)
        except KgError as error:
            self.wrong(place, str(error))
            return None

    def known_thing(self, name: str, place: Place) -> bool:
        if name in self.spec.things:
            return True
        self.wrong(place, f"no thing is called '{name}'. Things here: {', '.join(self.spec.things)}.")
        return False

    def thing(self, name: str) -> Thing | None:
        spec = self.spec.things[name]
        place: Place = ("things", name)
        type_ = self.resolve(spec.class_, (*place, "class"), ("class",))
        ids = [(column, line) for column, line in self.spec.columns.items() if line.id == name]
        template = spec.key
        if template is None:
            if len(ids) != 1:
                found = f"{len(ids)} columns have" if ids else "no column has"
                self.wrong(place, f"'{name}' needs a key: {found} 'id: {name}'. Write key: \"{{column}}\".")
                return None
            template = "{" + ids[0][0].replace("{", "{{").replace("}", "}}") + "}"
        key = self.template(template, (*place, "key"), plain=ids[0][0] if spec.key is None else None)
        splits = {line.split for _, line in ids if line.split}
        if type_ is None or key is None:
            return None
        return Thing(name, spec.kind, type_.iri, spec.role, key, next(iter(splits), None))

    def template(
        self, text: str, place: Place, plain: str | None
    ) -> tuple[tuple[str, str | None], ...] | None:
        if plain is not None:
            return (("", plain),)
        try:
            parts = [(before, field) for before, field, _, _ in _fields(text)]
        except ValueError as error:
            self.wrong(place, f"the key '{text}' is not a template: {error}.")
            return None
        for _, field in parts:
            if field is not None and field not in self.spec.columns and field not in FILE_FIELDS:
                self.wrong(place, f"the key names a column '{field}', which is not under 'columns'.")
        return tuple(parts)

    def default_thing(self, line: ColumnSpec, column: str) -> str | None:
        place: Place = ("columns", column)
        if line.of is not None:
            return line.of if self.known_thing(line.of, (*place, "of")) else None
        for name, thing in self.spec.things.items():
            if thing.role == "run":
                return name
        if len(self.spec.things) == 1:
            return next(iter(self.spec.things))
        self.wrong(place, f"'{column}' needs 'of:', the thing that it belongs to, as there is no run.")
        return None

    def quantity(self, column: str, line: ColumnSpec) -> Quantity | None:
        place: Place = ("columns", column)
        assert line.term is not None and line.unit is not None
        term = self.resolve(line.term, place, ("class",))
        unit: Unit | None = None
        known = line.unit == "inline"
        if not known:
            try:
                unit = self.vocabulary.units.parse(line.unit)
                known = True
            except UnknownUnitError as error:
                self.wrong(place, str(error))
        thing = self.default_thing(line, column)
        if term is None or thing is None or not known:
            return None
        canonical = self.vocabulary.canonical_unit(term.iri) or unit
        if canonical is None:
            self.wrong(
                place, f"'{term.label}' has no canonical unit, so its cells cannot name their own. Give 'unit:'."
            )
            return None
        if unit is not None:
            try:
                self.vocabulary.units.scale(unit, canonical)
            except DifferentDimensionError:
                stored = f"which is stored in '{canonical.code}'"
                self.wrong(place, f"'{line.unit}' does not measure '{term.label}', {stored}.")
                return None
        kind = line.value or "measured"
        fragment = term.label + (f".{line.name}" if line.name else "")
        fragment += "" if kind == "measured" else f".{kind}"
        return Quantity(column, thing, term, unit, canonical, kind, fragment)

    def text_predicate(self, label: str, place: Place) -> str | None:
        if label in model.TEXT_PROPERTIES:
            return model.TEXT_PROPERTIES[label]
        term = self.resolve(label, place, ("datatype property", "annotation property"))
        return term.iri if term else None

    def choice(self, column: str, line: ColumnSpec) -> Choice | None:
        assert line.class_ is not None
        thing = self.default_thing(line, column)
        pairs = []
        for text, label in line.class_.items():
            term = self.resolve(label, ("columns", column), ("class",))
            if term:
                pairs.append((text, term.iri))
        return Choice(column, thing, tuple(pairs)) if thing else None

    def link(self, index: int, text: str) -> tuple[str, str, str] | None:
        words = text.split()
        place: Place = ("links", index)
        if len(words) != 3:
            self.wrong(place, f"a link is three words, thing property thing; here: '{text}'.")
            return None
        known = [self.known_thing(word, place) for word in (words[0], words[2])]
        term = self.resolve(words[1], place, PROPERTY_KINDS)
        return (words[0], term.iri, words[2]) if all(known) and term else None

    def compile(self) -> Plan:
        spec = self.spec
        runs = [name for name, thing in spec.things.items() if thing.role == "run"]
        if len(runs) > 1:
            self.wrong(("things", runs[1]), f"only one thing can be the run; '{runs[0]}' is one already.")
        if not runs and (named := [name for name, thing in spec.things.items() if thing.role]):
            self.wrong(("things", named[0]), f"'{named[0]}' has a role, but there is no run (role: run).")
        things = [self.thing(name) for name in spec.things]
        quantities: list[Quantity | None] = []
        texts: list[Text] = []
        choices: list[Choice | None] = []
        moments: list[Moment] = []
        for column, line in spec.columns.items():
            place: Place = ("columns", column)
            match line.verb:
                case "id":
                    self.known_thing(str(line.id), place)
                case "term":
                    quantities.append(self.quantity(column, line))
                case "time":
                    if not runs:
                        self.wrong(place, "a time belongs to a run, but no thing has 'role: run'.")
                    predicate = model.START if line.time == "start" else model.END
                    moments.append(Moment(column, predicate, line.format or "iso", line.zone or "UTC"))
                case "text":
                    found = self.text_predicate(str(line.text), place)
                    thing = self.default_thing(line, column)
                    if found and thing:
                        texts.append(Text(column, thing, found))
                case _:
                    choices.append(self.choice(column, line))
        links = [self.link(index, text) for index, text in enumerate(spec.links)]
        for column in spec.ignore:
            if column in spec.columns:
                self.wrong(("columns", column), f"'{column}' is mapped and ignored at once. Keep one.")
        given = [quantity for quantity in quantities if quantity]
        count = Counter((quantity.thing, quantity.fragment) for quantity in given)
        for quantity in given:
            if count[quantity.thing, quantity.fragment] > 1:
                self.wrong(
                    ("columns", quantity.column),
                    f"several columns write '{quantity.fragment}' of '{quantity.thing}'. "
                    "Tell them apart with 'name:'.",
                )
        if self.faults:
            raise FaultsError(self.faults)
        table = spec.table
        reading = Reading(
            delimiter=DELIMITERS[table.delimiter],
            decimal=table.decimal,
            encodings=table.encoding,
            header=table.header if isinstance(table.header, int) else table.header.find,
            header_rows=table.header_rows,
            preamble=table.preamble,
            sheet=table.sheet,
            records=spec.records,
            missing=frozenset(spec.missing),
        )
        return Plan(
            title=spec.title,
            path=self.document.path,
            digest=self.digest,
            source=spec.source,
            files=spec.files,
            reading=reading,
            thousands=table.thousands,
            things=tuple(thing for thing in things if thing),
            links=tuple(link for link in links if link),
            ids=tuple((column, str(line.id)) for column, line in spec.columns.items() if line.id),
            quantities=tuple(given),
            moments=tuple(moments),
            texts=tuple(texts),
            choices=tuple(choice for choice in choices if choice),
            columns=tuple(spec.columns),
            optional=frozenset(column for column, line in spec.columns.items() if line.optional),
            ignore=spec.ignore,
        )


def _fields(text: str) -> list[tuple[str, str | None, str | None, str | None]]:
    # Column names may hold ':' and '!', which string.Formatter takes for its own; so only braces count.
    parts: list[tuple[str, str | None, str | None, str | None]] = []
    for before, field, spec, conversion in string.Formatter().parse(text):
        name = field
        if name is not None:
            name += f"!{conversion}" if conversion else ""
            name += f":{spec}" if spec else ""
            if not name:
                raise ValueError("'{}' names no column")
        parts.append((before, name, None, None))
    return parts


def _compile_rdf(document: Document, spec: RdfSpec, vocabulary: Vocabulary, digest: str) -> RdfPlan:
    folder = document.path.parent
    faults = [
        document.fault(("construct",), f"there is no query '{name}' beside the mapping file.")
        for name in (*spec.construct_, spec.account)
        if not (folder / name).is_file()
    ]
    if faults:
        raise FaultsError(faults)
    texts = []
    for name in (*spec.construct_, spec.account):
        try:
            texts.append(expand((folder / name).read_text(encoding="utf-8"), vocabulary))
        except KgError as error:
            faults.append(Fault(name, 0, str(error)))
    if faults:
        raise FaultsError(faults)
    digest = hashlib.sha256("\0".join([digest, *texts]).encode()).hexdigest()
    return RdfPlan(
        title=spec.title,
        path=document.path,
        digest=digest,
        source="rdf",
        files=spec.files,
        encodings=spec.encoding,
        construct=tuple(texts[:-1]),
        account=texts[-1],
        ignore=spec.ignore,
    )


def read_plans(path: Path, vocabulary: Vocabulary) -> list[AnyPlan]:
    """Return the plans of a mapping file, one for each of its documents.

    Raises FaultsError with all faults: unknown keys, unknown or ambiguous terms, unknown units,
    units that do not measure the quantity, columns and things that are named but not given.
    """
    documents = read_documents(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    faults: list[Fault] = []
    plans: list[AnyPlan] = []
    for document in documents:
        try:
            spec: Spec = read_spec(document)
            if isinstance(spec, RdfSpec):
                plans.append(_compile_rdf(document, spec, vocabulary, digest))
            else:
                plans.append(_Compiler(document, spec, vocabulary, digest).compile())
        except FaultsError as error:
            faults += error.faults
    if faults:
        raise FaultsError(faults)
    return plans
