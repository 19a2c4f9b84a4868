"""Mapping and loading of a line, against morph-kgc, maplib and the bulk loader of pyoxigraph, in one run.

Each of them runs in a process of its own, which also says how much memory it took.
A peer that is not installed is said to be absent; `--peers PYTHON` names an interpreter that has them.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

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
def told(**said):
    print(json.dumps(said | {"mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}))
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
start = time.perf_counter()
tables = [(plan, read_table(path, plan.reading, plan.source)) for path, plan in work]
read = time.perf_counter()
parts, size = [], 0
with out.open("wb") as file:
    for plan, table in tables:
        mapped = apply(plan, table, DEFAULT_BASE, units)
        mapped.write(file)
        size += mapped.size
told(triples=size, seconds=time.perf_counter() - read, reading=read - start)
"""
)

LOAD = (
    _TOLD
    + """
from pathlib import Path
from kg.load import Loader
from kg.store import Store, writing
records, place = map(Path, sys.argv[1:3])
checks = {"check": lambda batch: None} if sys.argv[3:] else {}
Store.create(place)
start = time.perf_counter()
outcomes = Loader(place, compact=False, **checks).load([records])
loaded = time.perf_counter()
mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
with writing(place) as store:
    store.compact()
told(triples=sum(one.triples for one in outcomes), seconds=loaded - start, loading_mb=mb,
     compacting=time.perf_counter() - loaded, findings=sum(len(one.findings) for one in outcomes))
"""
)

BULK = (
    _TOLD
    + """
import pyoxigraph as ox
store = ox.Store(sys.argv[2])
start = time.perf_counter()
store.bulk_load(path=sys.argv[1], format=ox.RdfFormat.N_QUADS)
told(seconds=time.perf_counter() - start)
"""
)

MORPH = (
    _TOLD
    + """
import glob, os, runpy
os.chdir(sys.argv[1])
import morph_kgc.__main__ as morph
start = time.perf_counter()
for settings in sorted(glob.glob("*.ini")):
    sys.argv = ["morph_kgc", settings]
    runpy.run_module("morph_kgc", run_name="__main__")
told(seconds=time.perf_counter() - start)
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
start = time.perf_counter()
for frame, templates in frames:
    for text in templates:
        columns, keep, template = text.split("\\n", 2)
        rows = frame.filter(polars.col(keep)) if keep else frame
        model.add_template(template)
        used = rows.select(polars.col(name).alias(f"c{n}") for n, name in enumerate(json.loads(columns)))
        model.map(template.split(" ", 1)[0].strip("<>"), used)
model.write("out.nt", format="ntriples")
told(seconds=time.perf_counter() - start)
"""
)


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


def _rate(said: dict[str, Any], triples: int) -> str:
    return f"{triples / said['seconds'] / 1e6:.3f} M triples/s ({said['seconds']:.2f} s, {said['mb']:,} MB)"


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
    for name, said, files in _peers(records, folder / "small-peers", python):
        if isinstance(said, dict):
            same = "the same graph, by value" if canonical(*files) == canonical(ours) else "ANOTHER GRAPH"
            yield f"  {name} on 24 cells: {same}"


def report(cells: int, peers: str = sys.executable) -> Iterator[str]:
    """Yield what was measured of a line of so many cells."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        records, quads = folder / "records", folder / "line.nq"
        generate(records, cells=cells)
        ours = run(MAP, records, quads)
        if isinstance(ours, str):
            yield f"mapping {ours}"
            return
        triples = ours["triples"]
        yield f"{cells:,} cells, {triples:,} triples, {quads.stat().st_size / 1e6:,.0f} MB of N-Quads"
        yield f"mapping of tables to N-Quads: {_rate(ours, triples)}; reading them {ours['reading']:.2f} s"
        (folder / "small-peers").mkdir()
        (folder / "peers").mkdir()
        for peer, said, _ in _peers(records, folder / "peers", peers):
            if isinstance(said, dict):
                yield f"  {peer}: {_rate(said, triples)}; ratio {said['seconds'] / ours['seconds']:.1f}"
            else:
                yield f"  {peer}: {said}"
        yield from same_graphs(folder, peers)
        bulk = run(BULK, quads, folder / "bulk")
        assert isinstance(bulk, dict), bulk
        yield f"bulk load of the finished N-Quads by pyoxigraph: {_rate(bulk, triples)}"
        for what, more in (("kg load", []), ("kg load without checks", ["unchecked"])):
            said = run(LOAD, records, folder / what, *more)
            assert isinstance(said, dict), said
            said["mb"] = said["loading_mb"]
            ratio = bulk["seconds"] / said["seconds"] * said["triples"] / triples
            found = f"{said['findings']} findings"
            yield f"{what}: {_rate(said, said['triples'])}; {ratio:.2f} of that rate, {found}"
            yield f"  compacting afterwards: {said['compacting']:.2f} s"
