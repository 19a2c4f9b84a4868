"""Claims about passports of the pack line: complete, proved down to a row, withheld from who has no right."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyoxigraph as ox
import pytest
from click.testing import CliRunner, Result

from kg.cli import main
from kg.errors import KgError
from kg.gs1 import check_digit
from kg.load import Loader
from kg.passport import AUDIENCES, Passport, build_many, check, registry, visible
from kg.passport.build import Builder, build
from kg.passport.check import INVALID, MISSING, NOT_YET
from kg.passport.values import Found
from kg.passport.write import FORMATS, as_dict, write
from kg.plant import generate_packs, products
from kg.plant.files import DIALECTS, ENGLISH, GERMAN, Dialect
from kg.store import Store

PLANT = Path(__file__).parent / "plant"
GERMAN_FILES = ("serienzellen_2026.csv", "modulmontage_2026.csv", "packmontage_2026.csv")
LINE = ("materialchargen_2026.csv", "mischen_2026-03.csv", "coating_2026-03.csv", "trocknung_2026-03.csv",
        "kalander_2026-03.xlsx", "slitting_2026-03.csv", "stapeln_2026-03.csv", "filling_2026-03.csv",
        "eol_tester_2026-03.json")  # fmt: skip


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a folder with the files of the pack line, and the store into which they went."""
    folder = tmp_path_factory.mktemp("packs")
    generate_packs(folder)
    store = folder / "store"
    Store.create(store)
    outcomes = Loader(store).load(
        [*sorted(p for p in folder.iterdir() if p.is_file()), *(PLANT / n for n in LINE)]
    )
    packs = [outcome for outcome in outcomes if outcome.path.parent == folder]

    assert len(packs) == 13
    assert [
        (each.path.name, each.findings) for each in packs if each.outcome != "loaded" or each.findings
    ] == []
    return folder, store


@pytest.fixture(scope="module")
def passports(line: tuple[Path, Path]) -> list[Passport]:
    return [made for made in build_many(Store.open(line[1])) if isinstance(made, Passport)]


@pytest.fixture(scope="module")
def ev(passports: list[Passport]) -> Passport:
    return next(each for each in passports if each.battery.endswith("TX42-0001"))


def kg(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [*map(str, words)])


def test_the_pack_line_writes_the_same_bytes_again(tmp_path: Path, line: tuple[Path, Path]) -> None:
    names = generate_packs(tmp_path)

    assert len(names) == 13
    assert [name for name in names if (tmp_path / name).read_bytes() != (line[0] / name).read_bytes()] == []


def test_all_kinds_of_batteries_that_owe_a_passport_have_one(passports: list[Passport]) -> None:
    kinds = sorted((each.category, each.storage) for each in passports)

    industrial = [("industrial", "other")] * 2 + [("industrial", "stationary")] * 2
    assert kinds == [("EV", "")] * 4 + [("LMT", "")] * 4 + industrial
    assert len({each.id for each in passports}) == 12


def test_each_passport_is_complete_under_the_guidance(passports: list[Passport]) -> None:
    reports = [check(each, day="2027-02-18") for each in passports]

    assert [(r.passport, v) for r in reports for v in r.verdicts if v.state in (MISSING, INVALID)] == []
    assert all(report.complete and len(report.verdicts) == 71 for report in reports)


class Files:
    """The rows of the files, as their readers number them."""

    def __init__(self, *folders: Path) -> None:
        self.folders, self.known = folders, dict[str, list[list[str]]]()

    def row(self, place: str) -> list[str]:
        """Return the cells of a row that a proof names, as texts with a decimal point."""
        file, _, row = place.partition("#")
        path = next(folder / file for folder in self.folders if (folder / file).is_file())
        if path.suffix == ".xlsx":
            return []
        if path.suffix == ".json":
            record = json.loads(path.read_text(encoding="utf-8"))
            for step in row.removeprefix("/").split("/"):
                record = record[int(step) if step.isdigit() else step]
            return list(_leaves(record))
        if file not in self.known:
            dialect = _dialect(file)
            with path.open(encoding=dialect.encoding, newline="") as stream:
                lines = list(csv.reader(stream, delimiter=dialect.delimiter))
            decimal = dialect.decimal
            self.known[file] = [[cell.replace(decimal, ".") for cell in line] for line in lines]
        assert row.startswith("row="), place
        return self.known[file][int(row[4:]) - 1]


