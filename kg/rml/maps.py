"""A plan -> triples maps of RML. Nothing is read or written here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import quote

from kg import model
from kg.errors import KgError
from kg.iri import encode, file_iri
from kg.mappers.plan import Plan, Quantity, Thing
from kg.namespaces import PREFIXES
from kg.rml.functions import NAMESPACE
from kg.terms import vocabulary
from kg.units import Units

RML = "http://w3id.org/rml/"
DOUBLE, DATE_TIME = model.XSD + "double", model.XSD + "dateTime"
_TAKEN = {"subject", "predicate", "object", "graph", "triple", "lang_datatype", "reference_results"}
"""Names that morph-kgc gives to columns of its own."""


@dataclass(frozen=True)
class Facts:
    """What the export knows of the table, beyond its mapping.

    `file` is the name of the source, `place` the IRI of a row up to its number; None where rows have
    no number, and the column `kg place` holds the whole IRI. `empty` are columns without any value,
    `full` those with a value in each row, `units` the texts of units in cells that name their own.
    """

    file: str
    place: str | None
    empty: frozenset[str] = frozenset()
    full: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()
    native_times: bool = False


@dataclass(frozen=True)
class Expression:
    """What a term map says: its Turtle, the columns that it reads, and the things that are split in it."""

    text: str
    columns: frozenset[str] = frozenset()
    split: frozenset[str] = frozenset()


@dataclass
class _Map:
    """One triples map: everything that one source says of one subject."""

    name: str
    subject: Expression
    split: frozenset[str]
    classes: dict[str, None] = field(default_factory=dict)
    statements: dict[tuple[str, str], None] = field(default_factory=dict)


def column_names(columns: Iterable[str]) -> dict[str, str]:
    """Return for each column a name that a template can hold and that no engine uses for itself."""
    names: dict[str, str] = {}
    for column in columns:
        name = re.sub(r'[{}\\"\r\n]', "_", column)
        while name in _TAKEN or name.startswith("kg ") or name in names.values():
            name += "_"
        names[column] = name
    return names


def literal(text: str) -> str:
    """Return a text as a Turtle literal."""
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        text = text.replace(plain, escaped)
    return f'"{text}"'


def _name(iri: str) -> str:
    for prefix, address in PREFIXES.items():
        if iri.startswith(address) and re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", iri[len(address) :]):
            return f"{prefix}:{iri[len(address) :]}"
    return f"<{iri}>"


def _call(function: str, **parameters: str) -> str:
    """Return a call of one of our functions; each parameter is the Turtle of its value."""
    inputs = [
        f"rml:input [ rml:parameter kgf:{name} ; rml:inputValueMap [ {value} ] ]"
        for name, value in parameters.items()
    ]
    parts = " ;\n            ".join([f"rml:function kgf:{function}", *inputs])
    return f"rml:functionExecution [\n            {parts} ]"


def _constant(text: str) -> str:
    return f"rml:constant {literal(text)}"


class Maps:
    """The triples maps of one plan, while they are written."""

    def __init__(self, plan: Plan, base: str, units: Units, facts: Facts, *, plain: bool, mark: str) -> None:
        """Take a plan and what is known of its table; `mark` goes before the names of the maps."""
        self.plan, self.base, self.units, self.facts = plan, base, units, facts
        self.plain, self.mark = plain, mark
        self.graph = file_iri(base, facts.file)
        self.names = column_names(plan.columns)
        self.things = {thing.name: thing for thing in plan.things}
        self.maps: dict[tuple[str, frozenset[str]], _Map] = {}
        self._things_say()
        self._links_say()
        self._quantities_say()
        self._texts_say()

    @property
    def functions(self) -> bool:
        """Return whether any map calls a function."""
        texts = [each.subject.text for each in self.maps.values()]
        texts += [other for each in self.maps.values() for _, other in each.statements]
        return any("rml:functionExecution" in text for text in texts)

    def splits(self) -> list[frozenset[str]]:
        """Return the sources that are needed, each as the things of which it has one row for each."""
        return list(dict.fromkeys(each.split for each in self.maps.values()))

    def _columns(self, thing: Thing) -> frozenset[str]:
        return frozenset(thing.key_columns)

    def key(self, thing: Thing, *, encoded: bool) -> str:
        """Return the key of a thing as a template."""
        file = self.facts.file.replace(".set-aside", "")
        fixed = {"file": file, "stem": file.rpartition(".")[0] or file}
        parts = []
        for kind, name in thing.key:
            if kind == "column":
                part = f"kg {thing.name}" if thing.split and thing.split[0] == name else self.names[name]
                parts.append(f"{{{part}}}")
                continue
            text = fixed[name] if kind == "file" else name
            parts.append(encode(text) if encoded else text.replace("{", "\\{").replace("}", "\\}"))
        return "".join(parts)

    def iri(self, thing: Thing, suffix: str = "", given: str = "") -> Expression:
        """Return the IRI of a thing, or of a node of it; with `given`, only where that column has a value."""
        columns = self._columns(thing)
        split = frozenset([thing.name]) if thing.split else frozenset()
        prefix = f"{self.base}{thing.kind}/"
        always = not given or given in self.facts.full or given in columns
        if not columns:
            # A key without columns is the same in all rows; where a column has a value anywhere, it is said.
            fixed = "".join(
                {"file": self.facts.file, "stem": self.facts.file.rpartition(".")[0]}[name]
                if kind == "file"
                else name
                for kind, name in thing.key
            ).replace(".set-aside", "")
            return Expression(f"rml:constant <{prefix}{encode(fixed)}{suffix}>", columns, split)
        if self.plain and always:
            text = f"rml:template {literal(prefix + self.key(thing, encoded=True) + suffix)}"
            return Expression(text, columns, split)
        values = {
            "prefix": _constant(prefix),
            "key": f"rml:template {literal(self.key(thing, encoded=False))}",
            "suffix": _constant(suffix),
        }
        if given and not always:
            values["given"] = f"rml:reference {literal(self.names[given])}"
            columns |= {given}
        return Expression(f"{_call('iri', **values)} ; rml:termType rml:IRI", columns, split)

    def _at(self, name: str, subject: Expression, other: Expression) -> _Map | None:
        """Return the map of a subject in the source that subject and object need; None where nothing is."""
        if (subject.columns | other.columns) & self.facts.empty:
            return None
        split = subject.split | other.split
        key = (subject.text, split)
        if key not in self.maps:
            by = "".join(f"-by-{each}" for each in sorted(split - subject.split))
            self.maps[key] = _Map(f"{self.mark}{name}{by}", subject, split)
        return self.maps[key]

    def _say_class(self, name: str, subject: Expression, iri: str) -> None:
        found = self._at(name, subject, Expression(""))
        if found:
            found.classes[iri] = None

    def _say(self, name: str, subject: Expression, predicate: str, other: Expression) -> None:
        found = self._at(name, subject, other)
        if found:
            found.statements[predicate, other.text] = None

    def _things_say(self) -> None:
        if self.facts.place is None:
            place = Expression('rml:reference "kg place" ; rml:termType rml:IRI')
        else:
            place = Expression(f"rml:template {literal(self.facts.place + '{kg row}')}")
        for thing in self.plan.things:
            subject = self.iri(thing)
            self._say_class(thing.name, subject, thing.type_iri)
            self._say(thing.name, subject, model.DERIVED_FROM, place)
        for column, name in self.plan.ids:
            thing = self.things[name]
            part = f"kg {name}" if thing.split and thing.split[0] == column else self.names[column]
            self._say(name, self.iri(thing), model.IDENTIFIER, self._reference(part, column))

    def _reference(self, name: str, column: str, datatype: str = "") -> Expression:
        typed = f" ; rml:datatype {_name(datatype)}" if datatype else ""
        return Expression(f"rml:reference {literal(name)}{typed}", frozenset([column]))

    def _link(self, left: Thing, predicate: str, right: Thing, *, differ: bool = False) -> None:
        other = self.iri(right)
        if differ and left.kind == right.kind:
            if left.key == right.key and left.split == right.split:
                return  # what only changes its state is not made of itself
            values = {
                "prefix": _constant(f"{self.base}{right.kind}/"),
                "key": f"rml:template {literal(self.key(right, encoded=False))}",
                "not_prefix": _constant(f"{self.base}{left.kind}/"),
                "not_key": f"rml:template {literal(self.key(left, encoded=False))}",
            }
            text = f"{_call('other', **values)} ; rml:termType rml:IRI"
            other = Expression(text, other.columns | self._columns(left), other.split)
        self._say(left.name, self.iri(left), predicate, other)

    def _links_say(self) -> None:
        run = self.plan.run
        role = {
            name: [thing for thing in self.plan.things if thing.role == name] for name in ("output", "part")
        }
        for thing in self.plan.things:
            if run and thing.role in model.ROLES:
                self._link(run, model.ROLES[thing.role], thing)
        for output in role["output"]:
            for part in role["part"]:
                self._link(output, model.HAS_PART, part)
            for source in self.plan.things:
                if source.role in ("input", "part"):
                    self._link(output, model.MADE_FROM, source, differ=True)
        if run:
            for part in role["part"]:
                self._link(run, model.HAS_INPUT, part)
        for left, predicate, right in self.plan.links:
            self._link(self.things[left], predicate, self.things[right])

    def _quantities_say(self) -> None:
        run = self.plan.run
        for quantity in self.plan.quantities:
            thing = self.things[quantity.thing]
            name = f"{quantity.thing}.{quantity.fragment}"
            node = self.iri(thing, f"#{quantity.fragment}", quantity.column)
            part = self.iri(thing, f"#{quantity.fragment}.number", quantity.column)
            if quantity.column in self.facts.empty:
                continue
            is_run = run is not None and thing.name == run.name
            has = model.HAS_PROCESS_PARAMETER if is_run else model.HAS_PROPERTY
            self._say(thing.name, self.iri(thing), has, node)
            self._say_class(name, node, quantity.term.iri)
            self._say_class(name, node, model.VALUE_KINDS[quantity.kind])
            unit = Expression(f"rml:constant {_name(quantity.canonical.iri)}")
            self._say(name, node, model.HAS_UNIT, unit)
            self._say(name, node, model.HAS_NUMERICAL_PART, part)
            if quantity.unit != quantity.canonical:
                self._say(name, node, model.SOURCE_TOKEN, self._token(quantity))
            self._say_class(f"{name}.number", part, model.REAL_DATA)
            self._say(f"{name}.number", part, model.HAS_NUMBER_VALUE, self._number(quantity))

    def _token(self, quantity: Quantity) -> Expression:
        name = self.names[quantity.column]
        if quantity.unit is None:
            return self._reference(name, quantity.column)
        code = quantity.unit.code.replace("{", "\\{").replace("}", "\\}")
        text = f"rml:template {literal(f'{{{name}}} {code}')} ; rml:termType rml:Literal"
        return Expression(text, frozenset([quantity.column]))

    def _number(self, quantity: Quantity) -> Expression:
        name = self.names[quantity.column]
        decimal, thousands = self.plan.reading.decimal, self.plan.thousands or ""
        # A template, though a reference would do: without one morph-kgc 2.10 fails on a literal.
        values = {
            "text": f"rml:template {literal(f'{{{name}}}')}",
            "decimal": _constant(decimal),
            "thousands": _constant(thousands),
        }
        if quantity.unit is None:
            found = json.dumps(self._factors(quantity), ensure_ascii=False, sort_keys=True)
            text = _call("number_with_unit", **values, units=_constant(found))
        else:
            factor, offset = self.units.scale(quantity.unit, quantity.canonical)
            if self.plain and decimal == "." and not thousands and (factor, offset) == (1.0, 0.0):
                return self._reference(name, quantity.column, DOUBLE)
            text = _call("number", **values, factor=_constant(repr(factor)), offset=_constant(repr(offset)))
        text += f" ; rml:termType rml:Literal ; rml:datatype {_name(DOUBLE)}"
        return Expression(text, frozenset([quantity.column]))

    def _factors(self, quantity: Quantity) -> dict[str, tuple[float, float]]:
        """Return factor and offset for each text of a unit that measures the quantity."""
        canonical, texts = quantity.canonical, set(self.facts.units)
        same = (unit for unit in self.units if unit.dimension == canonical.dimension and unit.dimension)
        texts |= {text for unit in same for text in (unit.ucum, unit.symbol) if text}
        found = {}
        for text in texts:
            try:
                found[text] = self.units.scale(self.units.parse(text or "1", canonical.dimension), canonical)
            except KgError:
                continue
        return found

    def _texts_say(self) -> None:
        run, decimal = self.plan.run, self.plan.reading.decimal
        for moment in self.plan.moments:
            if run is None:
                continue
            forms = [moment.format, "iso"] if self.facts.native_times else [moment.format]
            text = _call(
                "moment",
                text=f"rml:template {literal(f'{{{self.names[moment.column]}}}')}",
                form=_constant("\n".join(dict.fromkeys(forms))),
                zone=_constant(moment.zone),
                decimal=_constant(decimal),
            )
            text += f" ; rml:termType rml:Literal ; rml:datatype {_name(DATE_TIME)}"
            time = Expression(text, frozenset([moment.column]))
            self._say(run.name, self.iri(run), moment.predicate, time)
        for each in self.plan.texts:
            thing = self.things[each.thing]
            found = self._reference(self.names[each.column], each.column)
            self._say(thing.name, self.iri(thing), each.predicate, found)
        for choice in self.plan.choices:
            thing = self.things[choice.thing]
            text = _call(
                "choose",
                text=f"rml:template {literal(f'{{{self.names[choice.column]}}}')}",
                choices=_constant(json.dumps(dict(choice.classes), ensure_ascii=False)),
            )
            found = Expression(f"{text} ; rml:termType rml:IRI", frozenset([choice.column]))
            self._say(thing.name, self.iri(thing), model.RDF_TYPE, found)

    def text(self, sources: dict[frozenset[str], str]) -> str:
        """Return the triples maps as Turtle; `sources` names the file of each source."""
        blocks = []
        for each in self.maps.values():
            classes = "".join(f" ;\n        rml:class {_name(iri)}" for iri in each.classes)
            subject = f"{each.subject.text}{classes} ;\n        rml:graph <{self.graph}>"
            lines = [
                f"<#{quote(each.name, safe='')}> a rml:TriplesMap ;  # {each.name}{_labels(each.classes)}",
                f"    rml:logicalSource <#{quote(sources.get(each.split, ''), safe='')}> ;",
                f"    rml:subjectMap [\n        {subject} ]",
            ]
            for predicate, other in each.statements:
                lines[-1] += " ;"
                lines.append(
                    f"    rml:predicateObjectMap [ rml:predicate {_name(predicate)} ;{_label(predicate)}\n"
                    f"        rml:objectMap [ {other} ] ]"
                )
            blocks.append("\n".join(lines) + " .\n")
        return "\n".join(blocks)


def _label(iri: str) -> str:
    if iri not in vocabulary():
        return ""
    label = vocabulary().term(iri).label
    return "" if iri.endswith(label) else f"  # {label}"


def _labels(iris: Iterable[str]) -> str:
    labels = [vocabulary().term(iri).label for iri in iris if iri in vocabulary()]
    return f": {', '.join(labels)}" if labels else ""


HEAD = "".join(f"@prefix {name}: <{PREFIXES[name]}> .\n" for name in PREFIXES) + (
    f"@prefix rml: <{RML}> .\n@prefix kgf: <{NAMESPACE}> .\n"
)
