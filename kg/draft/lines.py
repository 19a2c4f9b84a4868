"""A column as it was seen -> its line of a draft: a quantity with term and unit, or a text."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from kg.draft.look import Sight
from kg.draft.parts import Line, Thing
from kg.draft.values import Values, values_of
from kg.draft.words import Step, has_words, says, slug, spoken
from kg.errors import KgError
from kg.mappers.plan import QUANTITIES
from kg.resolve import Candidate, resolve
from kg.terms import Term, Vocabulary

ALONE = 0.84
"""Score from which a candidate is taken that is the only one of its sort."""
BEHIND = 0.04
"""How far the next candidate of the sort must stay behind for that."""
NARROWER = 0.13
"""How far a narrower term may stay behind that speaks of the step, or of the thing that bears it."""
SOME = 0.6
"""Score from which a candidate is worth a line under `todo`."""
PREAMBLE = "preamble."
"""What the columns begin with that stand above the table."""

_PARAMETER = "emmo:ProcessParameter"
_PLAIN_SIGNS = str.maketrans("²³µ", "23u")


class Lines:
    """One table with what its names and values say, from which the lines of its columns are made."""

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
        names = [name.removeprefix(PREAMBLE) for name in self.columns]
        found = resolve(names, words, about=f"{path.stem} {sight.sheet}".strip())
        self.found = dict(zip(self.columns, found, strict=True))
        self.lines: dict[str, Line] = {}
        self.things: dict[str, Thing] = {}
        self.open: dict[str, str] = {}
        self.step: Step | None = None
        self.sure = False
        # `source`: where the quantities of the output and of the input are borne.
        self.output = self.input = ""

    def _holds_units(self, column: str, is_unit: Callable[[str], bool]) -> bool:
        if column not in self.values:
            return False
        texts = self.sight.table.frame[column].drop_nulls().unique().to_list()
        return bool(texts) and all(map(is_unit, texts))

    def label(self, term: Term) -> str:
        """Return how a term is named in a mapping: by its label where that is no other's."""
        try:
            return (
                term.label if self.words.resolve(term.label, kinds=(term.kind,)) == term else term.qualified
            )
        except KgError:  # ambiguous or deprecated: the prefix tells
            return term.qualified

    def is_quantity(self, term: Term) -> bool:
        """Return whether a term is a class of quantities."""
        return term.kind == "class" and (
            any(self.words.is_a(term.iri, iri) for iri in QUANTITIES)
            or self.words.canonical_unit(term.iri) is not None
        )

    def under(self, term: Term, label: str) -> bool:
        """Return whether a term is a class with this label, or below it."""
        return self.words.is_a(term.iri, self.words.resolve(label, kinds=("class",)).iri)

    def best(self, column: str, fits: Callable[[Term], bool]) -> Candidate | None:
        """Return the best candidate for a column among those that fit."""
        return next((c for c in self.found[column].candidates if fits(c.term)), None)

    def other(self, column: str) -> Line:
        """Return the line of a column that names no thing and is no time of the run."""
        values = self.values[column]
        if values.kind in ("numbers", "inline"):
            return self._quantity(column)
        if values.kind in ("times", "clock"):
            said = "a time of day without its day" if values.kind == "clock" else "a time"
            return Line(column, "todo", {}, f"{said}, such as {some(values)}")
        if values.kind == "empty" and self.best(column, self.is_quantity) and self.found[column].unit:
            return self._quantity(column)
        return self._text(column)

    def _quantity(self, column: str) -> Line:
        found, values = self.found[column], self.values[column]
        candidates = [c for c in found.candidates if self.is_quantity(c.term) and c.score >= SOME]
        if not candidates:
            unit = f" in {found.unit}" if found.unit else ""
            return Line(column, "todo", {}, f"numbers{unit}, such as {some(values)}; {found.reason}")
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
        prop = self.best(column, lambda term: term.kind == "datatype property")
        told = f"texts such as {some(values)}" if values.filled else "no value in this file"
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

    def name_twins(self) -> None:
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


def _beside(column: str) -> tuple[str, ...]:
    """Return the names that a column with the units of another column may have."""
    stem, dot, last = column.rpartition(".")
    inside = (f"{stem}.unit", f"{stem}.units") if dot and last.lower() in ("value", "val", "number") else ()
    return (*inside, f"{column}.unit", f"{column}_unit", f"{column} unit", f"{column} Einheit")


def some(values: Values) -> str:
    """Return some values as they are told to a person."""
    shown = [text if len(text) <= 24 else f"{text[:24]}..." for text in values.examples[:3]]
    return ", ".join(" ".join(text.split()) for text in shown) or "none"


def _same_unit(words: Vocabulary, text: str, iri: str) -> bool:
    try:
        return words.units.parse(text).iri == iri
    except KgError:  # no unit is written like this
        return False