def _dialect(file: str) -> Dialect:
    return GERMAN if file in GERMAN_FILES else DIALECTS.get(file, ENGLISH)


def _leaves(record: object) -> Iterator[str]:
    if isinstance(record, dict):
        for value in record.values():
            yield from _leaves(value)
    else:
        yield str(record)


def _is_in(value: object, cells: list[str]) -> bool:
    """Return whether a value stands in a row, alone or before others in a cell with several."""
    if isinstance(value, int | float):
        return any(float(cell) == pytest.approx(value, rel=1e-9) for cell in cells if _number(cell))
    return any(str(value).replace(",", ".") == cell.replace(",", ".") for cell in cells)


def _number(text: str) -> bool:
    return text.replace(".", "", 1).replace("-", "", 1).isdigit()


def test_the_proof_of_every_value_ends_at_a_row_that_holds_it(
    passports: list[Passport], line: tuple[Path, Path]
) -> None:
    files, walked = Files(line[0], PLANT), 0
    for passport in passports:
        for key, found in passport.values.items():
            if found is None:
                continue
            assert found.rows, (passport.id, key)
            cells = [files.row(place) for place in found.rows]
            walked += len(cells)
            if found.kind == "calculated" or isinstance(found.value, list):
                continue
            wanted = found.value.values() if isinstance(found.value, dict) else [found.value]
            for value in wanted:
                assert any(_is_in(value, row) for row in cells), (passport.id, key, value, cells)

    assert walked > 5_000


def test_a_calculated_value_follows_from_its_parts(ev: Passport, line: tuple[Path, Path]) -> None:
    files = Files(line[0])
    fade, left, rated = (ev.values[key] for key in ("capacity_fade", "remaining_capacity", "rated_capacity"))

    assert fade and left and rated
    assert fade.value == pytest.approx(100 * (1 - left.value / rated.value), abs=1e-4)
    assert fade.by == ("remaining_capacity", "rated_capacity")
    assert set(fade.rows) == {*left.rows, *rated.rows}
    assert str(left.value) in files.row(left.rows[0])


def test_masses_of_materials_are_those_of_recipes_and_papers(ev: Passport) -> None:
    model = next(each for each in products.PACKS if each.name == "TX-42")
    oxide = 0.994 * model.in_series * model.cell.recipe["cathode active material"] / 1000
    listed = ev.values["hazardous_substances"]
    assert listed
    (found,) = (row for row in listed.value if row["substance"].startswith("lithium nickel"))
    critical = ev.values["critical_raw_materials"]
    assert critical
    cobalt = next(row for row in critical.value if row["material"] == "cobalt")

    assert found["mass_kg"] == pytest.approx(oxide, rel=1e-6)
    assert found["location"] == "cathode"
    assert cobalt["mass_kg"] == pytest.approx(oxide * 0.2 * 58.933 / 96.93, rel=1e-3)
    assert all(row["share_percent"] > 0.1 for row in critical.value)


def test_recycled_shares_lie_between_those_of_the_lots(passports: list[Passport]) -> None:
    for passport in passports:
        pre, post, both = (
            passport.values[f"recycled_cobalt{end}"] for end in ("_pre_consumer", "_post_consumer", "")
        )
        assert pre and post and both
        assert both.value == pytest.approx(pre.value + post.value, abs=2e-4)
        if "SX14" in passport.battery:
            assert both.value == 0  # iron phosphate holds no cobalt
        else:
            assert 17 < both.value < 20
        lead = passport.values["recycled_lead"]
        assert lead and lead.value == 0


