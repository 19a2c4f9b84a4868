"""What moves a property: the statements of published work, what data show, and the proof of each number."""

from __future__ import annotations

import json
import random
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from click.testing import CliRunner
from scipy import stats

from benchmarks.influences import SIDES, Score, truth
from kg.cli import main as kg
from kg.errors import KgError
from kg.graph import Graph
from kg.influence.combine import Ranking, as_dict, influences
from kg.influence.keep import kept
from kg.influence.picture import picture
from kg.influence.stated import chains, match, stated, statements
from kg.influence.whatif import what_if
from kg.load import Loader
from kg.store import Store
from kg.terms import vocabulary
from tests.asking import PLANT

NUMBER = """SELECT ?n { <%s> emmo:EMMO_8ef3cd6d_ae58_4a8d_9fc0_ad8f49015cd0
/emmo:EMMO_faf79f53_749d_40b2_807c_d34244c192f4 ?n }"""


def iri(label: str) -> str:
    return vocabulary().resolve(label).iri


@pytest.fixture(scope="module")
def capacity(line: Graph) -> Ranking:
    return influences(line.store, "DischargingCapacity")


def test_all_statements_of_the_ontology_are_read_with_their_source() -> None:
    assert len(statements()) == 49
    assert all(one.source and one.method and one.stated_in and one.strength for one in statements())


def test_a_match_says_how_the_terms_stand_to_each_other() -> None:
    words = vocabulary()

    related = match(iri("LineLoad"), iri("CalenderingPressure"), words)

    assert related is not None
    assert related.kind == "related"
    assert related.said("LineLoad", "CalenderingPressure").startswith(
        "CalenderingPressure, related to LineLoad: "
    )
    kinds = {
        ("Porosity", "Porosity"): "same",
        ("CalenderedCoatingThickness", "CoatingThickness"): "narrower",
        ("CoatingThickness", "CalenderedCoatingThickness"): "broader",
    }
    for (own, said), kind in kinds.items():
        found = match(iri(own), iri(said), words)
        assert found is not None
        assert found.kind == kind
    assert match(iri("LineLoad"), iri("SlurryViscosity"), words) is None


def test_a_narrower_gap_means_more_pressure_so_the_stated_sign_turns() -> None:
    said = stated(iri("RollGap"), iri("Porosity"), [], vocabulary())

    assert [(one.statement.id, one.statement.sign, one.sign) for one in said] == [
        ("influence-01", -1, 1),
        ("influence-31", -1, 1),
    ]


def test_chains_follow_the_process_and_never_go_back() -> None:
    words = vocabulary()

    names = [
        [words.term(link.parameter).label for link in chain.statements]
        for chain in chains(iri("FillingDynamics"), words)
    ]

    assert ["CalenderingPressure", "Porosity"] in names
    assert ["ComponentFormulation", "SlurryViscosity", "Porosity"] in names
    assert all(len(links) == len(set(links)) for links in names)


def test_planted_influences_are_observed_with_their_sign(capacity: Ranking) -> None:
    planted = {
        ("MassLoading", "positive"): 1,
        ("Porosity", "positive"): 1,
        ("LineLoad", "positive"): -1,
        ("ElectrolyteVolume", ""): 1,
        ("FormationCurrent", ""): -1,
    }

    assert {key: capacity.entry(*key).sign for key in planted} == planted


def test_a_parameter_of_a_roll_counts_its_rolls_and_not_the_cells(capacity: Ranking) -> None:
    seen = capacity.entry("MassLoading", "positive").observed

    assert seen is not None
    assert (seen.things, seen.groups, seen.blocks) == (46, 12, 3)


def test_a_parameter_and_the_property_that_it_acts_through_are_both_told(capacity: Ranking) -> None:
    load = capacity.entry("LineLoad", "positive")
    through = [capacity.entries[rank - 1].title for rank in load.through]

    assert "positive Porosity" in through
    assert capacity.entry("Porosity", "positive").role == "property"


def test_the_way_leads_from_the_run_to_the_cell(capacity: Ranking) -> None:
    way = capacity.path(capacity.entry("LineLoad", "positive"))

    assert way is not None
    assert [step.kind for step in way.steps] == ["run", "thing", "run", "thing", "thing"] or way.steps
    assert way.steps[0].label == "FabricatedElectrodeCalendering"
    assert "cell/PC-" in way.steps[-1].iri


