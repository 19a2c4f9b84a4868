"""An exported mapping, run by morph-kgc, gives the graph that our own mapper gives.

morph-kgc needs older versions of pandas and pyoxigraph than this project, so it lives in an environment of
its own: `python -m venv .morph && .morph/bin/pip install morph-kgc`. KG_MORPH names its Python elsewhere.
"""

from __future__ import annotations

import fnmatch
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import polars as pl
import pyoxigraph as ox
import pytest
import rdflib
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.cli.export_rml import rml as command
from kg.errors import FaultsError, KgError
from kg.iri import encode
from kg.mappers.apply import apply
from kg.mappers.plan import Plan, read_plans
from kg.plant.generate import generate
from kg.rml import Export, export, functions, rml
from kg.sources import read_table
from kg.terms import vocabulary

ROOT = Path(__file__).parents[1]
BASE = "https://example.org/line/"
CASES = sorted(path.parent for path in (ROOT / "tests/cases").glob("*/mapping.yaml"))
STEPS = sorted((ROOT / "kg/mappers/steps").glob("*.yaml"))
PYTHON = Path(os.environ.get("KG_MORPH") or ROOT / ".morph/bin/python")
needs_morph = pytest.mark.skipif(
    not PYTHON.is_file(),
    reason=f"morph-kgc is not installed: there is no {PYTHON}; see the head of this file",
)

# One process runs all mappings, as the start of morph-kgc takes longer than a small table.
DRIVER = """
import os, sys, pathlib, traceback, morph_kgc
for folder in sys.argv[1:]:
    os.chdir(folder)
    try:
        lines = morph_kgc.materialize_set(next(pathlib.Path().glob("*.ini")).name)
        pathlib.Path("out.nq").write_text("".join(f"{line} .\\n" for line in lines), encoding="utf-8")
    except Exception:
        pathlib.Path("error.txt").write_text(traceback.format_exc(), encoding="utf-8")
"""

HARD = """\
title: What breaks engines
files: ["hard.csv"]
table: {delimiter: ";", decimal: ",", thousands: ".", encoding: cp1252, header: 2}
missing: [k.A.]
things:
  run: {kind: run, class: FabricatedElectrodeCalendering, role: run, key: "a{{b}} ä/{Nr}"}
  web_in: {kind: web, class: DriedFabricatedElectrode, role: input}
  web_out: {kind: web, class: CalenderedFabricatedElectrode, role: output}
columns:
  Nr: {id: run}
  subject: {id: web_in}
  "{aus}": {id: web_out}
  Last: {term: LineLoad, unit: kN/m, of: run}
  Dicke "neu": {term: CalenderedCoatingThickness, unit: inline, of: web_out, missing: ["0 µm"]}
  Beginn: {time: start, format: "%d.%m.%Y %H:%M", zone: Europe/Berlin}
  Text: {text: comment}
  reference_results: {text: label, of: web_out, optional: true}
ignore: [Rest]
"""

# A web that is not made of itself, cells that never meet in one row, and rows that cannot be read.
HARD_TABLE = """\
Export
Nr;subject;{aus};Last;Dicke "neu";Beginn;Text;Rest
1;W 1;;1.210,5;;02.03.2026 08:15;nan;x
..;;K/ä;;95,3 µm;29.03.2026 02:30;never: the clocks go forward;
3;;K/ä;;0,0953 mm;25.10.2026 02:30;"two
lines ""said"" \\ here";
4;W 2;W 2;-3e-7;;k.A.;NA;
.;;K.2;;0 µm;;None;
6;W 3;W 4;viel;;;;
7;W 3
"""


def mapping_of(step: Path) -> list[Plan]:
    plans = read_plans(step, vocabulary())
    assert all(isinstance(plan, Plan) for plan in plans)
    return [plan for plan in plans if isinstance(plan, Plan)]


def wanted(mapping: Path, table: Path) -> str:
    units = vocabulary().units
    return "".join(
        apply(plan, read_table(table, plan.reading, plan.source), BASE, units).ntriples()
        for plan in mapping_of(mapping)
    )


def canonical(text: str, format_: ox.RdfFormat, *, values: bool = False) -> set[str]:
    """Return the graph in the canonical form of RDFC-1.0; with `values`, 57 and 57.0 are one number."""
    quads = ox.Dataset(
        ox.Quad(q.subject, q.predicate, q.object) for q in ox.parse(text.encode(), format=format_)
    )
    if values:
        store = ox.Store()
        store.extend(quads)
        quads = ox.Dataset(store)
    quads.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return {str(quad) for quad in quads}


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Path]]:
    """Return mapping and table by name: each case, each step of the sample line, and the hard table."""
    line = tmp_path_factory.mktemp("line")
    generate(line, cells=16)
    found = {folder.name: (folder / "mapping.yaml", next(folder.glob("table.*"))) for folder in CASES}
    for step in STEPS:
        patterns = [pattern for plan in mapping_of(step) for pattern in plan.files]
        (table,) = (
            path
            for path in line.iterdir()
            if any(fnmatch.fnmatch(path.name, pattern) for pattern in patterns)
        )
        found[step.stem] = (step, table)
    folder = tmp_path_factory.mktemp("hard")
    (folder / "hard.yaml").write_text(HARD, encoding="utf-8")
    (folder / "hard.csv").write_text(HARD_TABLE, encoding="cp1252", newline="")
    found["hard"] = (folder / "hard.yaml", folder / "hard.csv")
    return found