def test_dismantling_is_assembly_backwards(ev: Passport, line: tuple[Path, Path]) -> None:
    with (line[0] / "pack_joining_2026.csv").open(encoding="utf-8", newline="") as file:
        built = [row for row in csv.DictReader(file) if row["Battery"] == "TX42-0001"]
    steps = ev.values["dismantling_sequence"]
    assert steps

    assert [row["Part"] for row in reversed(built)] == [step["part"] for step in steps.value]
    assert [int(row["Fasteners"]) for row in reversed(built)] == [step["fasteners"] for step in steps.value]
    modules = ev.values["modules"]
    assert modules and len(modules.value) == 8
    assert all(row["cells"] == 12 for row in modules.value)


def test_a_battery_of_cells_of_the_line_leads_to_its_lots(passports: list[Passport]) -> None:
    scooter = next(each for each in passports if each.battery.endswith("RX36-0001"))
    found = scooter.values["detailed_composition"]
    assert found
    lots = {place.partition("#")[0] for place in found.rows}

    assert "stapeln_2026-03.csv" in lots
    assert {row["component"] for row in found.value} >= {
        "cathode active material",
        "anode foil",
        "electrolyte",
    }


def test_resistance_of_the_cells_has_its_spread(ev: Passport) -> None:
    found = ev.values["cell_resistance"]
    assert found

    assert (found.readings, len(found.rows)) == (96, 96)
    assert found.uncertainty == pytest.approx(0.015, abs=0.005)


@pytest.mark.parametrize(
    ("battery", "said"),
    [("HX3-0001", "'portable' owes no passport"), ("BX2-0001", "industrial battery of 1.792 kWh owes none")],
)
def test_what_owes_no_passport_gets_none(line: tuple[Path, Path], battery: str, said: str) -> None:
    with pytest.raises(KgError, match=said):
        build(Store.open(line[1]), battery)

    done = kg("passport", battery, "--store", line[1])
    assert done.exit_code == 2
    assert "none may be claimed" in done.output


def test_a_battery_is_found_by_each_of_its_names(ev: Passport, line: tuple[Path, Path]) -> None:
    builder = Builder(Store.open(line[1]))
    identifier = ev.values["battery_identifier"]
    assert identifier

    for name in ("TX42-0001", "battery/TX42-0001", ev.battery, ev.id, ev.iri, str(identifier.value)):
        assert builder.battery(name) == ev.battery


@pytest.mark.parametrize("name", ["PC-0020", "TX-42", "PR120-000001"])
def test_what_is_no_battery_has_no_passport(line: tuple[Path, Path], name: str) -> None:
    with pytest.raises(KgError, match=r"is no battery|names several"):
        build(Store.open(line[1]), name)


def test_a_wrong_value_is_told_with_its_rule(ev: Passport) -> None:
    wrong = {"capacity_fade": Found(131.0, "calculated"), "battery_identifier": Found("TX42 1", "declared")}
    hazards = ev.values["hazardous_substances"]
    assert hazards
    wrong["hazardous_substances"] = replace(hazards, value=[{**hazards.value[0], "cas": "unknown"}])
    report = check(replace(ev, values={**ev.values, **wrong}))
    told = {verdict.id: verdict for verdict in report.verdicts if verdict.state == INVALID}

    assert not report.complete
    assert sorted(told) == ["1", "13", "52"]
    assert told["52"].messages == ("The capacity fade lies between 0 % and 100 %. Found: '131.0'.",)
    assert told["13"].messages == (
        "The cas of hazardous substances is a CAS number: 7782-42-5. Found: 'unknown'.",
    )


def test_a_missing_value_is_not_missing_before_the_law_is_in_force(ev: Passport) -> None:
    lacking = replace(ev, values={**ev.values, "mass": None})
    states = [
        next(v.state for v in check(lacking, day=day).verdicts if v.id == "10")
        for day in ("2027-02-17", "2027-02-18")
    ]

    assert states == [NOT_YET, MISSING]


