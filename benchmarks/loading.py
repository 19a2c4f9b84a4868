"""Mapping and loading of a line, against morph-kgc, maplib and the bulk loader of pyoxigraph, in one run.

Each of them runs in a process of its own, which also says how much memory it took.
A peer that is not installed is said to be absent; `--peers PYTHON` names an interpreter that has them.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyoxigraph as ox

from kg.iri import DEFAULT_BASE
from kg.load import Mappings
from kg.mappers.apply import Mapped, apply
from kg.mappers.plan import Plan
from kg.plant import generate
from kg.rml import export
from kg.sources import read_table
from kg.terms import vocabulary

_TOLD = """
import json, resource, sys, time
def peak():
    for line in open("/proc/self/status"):  # the maximum of getrusage is handed down from the parent
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
def used():
    return sum(resource.getrusage(who).ru_utime + resource.getrusage(who).ru_stime
               for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
class Clock:
    def __init__(self):
        self.wall, self.cpu = time.perf_counter(), used()
    def stop(self):
        return {"seconds": time.perf_counter() - self.wall, "cpu": used() - self.cpu}
def told(**said):
    print(json.dumps({"mb": peak()} | said))
"""

MAP = (
    _TOLD
    + """
from dataclasses import replace
from pathlib import Path
from benchmarks.loading import plans_of
from kg.iri import DEFAULT_BASE
from kg.mappers.apply import apply
from kg.sources import read_table
from kg.terms import vocabulary
records, out = map(Path, sys.argv[1:])
work, units = list(plans_of(records)), vocabulary().units
reading = Clock()
tables = [(plan, read_table(path, plan.reading, plan.source)) for path, plan in work]
reading = reading.stop()
mapping = Clock()
parts, size = [], 0
with out.open("wb") as file:
    for plan, table in tables:
        mapped = apply(plan, table, DEFAULT_BASE, units)
        mapped.write(file)
        size += mapped.size
told(triples=size, reading=reading, **mapping.stop())
"""
)

LOAD = (
    _TOLD
    + """
from pathlib import Path
from kg.derive import refresh
from kg.load import Loader
from kg.store import Store, writing
records, place = map(Path, sys.argv[1:3])
checks = {"check": lambda batch: None} if "unchecked" in sys.argv else {}
Store.create(place)
loading = Clock()
outcomes = Loader(place, compact=False, derive=False, **checks).load([records])
loading, mb = loading.stop(), peak()
with writing(place) as store:
    deriving = Clock()
    derived = refresh(store) if "derived" in sys.argv else []
    deriving = deriving.stop() | {"triples": sum(rule.triples for rule in derived), "mb": peak()}
    compacting = Clock()
    store.compact()
told(triples=sum(one.triples for one in outcomes), mb=mb, compacting=compacting.stop(), deriving=deriving,
     findings=sum(len(one.findings) for one in outcomes), **loading)
"""
)

WIDE = (
    _TOLD
    + """
from pathlib import Path
from kg.load import Loader
from kg.store import Store
records, place, mapping = map(Path, sys.argv[1:])
Store.create(place)
clock = Clock()
outcomes = Loader(place, [mapping], compact=False).load([records])
assert [one.outcome for one in outcomes] == ["loaded"], outcomes[0].reason
told(triples=outcomes[0].triples, **clock.stop())
"""
)

BULK = (
    _TOLD
    + """
import pyoxigraph as ox
store = ox.Store(sys.argv[2])
clock = Clock()
store.bulk_load(path=sys.argv[1], format=ox.RdfFormat.N_QUADS)
told(**clock.stop())
"""
)

PREPARED = (
    _TOLD
    + """
import glob
import polars
files = sorted(glob.glob(sys.argv[1] + "/*.source*.csv"))
clock = Clock()
tables = [polars.read_csv(name, infer_schema=False) for name in files]
told(**clock.stop())
"""
)

MORPH = (
    _TOLD
    + """
import glob, os, runpy
os.chdir(sys.argv[1])
import morph_kgc.__main__ as morph
clock = Clock()
for settings in sorted(glob.glob("*.ini")):
    sys.argv = ["morph_kgc", settings]
    runpy.run_module("morph_kgc", run_name="__main__")
told(**clock.stop())
"""
)

MAPLIB = (
    _TOLD
    + """
import glob, os
import maplib, polars
os.chdir(sys.argv[1])
frames = [(polars.read_parquet(name), open(name.replace(".parquet", ".txt")).read().split("\\0"))
          for name in sorted(glob.glob("*.parquet"))]
model = maplib.Model()
clock = Clock()
for frame, templates in frames:
    for text in templates:
        columns, keep, template = text.split("\\n", 2)
        rows = frame.filter(polars.col(keep)) if keep else frame
        model.add_template(template)
        shown = rows.select(polars.col(name).alias(f"c{n}") for n, name in enumerate(json.loads(columns)))
        model.map(template.split(" ", 1)[0].strip("<>"), shown, validate_iris=False)
model.write("out.nt", format="ntriples")
told(**clock.stop())
"""
)


BARS = {"morph-kgc": 15, "maplib": 30}
TURNS = 3
"""How often the bulk load and `kg load` run by turns: each run differs from the next by a tenth and more."""


def plans_of(records: Path) -> Iterator[tuple[Path, Plan]]:
    """Yield each file of a line with each of its plans."""
    mappings = Mappings(Path("no store"))
    for path in sorted(records.iterdir()):
        for plan in mappings.plans_for(path.name):
            if isinstance(plan, Plan):
                yield path, plan


def run(script: str, *arguments: object, python: str = sys.executable) -> dict[str, Any] | str:
    """Return what a script says at the end, or why it did not run."""
    command = [python, "-c", script, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        return "absent" if last.startswith("ModuleNotFoundError") else f"failed: {last}"
    said: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return said


def mapped_parts(records: Path) -> Iterator[tuple[Path, Mapped]]:
    """Yield what each table of a line becomes."""
    for path, plan in plans_of(records):
        table = replace(read_table(path, plan.reading, plan.source), file=path.name)
        yield path, apply(plan, table, DEFAULT_BASE, vocabulary().units)


def write_rml(records: Path, folder: Path) -> None:
    """Write RML with plain templates for each file, the fastest that it can be for morph-kgc."""
    folder.mkdir()
    plans: dict[Path, list[Plan]] = {}
    for path, plan in plans_of(records):
        plans.setdefault(path, []).append(plan)
    for number, (path, of_file) in enumerate(plans.items()):
        # Two processes are slower than one on tables of this size.
        export(of_file, path, name=f"m{number}.rml.ttl", plain=True).write(folder)


def write_ottr(records: Path, folder: Path) -> None:
    """Write templates for maplib, one for the statements of a column, with the columns of IRIs ready made."""
    folder.mkdir()
    number = 0
    for _, part in mapped_parts(records):
        for frame in part.frames:
            columns: dict[str, pl.Expr] = {}
            texts = []
            for piece in frame.pieces:
                used: dict[str, str] = {}
                triples = []
                for line in piece.lines:
                    triples.append(f"ottr:Triple({', '.join(_terms(line, columns, used))})")
                names = list(used)
                heads = ", ".join(f"{used[name]} ?c{n}" for n, name in enumerate(names))
                body = ", ".join(triples)
                for n, name in enumerate(names):
                    body = body.replace(f"?[{name}]", f"?c{n}")
                template = f"<urn:t:{number}> [{heads}] :: {{ {body} }} ."
                texts.append(f"{json.dumps(names)}\n{piece.keep or ''}\n{template}")
                number += 1
            rows = frame.rows.with_columns(value.alias(name) for name, value in columns.items())
            rows.write_parquet(folder / f"{number:05}.parquet")
            (folder / f"{number:05}.txt").write_text("\0".join(texts), encoding="utf-8")


def _terms(line: tuple[str | pl.Expr, ...], columns: dict[str, pl.Expr], used: dict[str, str]) -> list[str]:
    """Return the terms of a line for a template; IRIs that are made of a column become columns themselves."""
    first, rest = line[0], list(line[1:])
    assert isinstance(first, pl.Expr)
    end, _, after = str(rest.pop(0)).partition("> <")
    predicate, _, object_ = after.partition("> ")
    terms = [_column(first, end, columns, used), f"<{predicate}>"]
    if object_.startswith("<"):
        return [*terms, object_]
    value = rest.pop(0)
    assert isinstance(value, pl.Expr)
    tail = str(rest.pop(0)) if rest else ""
    if object_ != '"':
        return [*terms, _column(value, tail.rstrip(">"), columns, used)]
    name = value.meta.root_names()[0]
    text, _, type_ = tail.partition('"')
    key = name if not text else f"{name}{text}"
    if text:
        columns[key] = pl.concat_str(pl.col(name), pl.lit(text))
    if type_.endswith("dateTime>"):
        columns[key] = pl.col(name).str.to_datetime("%+", time_zone="UTC")
    kind = {"double>": "xsd:double", "eTime>": "xsd:dateTime"}
    used[key] = next((said for ending, said in kind.items() if type_.endswith(ending)), "xsd:string")
    return [*terms, f"?[{key}]"]


def _column(column: pl.Expr, end: str, columns: dict[str, pl.Expr], used: dict[str, str]) -> str:
    key = f"<{column.meta.root_names()[0]}{end}>"
    columns[key] = pl.concat_str(column.str.slice(1), pl.lit(end))
    used[key] = "ottr:IRI"
    return f"?[{key}]"


def _by_value(node: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple) -> ox.Literal | Any:
    """Return a number or a time in one form: 2 and 2.0 are one value, and so is a time in two zones."""
    if not isinstance(node, ox.Literal):
        return node
    if node.datatype.value.endswith("#double"):
        return ox.Literal(repr(float(node.value)), datatype=node.datatype)
    if node.datatype.value.endswith("#dateTime"):
        return ox.Literal(
            datetime.fromisoformat(node.value).astimezone(UTC).isoformat(), datatype=node.datatype
        )
    return node


def canonical(*paths: Path) -> str:
    """Return the digest of the RDFC-1.0 canonical form of the triples in some files, values in one form."""
    data = ox.Dataset()
    for path in paths:
        format_ = ox.RdfFormat.N_TRIPLES if path.suffix == ".nt" else ox.RdfFormat.N_QUADS
        for quad in ox.parse(path=path, format=format_):
            data.add(ox.Quad(quad.subject, quad.predicate, _by_value(quad.object)))
    data.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return hashlib.sha256("\n".join(sorted(map(str, data))).encode()).hexdigest()


def _peers(
    records: Path, folder: Path, python: str
) -> Iterator[tuple[str, dict[str, Any] | str, list[Path]]]:
    write_rml(records, folder / "rml")
    write_ottr(records, folder / "ottr")
    yield "morph-kgc", run(MORPH, folder / "rml", python=python), sorted((folder / "rml").glob("*.nq"))
    yield "maplib", run(MAPLIB, folder / "ottr", python=python), [folder / "ottr" / "out.nt"]


def same_graphs(folder: Path, python: str) -> Iterator[str]:
    """Yield for each peer whether it makes our graph of a small line."""
    records, ours = folder / "small", folder / "small.nq"
    generate(records, cells=24)
    run(MAP, records, ours)
    (folder / "small-peers").mkdir()
    for name, said, files in _peers(records, folder / "small-peers", python):
        if isinstance(said, dict):
            same = "the same graph, by value" if canonical(*files) == canonical(ours) else "ANOTHER GRAPH"
            yield f"{name} on 24 cells: {same}"


HEAD = f"{'':44}{'seconds':>9}{'cpu s':>8}{'M/s':>8}{'MB':>7}  ratio (by cpu time)"


def line(what: str, said: dict[str, Any] | str, triples: int = 0, ratio: str = "") -> str:
    """Return one line of the table; `triples` gives the rate in million triples a second."""
    if isinstance(said, str):
        return f"{what:44}{said}"
    rate = f"{triples / said['seconds'] / 1e6:8.3f}" if triples else " " * 8
    mb = f"{said['mb']:7,}" if "mb" in said else " " * 7
    return f"{what:44}{said['seconds']:9.2f}{said['cpu']:8.2f}{rate}{mb}  {ratio}".rstrip()


def ratio(one: dict[str, Any] | str, other: dict[str, Any], scale: float = 1.0) -> str:
    """Return how many times longer one took than the other, by the clock and in brackets by cpu time."""
    if isinstance(one, str):
        return ""
    return f"{one['seconds'] / other['seconds'] * scale:.2f} ({one['cpu'] / other['cpu'] * scale:.2f})"


def report(cells: int, peers: str = sys.executable) -> Iterator[str]:
    """Yield what was measured of a line of so many cells, as a table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        records, quads = folder / "records", folder / "line.nq"
        generate(records, cells=cells)
        ours = run(MAP, records, quads)
        if isinstance(ours, str):
            yield f"mapping {ours}"
            return
        triples = ours["triples"]

        def plus(reading: dict[str, Any]) -> dict[str, Any]:
            return {key: ours[key] + reading[key] for key in ("seconds", "cpu")}

        yield f"{cells:,} cells, {triples:,} triples, {quads.stat().st_size / 1e6:,.0f} MB of N-Quads"
        yield HEAD
        yield line("reading the tables", ours["reading"])
        yield line("mapping them to N-Quads", ours, triples)
        (folder / "peers").mkdir()
        for peer, said, files in _peers(records, folder / "peers", peers):
            # A peer that reads files is compared with reading and mapping, one that has frames with mapping.
            base = ours
            if peer == "morph-kgc":
                same = run(PREPARED, folder / "peers" / "rml")
                assert isinstance(same, dict), same
                yield line("reading the CSV prepared for morph-kgc", same)
                with_workbooks = ratio(said, plus(ours["reading"]))
                yield line(f"  {peer}, ours with workbooks and JSON", said, triples, with_workbooks)
                base = plus(same)
            yield line(f"  {peer}, bar {BARS[peer]}", said, triples, ratio(said, base))
            for file in files:
                file.unlink(missing_ok=True)
        yield from same_graphs(folder, peers)
        turns: list[tuple[dict[str, Any], dict[str, Any]]] = []
        for number in range(TURNS):
            bulk = _loaded(BULK, quads, folder / "bulk")
            last = number == TURNS - 1
            said = _loaded(LOAD, records, folder / "store", *(["derived"] if last else []))
            turns.append((bulk, said))
            yield line("bulk load of the finished N-Quads", bulk, triples)
            yield line("kg load", said, said["triples"], ratio(bulk, said, said["triples"] / triples))
        deriving = said["deriving"]
        yield line(f"  deriving {deriving['triples']:,} triples", deriving, deriving["triples"])
        yield line("  compacting afterwards", said["compacting"])
        bulk, said = (_middle(column) for column in zip(*turns, strict=True))
        share = ratio(bulk, said, said["triples"] / triples)
        yield line("kg load, the middle one, bar 0.9", said, said["triples"], share)
        said = _loaded(LOAD, records, folder / "store", "unchecked")
        yield line("kg load without checks", said, said["triples"], ratio(bulk, said))


def _middle(runs: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return sorted(runs, key=lambda one: one["seconds"])[TURNS // 2]


def _loaded(script: str, source: Path, place: Path, *more: str) -> dict[str, Any]:
    """Return what a script says that loads into a place, which is cleared afterwards."""
    said = run(script, source, place, *more)
    assert isinstance(said, dict), said
    shutil.rmtree(place)
    return said


def wide(rows: int, columns: int = 1600) -> Iterator[str]:
    """Yield what was measured of one table of the width of the largest published line."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        records = folder / "records"
        records.mkdir()
        write_wide(records, folder / "wide.yaml", rows, columns)
        said = run(WIDE, records, folder / "store", folder / "wide.yaml")
        yield f"a table of {columns:,} columns and {rows:,} rows"
        yield HEAD
        triples = said["triples"] if isinstance(said, dict) else 0
        yield line(f"kg load, {triples:,} triples", said, triples)


def write_wide(folder: Path, mapping: Path, rows: int, columns: int) -> None:
    """Write a table of cells with many columns of numbers, and its mapping."""
    names = [f"Q{number:04}" for number in range(1, columns)]
    numbers = np.random.default_rng(1).normal(100, 10, (rows, columns - 1)).round(3)
    frame = pl.DataFrame(numbers, schema=names).select(
        pl.concat_str(pl.lit("C-"), pl.int_range(1, rows + 1)).alias("Cell"), pl.all()
    )
    frame.write_csv(folder / "wide.csv")
    lines = [f"  {name}: {{term: Thickness, unit: um, of: cell, name: {name}}}" for name in names]
    mapping.write_text(
        "title: a wide table\nsource: table\nfiles: wide.csv\n"
        "things:\n  cell: {kind: cell, class: BatteryCell}\n"
        "columns:\n  Cell: {id: cell}\n" + "\n".join(lines) + "\n",
        encoding="utf-8",
    )
