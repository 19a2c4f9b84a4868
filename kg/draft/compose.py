"""A table as it was seen -> what each of its columns is proposed to be, and the things of a row."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kg.draft.lines import ALONE, PREAMBLE, Lines
from kg.draft.look import Sight, look
from kg.draft.parts import Line, Part, Thing
from kg.draft.values import Values
from kg.draft.words import KindOfThing, Step, has_words, kinds, says, slug, steps
from kg.draft.write import render
from kg.errors import FaultsError
from kg.mappers.plan import read_plans
from kg.mappers.spec import MISSING
from kg.resolve import unit_reader
from kg.terms import Vocabulary, vocabulary

_ZONE = "Europe/Berlin"
_DEVICE = "emmo:Device"


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


class _Composer(Lines):
    """One table on its way to a mapping."""

    def __init__(self, path: Path, sight: Sight, words: Vocabulary, is_unit: Callable[[str], bool]) -> None:
        super().__init__(path, sight, words, is_unit)
        self.step, self.sure = self._step()

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
                self.lines[column] = self.other(column)
        self.name_twins()
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
                self.lines[column] = self.other(column)
        self._bearers()

    def _is_identifier(self, column: str) -> bool:
        values, found = self.values[column], self.found[column]
        if values.kind in ("empty", "times", "clock", "inline"):
            return False
        kind = self._kind(column)
        if column.startswith(PREAMBLE):
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
            best = self.best(column, lambda term: term.kind == "class" and self.under(term, _DEVICE))
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
            best = self.best(column, lambda term: term.kind == "class" and self.under(term, base))
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
        times = [column for column in times if not column.startswith(PREAMBLE)]
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


_GENERAL_MACHINE = ("maschine", "machine", "anlage", "=station", "=stations", "=gerät", "=device")
_ROLES = {"input": "goes in", "output": "comes out", "tool": "a machine", "agent": "a person"}


def _kind(name: str) -> KindOfThing:
    return next(kind for kind in kinds() if kind.name == name)


def _braced(column: str) -> str:
    return "{" + column.replace("{", "{{").replace("}", "}}") + "}"


def _short(values: Values) -> bool:
    return values.different <= 0.7 * values.filled + 1 and all(len(text) <= 30 for text in values.examples)


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
