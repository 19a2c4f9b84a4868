"""Sources of other projects by the mappings of the product: each file of ../shared/data loads or is named.

Where ../shared is not beside the checkout, the tests that read it are skipped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import pyoxigraph as ox
import pytest

from kg.labels import expand
from kg.mappers.apply import Mapped, apply
from kg.mappers.plan import Plan, RdfPlan, file_patterns, read_plans
from kg.mappers.rdf import apply_rdf
from kg.namespaces import PREFIXES
from kg.resources import PACKAGE
from kg.sources import Content
from kg.terms import vocabulary

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"
OTHER = PACKAGE / "mappers" / "other"
CASES = Path(__file__).parent / "cases"
PAGE = ROOT / "docs" / "reference" / "sources.md"
BASE = "https://example.org/line/"

needs_shared = pytest.mark.skipif(not DATA.is_dir(), reason="the upstream material is not here: ../shared")


patterns_of = cache(file_patterns)


def mappings_for(name: str) -> list[Path]:
    """Return the mappings of the product whose pattern fits the name of a file."""
    return [
        path
        for path in sorted((PACKAGE / "mappers").rglob("*.yaml"))
        if any(fnmatchcase(name.lower(), pattern.lower()) for pattern in patterns_of(path))
    ]


def mapped(path: Path, mapping: str = "") -> list[Mapped]:
    (found,) = [OTHER / mapping] if mapping else mappings_for(path.name)
    plans = [plan for plan in read_plans(found, vocabulary()) if isinstance(plan, Plan)]
    content = Content(path, [plan.reading for plan in plans])
    return [apply(plan, content.table(plan.reading, plan.source), BASE, vocabulary().units) for plan in plans]


def said(parts: list[Mapped]) -> list[str]:
    return [str(finding) for part in parts for _, finding in part.findings]


def values(parts: list[Mapped]) -> dict[str, float]:
    """Return the number of each quantity, by the last parts of its IRI."""
    number = ox.NamedNode(vocabulary().resolve("hasNumberValue").iri)
    found = {}
    for part in parts:
        for quad in ox.parse(part.ntriples(), format=ox.RdfFormat.N_TRIPLES):
            if quad.predicate == number:
                assert isinstance(quad.subject, ox.NamedNode) and isinstance(quad.object, ox.Literal)
                found[quad.subject.value.removeprefix(BASE).removesuffix(".number")] = float(
                    quad.object.value
                )
    return found


# Every file of the shared material


def listed() -> dict[str, str]:
    """Return what the page says of each file of ../shared/data: file -> by what it loads, or why not."""
    rows = re.findall(r"^\| `([^`]+)` \| ([^|]+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: text.strip() for name, text in rows if "/" in name}


def files() -> Iterator[str]:
    for path in sorted(DATA.rglob("*")):
        if path.is_file() and path.name != "SOURCE.txt":
            yield path.relative_to(DATA).as_posix()


@needs_shared
def test_the_page_names_every_file_of_the_shared_material() -> None:
    names = listed()
    named = {name: [each for each in names if fnmatchcase(name, each)] for name in files()}

    assert {name: fits for name, fits in named.items() if len(fits) != 1} == {}
    assert [each for each in names if not any(fnmatchcase(name, each) for name in named)] == []


@needs_shared
def test_what_the_page_says_of_a_file_is_what_the_mappings_say() -> None:
    for pattern, text in listed().items():
        mapping = re.search(r"`(\S+\.yaml)`", text)
        for name in (name for name in files() if fnmatchcase(name, pattern)):
            fits = [
                path.relative_to(PACKAGE / "mappers").as_posix() for path in mappings_for(Path(name).name)
            ]

            assert fits == ([mapping[1]] if mapping else []), name


@needs_shared
@pytest.mark.parametrize(
    ("pattern", "files", "rows", "wrong"),
    [
        ("battinfo_records/*--*.json", 17, 17, 1),
        ("battinfo_records/staging_*.json", 5, 5, 0),
        ("bpx_examples/*.json", 4, 6, 0),
        ("autobass_kit/Last_Result.json", 1, 8, 0),
        ("autobass_kit/Cell_to_assemble_finales.json", 1, 64, 7),
        ("autobass_kit/config.json", 1, 1, 0),
        ("batteryarchive/*_cycle_data.csv", 1, 9, 0),
        ("beep_cyclers/PreDiag_parameters*.csv", 1, 386, 0),
        ("bdf_sintef_dlr/battery.json", 1, 1, 0),
    ],
)
def test_the_files_of_other_projects_load(pattern: str, files: int, rows: int, wrong: int) -> None:
    paths = sorted(DATA.glob(pattern))
    parts = [part for path in paths for part in mapped(path)]

    assert (len(paths), sum(part.table.frame.height for part in parts), len(said(parts))) == (
        files,
        rows,
        wrong,
    )


@needs_shared
def test_a_data_sheet_in_a_battinfo_record_gives_its_values_in_our_units() -> None:
    found = values(mapped(DATA / "battinfo_records" / "catl--lep54h4k1--20260324.json"))
    key = "cell-type/cell-spec:gpcn-xna5-tgvp-prv2#"

    assert {name.removeprefix(key): value for name, value in found.items()} == {
        "RatedCapacity.nominal": 202.0,
        "CycleLife.nominal": 3500.0,
        "NominalVoltage.nominal": 3.2,
        "ChargingVoltage.nominal": 3.65,
        "LowerVoltageLimit.nominal": 2.5,
        "MaximumContinuousDischargingCurrent.continuous.nominal": 101.0,
        "MaximumContinuousChargingCurrent.continuous.nominal": 101.0,
        "Mass.nominal": 3840.0,
        "Thickness.nominal": 57000.0,
        "Width.nominal": 174.0,
        "Length.nominal": 201.0,
    }


@needs_shared
def test_a_function_in_a_bpx_file_is_kept_as_it_is_written() -> None:
    path = DATA / "bpx_examples" / "lfp_18650_cell_BPX.json"
    cell = json.loads(path.read_text())["Parameterisation"]

    parts = mapped(path)
    texts = parts[0].table.frame.row(0, named=True)
    name = "Parameterisation.Positive electrode.Entropic change coefficient [V.K-1]"

    assert texts["Parameterisation.Electrolyte.Conductivity [S.m-1] (text)"] == (
        f"Parameterisation.Electrolyte.Conductivity [S.m-1] = {cell['Electrolyte']['Conductivity [S.m-1]']}"
    )
    kept = str(texts[f"{name} (text)"]).removeprefix(f"{name} = ")
    assert json.loads(kept) == cell["Positive electrode"]["Entropic change coefficient [V.K-1]"]
    assert values(parts)["modelled-electrode/lfp_18650_cell_BPX/negative#ParticleRadius.modelled"] == 4.8


@needs_shared
def test_a_cell_without_a_time_of_day_is_set_aside_with_its_place() -> None:
    found = said(mapped(DATA / "autobass_kit" / "Cell_to_assemble_finales.json"))

    assert found[0] == (
        "Cell_to_assemble_finales.json:/tasks/42ce5b5f-e824-4e4c-b520-db5422df970c/result/50 "
        "column 'sealing_time': this is not a time; expected: a time such as 2026_03_02-08:15:00. "
        "Found: '2023_11_14'."
    )


def test_a_key_that_no_mapping_knows_stops_the_load(tmp_path: Path) -> None:
    record = json.loads((CASES / "battinfo_record" / "table.json").read_text())
    record["properties"]["colour"] = {"value": 3, "unit": "1"}
    path = tmp_path / "a--b--2026.json"
    path.write_text(json.dumps(record))

    with pytest.raises(Exception, match=r"column 'properties.colour.value' is neither mapped nor ignored"):
        mapped(path)


# RO-Crate


def test_a_crate_becomes_the_graph_of_its_case() -> None:
    (plan,) = read_plans(OTHER / "ro_crate" / "ro_crate.yaml", vocabulary())
    assert isinstance(plan, RdfPlan)
    case = CASES / "ro_crate"
    text = expand((case / "graph.ttl").read_text(encoding="utf-8"), vocabulary())
    head = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in PREFIXES.items())

    result = apply_rdf(plan, case / "ro-crate-metadata.json", BASE, vocabulary())

    wanted = {str(q.triple) for q in ox.parse(head + text, format=ox.RdfFormat.TURTLE, base_iri=BASE)}
    assert {str(triple) for triple in result.triples} == wanted
    assert [finding.column for finding in result.findings] == ["MassLoading", "mood of the operator"]
