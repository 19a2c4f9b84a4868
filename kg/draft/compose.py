"""A table as it was seen -> what each of its columns is proposed to be, and the things of a row."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from kg.draft.look import Sight, look
from kg.draft.values import Values, values_of
from kg.draft.words import KindOfThing, Step, has_words, kinds, says, slug, spoken, steps
from kg.draft.write import render
from kg.errors import FaultsError, KgError
from kg.mappers.plan import QUANTITIES, read_plans
from kg.mappers.spec import MISSING
from kg.resolve import Candidate, resolve, unit_reader
from kg.terms import Term, Vocabulary, vocabulary

Where = Literal["columns", "todo"]

ALONE = 0.84
"""Score from which a candidate is taken that is the only one of its sort."""
BEHIND = 0.04
"""How far the next candidate of the sort must stay behind for that."""
NARROWER = 0.13
"""How far a narrower term may stay behind that speaks of the step, or of the thing that bears it."""
SOME = 0.6
"""Score from which a candidate is worth a line under `todo`."""

_ZONE = "Europe/Berlin"
_PARAMETER = "emmo:ProcessParameter"
_DEVICE = "emmo:Device"
_PREAMBLE = "preamble."


@dataclass(frozen=True)
class Line:
    """The line of one column: the keys of `columns` in the mapping language, and a comment in plain words.

    Under `todo` the keys are a proposal, or empty.
    """

    column: str
    where: Where
    keys: dict[str, object]
    comment: str


@dataclass(frozen=True)
class Thing:
    """A thing of a row, with the keys of `things` in the mapping language."""

    kind: str
    class_: str
    role: str
    key: str = ""
    comment: str = ""


@dataclass
class Part:
    """One mapping of the draft: one table of the file."""

    title: str
    files: str
    sight: Sight
    missing: tuple[str, ...]
    things: dict[str, Thing] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    open: dict[str, str] = field(default_factory=dict)
    """Questions that are no column, each with the way to settle it."""


@dataclass(frozen=True)
class Draft:
    """A mapping file, as text, and its parts."""

    text: str
    parts: tuple[Part, ...]

    @property
    def todo(self) -> int:
        """Return how many questions it leaves to the steward."""
        return sum(len(part.open) + sum(line.where == "todo" for line in part.lines) for part in self.parts)

    @property
    def columns(self) -> int:
        """Return how many columns it has a line for."""
        return sum(len(part.lines) for part in self.parts)


def draft(path: Path, known: Vocabulary | None = None) -> Draft:
    """Return a mapping file for a CSV, TSV, XLSX, JSON or JSON Lines file never seen before.

    What is clear stands under `columns`; what is a guess, or unknown, under `todo`, which `kg load` refuses.
    With nothing left under `todo` the draft loads as it is.
    Raises FaultsError where the file cannot be read or holds no table.
    """
    words = known or vocabulary()
    reader = unit_reader(words)

    def is_unit(text: str) -> bool:
        return reader.read(text) is not None

    parts = [_Composer(path, sight, words, is_unit).compose() for sight in look(path, is_unit)]
    return _checked(path, parts, words)


def _checked(path: Path, parts: list[Part], words: Vocabulary) -> Draft:
    """Return the draft, in which every line that the mapping language refuses stands under `todo`."""
    for _ in range(3):
        text, places = render(path, parts)
        faults: dict[tuple[int, str], str] = {}
        for (number, column), fault in _faults(text, places, words).items():
            faults[number, column] = fault
        if not faults:
            break
        for number, part in enumerate(parts):
            part.lines = [
                replace(line, where="todo", comment=f"{faults[number, line.column]} {line.comment}".strip())
                if (number, line.column) in faults
                else line
                for line in part.lines
            ]
    return Draft(text, tuple(parts))


def _faults(text: str, places: dict[int, tuple[int, str]], words: Vocabulary) -> dict[tuple[int, str], str]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "draft.yaml"
        file.write_text(text, encoding="utf-8")
        try:
            read_plans(file, words)
        except FaultsError as error:
            return {places[fault.line]: fault.text for fault in error.faults if fault.line in places}
    return {}


class _Composer:
    """One table on its way to a mapping."""

    def __init__(self, path: Path, sight: Sight, words: Vocabulary, is_unit: Callable[[str], bool]) -> None:
        self.path, self.sight, self.words = path, sight, words
        self.columns = sight.table.columns
        frame = sight.table.frame
        self.values = {
            name: values_of(frame[name].to_list(), sight.reading.decimal, sight.thousands, is_unit)
            for name in self.columns
        }
        self.units = {
            value: unit
            for value in self.columns
            for unit in _beside(value)
            if self.values[value].kind == "numbers" and self._holds_units(unit, is_unit)
        }
        self.about = f"{path.stem} {sight.reading.records.replace('[]', ' ')}"
        names = [name.removeprefix(_PREAMBLE) for name in self.columns]
        found = resolve(names, words, about=f"{path.stem} {sight.sheet}".strip())
        self.found = dict(zip(self.columns, found, strict=True))
        self.lines: dict[str, Line] = {}
        self.things: dict[str, Thing] = {}
        self.open: dict[str, str] = {}
        self.step, self.sure = self._step()
        # `source`: where the quantities of the output and of the input are borne.
        self.output = self.input = ""

    def _holds_units(self, column: str, is_unit: Callable[[str], bool]) -> bool:
        if column not in self.values:
            return False
        texts = self.sight.table.frame[column].drop_nulls().unique().to_list()
        return bool(texts) and all(map(is_unit, texts))

    # The vocabulary

    def label(self, term: Term) -> str:
        """Return how a term is named in a mapping: by its label where that is no other's."""
        try:
            return (
                term.label if self.words.resolve(term.label, kinds=(term.kind,)) == term else term.qualified
            )
        except KgError:  # ambiguous or deprecated: the prefix tells
            return term.qualified

    def is_quantity(self, term: Term) -> bool:
        return term.kind == "class" and (
            any(self.words.is_a(term.iri, iri) for iri in QUANTITIES)
            or self.words.canonical_unit(term.iri) is not None
        )

    def under(self, term: Term, label: str) -> bool:
        return self.words.is_a(term.iri, self.words.resolve(label, kinds=("class",)).iri)

    # What the file is about

    def _step(self) -> tuple[Step | None, bool]:
        """Return the process step that most names speak of; the name of the file counts thrice."""
        votes: Counter[str] = Counter()
        for step in steps():
            votes[step.name] += 3 * has_words(self.about, step.words)
            # A workbook of formation may have a sheet of degassing.
            votes[step.name] += 6 * has_words(self.sight.sheet, step.words)
            for column, found in self.found.items():
                texts = [column]
                if found.verdict == "confident" and found.best:
                    texts.append(found.best.term.label)
                votes[step.name] += any(has_words(text, step.words) for text in texts)
        ranked = votes.most_common(2)
        if not ranked or ranked[0][1] < 2:
            return None, False
        chosen = next(step for step in steps() if step.name == ranked[0][0])
        return chosen, ranked[0][1] > ranked[1][1]

    def compose(self) -> Part:
        """Return the mapping of the table."""
        self._identifiers()
        self._times()
        for column in self.columns:
            if column not in self.lines and column not in self.units.values():
                self.lines[column] = self._other(column)
        self._name_twins()
        none = {text: None for values in self.values.values() for text in values.no_value}
        step = self.step.name.replace("_", " ").capitalize() if self.step else "Records"
        sheet = f", sheet {self.sight.sheet}" if self.sight.sheet and not self.sight.alone else ""
        return Part(
            f"{step}, as in {self.path.name}{sheet}",
            pattern_of(self.path.name),
            self.sight,
            tuple(text for text in none if text not in MISSING),
            self.things,
            [self.lines[column] for column in self.columns if column in self.lines],
            self.open,
        )

    # Identifiers and things

    def _identifiers(self) -> None:
        found: dict[str, KindOfThing | None] = {}
        for column in self.columns:
            if self._is_identifier(column):
                found[column] = self._kind(column)
        run_class = self.step.class_ if self.step else "Process"
        run = self._run_column(found)
        if run is not None and (made := self._sample_made(run, found)):
            found[run] = made
        known = {column: kind for column, kind in found.items() if kind is not None}
        if run is not None and (found[run] is None or found[run] == _kind("run")):
            known.pop(run, None)
            self._id(run, "run", "the key of the run: each row has its own")
        elif run is not None:
            known = {run: known[run], **{c: k for c, k in known.items() if c != run}}
        word = self.step.name.replace("_", "-") if self.step else "run"
        self.things["run"] = Thing("run", run_class, "run", self._run_key(word, run))
        if self.step is None:
            self.open["which process is this?"] = (
                "Find its class with kg terms, e.g. kg terms coating, write it under things, run, "
                "and delete this line."
            )
        elif not self.sure:
            self.open[f"is this {self.step.class_}?"] = (
                "The names speak of another step as well. Correct the class under things, run, if need be, "
                "and delete this line."
            )
        counts = Counter(kind.name for kind in known.values())
        for column in self.columns:
            if column in known and known[column].name != "run":
                self._thing(column, known[column], counts[known[column].name] > 1, column == run)
            elif column in known:
                # A second number of a run is a fact about it, and no name.
                self.lines[column] = self._other(column)
        self._bearers()

    def _is_identifier(self, column: str) -> bool:
        values, found = self.values[column], self.found[column]
        if values.kind in ("empty", "times", "clock", "inline"):
            return False
        kind = self._kind(column)
        if column.startswith(_PREAMBLE):
            # What stands above a table may name its machine; it never names a row.
            return kind is not None and kind.name in ("operator", "machine")
        if values.kind == "numbers":
            quantity = (
                found.best is not None and found.verdict == "confident" and self.is_quantity(found.best.term)
            )
            named = kind is not None or says(column, "name")
            return values.whole and found.unit is None and named and not quantity
        if values.kind == "codes":
            return kind is not None or values.unique
        return kind is not None and kind.name in ("operator", "machine") and _short(values)

    def _kind(self, column: str) -> KindOfThing | None:
        tail = column.removesuffix("[]")
        kind = next((kind for kind in kinds() if has_words(tail, kind.words)), None)
        if kind is None:
            best = self._best(column, lambda term: term.kind == "class" and self.under(term, _DEVICE))
            if best and best.score >= ALONE and not self.under(best.term, "battery:BatteryCell"):
                return _kind("machine")
        return kind

    def _run_column(self, found: dict[str, KindOfThing | None]) -> str | None:
        """Return the identifier of which each row has its own: that of the run, else of what comes out."""
        unique = [
            column
            for column, kind in found.items()
            if self.values[column].unique and (kind or says(column, "name") or column == self.columns[0])
        ]
        kind_of = {column: kind.name if (kind := found[column]) else "" for column in unique}
        wanted = ["run", *(self.step.output if self.step else ()), "", "cell", "sheet", "batch", "web", "lot"]
        order = sorted(
            (column for column in unique if kind_of[column] in wanted),
            key=lambda column: (wanted.index(kind_of[column]), says(column, "input")),
        )
        return order[0] if order else None

    def _sample_made(self, run: str, found: dict[str, KindOfThing | None]) -> KindOfThing | None:
        """Return what a sample of which each row has its own is: what the step makes, if nothing else is."""
        outputs = list(self.step.output) if self.step else []
        named = {kind.name for kind in found.values() if kind}
        alone = len(outputs) == 1 and outputs[0] not in named
        return _kind(outputs[0]) if alone and says(run, "sample") else None

    def _run_key(self, word: str, run: str | None) -> str:
        if run is not None:
            return f"{word}/{_braced(run)}"
        usable = [
            column
            for column in self.columns
            if self.values[column].kind in ("codes", "times") or self.values[column].whole
            if self.values[column].filled == self.values[column].rows
        ]
        frame = self.sight.table.frame
        for place, first in enumerate(usable):
            for second in usable[place + 1 :]:
                if frame.select(first, second).n_unique() == frame.height > 1:
                    key = f"{word}/{_braced(first)}/{_braced(second)}"
                    self.open["is this the key of the run?"] = (
                        f"No column has its own value in each row; '{first}' and '{second}' together have. "
                        "Correct the key under things, run, if need be, and delete this line."
                    )
                    return key
        self.open["what is the key of the run?"] = (
            "No column, and no two columns, have a value of their own in each row. "
            "Write the key under things, run, and delete this line."
        )
        return f"{word}/{{stem}}"

    def _id(self, column: str, thing: str, comment: str) -> None:
        keys: dict[str, object] = {"id": thing}
        if sign := self._split(column):
            keys["split"] = sign
            comment = f"{comment}; a cell holds several"
        self.lines[column] = Line(column, "columns", keys, comment)

    def _split(self, column: str) -> str:
        texts = self.sight.table.frame[column].drop_nulls().to_list()
        for sign in ";|,":
            if sum(sign in text for text in texts) > 0.5 * len(texts):
                return sign
        return ""

    def _thing(self, column: str, kind: KindOfThing, several: bool, is_key: bool) -> None:
        step = self.step
        inputs, outputs = (step.input, step.output) if step else ({}, {})
        said_in, said_out = says(column, "input"), says(column, "output")
        role = kind.role
        if role in ("input", "output"):
            role = "input" if kind.name in inputs and kind.name not in outputs else role
            role = "output" if kind.name in outputs else role
            role = "input" if said_in else "output" if said_out else role
        changed = kind.name in inputs and kind.name in outputs and not several
        if changed and kind.name == "cell":
            role = "input"
        class_ = self._class_of(column, kind, role)
        name = kind.name if not several else slug(column) or kind.name
        if several and role in ("input", "output") and (said_in or said_out):
            name = f"{kind.name}_{'in' if role == 'input' else 'out'}"
        if kind.name == "lot":
            name = slug(column, ("charge", "lot", "nr", "no", "id")) or kind.name
        name = name.replace("-", "_")
        name = name if name not in self.things else f"{name}_{len(self.things)}"
        values = self.values[column]
        how = (
            "each row has its own"
            if values.unique
            else f"{values.different} different in {values.filled} rows"
        )
        self.things[name] = Thing(kind.name, class_, role)
        self._id(column, name, f"{kind.name}, {_ROLES.get(role, role)}; {how}")
        if changed and kind.name == "cell":
            after = Thing(
                kind.name, outputs["cell"], "output", _braced(column), "the same cell after the run"
            )
            self.things["cell_out" if name == "cell" else f"{name}_out"] = after

    def _class_of(self, column: str, kind: KindOfThing, role: str) -> str:
        step = self.step
        if step and role in ("input", "output"):
            chosen = (step.input if role == "input" else step.output).get(kind.name)
            if chosen and kind.name != "lot":
                return chosen
        base = {"machine": _DEVICE, "lot": "MaterialLot"}.get(kind.name)
        if base:
            best = self._best(column, lambda term: term.kind == "class" and self.under(term, base))
            general = best is not None and best.term.label in ("Device", "ManufacturingDevice")
            if best and best.score >= 0.75 and not general:
                return self.label(best.term)
        if kind.name == "machine" and step and step.machine and has_words(column, _GENERAL_MACHINE):
            return step.machine
        return kind.class_

    def _bearers(self) -> None:
        own = {str(line.keys["id"]) for line in self.lines.values() if "id" in line.keys
               and self.values[line.column].unique}  # fmt: skip
        own |= {name for name, thing in self.things.items() if thing.key and name != "run"}
        for name, thing in self.things.items():
            # A thing that comes in several rows would get several values of one quantity.
            if name in own and thing.role == "output" and not self.output:
                self.output = name
            if name in own and thing.role == "input" and thing.kind != "lot" and not self.input:
                self.input = name
        roles = Counter(thing.role for thing in self.things.values())
        if not roles["output"] and roles["input"] == 1:
            # What is inspected or tested comes out as it went in.
            only = next(name for name, thing in self.things.items() if thing.role == "input")
            self.output = only if only in own else ""

    # Times

    def _times(self) -> None:
        times = [column for column in self.columns if self.values[column].kind == "times"]
        times = [column for column in times if not column.startswith(_PREAMBLE)]
        ends = [column for column in times if says(column, "end")]
        starts = [column for column in times if says(column, "start") and column not in ends]
        plain = [column for column in times if column not in starts and column not in ends]
        if not starts and len(plain) == 1:
            starts, plain = plain, []
        first, second = plain, []
        if len(plain) == 2 and not starts and not ends:
            # Of two times of a row the first one is more likely the start, though nothing says so.
            first, second = plain[:1], plain[1:]
        for word, columns in (("start", starts), ("end", ends), ("start", first), ("end", second)):
            clear = len(columns) == 1 and columns in (starts, ends)
            for column in columns:
                self.lines[column] = self._time(column, word, clear)

    def _time(self, column: str, word: str, clear: bool) -> Line:
        values = self.values[column]
        keys: dict[str, object] = {"time": word}
        comments = [f"{'begins' if word == 'start' else 'ends'} the run"]
        form = values.formats[0]
        native = self.sight.table.native_times and form == "iso"
        if form != "iso":
            keys["format"] = form
        comments.append(f"such as {values.examples[0]}")
        others = [other for other in values.formats[1:] if _plain_form(other) == _plain_form(form)]
        if others:
            clear = False
            comments.append(f"day and month may be the other way round: {others[0]}")
        if not values.zoned:
            german = sum(says(name, "german") for name in self.columns) > 1
            keys["zone"] = _ZONE
            comments.append("check the zone" if native or german else "check the zone, which nothing tells")
        if not clear and not others:
            comments[0] = f"a time, but is it the {word} of the run?"
        return Line(column, "columns" if clear else "todo", keys, "; ".join(comments))

    # Quantities and texts

    def _best(self, column: str, fits: Callable[[Term], bool]) -> Candidate | None:
        return next((c for c in self.found[column].candidates if fits(c.term)), None)

    def _other(self, column: str) -> Line:
        values = self.values[column]
        if values.kind in ("numbers", "inline"):
            return self._quantity(column)
        if values.kind in ("times", "clock"):
            said = "a time of day without its day" if values.kind == "clock" else "a time"
            return Line(column, "todo", {}, f"{said}, such as {_some(values)}")
        if values.kind == "empty" and self._best(column, self.is_quantity) and self.found[column].unit:
            return self._quantity(column)
        return self._text(column)

    def _quantity(self, column: str) -> Line:
        found, values = self.found[column], self.values[column]
        candidates = [c for c in found.candidates if self.is_quantity(c.term) and c.score >= SOME]
        if not candidates:
            unit = f" in {found.unit}" if found.unit else ""
            return Line(column, "todo", {}, f"numbers{unit}, such as {_some(values)}; {found.reason}")
        best = self._of_step(column, candidates)
        candidates = [best, *(c for c in candidates if c != best)]
        rivals = [c for c in candidates[1:] if not self.words.is_a(best.term.iri, c.term.iri)]
        alone = best.score >= ALONE and (not rivals or best.score - rivals[0].score >= BEHIND)
        first = found.best is not None and found.best.term == best.term
        if self.step and self.sure and best.score >= ALONE and has_words(best.term.label, self.step.words):
            # Of the speeds of a web, in the log of a calender, one is that of the calender.
            alone = alone or not any(has_words(c.term.label, self.step.words) for c in rivals)
            first = first and found.verdict == "confident"
        clear = found.verdict == "confident" if first else alone
        code, doubt = self._unit(column, best.term)
        keys: dict[str, object] = {"term": self.label(best.term), "unit": code}
        if column in self.units:
            keys["unit"], doubt = {"column": self.units[column]}, ""
        comment = f"{best.score:.2f}: {best.reason}"
        if not clear or (len(candidates) > 1 and candidates[1].score > 0.9):
            others = ", ".join(f"{self.label(c.term)} {c.score:.2f}" for c in candidates[1:3])
            comment += f"; or {others}" if others else ""
        if doubt:
            comment = f"{doubt}; {comment}"
        if of := self._bearer(column, best.term):
            keys["of"] = of
        if "set value" in found.qualifiers:
            keys["value"] = "set"
        extremes = {"maximum", "minimum", "standard deviation", "mean", "median"}.intersection(
            found.qualifiers
        )
        if extremes:
            keys["name"] = "-".join(sorted(extremes)).replace(" ", "-")
        return Line(column, "columns" if clear and not doubt else "todo", keys, comment)

    def _of_step(self, column: str, candidates: list[Candidate]) -> Candidate:
        """Return the first candidate, or the narrower one that speaks of this step: calendered density."""
        best = candidates[0]
        if self.input and says(column, "before"):
            return best
        bearer = self.things.get(self._bearer(column, best.term))
        asked = [f"={bearer.kind}"] if bearer else []
        asked += self.step.words if self.step and self.sure else ()
        for other in candidates[1:]:
            narrower = self.words.is_a(other.term.iri, best.term.iri) and other.score >= best.score - NARROWER
            if narrower and has_words(other.term.label, asked):
                return other
        return best

    def _unit(self, column: str, term: Term) -> tuple[str, str]:
        """Return the unit of a column, and what is doubtful about it."""
        found = self.found[column]
        if self.values[column].kind == "inline":
            return "inline", ""
        canonical = self.words.canonical_unit(term.iri)
        if found.unit is None:
            if canonical is None:
                return "1", "no unit is named"
            stored = canonical.ucum or canonical.name
            if stored == "1":
                return "1", ""
            return stored, f"no unit is named; '{stored}' is what it is stored in"
        unit = self.words.units.get(found.unit_iri) if found.unit_iri else None
        if unit is None:
            return found.unit, f"the unit '{found.unit}' is not known; kg terms may have it"
        name = unit.name.translate(_PLAIN_SIGNS)
        if name.isascii() and re.search(r"[.-]", unit.ucum) and _same_unit(self.words, name, unit.iri):
            return name, ""  # mg/cm2 is read more easily than mg.cm-2
        return unit.ucum or unit.name, ""

    def _bearer(self, column: str, term: Term) -> str:
        """Return the thing that a quantity belongs to, or nothing for the run."""
        if self.under(term, _PARAMETER) or says(term.label, "place") or says(column, "place"):
            return ""
        if self.under(term, "emmo:Duration"):
            return ""  # it is the run that lasts
        if "set value" in self.found[column].qualifiers:
            return ""
        if self.input and self.input != self.output and says(column, "before"):
            return self.input
        return self.output

    def _text(self, column: str) -> Line:
        values, found = self.values[column], self.found[column]
        if says(column, "comment"):
            return Line(column, "columns", {"text": "comment"}, "a remark on the run")
        prop = self._best(column, lambda term: term.kind == "datatype property")
        told = f"texts such as {_some(values)}" if values.filled else "no value in this file"
        if prop and prop.score >= 0.9 and values.kind in ("words", "codes"):
            rest = [c for c in found.candidates if c.term.kind == "datatype property" and c.term != prop.term]
            clear = not rest or prop.score - rest[0].score >= BEHIND
            best = found.best is not None and found.best.score - prop.score < 0.1
            comment = f"{prop.score:.2f}: {prop.reason}; {told}"
            keys: dict[str, object] = {"text": self.label(prop.term)}
            return Line(column, "columns" if clear and best else "todo", keys, comment)
        choice = self._choice(column)
        if choice:
            return Line(column, "todo", choice, f"a kind of thing? {told}")
        if prop and prop.score >= SOME:
            return Line(
                column, "todo", {"text": self.label(prop.term)}, f"{prop.score:.2f}: {prop.reason}; {told}"
            )
        term = found.best
        hint = (
            f"; {self.label(term.term)} {term.score:.2f} is no property of a text"
            if term and term.score > 0.8
            else ""
        )
        return Line(column, "todo", {}, f"{told}{hint}")

    def _choice(self, column: str) -> dict[str, object]:
        """Return the line of a column whose few words each name a class: Kathode, Anode."""
        values = self.values[column]
        if (
            values.kind != "words"
            or not 2 <= values.different <= 12
            or values.different > 0.5 * values.filled
        ):
            return {}
        texts = self.sight.table.frame[column].drop_nulls().unique(maintain_order=True).to_list()
        pairs: dict[str, str] = {}
        for text, found in zip(texts, resolve(texts, self.words, context=False), strict=True):
            best = next(
                (c for c in found.candidates if c.term.kind == "class" and not self.is_quantity(c.term)), None
            )
            if best is None or best.score < ALONE:
                return {}
            pairs[text] = self.label(best.term)
        of = self.output or self.input
        return {"class": pairs, **({"of": of} if of else {})}

    def _name_twins(self) -> None:
        """Tell columns apart that would write the same quantity of the same thing."""
        groups: dict[tuple[object, ...], list[Line]] = {}
        for line in self.lines.values():
            if "term" in line.keys:
                what = tuple(line.keys.get(key) for key in ("term", "of", "value", "name"))
                groups.setdefault(what, []).append(line)
        for lines in groups.values():
            if len(lines) < 2:
                continue
            common = set.intersection(*(set(spoken(line.column)) for line in lines)) - {"zone"}
            for line in lines:
                name = slug(line.column, {*common, "soll", "ist", "set", "actual"}) or slug(line.column)
                given = line.keys.get("name")
                keys = {**line.keys, "name": f"{name}-{given}" if given else name}
                comment = f"{line.comment}; named, as {len(lines)} columns have this term"
                self.lines[line.column] = replace(line, keys=keys, comment=comment)