def by_hand(observed: dict[str, Any]) -> tuple[float, float, int]:
    """Return effect, p and degrees of freedom from the rows alone."""
    rows = observed["rows"]
    column = {
        name: np.array([row[name] for row in rows], dtype=float) for name in ("x", "y", "group", "block")
    }
    slopes = [adjuster["slope_inside_groups"] for adjuster in observed["adjusted_for"]]
    adjust = np.array([[row[f"adjust {n + 1}"] for n in range(len(slopes))] for row in rows], dtype=float)
    y = column["y"] - sum(
        (slope * adjust[:, n] for n, slope in enumerate(slopes) if slope is not None), np.zeros(len(rows))
    )
    outer = [n for n, slope in enumerate(slopes) if slope is None]
    groups, blocks = sorted(set(column["group"])), sorted(set(column["block"]))
    at = [column["group"] == group for group in groups]
    inside = np.array(
        [[column["block"][here].mean() == block for block in blocks] for here in at], dtype=float
    )
    x = np.array([column["x"][here].mean() for here in at])
    z = np.array([[adjust[here, n].mean() for n in outer] for here in at]).reshape(len(groups), len(outer))
    design = np.column_stack([x, z, inside])
    target = np.array([y[here].mean() for here in at])
    weights, _, rank, _ = np.linalg.lstsq(design, target, rcond=None)
    df = len(groups) - int(rank)
    error = np.sqrt(((target - design @ weights) ** 2).sum() / df * np.linalg.pinv(design.T @ design)[0, 0])
    return float(weights[0]), float(2 * stats.t.sf(abs(weights[0] / error), df)), df


def test_every_number_follows_from_the_rows_that_are_returned(capacity: Ranking) -> None:
    answer = as_dict(capacity, rows=True)
    tested = [
        entry["observed"] for entry in answer["entries"] if entry["observed"] and "rows" in entry["observed"]
    ]

    assert len(tested) > 60
    for observed in tested:
        effect, p, df = by_hand(observed)
        assert df == observed["degrees_of_freedom"]
        assert effect == pytest.approx(observed["effect"], rel=1e-6, abs=1e-9)
        assert p == pytest.approx(observed["p"], rel=1e-5, abs=1e-12)


def test_rows_lead_to_the_values_in_the_store(capacity: Ranking, line: Graph) -> None:
    chance = random.Random(5)
    entries = [entry for entry in capacity.entries if entry.observed is not None and entry.observed.tested]

    for entry in chance.sample(entries, 12):
        for row in chance.sample(capacity.evidence(entry).to_dicts(), 3):
            for name in ("property", "parameter"):
                quantities = row[f"{name} quantity"].split(" ")
                numbers = [
                    float(found["n"].value)
                    for quantity in quantities
                    for found in line.store.query(NUMBER % quantity)
                ]
                assert np.mean(numbers) == pytest.approx(row[name])
                assert all("#row=" in place or "#/" in place for place in row[f"{name} row"].split(" "))


def test_a_group_narrows_the_things(line: Graph) -> None:
    batch = influences(line.store, "DischargingCapacity", "B-C-001", what="observed")

    assert batch.table is not None
    assert 10 <= len(batch.table.things) <= 16
    seen = batch.entry("MassLoading", "positive").observed
    assert seen is not None
    assert "too few" in seen.reason


def test_a_query_names_a_group_and_gives_values(line: Graph) -> None:
    ranking = influences(line.store, "first_cycle_efficiency.efficiency", what="observed")

    assert ranking.entry("FormationCurrent").sign == -1
    with pytest.raises(KgError, match="has no column 'nothing'"):
        influences(line.store, "first_cycle_efficiency.nothing")


def test_unknown_names_say_what_is_near(line: Graph) -> None:
    with pytest.raises(KgError, match="Porosity"):
        influences(line.store, "Porosty")
    with pytest.raises(KgError, match="A group is a query"):
        influences(line.store, "Porosity", "no such group")


def test_the_command_prints_both_kinds_of_evidence(line_store: Path) -> None:
    ran = CliRunner().invoke(kg, ["influences", "--of", "Porosity", "--store", str(line_store)])

    assert ran.exit_code == 0, ran.output
    assert "stated and observed" in ran.output
    assert "CalenderingPressure, related to LineLoad" in ran.output

    ran = CliRunner().invoke(kg, ["influences", "--of", "Porosity", "--json", "--store", str(line_store)])

    entry = json.loads(ran.output)["entries"][0]
    assert (entry["title"], entry["sign"], entry["verdict"]) == ("LineLoad", -1, "both")


def test_statements_alone_need_no_records(line: Graph) -> None:
    ranking = influences(line.store, "Tortuosity", what="stated")

    assert [(entry.label, entry.verdict) for entry in ranking.entries] == [
        ("ActiveMaterialParticleSize", "absent"),
        ("RollGap", "absent"),
    ]