def test_profiles_differ_where_their_sources_do(ev: Passport) -> None:
    guidance = {v.id: v.state for v in check(ev).verdicts}
    longlist = check(ev, "longlist-1.2")
    missing = [v.name for v in longlist.verdicts if v.state == MISSING]

    assert guidance["17"] == guidance["19"] == guidance["44"] == NOT_YET
    assert guidance["16"] == guidance["25"] == guidance["62"] == "not to be filled"
    assert guidance["41"] == "not applicable"
    assert "Battery carbon footprint per Functional Unit" in missing
    assert "Information of due diligence report" in missing


def test_a_condition_decides_what_is_owed(passports: list[Passport]) -> None:
    home = next(each for each in passports if each.storage == "stationary")
    lift = next(each for each in passports if each.storage == "other")
    dropped = {
        each.battery: replace(each, values={**each.values, "remaining_capacity": None})
        for each in (home, lift)
    }
    states = [next(v.state for v in check(each).verdicts if v.id == "62") for each in dropped.values()]

    assert states == [MISSING, "not applicable"]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("audience", AUDIENCES)
def test_the_same_passport_gives_the_same_bytes(line: tuple[Path, Path], form: str, audience: str) -> None:
    once, again = (write(build(Store.open(line[1]), "TX42-0001"), form, audience) for _ in range(2))

    assert once == again
    assert len(once) > 10_000


def keys_in(text: str, form: ox.RdfFormat) -> set[str]:
    return {
        str(quad.object.value)  # type: ignore[union-attr]
        for quad in ox.parse(text, format=form)
        if quad.predicate.value.endswith("terms/identifier")
    }


@pytest.mark.parametrize("audience", AUDIENCES)
def test_each_form_holds_what_its_audience_may_see_and_no_more(ev: Passport, audience: str) -> None:
    document = as_dict(ev, audience)
    shown = {entry["point"] for entry in document["points"] if "values" in entry}
    withheld = {entry["point"]: entry for entry in document["points"] if "withheld" in entry}
    nodes = keys_in(write(ev, "ttl", audience), ox.RdfFormat.TURTLE)
    keys = {key for entry in document["points"] for key in entry.get("values", {})}

    for point in registry().points.values():
        assert point.id not in shown or visible(point, audience)
        assert point.id not in withheld or not visible(point, audience)
    assert keys == nodes
    assert all(set(entry) == {"point", "name", "group", "withheld", "seen_by"} for entry in withheld.values())
    assert keys == keys_in(write(ev, "jsonld", audience), ox.RdfFormat.JSON_LD)


def test_the_command_shows_checks_and_proves(line: tuple[Path, Path]) -> None:
    store = ("--store", line[1])
    page = kg("passport", "TX42-0001", *store)
    why = kg("passport", "TX42-0001", "--why", "52", "--audience", "legitimate-interest", *store)
    hidden = kg("passport", "TX42-0001", "--why", "capacity_fade", *store)
    checked = kg("passport", "TX42-0001", "--check", "--date", "2027-02-18", *store)
    lacking = kg("passport", "TX42-0001", "--check", "--profile", "longlist-1.2", *store)
    listed = kg("passport", "--list", *store)

    assert (page.exit_code, why.exit_code, checked.exit_code, listed.exit_code) == (0, 0, 0, 0)
    assert "mass: 241.082 kg" in page.output
    assert "capacity fade" not in page.output
    assert "bms_2026.csv: row=4" in why.output
    assert "battery_models_2026.csv: row=2" in why.output
    assert hidden.exit_code == 2 and "is for a person with legitimate interest" in hidden.output
    assert "Complete under ec-2026-07 on 2027-02-18" in checked.output
    assert lacking.exit_code == 1
    assert listed.output.count("complete") == 12 and listed.output.count("none owed") == 2


def test_check_digits_are_those_of_gs1() -> None:
    assert check_digit("629104150021") == "3"  # the example of the GS1 specification
