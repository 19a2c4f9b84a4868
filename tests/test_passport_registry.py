"""Claims about the registry of data points: one table, complete, and equal to the facts it stands on."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from kg.errors import KgError
from kg.passport import AUDIENCES, registry, visible
from kg.passport.access import why_withheld
from kg.passport.build import why_not_owed
from kg.passport.calculations import CALCULATIONS
from kg.passport.formulas import element_shares
from kg.passport.profiles import EC, LONGLIST, PROFILES, TYPES, items, shapes, shapes_file
from kg.resources import PACKAGE
from kg.terms import vocabulary

FACTS = Path(__file__).parents[2] / "shared" / "facts"
GUIDANCE = FACTS / "passport_ec_datapoints_v1_0.tsv"
LONGLIST_FACTS = FACTS / "passport_longlist_v1_2.tsv"
TEMPLATES = FACTS / "idta_passport_elements.txt"
here = pytest.mark.skipif(not GUIDANCE.is_file(), reason="the facts are not here: ../shared/facts")
CONDITIONS = {"", "given", "in use", "stationary storage", "not external storage", "cadmium or lead"}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@here
def test_the_points_are_those_of_the_guidance() -> None:
    points = [
        {
            "nr": point.id,
            "data_point": point.name,
            "source": point.source,
            "lifecycle": point.lifecycle,
            **{kind: str(point.obligations[kind]) for kind in ("ev", "lmt", "industrial")},
        }
        for point in registry().guidance()
    ]
    expected = [{key: row[key] for key in points[0]} for row in rows(GUIDANCE)]

    assert len(points) == 71
    assert expected == points


@here
def test_the_attributes_are_those_of_the_longlist() -> None:
    kinds = ("ev", "lmt", "industrial_other", "industrial_stationary")
    found = [
        [str(each.number), each.name, each.access, *(each.obligations[kind] for kind in kinds)]
        for each in registry().attributes.values()
    ]
    expected = [[row[key] for key in ("nr", "attribute", "access", *kinds)] for row in rows(LONGLIST_FACTS)]

    assert len(found) == 93
    assert expected == found


def test_every_attribute_of_the_longlist_is_filled_by_a_field() -> None:
    assert [number for number in registry().attributes if not registry().of_attribute(number)] == []


def template_elements() -> dict[str, set[str]]:
    """Return path -> semantic ids of the elements of the seven templates, over their versions."""
    found: dict[str, set[str]] = {}
    submodel, stack = "", list[str]()
    for line in TEMPLATES.read_text(encoding="utf-8").splitlines():
        if head := re.match(r"  SM \S+ (\S+) Template", line):
            submodel, stack = head[1], []
        elif submodel and (element := re.match(r"(    +)(\S+) \[[^\]]+\] \S+\s+(\S+)", line)):
            stack = [*stack[: (len(element[1]) - 4) // 2], element[2]]
            found.setdefault("/".join([submodel, *stack]), set()).add(element[3])
    return found


@here
def test_paths_and_semantic_ids_are_those_of_the_templates() -> None:
    known = template_elements()
    fields = [field for field in registry().fields.values() if field.idta]

    assert len(fields) > 70
    assert [field.key for field in fields if field.semantic not in known.get(field.idta, set())] == []


def test_every_field_can_be_found() -> None:
    words = vocabulary()
    table = registry()
    for field in table.fields.values():
        take = field.take
        if take.calculate:
            assert take.calculate in CALCULATIONS, field.key
        for label in (take.quantity, take.document, field.term, take.text if take.text != "serial" else ""):
            assert not label or words.resolve(label), field.key
        assert {key for key in (take.now, take.then) if key} <= table.fields.keys(), field.key
        assert set(field.valid.items.values()) <= TYPES.keys(), field.key
        if field.unit:
            # A number has a term in whose unit it is stored, and a range outside which it is wrong.
            assert words.resolve(field.quantity), field.key
            assert words.units.parse(field.unit), field.key
            assert field.valid.min is not None and field.valid.max is not None, field.key


def test_every_point_has_fields_that_exist_and_a_known_condition() -> None:
    table = registry()

    for point in table.points.values():
        assert point.fields, point.id
        assert set(point.fields) <= table.fields.keys(), point.id
        assert point.condition in CONDITIONS, point.id
        conditional = "conditional" in point.obligations.values()
        assert bool(point.condition) == conditional, point.id
    assert {key for point in table.points.values() for key in point.fields} == table.fields.keys()


def test_access_is_a_lattice() -> None:
    seen = {name: {p.id for p in registry().guidance() if visible(p, name)} for name in AUDIENCES}

    assert seen["public"] == seen["legitimate-interest"] & seen["authority"] - {"45", "46", "47", "48", "49"}
    assert seen["authority"] - seen["legitimate-interest"] == {"50"}
    assert seen["legitimate-interest"] - seen["authority"] == {str(n) for n in range(51, 72)}


def test_an_unknown_audience_sees_nothing() -> None:
    with pytest.raises(KgError, match="no audience is called 'everyone'"):
        visible(registry().points["1"], "everyone")


def test_who_may_see_a_withheld_point_is_said() -> None:
    assert why_withheld(registry().points["52"]) == "a person with legitimate interest"
    assert why_withheld(registry().points["45"]).startswith("a person with legitimate interest or notified")


@pytest.mark.parametrize("audience", AUDIENCES)
def test_no_value_is_worked_out_from_one_that_its_reader_may_not_see(audience: str) -> None:
    table = registry()

    def seen(key: str) -> bool:
        return any(visible(point, audience) for point in table.points_of(key))

    leaks = [
        (key, other)
        for key, field in table.fields.items()
        for other in (field.take.now, field.take.then)
        if other and seen(key) and not seen(other)
    ]

    assert leaks == []


@pytest.mark.parametrize("profile", PROFILES)
def test_shipped_shapes_are_what_the_registry_gives(profile: str) -> None:
    assert (PACKAGE / shapes_file(profile)).read_text(encoding="utf-8") == shapes(profile)


def test_profiles_ask_for_all_points() -> None:
    assert len(items(EC)) == 71
    assert len(items(LONGLIST)) == 93
    with pytest.raises(KgError, match="no profile is called 'x'"):
        items("x")


@pytest.mark.parametrize(
    ("category", "energy", "said"),
    [
        ("EV", 0.5, ""),
        ("LMT", None, ""),
        ("industrial", 2.01, ""),
        ("industrial", 2.0, "of 2 kWh owes none"),
        ("industrial", None, "states no rated energy"),
        ("portable", 0.01, "'portable' owes no passport"),
        ("SLI", 0.7, "'SLI' owes no passport"),
    ],
)
def test_who_owes_a_passport(category: str, energy: float | None, said: str) -> None:
    found = why_not_owed(category, energy)

    assert said in found
    assert bool(said) == bool(found)


def test_a_formula_gives_the_shares_of_its_elements() -> None:
    shares = element_shares("LiNi0.6Mn0.2Co0.2O2")

    assert sum(shares.values()) == pytest.approx(1)
    assert shares["Co"] == pytest.approx(0.2 * 58.933 / 96.93, rel=1e-3)
    assert element_shares("Al2(SO4)3")["S"] == pytest.approx(3 * 32.06 / 342.15, rel=1e-3)


@pytest.mark.parametrize("text", ["", "Xx2", "Li)", "(Li", "LiFe PO4"])
def test_what_is_no_formula_is_refused(text: str) -> None:
    with pytest.raises(KgError, match="is no formula"):
        element_shares(text)
