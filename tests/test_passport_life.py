"""Claims about the life of a battery: made, used, repurposed with half its modules, the rest recycled."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator
from serving import serving

from kg.cli import main
from kg.errors import KgError
from kg.load import Loader
from kg.passport import AUDIENCES, log
from kg.passport.build import Builder, Passport
from kg.passport.life import CEASED, IN_FORCE, REPLACED, CeasedError
from kg.passport.recycler import recycler
from kg.passport.schema import FILE, schema, text
from kg.passport.write import as_dict
from kg.plant import generate_packs
from kg.resources import PACKAGE
from kg.store import Store

NEW_PACK = """\
Batterie-Nr.;Modell;Module;Charge Gehäuse;Charge Elektronik;Charge Kühlmittel;Anlage;Bediener;Beginn;Ende;\
Modulanzahl;Zellanzahl;Masse [kg];Herstelldatum;Dichtheit [mbar·l/s]
RB-0001;FX-24;"TX42-0001-M1;TX42-0001-M2;TX42-0001-M3;TX42-0001-M4";GEH-2601;BMS-2601;;PACK-2;OP-21;\
02.03.2029 08:00;02.03.2029 11:00;4;48;126,0;2029-03;0,001
"""
NEW_PASSPORT = """\
Passport,Battery,Battery identifier,Serial,GTIN,Operator,Operator identifier,Issued,Status,Put into service,Replaces
DBP-900001,RB-0001,https://id.zweitleben.example/21/RB-0001,RB-0001,04200000100045,Zweitleben AG,LEI-2,\
2029-03-05T09:00:00,repurposed,2029-04,DBP-000001
"""  # noqa: E501
HEAD = "Event,Passport,Battery,Kind,Time,Agent,Note\n"
REUSE = "L-1,DBP-000001,TX42-0001,re-use,2028-02-01T10:00:00,Autohaus Nord,sold again\n"
WASTE = "L-2,DBP-000001,TX42-0001,waste,2029-02-01T10:00:00,Autohaus Nord,handed in\n"
HALF = (
    "L-3,DBP-000001,TX42-0001,repurposing,2029-03-02T08:00:00,Zweitleben AG,four of eight modules live on\n"
)
RECYCLED = "L-4,DBP-000001,TX42-0001,recycling,2029-05-01T08:00:00,Rückgewinn GmbH,rest shredded\n"


@dataclass
class Life:
    """A store in which a life goes on, stage by stage; a builder sees the state at its making."""

    folder: Path
    store: Path
    told: str = HEAD

    def load(self, name: str, content: str, encoding: str = "utf-8") -> None:
        path = self.folder / name
        path.write_bytes(content.encode(encoding))
        (outcome,) = Loader(self.store).load([path])
        assert (outcome.outcome, outcome.findings) == ("loaded", []), outcome

    def tell(self, event: str) -> None:
        self.told += event
        self.load("battery_life_2028.csv", self.told)

    def builder(self) -> Builder:
        return Builder(Store.open(self.store))

    def passport(self, name: str = "DBP-000001") -> Passport:
        return self.builder().named(name)

    def kg(self, *words: str) -> Result:
        return CliRunner().invoke(main, ["passport", *words, "--store", str(self.store)])


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Life:
    folder = tmp_path_factory.mktemp("life")
    names = generate_packs(folder, batteries=1)
    store = folder / "store"
    Store.create(store)
    Loader(store).load([folder / name for name in names])
    return Life(folder, store)


def status(passport: Passport) -> str:
    found = passport.values["status"]
    assert found
    return str(found.value)


def test_every_id_answers_rightly_over_http_at_every_stage(tmp_path: Path) -> None:
    names = generate_packs(tmp_path, batteries=1)
    life = Life(tmp_path, tmp_path / "store")
    Loader(life.store).load([tmp_path / name for name in names])
    ids = ("DBP-000001", "TX42-0001", "DBP-900001", "RB-0001")
    with serving(life.store) as served:

        def told() -> list[tuple[int, str]]:
            """Return status and state of each id, the same by HTTP one by one, in one go, and by command."""
            found = []
            for name in ids:
                reply = served.get(f"/passports/{name}", "application/json")
                said = json.loads(reply.body)
                found.append((reply.status, said.get("tombstone", said).get("state", "")))
            many = {"Content-Type": "application/json"}
            reply = served.send("POST", "/passports/resolve", json.dumps(ids).encode(), many)
            assert [json.loads(line)["status"] for line in reply.body.splitlines()] == [s for s, _ in found]
            codes = [life.kg(name, "--json").exit_code for name in ids]
            assert codes == [{200: 0, 410: 1, 404: 2}[status] for status, _ in found]
            return found

        nobody = (404, "")
        assert told() == [(200, "in force")] * 2 + [nobody] * 2
        life.tell(REUSE)
        life.tell(WASTE)
        assert told() == [(200, "in force")] * 2 + [nobody] * 2
        life.tell(HALF)
        life.load("packmontage_2029.csv", NEW_PACK, "cp1252")
        life.load("passport_register_2029.csv", NEW_PASSPORT)
        assert told() == [(200, "replaced")] * 2 + [(200, "in force")] * 2
        new = json.loads(served.get("/passports/RB-0001", "application/json").body)
        old = json.loads(served.get("/passports/TX42-0001", "application/json").body)
        assert (new["replaces"], old["replaced_by"]) == ([old["iri"]], [new["iri"]])
        life.tell(RECYCLED)
        assert told() == [(410, "ceased")] * 2 + [(200, "in force")] * 2
        gone = json.loads(served.get("/passports/DBP-000001", "application/json").body)
        assert gone["tombstone"]["successors"] == ["passport/DBP-900001"]


def test_every_passport_answers_rightly_at_every_stage(life: Life) -> None:
    made = life.passport()
    assert (status(made), made.life and made.life.state) == ("original", IN_FORCE)
    assert life.kg("record").output.startswith("1  issue  DBP-000001")
    assert life.kg("verify").exit_code == 0

    life.tell(REUSE)
    used = life.passport()
    found = used.values["status"]
    assert found and (status(used), used.id, found.said_by) == ("re-used", made.id, "Autohaus Nord")
    assert found.rows == ("battery_life_2028.csv#row=2",)
    changed = life.kg("verify")
    assert changed.exit_code == 1 and "DBP-000001: changed since" in changed.output
    assert "2  update  DBP-000001" in life.kg("record").output

    life.tell(WASTE)
    assert status(life.passport()) == "waste"

    life.tell(HALF)
    life.load("packmontage_2029.csv", NEW_PACK, "cp1252")
    life.load("passport_register_2029.csv", NEW_PASSPORT)
    old, new = life.passport(), life.passport("RB-0001")
    assert old.life and new.life
    assert (old.life.state, new.life.state) == (REPLACED, IN_FORCE)
    assert (status(new), new.id) == ("repurposed", "DBP-900001")
    assert [each.rpartition("/")[2] for each in new.life.replaces] == ["DBP-000001"]
    modules, before = new.values["modules"], used.values["modules"]
    assert modules and before
    assert [row["module"] for row in modules.value] == [row["module"] for row in before.value[:4]]
    assert len(before.value) == 8
    document = as_dict(old, "legitimate-interest")
    assert document["state"] == REPLACED and document["replaced_by"] == [new.iri]

    life.tell(RECYCLED)
    for name in ("DBP-000001", "TX42-0001"):
        with pytest.raises(CeasedError, match=r"was recycled on 2029-05-01 by Rückgewinn GmbH") as ceased:
            life.passport(name)
        stone = ceased.value.tombstone
        assert (stone["state"], stone["successors"]) == (CEASED, ["passport/DBP-900001"])
    answer = life.kg("DBP-000001", "--json")
    assert answer.exit_code == 1 and json.loads(answer.output)["ceased"].startswith("2029-05-01")
    assert "values" not in answer.output
    still = life.passport("DBP-900001")
    assert still.life and still.life.state == IN_FORCE
    assert [event.kind for event in ceased.value.life.events] == [
        "issue of a passport",
        "re-use of a battery",
        "battery becomes waste",
        "repurposing of a battery",
        "recycling of a battery",
    ]
    recorded = life.kg("record").output
    assert "ceased  DBP-000001" in recorded and "issue  DBP-900001" in recorded
    assert life.kg("verify").exit_code == 0


DOCUMENTS = [("P-1", "", "one"), ("P-2", "", "two")]


def test_the_log_adds_a_line_for_what_changed_and_nothing_else(tmp_path: Path) -> None:
    first = log.record(tmp_path, DOCUMENTS)
    again = log.record(tmp_path, DOCUMENTS)
    changed = log.record(tmp_path, [("P-1", "", "one"), ("P-2", "", "two, later")])

    assert [(entry.passport, entry.event) for entry in first] == [("P-1", "issue"), ("P-2", "issue")]
    assert again == []
    assert [(entry.number, entry.event) for entry in changed] == [(3, "update")]
    assert log.read(tmp_path) == [*first, *changed]


@pytest.mark.parametrize("change", ["edit", "drop", "swap", "cut"])
def test_a_log_that_was_touched_is_found_out(tmp_path: Path, change: str) -> None:
    log.record(tmp_path, [*DOCUMENTS, ("P-3", "", "three")])
    path = tmp_path / log.FILE
    one, two, three = path.read_text(encoding="utf-8").splitlines(keepends=True)
    told = {
        "edit": [one, two.replace("P-2", "P-9"), three],
        "drop": [one, three],
        "swap": [two, one, three],
        "cut": [one, two[:40] + "\n", three],
    }
    path.write_text("".join(told[change]), encoding="utf-8")

    with pytest.raises(KgError, match=r"passports.log:[12]: "):
        log.read(tmp_path)
    with pytest.raises(KgError):
        log.record(tmp_path, [("P-4", "", "four")])


def test_shipped_json_schema_is_what_the_registry_gives() -> None:
    assert (PACKAGE / FILE).read_text(encoding="utf-8") == text()
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("audience", AUDIENCES)
def test_documents_keep_the_json_schema(life: Life, audience: str) -> None:
    judge = Draft202012Validator(schema())
    document = as_dict(life.passport("DBP-900001"), audience)
    wrong = json.loads(json.dumps(document))
    next(entry for entry in wrong["points"] if entry["point"] == "10")["values"]["mass"]["value"] = "heavy"
    bare = json.loads(json.dumps(document))
    next(entry for entry in bare["points"] if entry["point"] == "10")["values"]["mass"]["proof"] = {}

    assert [error.message for error in judge.iter_errors(document)] == []
    assert not judge.is_valid(wrong)
    assert not judge.is_valid(bare)


def test_the_view_of_the_recycler_tells_how_to_treat_the_battery(life: Life) -> None:
    builder = life.builder()
    made = builder.named("DBP-900001")
    view = recycler(made, builder.bench(made.battery).materials)
    cobalt = next(row for row in view["critical_raw_materials"] if row["material"] == "cobalt")

    assert "leach" in view["route"]["proposed"] and "nickel and cobalt" in view["route"]["reason"]
    assert view["before_opening"]["high_voltage"]
    assert "60 V" in view["before_opening"]["advice"]
    assert view["black_mass"]["elements_kg"]["cobalt"] == pytest.approx(cobalt["mass_kg"], rel=1e-3)
    assert view["black_mass"]["mass_kg"] < view["dismantling"]["mass_kg"]
    assert view["hazards"] and view["extinguishing_agent"]


def test_the_view_of_the_recycler_is_not_for_everybody(life: Life) -> None:
    hidden = life.kg("DBP-900001", "--recycler")
    shown = life.kg("DBP-900001", "--recycler", "--audience", "legitimate-interest")

    assert hidden.exit_code == 2 and "legitimate interest" in hidden.output
    assert shown.exit_code == 0 and "black mass" in shown.output


def test_all_passports_are_written_one_a_line(life: Life) -> None:
    written = [json.loads(line) for line in life.kg("--all").output.splitlines()]

    assert [each["battery"].rpartition("/")[2] for each in written if "error" in each] == [
        "BX2-0001",
        "HX3-0001",
        "TX42-0001",
    ]
    assert [each["passport"] for each in written if "error" not in each] == ["DBP-900001"]
