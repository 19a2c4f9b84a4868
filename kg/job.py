"""One file on its way into the store: its triples, its findings, and what became of each row."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import polars as pl
import pyoxigraph as ox

from kg import model, ntriples
from kg.catalogue import Item
from kg.engine.columns import NotColumnsError, merged
from kg.engine.rows import covered, run_all
from kg.errors import Fault, FaultsError
from kg.findings import Finding
from kg.mappers.apply import INDEX, Mapped, apply
from kg.mappers.plan import Plan, RdfPlan
from kg.mappers.rdf import MappedRdf, Stated, apply_rdf
from kg.sources import Content, Reading, Table
from kg.terms import vocabulary
from kg.validate import Plan as Shapes
from kg.validate import Result, below, validate, validate_columns
from kg.validate import plan as shapes_of
from kg.values.part import Part, of_ntriples, of_tables


def quantity_of(node: str) -> tuple[str, str]:
    """Return the thing and the fragment in the IRI of a quantity or of its number.

    >>> quantity_of("https://example.org/line/cell/C-1#LineLoad.number")
    ('https://example.org/line/cell/C-1', 'LineLoad')
    """
    thing, _, fragment = node.partition("#")
    return thing, fragment.removesuffix(".number")


class TableJob:
    """A table or JSON records, by one or several plans."""

    def __init__(
        self,
        path: Path,
        name: str,
        graph: str,
        sha256: str,
        digest: str,
        base: str,
        plans: list[Plan],
        content: Content | None = None,
    ) -> None:
        self.path, self.name, self.graph = path, name, graph
        self.sha256, self.digest, self.base = sha256, digest, base
        self.mapping = plans[0].path.name
        self.parts: list[Mapped] = []
        faults: list[Fault] = []
        content = content or Content(path, [plan.reading for plan in plans])
        for plan in plans:
            table = content.table(plan.reading, plan.source)
            table = replace(table, file=name)
            try:
                self.parts.append(apply(plan, table, base, vocabulary().units))
            except FaultsError as error:
                faults += error.faults
        if faults:
            raise FaultsError(faults)
        self._refuse_decimal_sign()

    def _refuse_decimal_sign(self) -> None:
        """Refuse a table in which numbers carry the other decimal sign throughout: the mapping is wrong."""
        for part in self.parts:
            sign = part.plan.reading.decimal
            other = "," if sign == "." else "."
            mistaken = re.compile(rf"[+-]?\d+\{other}\d+$")
            wrong = [
                finding
                for _, finding in part.findings
                if finding.rule == "number" and mistaken.match(finding.value)
            ]
            if not wrong:
                continue
            columns = [quantity.column for quantity in part.plan.quantities if quantity.unit]
            right = sum(
                int(part.table.frame[column].str.contains(sign, literal=True).sum() or 0)
                for column in columns
            )
            if len(wrong) > right:
                first = wrong[0]
                text = (
                    f"{len(wrong)} numbers have '{other}' as decimal sign; {self.mapping} says '{sign}'. "
                    f"First: column '{first.column}', '{first.value}'. "
                    f"Write decimal: \"{other}\" under 'table'."
                )
                raise FaultsError([Fault(self.name, int(first.row) if first.row.isdigit() else 0, text)])

    @property
    def size(self) -> int:
        """Return how many triples there are."""
        return sum(part.size for part in self.parts)

    @cached_property
    def read(self) -> int:
        """Return how many rows the file has."""
        return len({place for part in self.parts for place in [*part.table.places, *_bad(part)]})

    @property
    def set_aside(self) -> int:
        """Return how many rows are set aside."""
        return len({place for part in self.parts for place in [*_away(part), *_bad(part)]})

    @property
    def loaded(self) -> int:
        """Return how many rows go into the store."""
        return self.read - self.set_aside

    @property
    def findings(self) -> list[Finding]:
        """Return all findings, row by row."""
        found: list[Finding] = []
        for part in self.parts:
            for bad in part.table.bad:
                found.append(Finding("cells", f"{bad.reason}.", file=self.name, place=bad.place))
            found += [finding for _, finding in sorted(part.findings, key=lambda pair: pair[0])]
        return found

    def ntriples(self) -> str:
        """Return the triples as N-Triples."""
        return "".join(part.ntriples() for part in self.parts)

    def write(self, file: BinaryIO) -> None:
        """Write the triples as N-Quads, in the graph of the file."""
        for part in self.parts:
            part.write(file)

    def triples(self) -> Iterator[ox.Triple]:
        """Return the triples."""
        return ntriples.read(self.ntriples())

    def check(self) -> list[Result]:
        """Return what the shapes find in the records.

        What the columns show is looked at there; of the triples only those are made that other rules speak
        of, and those of the rows that seem to break one.
        """
        told = shapes_of("record")
        try:
            columns = merged(told.columns(text) for text in self._checked(told))
        except NotColumnsError:
            return validate(ntriples.read("".join(self._checked(told))), "record")
        data = ox.Store()
        if told.queries:
            for text in self._checked(told):
                data.load(input=text.encode(), format=ox.RdfFormat.N_TRIPLES)
        return validate_columns(told, columns, data, lambda: ntriples.read("".join(self._checked(told))))

    def _checked(self, told: Shapes) -> Iterator[str]:
        """Yield the triples that the shapes must see, as N-Triples, a part at a time."""
        for part in self.parts:
            covered_ = covered(part.plan, told.compiled, below)
            only = _left(told, covered_.shapes, part.plan)
            if only is None or told.queries or told.compiled.reasons or self._is_mixed():
                yield from part.parts()
                continue
            yield from part.parts(only)
            suspects = sorted({row for row, _ in run_all(covered_.checks, part.values, part.things)})
            if suspects:
                some = replace(
                    part.table, frame=part.table.frame[suspects], places=part.table.places[suspects]
                )
                yield apply(part.plan, some, self.base, vocabulary().units).ntriples()

    def _is_mixed(self) -> bool:
        """Return whether two plans make quantities of one name: then only their triples show both."""
        made = Counter(
            name for part in self.parts for name in {quantity.fragment for quantity in part.plan.quantities}
        )
        return any(count > 1 for count in made.values())

    def take(self, results: Iterable[Result]) -> None:
        """Place what SHACL found in this file; rows with a violation are taken out of the triples."""
        results = list(results)
        for number, part in enumerate(self.parts):
            found = [pair for result in results for pair in _place(result, part)]
            if not found:
                continue
            away = {index for index, finding in found if finding.severity == "Violation"}
            if away:
                self.parts[number] = apply(part.plan, part.table, self.base, vocabulary().units, away)
            self.parts[number].findings += found

    def rows(self) -> list[tuple[Table, Reading, list[Finding]]]:
        """Return the tables with what was found in them, for the file of rows set aside."""
        return [
            (
                part.table,
                part.plan.reading,
                [finding for _, finding in part.findings if finding.severity == "Violation"],
            )
            for part in self.parts
        ]

    def part(self) -> Part:
        """Return the values and links of the file in columns."""
        return of_tables(self.parts, self.graph)

    def kinds(self) -> frozenset[str]:
        """Return the kinds of the things that the rows speak of."""
        return frozenset(thing.kind for part in self.parts for thing in part.plan.things)

    def items(self) -> tuple[Item, ...]:
        """Return what became of each column."""
        found: dict[str, Item] = {}
        for part in self.parts:
            for item in _items(part, self.mapping):
                # What one mapping of the file leaves to another is not left out.
                if item.outcome == "mapped" or item.name not in found:
                    found[item.name] = item
        return tuple(found.values())


_OF_QUANTITIES = frozenset(
    [
        model.HAS_PROPERTY,
        model.HAS_PROCESS_PARAMETER,
        model.HAS_UNIT,
        model.HAS_NUMERICAL_PART,
        model.HAS_NUMBER_VALUE,
        model.SOURCE_TOKEN,
    ]
)


def _left(told: Shapes, covered_: frozenset[str], plan_: Plan) -> frozenset[str] | None:
    """Return the predicates that the rules speak of which the columns do not cover.

    None where a rule among them speaks of quantities: then all triples are needed.
    """
    quantities = {quantity.term.iri for quantity in plan_.quantities}
    quantities |= {*model.VALUE_KINDS.values(), model.REAL_DATA}
    found = {model.RDF_TYPE}
    for shape in told.compiled.shapes:
        if shape.node in covered_:
            continue
        found |= {predicate for predicate, _ in shape.steps()}
        # Against the arrow, a type leads to all that has it, quantities too.
        if (model.RDF_TYPE, True) in shape.steps():
            return None
        for kind, iri in shape.targets:
            at_all = kind == "node" or iri == model.RDF_TYPE
            if at_all or (kind == "class" and quantities & set(below(iri))):
                return None
            if kind != "class":
                found.add(iri)
    return None if found & _OF_QUANTITIES else frozenset(found)


def _items(part: Mapped, mapping: str) -> Iterator[Item]:
    plan, frame = part.plan, part.table.frame
    quantities = {quantity.column: quantity for quantity in plan.quantities}
    kinds = {thing.name: thing.kind for thing in plan.things}
    for column in part.table.columns:
        count = len(frame) - frame[column].null_count()
        if column in plan.ignore:
            yield Item(column, "ignored", count, f"named under 'ignore' in {mapping}")
        elif column in plan.optional and not count:
            yield Item(column, "empty", 0, "optional, and absent or without a value")
        elif column in quantities:
            quantity = quantities[column]
            kind = kinds[quantity.thing]
            yield Item(column, "mapped", count, "", quantity.term.iri, quantity.fragment, kind)
        else:
            yield Item(column, "mapped", count)
    for column, count in part.table.left_out:
        yield Item(column, "ignored", count, f"fits a pattern under 'ignore' in {mapping}")


def _bad(part: Mapped) -> list[str]:
    return [bad.place for bad in part.table.bad]


def _away(part: Mapped) -> list[str]:
    return [finding.place for _, finding in part.findings if finding.severity == "Violation"]


def _place(result: Result, part: Mapped) -> Iterator[tuple[int, Finding]]:
    """Return the rows of a table that a result of SHACL speaks of, and the column where it has one."""
    thing, fragment = quantity_of(result.focus)
    for name, frame in part.things.items():
        rows = frame.filter(pl.col("iri") == thing)[INDEX].to_list()
        column = next(
            (q.column for q in part.plan.quantities if q.thing == name and q.fragment == fragment), None
        )
        if fragment and column is None:
            continue
        for index in rows:
            text = part.table.frame[column][index] if column else None
            if column and text is None:
                continue
            yield (
                index,
                Finding(
                    result.rule,
                    result.message,
                    result.severity,
                    part.table.file,
                    part.table.places[index],
                    column or "",
                    text or result.value,
                    result.focus,
                ),
            )


class RdfJob:
    """A file of RDF in another vocabulary."""

    def __init__(
        self, path: Path, name: str, graph: str, sha256: str, digest: str, base: str, plans: list[RdfPlan]
    ) -> None:
        self.path, self.name, self.graph = path, name, graph
        self.sha256, self.digest, self.base = sha256, digest, base
        self.mapping = plans[0].path.name
        self.mapped: MappedRdf = apply_rdf(plans[0], path, base, vocabulary(), name)
        self.mapped.findings = [finding.at(file=name) for finding in self.mapped.findings]
        self.warnings: list[Finding] = []

    @property
    def size(self) -> int:
        """Return how many triples there are."""
        return len(self.mapped.triples)

    @property
    def stated(self) -> list[Stated]:
        """Return what the source states, each with what became of it."""
        return self.mapped.stated

    @property
    def read(self) -> int:
        """Return how many statements the account of the source has."""
        return len(self.stated)

    @property
    def set_aside(self) -> int:
        """Return how many of them are set aside."""
        return sum(item.outcome == "set aside" for item in self.stated)

    @property
    def loaded(self) -> int:
        """Return how many are in the graph."""
        return sum(item.outcome == "mapped" for item in self.stated)

    @property
    def violations(self) -> list[Finding]:
        """Return the findings that set something aside."""
        return self.mapped.findings

    @property
    def findings(self) -> list[Finding]:
        """Return all findings."""
        return self.violations + self.warnings

    def ntriples(self) -> str:
        """Return the triples as N-Triples."""
        return self.mapped.ntriples()

    def write(self, file: BinaryIO) -> None:
        """Write the triples as N-Quads, in the graph of the file."""
        file.write(ntriples.quads(self.ntriples(), self.graph).encode())

    def triples(self) -> Iterator[ox.Triple]:
        """Return the triples."""
        return iter(self.mapped.triples)

    def check(self) -> list[Result]:
        """Return what the shapes find in the triples."""
        return validate(self.triples(), "record")

    def take(self, results: Iterable[Result]) -> None:
        """Place what SHACL found in this file; what has a violation is taken out of the triples."""
        away: set[str] = set()
        values: set[tuple[str, str]] = set()
        said = {item.node: (item.name, item.value) for item in self.stated}
        for result in results:
            node = self.mapped.places.get(result.focus)
            if node is None:
                continue
            name, value = said.get(node, ("", ""))
            finding = Finding(
                result.rule,
                result.message,
                result.severity,
                self.name,
                node,
                name,
                value or result.value,
                result.focus,
            )
            if result.severity == "Violation":
                self.violations.append(finding)
                # A wrong time costs a run its time; it does not cost the cell its lineage.
                if result.path.startswith("http") and "#" not in result.focus:
                    # Of two times in the wrong order, nobody knows which is the wrong one.
                    both = result.rule.endswith("#Run-order")
                    paths = (model.START, model.END) if both else (result.path,)
                    values |= {(result.focus, path) for path in paths}
                else:
                    away.add(result.focus)
            else:
                self.warnings.append(finding)
        if away or values:
            self._remove(away, values)

    def _remove(self, away: set[str], values: set[tuple[str, str]]) -> None:
        gone = away | {f"{iri}.number" for iri in away} | {f"{iri}#number" for iri in away}

        def named(term: object) -> bool:
            return isinstance(term, ox.NamedNode) and term.value in gone

        def named_value(triple: ox.Triple) -> bool:
            subject = triple.subject
            return isinstance(subject, ox.NamedNode) and (subject.value, triple.predicate.value) in values

        triples = self.mapped.triples
        self.mapped.triples = {
            triple: None
            for triple in triples
            if not named(triple.subject) and not named(triple.object) and not named_value(triple)
        }
        reasons = {finding.place: finding.message for finding in self.violations}
        self.mapped.stated = [
            Stated(item.node, item.name, item.value, "set aside", reasons[item.node])
            if item.node in reasons
            else item
            for item in self.stated
        ]

    def part(self) -> Part:
        """Return the values and links of the file in columns."""
        return of_ntriples(self.ntriples(), self.graph)

    def kinds(self) -> frozenset[str]:
        """Return the kinds of the things that were constructed."""
        tails = (iri.removeprefix(self.base) for iri in self.mapped.places if iri.startswith(self.base))
        return frozenset(tail.partition("/")[0] for tail in tails if "/" in tail)

    def items(self) -> tuple[Item, ...]:
        """Return what became of each name of the source."""
        counts = Counter((item.name, item.outcome, item.reason) for item in self.stated)
        return tuple(Item(name, outcome, count, reason) for (name, outcome, reason), count in counts.items())


Job = TableJob | RdfJob
