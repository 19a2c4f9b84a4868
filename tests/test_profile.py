"""Reporting profiles: what of an electrode and a cell is not reported, and that pySHACL finds the same."""

from __future__ import annotations

from pathlib import Path

import pyshacl
import pytest
import rdflib
from rdflib.namespace import RDF, RDFS, SH

from kg import ntriples
from kg.errors import KgError
from kg.load import Loader
from kg.profile import FOLDER, Report, profiles, read_profile, report
from kg.store import Store
from kg.terms import vocabulary

PLANT = Path(__file__).parent / "plant"
FILES = ("mischen_2026-03.csv", "coating_2026-03.csv", "trocknung_2026-03.csv", "kalander_2026-03.xlsx",
         "stapeln_2026-03.csv", "filling_2026-03.csv")  # fmt: skip
LAB = """\
title: Electrodes of a lab
files: ["lab*.csv"]
things:
  electrode: {kind: electrode, class: "echem:NegativeElectrode"}
  material: {kind: material, class: "echem:ActiveMaterial"}
links: [electrode hasPart material]
columns:
  Nr: {id: electrode}
  Material: {id: material, optional: true}
  Porosity: {term: Porosity, unit: "%", of: electrode}
  Fraction: {term: MassFraction, unit: "1", of: material}
"""


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Store:
    path = tmp_path_factory.mktemp("line") / "store"
    Loader(path).load([PLANT / name for name in FILES])
    return Store.open(path)


def titles(found: Report, subject: str) -> tuple[list[str], list[str]]:
    (one,) = [one for one in found.scored if one.subject.endswith(subject)]
    return sorted(each.title for each in one.met), sorted(each.title for each in one.missing)


def lab(folder: Path, rows: str) -> Report:
    (folder / "lab.yaml").write_text(LAB)
    (folder / "lab.csv").write_text(f"Nr,Material,Porosity,Fraction\n{rows}")
    Loader(folder / "store", [folder / "lab.yaml"]).load([folder / "lab.csv"])
    return report(Store.open(folder / "store"), "reproducible")


def test_the_profiles_are_files_and_one_is_there() -> None:
    assert profiles() == ["reproducible"]
    assert len(read_profile("reproducible")) == 19


def test_a_profile_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(KgError) as error:
        read_profile("reproducable")

    assert str(error.value) == "there is no profile 'reproducable'. Near: 'reproducible'."


def test_what_is_said_of_an_electrode_and_of_its_parts_counts(tmp_path: Path) -> None:
    found = lab(tmp_path, "A-1,Graphite,30,0.95\nA-2,,,\n")

    assert titles(found, "A-1")[0] == ["active material", "composition", "porosity"]
    assert titles(found, "A-2")[0] == []
    assert [one.score for one in found.scored] == [3 / 8, 0.0]
    assert found.score == 3 / 16


def test_what_is_missing_most_stands_first(tmp_path: Path) -> None:
    missing = lab(tmp_path, "A-1,Graphite,30,0.95\nA-2,Graphite,,\n").missing()

    assert [(one.title, lack, asked) for one, lack, asked in missing][-1] == ("porosity", 1, 2)
    assert all(lack == 2 for _, lack, _ in missing[:-1])


def test_a_web_is_reported_where_its_way_ends(plant: Store) -> None:
    subjects = [one.subject for one in report(plant, "reproducible").scored]

    assert any("/web/K-" in subject for subject in subjects)  # calendered
    assert not any("/web/T-" in subject for subject in subjects)  # dried, and then calendered


def test_the_lineage_of_a_web_tells_how_it_was_made(plant: Store) -> None:
    met, missing = titles(report(plant, "reproducible"), "/web/K-C-0001")

    assert {"mixing", "drying temperature", "thickness", "porosity", "active material"} <= set(met)
    assert "areal capacity" in missing


def test_what_is_filled_into_a_cell_counts_for_the_cell_and_formation_is_missed(plant: Store) -> None:
    met, missing = titles(report(plant, "reproducible"), "/cell/PC-0002")

    assert {"electrolyte amount", "electrodes", "separator"} <= set(met)
    assert {"formation", "formation current", "N/P ratio"} <= set(missing)


def test_pyshacl_finds_the_same(tmp_path: Path, plant: Store) -> None:
    lab(tmp_path, "A-1,Graphite,30,0.95\nA-2,,,\n")
    for store in (Store.open(tmp_path / "store"), plant):
        found = report(store, "reproducible")
        asked = {one.subject for one in found.scored}
        data = rdflib.Graph()
        data.parse(data=ntriples.write(store.triples(store.graphs())), format="nt")
        for type_ in set(data.objects(None, RDF.type)):
            for ancestor in vocabulary().ancestors(str(type_)):
                data.add((type_, RDFS.subClassOf, rdflib.URIRef(ancestor)))
        # The whole plant takes pySHACL minutes; its first and last things show the same.
        few = sorted({*sorted(asked)[:3], *sorted(asked)[-3:]})
        shapes = rdflib.Graph().parse(FOLDER / "reproducible.ttl")
        shapes.remove((None, SH.targetClass, None))
        for one in found.scored:
            for requirement in [*one.met, *one.missing] if one.subject in few else []:
                shapes.add((rdflib.URIRef(requirement.iri), SH.targetNode, rdflib.URIRef(one.subject)))
        _, results, _ = pyshacl.validate(data, shacl_graph=shapes, inference="none")
        assert isinstance(results, rdflib.Graph)
        pairs = {
            (str(results.value(node, SH.focusNode)), str(results.value(node, SH.sourceShape)))
            for node in results.subjects(RDF.type, SH.ValidationResult)
        }

        assert pairs == {
            (one.subject, missing.iri)
            for one in found.scored
            if one.subject in few
            for missing in one.missing
        }
