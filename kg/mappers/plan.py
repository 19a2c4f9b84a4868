"""A mapping in names -> a plan in IRIs and factors; every fault of the mapping at once."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from kg import model
from kg.errors import Fault, FaultsError, KgError
from kg.labels import expand
from kg.mappers.planned import AnyPlan, Choice, KeyPart, Moment, Plan, Quantity, RdfPlan, Text, Thing
from kg.mappers.spec import ANY, DELIMITERS, ColumnSpec, MappingSpec, RdfSpec, Spec, UnitOfRow, read_spec
from kg.mappers.yamlfile import Document, Place, read_documents
from kg.namespaces import PREFIXES
from kg.near import near, quoted
from kg.sources.table import TEXT_OF, Reading
from kg.terms import Term, Vocabulary
from kg.units import DifferentDimensionError, Unit, UnknownUnitError

__all__ = [
    "QUANTITIES",
    "AnyPlan",
    "Choice",
    "KeyPart",
    "Moment",
    "Plan",
    "Quantity",
    "RdfPlan",
    "Text",
    "Thing",
    "file_patterns",
    "plan_of",
    "read_plans",
]

FILE_FIELDS = ("file", "stem")
PROCESS = PREFIXES["emmo"] + "EMMO_43e9a05d_98af_41b4_92f6_00f79a09bfce"  # Process
QUANTITIES = (
    PREFIXES["emmo"] + "EMMO_0650c031_42b6_4f0a_b62d_d88f071da6bf",  # Quantity
    PREFIXES["gpo"] + "GPO_f3f83d9a_ad84_4ce0_aaec_a388f18cd681",  # ProcessParameter
)
PROPERTY_KINDS = ("object property", "datatype property", "annotation property")


# Column names may hold ':', '!' and '[', which Python's own templates take for theirs; `{{` is a brace.
_TEMPLATE = re.compile(r"\{([^{}]+)\}|((?:[^{}]|\{\{|\}\})+)")


class _Compiler:
    """One document of a mapping file, while its faults are collected."""

    def __init__(self, document: Document, spec: MappingSpec, vocabulary: Vocabulary, digest: str) -> None:
        self.document, self.spec, self.vocabulary, self.digest = document, spec, vocabulary, digest
        self.faults: list[Fault] = []
        self.places: dict[str, Place] = {}
        self.columns = self.lines()

    def wrong(self, place: Place, text: str) -> None:
        self.faults.append(self.document.fault(place, text))

    def lines(self) -> dict[str, ColumnSpec]:
        """Return the line of each column; a name with `*` becomes one column for each key of its `terms`."""
        lines = {column: line for column, line in self.spec.columns.items() if line.terms is None}
        for pattern, line in self.spec.columns.items():
            if line.terms is None:
                continue
            if pattern.count(ANY) != 1:
                text = f"'{pattern}' has 'terms', so it needs one '*', which stands for each of their keys."
                self.wrong(("columns", pattern), text)
                continue
            for key, label in line.terms.items():
                column, unit = pattern.replace(ANY, key), line.unit
                if isinstance(unit, UnitOfRow):
                    unit = UnitOfRow(column=unit.column.replace(ANY, key))
                new = {"terms": None, "term": label, "unit": unit, "optional": True}
                if column not in lines:
                    self.places[column] = ("columns", pattern, "terms", key)
                    lines[column] = line.model_copy(update=new)
        return lines

    def place(self, column: str) -> Place:
        """Return the place of the line that a column comes from."""
        return self.places.get(column, ("columns", column))

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
        if type_ and self.is_quantity(type_):
            self.wrong(
                (*place, "class"), f"'{type_.label}' is a quantity, not a thing. It belongs to a column."
            )
        elif type_ and spec.role == "run" and not self.vocabulary.is_a(type_.iri, PROCESS):
            self.wrong((*place, "class"), f"'{type_.label}' is no process, so it cannot be the run.")
        ids = {column: line for column, line in self.columns.items() if line.id == name}
        if spec.key is not None:
            key = self.template(spec.key, (*place, "key"))
        elif len(ids) == 1:
            key = (("column", next(iter(ids))),)
        else:
            found = f"the columns {quoted(ids)} have" if ids else "no column has"
            self.wrong(place, f"'{name}' needs a key: {found} 'id: {name}'. Write key: \"{{COLUMN}}\".")
            key = None
        splits = [(column, line.split) for column, line in ids.items() if line.split]
        if len(splits) > 1:
            self.wrong(
                ("columns", splits[1][0]), f"only one column of '{name}' can be split; '{splits[0][0]}' is."
            )
        elif splits and key and ("column", splits[0][0]) not in key:
            column = splits[0][0]
            text = f"'{column}' is split, but the key of '{name}' does not hold {{{column}}}. Put it in."
            self.wrong(("columns", column), text)
        if type_ is None or key is None:
            return None
        return Thing(name, spec.kind, type_.iri, spec.role, key, splits[0] if splits else None)

    def is_quantity(self, term: Term) -> bool:
        return any(self.vocabulary.is_a(term.iri, iri) for iri in QUANTITIES)

    def template(self, text: str, place: Place) -> tuple[KeyPart, ...] | None:
        if _TEMPLATE.sub("", text) or not text:
            self.wrong(
                place, f"the key '{text}' is no template. Write column names in braces: \"run/{{COLUMN}}\"."
            )
            return None
        parts: list[KeyPart] = []
        for field, fixed in _TEMPLATE.findall(text):
            if fixed:
                parts.append(("text", fixed.replace("{{", "{").replace("}}", "}")))
            elif field in self.columns:
                parts.append(("column", field))
            elif field in FILE_FIELDS:
                parts.append(("file", field))
            elif field in self.spec.todo:
                continue  # told as a column that is still to do
            else:
                alike = near(field, self.columns)
                hint = f" Near: {quoted(alike)}." if alike else ""
                self.wrong(place, f"the key names a column '{field}', which is not under 'columns'.{hint}")
        return tuple(parts)

    def default_thing(self, line: ColumnSpec, column: str) -> str | None:
        place = self.place(column)
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
        place = self.place(column)
        assert line.term is not None and line.unit is not None
        term = self.resolve(line.term, (*place, "term"), ("class",))
        canonical = self.vocabulary.canonical_unit(term.iri) if term else None
        if term and not canonical and not self.is_quantity(term):
            self.wrong(
                (*place, "term"), f"'{term.label}' is no quantity. If it is a thing, it belongs to 'things'."
            )
        dimension = self.vocabulary.dimension(term.iri) if term else None
        unit: Unit | None = None
        in_cells = isinstance(line.unit, UnitOfRow) or line.unit == "inline"
        if line.otherwise and line.unit == "inline":
            text = "'otherwise' tells numbers from texts, so it does not go with 'unit: inline'."
            self.wrong((*place, "otherwise"), text)
        known = in_cells
        if isinstance(line.unit, str) and not in_cells:
            try:
                unit = self.vocabulary.units.parse(line.unit, dimension)
                known = True
            except UnknownUnitError as error:
                self.wrong((*place, "unit"), str(error))
        thing = self.default_thing(line, column)
        if term is None or thing is None or not known:
            return None
        if unit is None and canonical is None:
            text = f"'{term.label}' has no canonical unit, so rows cannot name their own. Give a unit code."
            self.wrong((*place, "unit"), text)
            return None
        if unit is not None and not self.measures(unit, canonical, dimension):
            stored = f", which is stored in '{canonical.code}'" if canonical else ""
            text = f"'{line.unit}' does not measure '{term.label}'{stored}."
            self.wrong((*place, "unit"), f"{text} Give a unit of its kind, or another term.")
            return None
        kind = line.value or "measured"
        fragment = term.label + (f".{line.name}" if line.name else "")
        fragment += "" if kind == "measured" else f".{kind}"
        stored_in = canonical or unit
        assert stored_in is not None
        return Quantity(column, thing, term, unit, stored_in, kind, fragment)

    def otherwise(self, column: str, line: ColumnSpec) -> list[Text]:
        """Return the text that takes the cells of a quantity that are no numbers."""
        if line.otherwise is None:
            return []
        found = self.text_predicate(line.otherwise, (*self.place(column), "otherwise"))
        thing = line.of or next((name for name, each in self.spec.things.items() if each.role == "run"), None)
        thing = thing or next(iter(self.spec.things))
        return [Text(TEXT_OF.format(column), thing, found)] if found else []

    def units(self) -> tuple[tuple[str, str], ...]:
        """Return the columns of values with the column that names their unit."""
        found = []
        for column, line in self.columns.items():
            if not isinstance(line.unit, UnitOfRow):
                continue
            unit = line.unit.column
            if unit == column:
                self.wrong(
                    (*self.place(column), "unit"), f"'{column}' cannot name its own unit; write inline."
                )
            found.append((column, unit))
        return tuple(found)

    def measures(self, unit: Unit, canonical: Unit | None, dimension: str | None) -> bool:
        if canonical is None:
            return dimension is None or unit.dimension == dimension
        try:
            self.vocabulary.units.scale(unit, canonical)
        except DifferentDimensionError:
            return False
        return True

    def moment(self, column: str, line: ColumnSpec, has_run: bool) -> Moment:
        place = self.place(column)
        if not has_run:
            self.wrong(place, "a time belongs to a run, but no thing has 'role: run'.")
        format_, zone = line.format or "iso", line.zone or "UTC"
        if format_ not in ("iso", "excel") and (fault := _format_fault(format_)):
            self.wrong((*place, "format"), f"'{format_}' is no format of a time: {fault}")
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self.wrong((*place, "zone"), f"no time zone is called '{zone}'. Write e.g. Europe/Berlin.")
        return Moment(column, model.START if line.time == "start" else model.END, format_, zone)

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
            term = self.resolve(label, ("columns", column, "class", text), ("class",))
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
        for column, line in self.columns.items():
            place = self.place(column)
            match line.verb:
                case "id":
                    self.known_thing(str(line.id), place)
                case "term":
                    quantities.append(self.quantity(column, line))
                    texts += self.otherwise(column, line)
                case "time":
                    moments.append(self.moment(column, line, bool(runs)))
                case "text":
                    found = self.text_predicate(str(line.text), place)
                    thing = self.default_thing(line, column)
                    if found and thing:
                        texts.append(Text(column, thing, found))
                case _:
                    choices.append(self.choice(column, line))
        links = [self.link(index, text) for index, text in enumerate(spec.links)]
        for column in spec.ignore:
            if column in self.columns:
                self.wrong(self.place(column), f"'{column}' is mapped and ignored at once. Keep one.")
        for column, line in spec.todo.items():
            way = "Move its line to 'columns' or, to leave it out, its name to 'ignore'."
            way = line if isinstance(line, str) and line else way
            self.wrong(("todo", column), f"'{column}' is still to do. {way}")
        given = [quantity for quantity in quantities if quantity]
        count = Counter((quantity.thing, quantity.fragment) for quantity in given)
        for quantity in given:
            if count[quantity.thing, quantity.fragment] > 1:
                self.wrong(
                    self.place(quantity.column),
                    f"several columns write '{quantity.fragment}' of '{quantity.thing}'. "
                    "Tell them apart with 'name:'.",
                )
        units = self.units()
        if self.faults:
            raise FaultsError(self.faults)
        table, columns = spec.table, self.columns
        read = dict.fromkeys([*columns, *(unit for _, unit in units)])
        needed = {unit for column, unit in units if not columns[column].optional}
        optional = {column for column in read if column not in columns or columns[column].optional} - needed
        texts_apart = [TEXT_OF.format(column) for column, line in columns.items() if line.otherwise]
        patterns = [name for name in spec.ignore if spec.source == "records" and ANY in name]
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
            repeated=table.repeated is not None,
            keyed=tuple(spec.keyed.items()),
            may_lack=spec.optional,
            query=spec.query or "",
            row=next(iter(spec.row.items()), ("", ())),
            units=units,
            otherwise=tuple(column for column, line in columns.items() if line.otherwise),
            whole=frozenset(column for column, line in columns.items() if line.otherwise or line.text),
            named=frozenset(read),
            left_out=tuple(patterns),
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
            ids=tuple((column, str(line.id)) for column, line in columns.items() if line.id),
            quantities=tuple(given),
            moments=tuple(moments),
            texts=tuple(texts),
            choices=tuple(choice for choice in choices if choice),
            columns=(*read, *texts_apart),
            optional=frozenset(optional) | frozenset(texts_apart),
            missing=tuple((column, line.missing) for column, line in columns.items() if line.missing),
            ignore=tuple(name for name in spec.ignore if name not in patterns),
        )


def _format_fault(format_: str) -> str:
    if "%" not in format_:
        return "write it with %, e.g. '%d.%m.%Y %H:%M', or write iso or excel."
    try:
        datetime.strptime("", format_)
    except ValueError as error:
        if "directive" in str(error) or "stray" in str(error):
            return "e.g. '%d.%m.%Y %H:%M' reads 02.03.2026 08:15."
    except re.error:
        return "it has one of its parts twice."
    return "" if re.search(r"%[YyGcxs]", format_) else "it has no year (%Y)."


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


def file_patterns(path: Path) -> list[str]:
    """Return the patterns of the files that a mapping is for; none where the mapping cannot be read.

    Only the pattern is read: a mapping with a fault stands in the way of its own files alone.
    """
    patterns: list[str] = []
    try:
        documents = read_documents(path)
    except FaultsError:
        return []
    for document in documents:
        files = document.values.get("files", []) if isinstance(document.values, dict) else []
        patterns += [files] if isinstance(files, str) else [str(pattern) for pattern in files]
    return patterns


def _as_text(table: Mapping[str, Any] | None) -> bytes:
    return json.dumps(table, sort_keys=True, default=str).encode() if table else b""


def plan_of(document: Document, vocabulary: Vocabulary, digest: str) -> AnyPlan:
    """Return the plan of one document of a mapping file whose bytes have this digest.

    Raises FaultsError with all faults of the document.
    """
    spec: Spec = read_spec(document)
    if isinstance(spec, RdfSpec):
        return _compile_rdf(document, spec, vocabulary, digest)
    return _Compiler(document, spec, vocabulary, digest).compile()


def read_plans(path: Path, vocabulary: Vocabulary, table: Mapping[str, Any] | None = None) -> list[AnyPlan]:
    """Return the plans of a mapping file, one for each of its documents.

    `table` holds keys that go before those under `table` in the file, for files that are read otherwise.
    Raises FaultsError with all faults: unknown keys, unknown or ambiguous terms, unknown units,
    units that do not measure the quantity, columns and things that are named but not given.
    """
    documents = read_documents(path)
    digest = hashlib.sha256(path.read_bytes() + _as_text(table)).hexdigest()
    faults: list[Fault] = []
    plans: list[AnyPlan] = []
    for document in documents:
        if table and isinstance(document.values, dict) and document.values.get("source") != "rdf":
            own = document.values.get("table", {})
            document.values["table"] = {**own, **table} if isinstance(own, dict) else own
        try:
            plans.append(plan_of(document, vocabulary, digest))
        except FaultsError as error:
            faults += error.faults
    if faults:
        raise FaultsError(faults)
    return plans