@pytest.fixture(scope="module")
def ran(
    jobs: dict[str, tuple[Path, Path]], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, bool], str]:
    """Return what morph-kgc makes of an exported mapping: by its name, and whether it is plain."""
    folder = tmp_path_factory.mktemp("rml")
    for plain in (False, True):
        for name, (mapping, table) in jobs.items():
            if plain and mapping in STEPS and name not in PLAIN_STEPS:
                continue
            to = folder / f"{name}-{plain}"
            try:
                made = export(mapping_of(mapping), table, BASE, plain=plain)
            except FaultsError:
                continue
            to.mkdir()
            made.write(to)
    folders = [str(path) for path in sorted(folder.iterdir())]
    done = subprocess.run(
        [str(PYTHON), "-c", DRIVER, *folders], capture_output=True, text=True, check=False, timeout=1500
    )
    assert done.returncode == 0, done.stderr

    def result(name: str, plain: bool) -> str:
        to = folder / f"{name}-{plain}"
        assert not (to / "error.txt").exists(), (to / "error.txt").read_text(encoding="utf-8")
        return (to / "out.nq").read_text(encoding="utf-8")

    return result


def test_all_cases_and_steps_are_found() -> None:
    assert (len(CASES), len(STEPS)) == (22, 10)


@needs_morph
@pytest.mark.parametrize("name", [*(path.name for path in CASES), *(path.stem for path in STEPS), "hard"])
def test_morph_kgc_makes_the_graph_of_our_mapper(
    ran: Callable[[str, bool], str], jobs: dict[str, tuple[Path, Path]], name: str
) -> None:
    found = canonical(ran(name, False), ox.RdfFormat.N_QUADS)

    assert found
    assert found == canonical(wanted(*jobs[name]), ox.RdfFormat.N_TRIPLES)


# Each mapping takes seconds of rdflib, so that the plain form is run for some steps only.
PLAIN_STEPS = {"calendering", "slitting", "end_of_line_test"}
NOT_PLAIN = {
    "battinfo_record",
    "bpx_cell",
    "galv_database",
    "hard",
    "keys_beyond_ascii",
    "preamble_and_header",
}


@needs_morph
@pytest.mark.parametrize(
    "name", [name for name in (*(path.name for path in CASES), *sorted(PLAIN_STEPS)) if name not in NOT_PLAIN]
)
def test_plain_templates_make_the_same_graph(
    ran: Callable[[str, bool], str], jobs: dict[str, tuple[Path, Path]], name: str
) -> None:
    found = canonical(ran(name, True), ox.RdfFormat.N_QUADS, values=True)

    assert found
    assert found == canonical(wanted(*jobs[name]), ox.RdfFormat.N_TRIPLES, values=True)


@needs_morph
def test_what_a_file_says_is_in_the_graph_of_the_file(ran: Callable[[str, bool], str]) -> None:
    graphs = {quad.graph_name for quad in ox.parse(ran("parts", False).encode(), format=ox.RdfFormat.N_QUADS)}

    assert graphs == {ox.NamedNode(f"{BASE}file/table.csv")}


@pytest.mark.parametrize("name", sorted(NOT_PLAIN))
def test_plain_refuses_keys_that_an_iri_encodes(jobs: dict[str, tuple[Path, Path]], name: str) -> None:
    with pytest.raises(FaultsError, match="Export without --plain"):
        export(mapping_of(jobs[name][0]), jobs[name][1], BASE, plain=True)


def exported(jobs: dict[str, tuple[Path, Path]], name: str, *, plain: bool = False) -> Export:
    mapping, table = jobs[name]
    return export(mapping_of(mapping), table, BASE, plain=plain)


def test_the_prepared_source_is_the_table_with_row_numbers(jobs: dict[str, tuple[Path, Path]]) -> None:
    files = exported(jobs, "preamble_and_header").files

    assert list(files) == ["mapping.rml.ttl", "mapping.ini", "kg_functions.py", "mapping.source.csv"]
    assert files["mapping.source.csv"] == 'kg row,preamble.Gerät,Cycle,T,T (2)\n6,M 4,1,"25,5",\n' + (
        '7,M 4,2,,"-2,25"\n'
    )


