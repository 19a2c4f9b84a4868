"""Claims about where a term is used."""

from __future__ import annotations

from kg.terms import vocabulary
from kg.usage import usages


def test_label_in_a_mapping_iri_in_a_shape_and_prefixed_name_in_a_query_are_found() -> None:
    use = usages()[vocabulary().resolve("ElectrolyteVolume").iri]

    assert any(place.startswith("steps/filling.yaml: ") for place in use.mapped)
    assert use.shaped == ["filling.ttl"]
    assert "first_cycle_efficiency" in use.queried


def test_mapping_of_another_vocabulary_counts_by_its_queries() -> None:
    use = usages()[vocabulary().resolve("AnodeMagazine").iri]

    assert "kiprobatt/inputs.rq" in use.mapped


def test_every_place_is_told_once() -> None:
    for use in usages().values():
        for places in (use.mapped, use.shaped, use.queried, use.stated):
            assert len(places) == len(set(places))
