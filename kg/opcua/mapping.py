"""A mapping of nodes -> the nodes to watch, what they say of states and runs, and a mapping of the rows.

A column of `runs` is a line of the mapping language with `node`, and `take`, added. What is left without them
is the mapping by which the journal is loaded like any other file.
"""

from __future__ import annotations

import functools
import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml
from pydantic import Field, ValidationError

from kg.errors import Fault, FaultsError
from kg.mappers.plan import Plan, plan_of
from kg.mappers.spec import OneOrMore, Strict, Texts
from kg.mappers.yamlfile import Document, Place, read_documents
from kg.near import near, quoted
from kg.opcua.take import TAKES
from kg.opcua.tracker import Rules
from kg.resources import PACKAGE
from kg.terms import vocabulary

READY = PACKAGE / "opcua" / "ready"
STATES, RUNS = ".opcua-states.jsonl", ".opcua-runs.jsonl"
"""How the names of the journals end."""
OWN = {"machine": "id", "start": "time", "end": "time", "unwatched": "text", "number": "text"}
"""Columns that every row of a run has."""


class StatesSpec(Strict):
    """Which nodes tell the state of the machine, and how they name it."""

    names: str | dict[str, str] = "packml"
    node: Texts = ()
    reason: str | None = None
    reasons: dict[str, str] = Field(default={})
    stops: Texts = ()


class RunsSpec(Strict):
    """When a run goes on, and what its row holds: things, links and columns as in any mapping."""

    while_: Texts = Field(default=(), alias="while")
    settle: float = Field(default=1.0, ge=0)
    things: dict[str, Any]
    links: Any = ()
    missing: Any = None
    columns: dict[str, dict[str, Any]]


class WatchSpec(Strict):
    """The mapping of one machine."""

    title: str
    machine: str = Field(min_length=1)
    class_: str = Field(default="ManufacturingDevice", alias="class")
    root: str = "/Objects"
    states: StatesSpec
    runs: RunsSpec | None = None


@dataclass(frozen=True)
class NodeRef:
    """Where a value stands on the server: a node, of a structure its part; it may be one that need not be."""

    node: str
    part: str = ""
    optional: bool = False


@dataclass(frozen=True)
class Watched:
    """A mapping, checked: the node of each column, the rules of states and runs, the mapping of the rows."""

    title: str
    machine: str
    root: str
    nodes: Mapping[str, NodeRef]
    rules: Rules
    plan: Plan | None
    text: str

    @property
    def stem(self) -> str:
        """Return how the names of all files of the machine begin."""
        return quote(self.machine, safe=" ")


def ready(name: str) -> dict[str, Any]:
    """Return the names of states that come with the product. Raises KeyError where there are none."""
    path = READY / f"{name}.toml"
    if not path.is_file():
        raise KeyError(name)
    return tomllib.loads(path.read_text(encoding="utf-8"))


def ready_names() -> list[str]:
    """Return what mappings of states come with the product."""
    return sorted(path.stem for path in READY.glob("*.toml"))


@functools.cache
def state_names() -> tuple[str, ...]:
    """Return the states that the mapping of the journals knows."""
    (document,) = read_documents(PACKAGE / "mappers" / "opcua" / "machine_states.yaml")
    return tuple(document.values["columns"]["state"]["class"])


def _spec(document: Document) -> WatchSpec:
    try:
        return WatchSpec.model_validate(document.values)
    except ValidationError as error:
        faults: dict[Fault, None] = {}
        for detail in error.errors():
            place: Place = detail["loc"]
            where = ", ".join(map(str, place[:-1]))
            said = {
                "missing": f"'{place[-1] if place else ''}' is missing",
                "extra_forbidden": f"'{place[-1] if place else ''}' is no key here",
            }.get(detail["type"], f"{place[-1] if place else 'the mapping'}: {detail['msg']}")
            text = f"{where}: {said}." if where else f"{said}."
            faults[document.fault(place, f"{text} The keys: docs/how-to/watch-a-machine.md")] = None
        raise FaultsError(list(faults)) from None