def test_rows_that_cannot_be_read_are_left_out_and_counted(jobs: dict[str, tuple[Path, Path]]) -> None:
    made = exported(jobs, "hard")

    assert made.left_out == 3
    assert "viel" not in made.files["hard.source.csv"]


def test_an_export_has_one_triples_map_for_each_subject_and_no_join(
    jobs: dict[str, tuple[Path, Path]],
) -> None:
    namespace = rdflib.Namespace("http://w3id.org/rml/")
    graph = rdflib.Graph().parse(data=exported(jobs, "coating", plain=True).rml, format="turtle")
    templates = [
        str(graph.value(node, namespace.template)) for node in graph.objects(None, namespace.subjectMap)
    ]
    known = [text for text in templates if text != "None"]

    assert len(known) > 20
    assert len(known) == len(set(known))
    assert not list(graph.triples((None, namespace.joinCondition, None)))


def test_plain_calls_no_function_for_keys_and_numbers(jobs: dict[str, tuple[Path, Path]]) -> None:
    made = exported(jobs, "set_and_measured", plain=True)

    assert "functionExecution" not in made.rml
    assert functions.NAMESPACE in made.rml
    assert "kg_functions.py" not in made.files


def test_a_mapping_of_rdf_is_refused() -> None:
    plan = read_plans(ROOT / "kg/mappers/battinfo/battinfo.yaml", vocabulary())[0]

    with pytest.raises(FaultsError, match="by SPARQL CONSTRUCT, which RML does not have"):
        rml(plan, None, BASE)


def test_a_table_without_a_row_that_can_be_mapped_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("Run,Gap set,Gap,Tension in,Tension out\n", encoding="utf-8")

    with pytest.raises(KgError, match="nothing to export"):
        export(mapping_of(ROOT / "tests/cases/set_and_measured/mapping.yaml"), table, BASE)


def test_without_a_table_the_mapping_is_for_one_that_is_yet_to_come() -> None:
    (plan,) = mapping_of(ROOT / "kg/mappers/steps/coating.yaml")
    graph = rdflib.Graph().parse(data=rml(plan, None, BASE), format="turtle")
    sources = graph.objects(None, rdflib.URIRef("http://w3id.org/rml/source"))

    assert list(map(str, sources)) == ["coating.source.csv"]


@pytest.mark.parametrize("name", ["coating", "formation"])
def test_the_same_export_is_the_same_text(jobs: dict[str, tuple[Path, Path]], name: str) -> None:
    assert exported(jobs, name) == exported(jobs, name)


@given(st.text(min_size=1))
def test_functions_encode_keys_as_the_product_does(key: str) -> None:
    assert functions.iri("a/", quote(key, safe="", errors="replace"), "#b")
    if key.isprintable():
        assert functions.iri("a/", key, "#b") == f"a/{encode(key)}#b"


@settings(max_examples=300)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_functions_write_numbers_as_the_product_does(value: float) -> None:
    wanted_text = pl.Series([float(repr(value))]).cast(pl.String)[0]

    assert functions.number(repr(value), ".", "", "1.0", "0.0") == wanted_text


def test_functions_need_nothing_but_python(tmp_path: Path) -> None:
    copy = tmp_path / "kg_functions.py"
    copy.write_text(Path(functions.__file__).read_text(encoding="utf-8"), encoding="utf-8")
    code = "import kg_functions, sys; print([name for name in sys.modules if name.split('.')[0] == 'kg'])"
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {code}"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_the_command_writes_the_mapping_and_what_it_needs(tmp_path: Path) -> None:
    case = ROOT / "tests/cases/several_identifiers"
    to = tmp_path / "out" / "slitting.rml.ttl"
    words = [str(case / "mapping.yaml"), str(case / "table.csv"), "-o", str(to), "--base", BASE]
    done = CliRunner().invoke(command, words)

    assert done.exit_code == 0, done.output
    assert {path.name for path in to.parent.iterdir()} == {
        "slitting.rml.ttl",
        "slitting.ini",
        "slitting.source.csv",
        "slitting.source.reel.csv",
        "kg_functions.py",
    }


def test_the_command_does_not_overwrite_its_table(tmp_path: Path) -> None:
    case = ROOT / "tests/cases/several_identifiers"
    table = tmp_path / "slitting.source.csv"
    table.write_bytes((case / "table.csv").read_bytes())
    words = [str(case / "mapping.yaml"), str(table), "-o", str(tmp_path / "slitting.rml.ttl"), "--base", BASE]
    done = CliRunner().invoke(command, words)

    assert isinstance(done.exception, KgError)
    assert table.read_bytes() == (case / "table.csv").read_bytes()
    assert json.dumps([path.name for path in tmp_path.iterdir()]) == '["slitting.source.csv"]'
