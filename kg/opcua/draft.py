"""What a server shows below a machine -> a draft of its mapping, with the proposals of the resolver."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from kg.errors import KgError
from kg.mappers.plan import QUANTITIES
from kg.opcua.mapping import ready, ready_names
from kg.resolve import Resolution, resolve
from kg.terms import Term, vocabulary

_STATES = ("statecurrent", "state", "currentstate", "machinestate", "packmlstate")
_REASONS = ("stopreason", "reason", "stopreasonid")
_RUNS = ("lot", "lotid", "batch", "batchid", "jobidentifier", "order", "orderid", "runid", "charge", "los")


@dataclass(frozen=True)
class Variable:
    """A variable of a server: its path below the machine, whether it is a number, and its unit as text."""

    path: str
    number: bool
    unit: str = ""

    @property
    def name(self) -> str:
        """Return the last name of the path."""
        return self.path.rpartition("/")[2]


def _name(term: Term) -> str:
    """Return the label of a term, with its prefix where others are called so."""
    try:
        return term.label if vocabulary().resolve(term.label) == term else term.qualified
    except KgError:
        return term.qualified


def _is_quantity(iri: str) -> bool:
    return any(vocabulary().is_a(iri, quantity) for quantity in QUANTITIES)


def _first(variables: Iterable[Variable], names: Sequence[str]) -> Variable | None:
    by_name = {each.name.casefold().replace("_", ""): each for each in variables}
    return next((by_name[name] for name in names if name in by_name), None)


def draft(machine: str, root: str, variables: Sequence[Variable]) -> str:
    """Return the text of a mapping: what is clear as lines, what is not as comments."""
    state, reason = _first(variables, _STATES), _first(variables, _REASONS)
    run = _first(variables, _RUNS)
    paths = {each.path for each in variables}
    known = next((name for name in ready_names() if paths & set(ready(name)["node"])), "")
    text = [
        "# Drafted from what the server shows. Decide the lines that begin with '#', and fill in every '?'.",
        "# What each key means: docs/how-to/watch-a-machine.md",
        f"title: {_quoted(f'{machine}, watched')}",
        f"machine: {_quoted(machine)}",
        "class: ManufacturingDevice  # kg terms calender",
        f"root: {_quoted(root)}",
        "states:",
    ]
    if known:
        text.append(f"  names: {known}  # {ready(known)['title']}, by the nodes that it prescribes")
    else:
        node = _quoted(state.path) if state else "'?'"
        text += ['  names: packml  # or your own: {"0": Idle, "1": Execute}', f"  node: {node}"]
        text += [f"  reason: {_quoted(reason.path)}"] if reason else []
    text += [
        "runs:",
        "  things:",
        "    run: {kind: run, class: '?', role: run}  # the step: kg terms calendering",
        "  columns:",
    ]
    told = {each.path for each in (state, reason) if each} | {
        node for name in ready_names() for node in ready(name)["node"]
    }
    text += _columns([each for each in variables if each.path not in told], run, machine)
    return "\n".join(text) + "\n"


def _columns(variables: Sequence[Variable], run: Variable | None, about: str) -> Iterator[str]:
    headers = [f"{each.name} [{each.unit}]" if each.unit else each.name for each in variables]
    for each, found in zip(variables, resolve(headers, about=about), strict=True):
        if each is run:
            yield f"    {_quoted(each.path)}: {{node: {_quoted(each.path)}, id: run}}"
        else:
            yield _line(each, found)


def _line(variable: Variable, found: Resolution) -> str:
    name = _quoted(variable.path)
    begin = f"{name}: {{node: {name}"
    fits = [each for each in found.candidates if _is_quantity(each.term.iri)] if variable.number else []
    if not fits:
        return f"    # {begin}, text: comment}}  # {found.reason if variable.number else 'a text'}"
    best, unit = fits[0], vocabulary().units.get(found.unit_iri or "")
    code = _quoted(unit.code) if unit else "'?'"
    kind = ", value: set" if "set value" in found.qualifiers else ""
    line = f"{begin}, term: {_name(best.term)}, unit: {code}{kind}}}"
    others = ", ".join(f"{_name(each.term)} ({each.score:.2f})" for each in fits[1:4])
    if found.verdict == "confident" and unit and found.best is best:
        return f"    {line}" + (f"  # else {others}" if others else "")
    canonical = vocabulary().canonical_unit(best.term.iri)
    hint = f"unit like {canonical.code}" if canonical and not unit else ""
    why = "; ".join(filter(None, [f"{best.score:.2f}", hint, f"else {others}" if others else ""]))
    return f"    # {line}  # {why}"


def _quoted(text: str) -> str:
    """Return a text as YAML takes it inside braces, too."""
    plain = text and all(char.isalnum() or char in " /_-." for char in text) and not text[0].isdigit()
    if plain and text == text.strip() and text[0] not in "-/.":
        return text
    return json.dumps(text, ensure_ascii=False)