_GENERAL_MACHINE = ("maschine", "machine", "anlage", "=station", "=stations", "=gerät", "=device")
_PLAIN_SIGNS = str.maketrans("²³µ", "23u")
_ROLES = {"input": "goes in", "output": "comes out", "tool": "a machine", "agent": "a person"}


def _kind(name: str) -> KindOfThing:
    return next(kind for kind in kinds() if kind.name == name)


def _beside(column: str) -> tuple[str, ...]:
    """Return the names that a column with the units of another column may have."""
    stem, dot, last = column.rpartition(".")
    inside = (f"{stem}.unit", f"{stem}.units") if dot and last.lower() in ("value", "val", "number") else ()
    return (*inside, f"{column}.unit", f"{column}_unit", f"{column} unit", f"{column} Einheit")


def _braced(column: str) -> str:
    return "{" + column.replace("{", "{{").replace("}", "}}") + "}"


def _short(values: Values) -> bool:
    return values.different <= 0.7 * values.filled + 1 and all(len(text) <= 30 for text in values.examples)


def _some(values: Values) -> str:
    shown = [text if len(text) <= 24 else f"{text[:24]}..." for text in values.examples[:3]]
    return ", ".join(" ".join(text.split()) for text in shown) or "none"


def _same_unit(words: Vocabulary, text: str, iri: str) -> bool:
    try:
        return words.units.parse(text).iri == iri
    except KgError:  # no unit is written like this
        return False


def _plain_form(form: str) -> str:
    """Return a form of a time in which day and month cannot be told apart."""
    return form.replace("%d", "%n").replace("%m", "%n")


def pattern_of(name: str) -> str:
    """Return a pattern for this file and those of other days: its name with a star for each number.

    >>> pattern_of("kalander_2026-03.xlsx"), pattern_of("2026.csv")
    ('kalander_*.xlsx', '2026.csv')
    """
    stem, dot, ending = name.rpartition(".")
    starred = re.sub(r"\*+", "*", re.sub(r"\d+(?:[-_.:]?\d+)*", "*", stem))
    starred = starred if len(re.sub(r"[^A-Za-zÄÖÜäöü]", "", starred)) >= 3 else stem
    return f"{starred}{dot}{ending}"


def summary(parts: Sequence[Part]) -> Counter[str]:
    """Return how many lines stand where."""
    return Counter(line.where for part in parts for line in part.lines)
