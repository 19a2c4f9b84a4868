"""A store -> what the rules about steps, states and batches write, made by columns."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from decimal import Decimal
from urllib.parse import quote

import polars as pl
import pyoxigraph as ox

from kg import model
from kg.derive.functions import deviation
from kg.derive.run import by_query
from kg.derive.tables import Parts, all_behind, line, numbers, pairs, rows, said, tables
from kg.namespaces import PREFIXES
from kg.store import Store
from kg.terms import vocabulary

_BVCOX = PREFIXES["bvcox"]
_TIME = f'"^^<{PREFIXES["xsd"]}dateTime> .\n'
_MOMENT = "%Y-%m-%dT%H:%M:%S%.f%#z"
_SLURRY = PREFIXES["bvco"] + "BVCO_a796baaa_dffa_4c6d_8526_ae6e9114b30c"  # BatteryElectrodeSlurry
_CELL = PREFIXES["bvco"] + "BVCO_adeeea10_13a2_48b1_93f5_e54290d73e32"  # FabricatedElectrochemicalCell


class Classes:
    """The hierarchy of classes as the rules see it: by rdfs:subClassOf."""

    def __init__(self, store: Store) -> None:
        self.children: dict[str, set[str]] = {}
        for child, parent in pairs(store, PREFIXES["rdfs"] + "subClassOf").iter_rows():
            self.children.setdefault(parent, set()).add(child)

    def below(self, *tops: str) -> set[str]:
        """Return these classes and all below them."""
        found, waiting = set(tops), list(tops)
        while waiting:
            new = self.children.get(waiting.pop(), set()) - found
            found |= new
            waiting += new
        return found


def expectations(store: Store, link: str) -> dict[str, set[str]]:
    """Return what BVCO expects of each step to go in or come out."""
    found: dict[str, set[str]] = {}
    for step, class_ in pairs(store, _BVCOX + link).iter_rows():
        found.setdefault(step, set()).add(class_)
    return found


def state_after_step(store: Store) -> Parts:
    """Return the state in which each run leaves what it gives out."""
    made = said(store, model.HAS_OUTPUT, "run", "thing", file="file")
    steps = said(store, model.RDF_TYPE, "run", "step", file="file")
    types = steps.rename({"run": "thing", "step": "state"})
    told = made.join(steps, on=["run", "file"]).join(types, on=["thing", "file"])
    told = told.select("run", "step", "state").unique()
    classes = Classes(store)
    given, taken = expectations(store, "expectsOutput"), expectations(store, "expectsInput")
    fits = []
    for step, state in told.select("step", "state").unique().iter_rows():
        if step in given:
            fit = state in classes.below(*given[step])
        else:
            fit = step in taken and state not in classes.below(*taken[step])
        if fit:
            fits.append((step, state))
    kept = pl.DataFrame(fits, schema={"step": pl.String, "state": pl.String}, orient="row")
    told = told.join(kept, on=["step", "state"]).select("run", "state").unique()
    yield line(told, "<", pl.col("run"), f"> <{_BVCOX}leavesState> <", pl.col("state"), "> .\n")


def _instant(column: str) -> pl.Expr:
    """Return a column of times as instants; null where a text is no time with its zone."""
    return pl.col(column).str.to_datetime(_MOMENT, time_zone="UTC", strict=False)


def latest_state(store: Store) -> Parts:
    """Return run, time, machine and state of each thing as seen last; by the rule where a time is odd."""
    made = said(store, model.HAS_OUTPUT, "run", "thing")
    ended = made.join(said(store, model.END, "run", "end"), on="run").with_columns(at=_instant("end"))
    if ended["at"].null_count():
        yield from by_query(store, "latest-state")
        return
    last = ended.filter(pl.col("at") == pl.col("at").max().over("thing"))
    tools = said(store, model.HAS_TOOL, "run", "machine")
    left = pairs(store, f"{_BVCOX}leavesState").select(run="from", state="to")
    types = said(store, model.RDF_TYPE, "thing", "state").join(made, on="thing", how="semi")
    states = last.join(left, on="run").join(types, on=["thing", "state"], how="semi")
    for told, link, column in (
        (last, "lastRun", "run"),
        (last.join(tools, on="run"), "lastPlace", "machine"),
        (states, "presentState", "state"),
    ):
        some = told.select("thing", column).unique()
        yield line(some, "<", pl.col("thing"), f"> <{_BVCOX}{link}> <", pl.col(column), "> .\n")
    times = last.select("thing", "end").unique()
    yield line(times, "<", pl.col("thing"), f'> <{_BVCOX}lastSeenAt> "', pl.col("end"), _TIME)


def step_bridges(store: Store) -> Parts:
    """Return the shortest ways between steps that do not follow on one another."""
    follows: dict[str, set[str]] = {}
    for one, other in pairs(store, f"{_BVCOX}canPrecede").iter_rows():
        follows.setdefault(one, set()).add(other)
    nothing: set[str] = set()
    found = set()
    for first, seconds in follows.items():
        direct = seconds
        two = {end for step in seconds for end in follows.get(step, nothing)}
        for step in seconds:
            for then in follows.get(step, nothing):
                found.add((first, then, step))
                for end in follows.get(then, nothing) - two:
                    found |= {(first, end, step), (first, end, then)}
        found -= {(one, to, by) for one, to, by in found if one == first and to in direct}
    told: dict[str, None] = {}
    for first, to, by in sorted(found):
        if first != to and by not in (first, to):
            names = "-".join(iri.replace("#", "/").rpartition("/")[2] for iri in (first, to))
            bridge = f"<https://w3id.org/battery-kg/derived/step-bridges#{names}>"
            for link, node in (("bridgesFrom", first), ("bridgesTo", to), ("bridgesBy", by)):
                told[f"{bridge} <{_BVCOX}{link}> <{node}> .\n"] = None
    yield "".join(told).encode()


def missing_steps(store: Store) -> Parts:
    """Return the steps of which there must be a run of a thing, and there is none."""
    steps = said(store, model.RDF_TYPE, "run", "step")
    made, taken = (
        said(store, link, "run", "thing").join(steps, on="run").select("thing", "step").unique()
        for link in (model.HAS_OUTPUT, model.HAS_INPUT)
    )
    parts = [
        pairs(store, _BVCOX + link).rename({"from": "bridge", "to": name})
        for link, name in (("bridgesFrom", "before"), ("bridgesTo", "after"), ("bridgesBy", "step"))
    ]
    bridges = parts[0].join(parts[1], on="bridge").join(parts[2], on="bridge")
    between = (
        made.rename({"step": "before"})
        .join(taken.rename({"step": "after"}), on="thing")
        .join(bridges, on=["before", "after"])
        .select("thing", "step")
        .unique()
        .join(made, on=["thing", "step"], how="anti")
    )
    yield line(between, "<", pl.col("thing"), f"> <{_BVCOX}lacksStep> <", pl.col("step"), "> .\n")


def machine_state_ends(store: Store) -> Parts:
    """Return when each machine left each of its states; by the rule where a time is odd."""
    found = rows(
        store,
        """SELECT DISTINCT ?state ?machine ?start ?stated WHERE {
        ?state bvcox:stateOfMachine ?machine ; prov:startedAtTime ?start .
        OPTIONAL { ?state prov:endedAtTime ?stated } }""",
    )
    if found.is_empty():
        return
    found = found.with_columns(at=_instant("start"))
    if found["at"].null_count():
        yield from by_query(store, "machine-state-ends")
        return
    starts = found.select("machine", "at", "start").unique(["machine", "at"]).sort("machine", "at")
    starts = starts.with_columns(next=pl.col("start").shift(-1).over("machine")).drop("start")
    told = found.join(starts, on=["machine", "at"]).with_columns(
        end=pl.when(pl.col("stated").fill_null("") != "").then(pl.col("stated")).otherwise(pl.col("next"))
    )
    told = told.filter(pl.col("end").is_not_null())
    yield line(told, "<", pl.col("state"), f'> <{_BVCOX}leftAt> "', pl.col("end"), _TIME)


def _members(store: Store, classes: set[str]) -> pl.DataFrame:
    listed = " ".join(f"<{iri}>" for iri in sorted(classes))
    return rows(store, f"SELECT DISTINCT ?thing WHERE {{ VALUES ?class {{ {listed} }} ?thing a ?class }}")


def batch_statistics(store: Store) -> Parts:
    """Return the statistics of the cells of each batch; by the rule where a source is no table."""
    graphs = store.graphs()
    if not graphs:
        return
    others = set(graphs) - tables(store)
    if any(len(some) for some in numbers(store, others)):
        yield from by_query(store, "batch-statistics")
        return
    classes = Classes(store)
    batches = _members(store, classes.below(_SLURRY))
    cells = _members(store, classes.below(_CELL))
    behind = all_behind(store).rename({"from": "cell", "to": "batch"})
    behind = behind.join(batches, left_on="batch", right_on="thing", how="semi")
    behind = behind.join(cells, left_on="cell", right_on="thing", how="semi")
    if behind.is_empty():
        return
    known = (
        some.join(behind, left_on="bearer", right_on="cell", how="semi") for some in numbers(store, graphs)
    )
    none = pl.DataFrame(schema={"bearer": pl.String, "name": pl.String, "value": pl.Float64})
    values = pl.concat([none, *known]).unique()
    grouped = behind.join(values, left_on="cell", right_on="bearer").group_by("batch", "name")
    told = grouped.agg("value", pl.col("cell").first()).sort("batch", "name")
    firsts = told.unique("name").select("name", "cell").iter_rows()
    kinds = {name: kind for name, cell in firsts if (kind := _kind(store, ox.NamedNode(f"{cell}#{name}")))}
    for batch, name, found, _ in told.iter_rows():
        if name in kinds:
            yield _statistic(f"{batch}#cells-{name}", batch, kinds[name], found)


def statistics_of(store: Store, batches: Iterable[str]) -> Parts:
    """Return the statistics of single batches: their cells are few, and looked up one by one."""
    classes = Classes(store)
    slurries, cells = classes.below(_SLURRY), classes.below(_CELL)
    behind = ox.NamedNode(f"{_BVCOX}comesFrom")
    for batch in sorted(batches):
        node = ox.NamedNode(batch)
        if not objects(store, node, model.RDF_TYPE) & slurries:
            continue
        found: dict[str, tuple[tuple[list[str], str], list[float]]] = {}
        for cell in sorted({q.subject.value for q in store.db.quads_for_pattern(None, behind, node, None)}):  # type: ignore[union-attr]
            if objects(store, ox.NamedNode(cell), model.RDF_TYPE) & cells:
                for name, kind, values in _measured(store, ox.NamedNode(cell)):
                    found.setdefault(name, (kind, []))[1].extend(values)
        for name, (kind, values) in sorted(found.items()):
            yield _statistic(f"{batch}#cells-{name}", batch, kind, values)


def _measured(store: Store, cell: ox.NamedNode) -> Iterator[tuple[str, tuple[list[str], str], list[float]]]:
    """Yield the measured values of a cell: name, terms and unit, numbers."""
    for iri in sorted(objects(store, cell, model.HAS_PROPERTY)):
        node = ox.NamedNode(iri)
        kind = _kind(store, node)
        if kind is None:
            continue
        links = [ox.NamedNode(part) for part in objects(store, node, model.HAS_NUMERICAL_PART)]
        quads = [
            q
            for n in links
            for q in store.db.quads_for_pattern(n, ox.NamedNode(model.HAS_NUMBER_VALUE), None, None)
        ]
        texts = {q.object.value for q in quads if isinstance(q.object, ox.Literal)}
        label = vocabulary().term(kind[0][0]).label
        fragment = iri.partition("#")[2]
        name = fragment if fragment.startswith(f"{label}.") else label
        yield quote(name, safe=""), kind, [float(text) for text in sorted(texts)]


def objects(store: Store, node: ox.NamedNode, link: str) -> set[str]:
    """Return the things that a property of a node leads to."""
    quads = store.db.quads_for_pattern(node, ox.NamedNode(link), None, None)
    return {quad.object.value for quad in quads if isinstance(quad.object, ox.NamedNode)}


def _kind(store: Store, node: ox.NamedNode) -> tuple[list[str], str] | None:
    """Return the terms and the unit of a value; None where it is not measured."""
    types, units = objects(store, node, model.RDF_TYPE), objects(store, node, model.HAS_UNIT)
    measured = model.VALUE_KINDS["measured"]
    terms = sorted(iri for iri in types - {measured} if iri in vocabulary())
    return (terms, min(units)) if measured in types and units and terms else None


def _statistic(node: str, batch: str, kind: tuple[list[str], str], found: list[float]) -> bytes:
    terms, unit = kind
    links: list[tuple[str, str]] = [
        *((model.RDF_TYPE, f"<{iri}>") for iri in (*terms, model.VALUE_KINDS["modelled"])),
        (f"{_BVCOX}valueStatistic", f"<{_BVCOX}SampleMean>"),
        (f"{_BVCOX}countOfReadings", f'"{len(found)}"^^<{model.XSD}integer>'),
        (f"{_BVCOX}minimumOfReadings", _double(min(found))),
        (f"{_BVCOX}maximumOfReadings", _double(max(found))),
        (model.HAS_UNIT, f"<{unit}>"),
        (model.HAS_NUMERICAL_PART, f"<{node}.number>"),
    ]
    spread = deviation(found)
    if spread is not None:
        links.append((f"{_BVCOX}standardDeviationOfReadings", _double(spread)))
    text = f"<{batch}> <{_BVCOX}hasStatistic> <{node}> .\n"
    text += "".join(f"<{node}> <{link}> {value} .\n" for link, value in links)
    text += f"<{node}.number> <{model.RDF_TYPE}> <{model.REAL_DATA}> .\n"
    text += f"<{node}.number> <{model.HAS_NUMBER_VALUE}> {_double(math.fsum(found) / len(found))} .\n"
    return text.encode()


def _double(value: float) -> str:
    """Return a number as the store writes it: without exponent, and without a point where it is whole."""
    text = format(Decimal(repr(value)), "f")
    return f'"{text.rstrip("0").rstrip(".") if "." in text else text}"^^<{model.XSD}double>'