class _Reader:
    """One mapping of nodes, while its faults are collected."""

    def __init__(self, document: Document, spec: WatchSpec) -> None:
        self.document, self.spec = document, spec
        self.faults: list[Fault] = []
        self.nodes: dict[str, NodeRef] = {}
        self.takes: dict[str, str] = {}
        self.ready = self._ready()

    def wrong(self, place: Place, text: str) -> None:
        self.faults.append(self.document.fault(place, text))

    def _ready(self) -> dict[str, Any]:
        names = self.spec.states.names
        if not isinstance(names, str):
            states = state_names()
            for said, name in names.items():
                if name not in states:
                    hint = quoted(near(name, states)) or quoted(states)
                    self.wrong(("states", "names", said), f"no state is called '{name}'. Near: {hint}.")
            return {**ready("packml"), "node": [], "reason": None, "names": names}
        try:
            return ready(names)
        except KeyError:
            known = ready_names()
            hint = f"Near: {quoted(near(names, known))}. " if near(names, known) else ""
            text = f"no names of states are called '{names}'. {hint}There are: {', '.join(known)}."
            self.wrong(("states", "names"), text)
            return {"names": {}}

    def states(self) -> tuple[tuple[str, ...], str | None]:
        """Return the columns that tell the state, and the one of its reason."""
        spec = self.spec.states
        found = spec.node or tuple(self.ready.get("node", ()))
        if not found:
            self.wrong(("states",), "states: 'node' is missing: the node that tells the state.")
        columns = tuple(f"state {number}" for number in range(len(found)))
        self.nodes.update((column, _ref(text)) for column, text in zip(columns, found, strict=True))
        # Where the node of the state is one's own, so is that of the reason.
        reason = spec.reason if spec.reason or spec.node else self.ready.get("reason")
        if reason:
            self.nodes["reason"] = replace(_ref(reason), optional=not spec.reason)
        return columns, "reason" if reason else None

    def columns(self, runs: RunsSpec) -> dict[str, dict[str, Any]]:
        """Return the columns as the mapping language has them, and keep their nodes and what is taken."""
        lines: dict[str, dict[str, Any]] = {}
        for name, line in runs.columns.items():
            place: Place = ("runs", "columns", name)
            if name in OWN or name in self.nodes:
                self.wrong(place, f"each row has a column '{name}' already. Give this one another name.")
            node, take = line.get("node"), line.get("take")
            if not isinstance(node, str) or not node:
                self.wrong(
                    place, f"column '{name}': 'node' is missing: where its value stands on the server."
                )
                node = ""
            measured = "term" in line and line.get("value", "measured") == "measured"
            take = take or ("mean" if measured else "last")
            if take not in TAKES:
                known = ", ".join(TAKES)
                self.wrong((*place, "take"), f"column '{name}': '{take}' cannot be taken. One of: {known}.")
            self.nodes[name], self.takes[name] = _ref(node), take
            lines[name] = {key: value for key, value in line.items() if key not in ("node", "take")}
        return lines

    def ordinary(self, runs: RunsSpec) -> dict[str, Any]:
        """Return the mapping of the rows in the mapping language."""
        things = dict(runs.things)
        things.setdefault("machine", {"kind": "machine", "class": self.spec.class_, "role": "tool"})
        columns = self.columns(runs)
        run = things.get("run")
        if not any(line.get("id") == "run" for line in columns.values()) and isinstance(run, dict):
            run = {"key": "{machine}/{start}", **run}
            things["run"] = run
        stem = quote(self.spec.machine, safe=" ").replace("[", "[[]")
        own = {"machine": {"id": "machine"}, "start": {"time": "start"}, "end": {"time": "end"}}
        made: dict[str, Any] = {
            "title": self.spec.title,
            "source": "records",
            "files": [f"{stem}_*{RUNS}"],
            "things": things,
            "columns": {**own, **columns},
            "ignore": ["number", "unwatched", "series"],
        }
        return made | {key: value for key in ("links", "missing") if (value := getattr(runs, key))}

    def plan(self, runs: RunsSpec) -> tuple[Plan | None, str]:
        """Return the plan of the rows and the text of their mapping; faults have the lines of the file."""
        values = self.ordinary(runs)
        lines = {
            place[1:] if place[0] == "runs" else place: n for place, n in self.document.lines.items() if place
        }
        text = yaml.safe_dump(values, allow_unicode=True, sort_keys=False, width=110)
        digest = hashlib.sha256(text.encode()).hexdigest()
        try:
            plan = plan_of(Document(self.document.path, values, lines), vocabulary(), digest)
        except FaultsError as error:
            self.faults += error.faults
            return None, text
        assert isinstance(plan, Plan)
        return plan, text


def _ref(text: str) -> NodeRef:
    """Return the node of `NODE` or `NODE -> PART`."""
    node, _, part = text.partition("->")
    return NodeRef(node.strip(), part.strip())


def read_mapping(path: Path) -> list[Watched]:
    """Return the machines of a mapping file, one for each of its documents.

    Raises FaultsError with all faults, each with its line.
    """
    faults: list[Fault] = []
    found: list[Watched] = []
    for document in read_documents(path):
        try:
            found.append(_watched(document))
        except FaultsError as error:
            faults += error.faults
    machines = [each.machine for each in found]
    for machine in sorted({name for name in machines if machines.count(name) > 1}):
        faults.append(
            Fault(path.name, 0, f"the machine '{machine}' is there twice. Put its nodes into one document.")
        )
    if faults:
        raise FaultsError(faults)
    return found


def _watched(document: Document) -> Watched:
    spec = _spec(document)
    reader = _Reader(document, spec)
    states, reason = reader.states()
    plan, text = reader.plan(spec.runs) if spec.runs else (None, "")
    known = set(reader.ready["names"].values())
    running: OneOrMore = (spec.runs.while_ if spec.runs else ()) or tuple(
        reader.ready.get("while", ["Execute"])
    )
    for index, name in enumerate(spec.runs.while_ if spec.runs else ()):
        if known and name not in known:
            near_ = quoted(near(name, known)) or quoted(sorted(known))
            reader.wrong(("runs", "while", index), f"no state is called '{name}'. Near: {near_}.")
    if reader.faults:
        raise FaultsError(reader.faults)
    names = {said.lower(): name for said, name in reader.ready["names"].items()}
    columns = spec.runs.columns if spec.runs else {}
    rules = Rules(
        machine=spec.machine,
        states=states,
        names={name.lower(): name for name in known} | names,
        running=frozenset(running) if spec.runs else frozenset(),
        stops=frozenset(spec.states.stops or reader.ready.get("stops", ())),
        reason=reason,
        reasons=spec.states.reasons,
        run_id=next((name for name, line in columns.items() if line.get("id") == "run"), None)
        or _id_column(spec, columns),
        settle=spec.runs.settle if spec.runs else 1.0,
        takes=reader.takes,
    )
    return Watched(spec.title, spec.machine, spec.root, reader.nodes, rules, plan, text)


def _id_column(spec: WatchSpec, columns: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Return the one column in the key of the run, where the key is made of a single column."""
    run = spec.runs.things.get("run") if spec.runs else None
    key = str(run.get("key", "")) if isinstance(run, dict) else ""
    inside = [name for name in columns if f"{{{name}}}" in key]
    return inside[0] if len(inside) == 1 else None