def test_the_truth_of_the_line_follows_its_chains() -> None:
    known = truth(json.loads((PLANT / "relations.json").read_text(encoding="utf-8")))
    capacity = ("DischargingCapacity", "")

    assert known.planted[capacity]["LineLoad", "positive"] == -1
    assert ("SolidContent", "positive") in known.causes(capacity)
    assert ("LineLoad", "negative") in known.causes(capacity)
    assert known.goes_with(("SlurryViscosity", "positive"), capacity)
    decoys = {decoy["parameter"] for decoy in known_decoys()} - {"WebTension"}
    assert not any(known.goes_with((decoy, side), capacity) for decoy in decoys for side in ("", *SIDES))


def known_decoys() -> list[dict[str, str]]:
    record = json.loads((PLANT / "relations.json").read_text(encoding="utf-8"))
    assert len(record["decoys"]) == 16
    return list(record["decoys"])


def test_most_planted_relations_are_found_and_nothing_false(line: Graph) -> None:
    known = truth(json.loads((PLANT / "relations.json").read_text(encoding="utf-8")))
    score = Score()
    false = []

    for property_ in ("DischargingCapacity", "MassLoading", "Porosity", "ResidualSolventContent"):
        false += score.add(influences(line.store, property_, what="observed"), known)

    assert false == []
    assert score.planted == 12
    assert score.right >= 10
    assert score.wrong_sign == 0


def test_few_batches_are_too_few_whatever_the_number_of_cells(line: Graph) -> None:
    ranking = influences(line.store, "DischargingCapacity", what="observed")

    seen = ranking.entry("MixerSpeed", "positive").observed

    assert seen is not None
    assert not seen.tested
    assert "chosen 3 times" in seen.reason


def test_a_model_answers_inside_its_range_and_refuses_outside(line: Graph) -> None:
    ranking = influences(line.store, "InitialCoulombicEfficiency", what="observed")

    answer = what_if(ranking, "FormationCurrent +10 %").answers[0]

    # 12 % for each C: 0.021 A of 1.7 Ah.
    planted = -12 * (answer.after - answer.before) / 1.7
    assert answer.low < planted < answer.high
    with pytest.raises(KgError, match="Nothing is said about what was never tried"):
        what_if(ranking, "FormationCurrent +90 %")
    with pytest.raises(KgError, match="is not observed in these data"):
        what_if(ranking, "WettingDuration +10 %")
    with pytest.raises(KgError, match="is no change"):
        what_if(ranking, "FormationCurrent more")


def test_a_model_is_kept_with_its_training_data_and_goes_stale(tmp_path: Path) -> None:
    files, store = tmp_path / "files", tmp_path / "store"
    files.mkdir()
    for path in PLANT.glob("*.*"):
        if path.name not in ("relations.json", "README.md"):
            (files / path.name).write_bytes(path.read_bytes())
    Loader(store).load([files])
    asked = ["influences", "--of", "Porosity", "--store", str(store)]

    ran = CliRunner().invoke(kg, [*asked, "--what-if", "LineLoad +10 %", "--keep"])

    assert ran.exit_code == 0, ran.output
    assert "Kept as model/Porosity-by-LineLoad" in ran.output
    opened = Store.open(store)
    model = kept(opened)[0]
    assert not model.stale
    rows = opened.query(
        "SELECT ?in ?out ?file { GRAPH ?g { ?m bvcox:modelInput ?in ; bvcox:modelOutput ?out ;"
        " prov:wasDerivedFrom ?file } }"
    )
    found = [(row["in"].value, row["out"].value, row["file"].value) for row in rows]
    assert {iri("LineLoad")} <= {row[0] for row in found}
    assert {row[1] for row in found} == {iri("Porosity")}
    assert any("kalander" in row[2] for row in found)
    del opened

    book = files / "kalander_2026-03.xlsx"
    workbook = openpyxl.load_workbook(book)
    sheet = workbook["Kalander"]
    sheet.delete_rows(sheet.max_row)
    workbook.save(book)
    Loader(store).load([files])

    ran = CliRunner().invoke(kg, ["influences", "--models", "--store", str(store)])

    assert "stale: file/kalander_2026-03.xlsx changed since" in ran.output


def test_the_picture_is_drawn_from_the_ranking(line: Graph) -> None:
    drawn = ET.fromstring(picture(influences(line.store, "DischargingCapacity")))

    texts = [node.text for node in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert {"positive LineLoad", "positive MassLoading", "DischargingCapacity"} <= set(texts)
