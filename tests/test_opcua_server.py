"""Servers that guard themselves, that keep a history, and that speak as a specification prescribes."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from kg.cli import main
from kg.errors import KgError
from kg.opcua.access import Access
from kg.opcua.mapping import read_mapping
from kg.opcua.watch import Watch
from kg.store import Store
from tests.calender import MAPPING, PATIENCE, Calender, calender, iso, runs_in, when


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Certificates and keys of the calender and of the line, both signed by themselves."""
    folder = tmp_path_factory.mktemp("keys")
    made: dict[str, Path] = {}
    for name in ("calender", "line", "badge"):
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        names = [x509.UniformResourceIdentifier(f"urn:example:{name}"), x509.DNSName("localhost")]
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(key, hashes.SHA256())
        )
        made[f"{name}.der"], made[f"{name}.pem"] = folder / f"{name}.der", folder / f"{name}.pem"
        made[f"{name}.der"].write_bytes(certificate.public_bytes(Encoding.DER))
        made[f"{name}.pem"].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return made


@pytest.fixture(scope="module")
def guarded(keys: dict[str, Path]) -> Iterator[Calender]:
    """A calender that speaks with those alone who encrypt, and lets in one user by its password."""
    with calender(keys["calender.der"], keys["calender.pem"], keys["badge.der"]) as machine:
        yield machine


def access(keys: dict[str, Path], **other: Any) -> Access:
    given: dict[str, Any] = {"user": "line", "password": "s3cret", "policy": "Basic256Sha256"}
    given |= {"certificate": keys["line.der"], "key": keys["line.pem"]}
    return Access(**(given | other))


def watch_until(
    text: str,
    machine: Calender,
    folder: Path,
    entry: Access,
    lots: tuple[str, ...] = (),
    mapping: str = MAPPING,
    begin: Callable[[], None] = lambda: None,
) -> Path:
    """Watch in this process while lots are made, until a text is told, and return the store."""
    store = folder / "line"
    if not store.exists():
        Store.create(store)
    (folder / "kal.yaml").write_text(mapping, encoding="utf-8")

    async def run() -> None:
        stop = asyncio.Event()

        def tell(line: str) -> None:
            if line.startswith("connected"):
                begin()
                for lot in lots:
                    machine.make(lot, (291.0,))
            if text in line:
                stop.set()

        machines = read_mapping(folder / "kal.yaml")
        watch = Watch(machine.url, machines, store, access=entry, every=900, period=0.05, tell=tell)
        await asyncio.wait_for(watch.run(stop), PATIENCE)

    asyncio.run(run())
    return store


def test_an_encrypted_channel_and_a_password_let_the_watcher_in(
    guarded: Calender, keys: dict[str, Path], tmp_path: Path
) -> None:
    store = watch_until("run 1", guarded, tmp_path, access(keys), ("KA-1",))

    assert [lot for lot, _, _ in runs_in(store)] == ["KA-1"]


def test_a_certificate_of_a_user_lets_the_watcher_in(
    guarded: Calender, keys: dict[str, Path], tmp_path: Path
) -> None:
    badge = {"user_certificate": keys["badge.der"], "user_key": keys["badge.pem"]}

    watch_until("connected", guarded, tmp_path, access(keys, user="", **badge))

    with pytest.raises(KgError, match=r"does not let 'line\.der' in"):
        other = {"user_certificate": keys["line.der"], "user_key": keys["line.pem"]}
        watch_until("connected", guarded, tmp_path, access(keys, user="", **other))


def test_what_a_server_keeps_is_made_up_for(guarded: Calender, keys: dict[str, Path], tmp_path: Path) -> None:
    watch_until("run 1", guarded, tmp_path, access(keys), ("KB-1",))
    spans = {lot: guarded.make(lot, (280.0, 290.0)) for lot in ("KB-2", "KB-3")}
    began = guarded.begin("KB-4")
    time.sleep(0.02)
    guarded.do(LineLoad=270.0)

    store = watch_until("connected", guarded, tmp_path, access(keys))
    ended = guarded.end()
    watch_until("run 4", guarded, tmp_path, access(keys))

    found = runs_in(store)
    spans["KB-4"] = began, ended
    assert found[1:] == [(lot, iso(begin), iso(end)) for lot, (begin, end) in spans.items()]
    journal = "".join(path.read_text(encoding="utf-8") for path in (store / "opcua").glob("*_*.jsonl"))
    assert "not watched" not in journal


LASER = """\
title: Laser that cuts electrodes
machine: LAS-1
root: /Objects/LAS-1
states: {names: umati}
runs:
  things:
    run: {kind: run, class: SlittingFabricatedElectrodeSeparation, role: run, key: "slitting/{Job}"}
  columns:
    Job: {node: Production/ActiveProgram/JobIdentifier, id: run}
"""


def test_a_machine_tool_is_watched_by_the_nodes_that_umati_prescribes(
    guarded: Calender, keys: dict[str, Path], tmp_path: Path
) -> None:
    times: list[float] = []

    def work() -> None:
        for program in ("Initializing", "Running", "Interrupted", "Running", "Ended"):
            times.append(guarded.do(Job="J-1", Program=program))

    store = watch_until("run 1", guarded, tmp_path, access(keys), mapping=LASER, begin=work)

    found = Store.open(store).query(
        "SELECT ?start ?end WHERE { ?run dcterms:identifier 'J-1' ; prov:startedAtTime ?start ; "
        "prov:endedAtTime ?end }"
    )
    spans = [(when(row["start"].value), when(row["end"].value)) for row in found]
    assert spans == [(iso(times[1]), iso(times[4]))]
    (path,) = (store / "opcua").glob("*states.jsonl")
    states = [json.loads(line)["state"] for line in path.read_text(encoding="utf-8").splitlines()]
    assert states[1:] == ["Starting", "Execute", "Held", "Execute"]


NESTED = """\
title: Calender of the companion specification
machine: KAL-2
root: /Objects/KAL-2
states: {names: packml}
"""


def test_state_machines_in_each_other_tell_one_state(
    guarded: Calender, keys: dict[str, Path], tmp_path: Path
) -> None:
    def work() -> None:
        guarded.do(BaseStateMachine="Cleared", ExecuteState="Execute", MachineState="Running")
        guarded.do(ExecuteState="Held")
        guarded.do(BaseStateMachine="Aborting", MachineState="Stopped")
        guarded.do(BaseStateMachine="Aborted")
        guarded.do(BaseStateMachine="Cleared")

    store = watch_until("Aborted,", guarded, tmp_path, access(keys), mapping=NESTED, begin=work)

    (path,) = (store / "opcua").glob("*states.jsonl")
    states = [json.loads(line)["state"] for line in path.read_text(encoding="utf-8").splitlines()]
    assert states == ["Stopped", "Execute", "Held", "Aborting", "Aborted"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("node: WebIn", "node: WebInn", "'WebInn': there is no 'WebInn' on the server. Near: 'WebIn'"),
        ("root: /Objects/KAL-1", "root: /Objects/KAL-3", "there is no 'KAL-3' on the server. Near: 'KAL-"),
        ("nsu=urn:example:calender", "nsu=urn:other", "the server has no namespace 'urn:other'. It has: "),
        ("node: WebIn", "node: ns=2;s=Gone", "column 'Web in': the server does not give 'ns=2;s=Gone'"),
    ],
)
def test_a_node_that_is_not_there_is_told(
    guarded: Calender, keys: dict[str, Path], tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert MAPPING.count(old) == 1

    with pytest.raises(KgError) as error:
        watch_until("connected", guarded, tmp_path, access(keys), mapping=MAPPING.replace(old, new))

    assert said in str(error.value)


def test_a_draft_has_the_nodes_of_the_server_with_terms_and_units(
    guarded: Calender, keys: dict[str, Path], tmp_path: Path
) -> None:
    words = ["opcua", "draft", guarded.url, "--root", "/Objects/KAL-1", "-o", str(tmp_path / "draft.yaml")]
    words += ["--user", "line", "--policy", "Basic256Sha256"]
    words += ["--certificate", str(keys["line.der"]), "--key", str(keys["line.pem"])]

    result = CliRunner().invoke(main, words, env={"KG_OPCUA_PASSWORD": "s3cret"})

    text = (tmp_path / "draft.yaml").read_text(encoding="utf-8")
    assert result.exit_code == 0, result.output
    assert "\n  node: State\n  reason: StopReason\n" in text
    assert "\n    Lot: {node: Lot, id: run}\n" in text
    assert "\n    LineLoad: {node: LineLoad, term: LineLoad, unit: N.mm-1}" in text
    assert "\n    LineLoadSet: {node: LineLoadSet, term: LineLoad, unit: N.mm-1, value: set}" in text
    assert "\n    RollTemperature: {node: RollTemperature, term: RollTemperature, unit: Cel}" in text
    assert "\n    # Good: {node: Good, term: GoodCount, unit: '?'}" in text
    decided = text.replace("class: '?'", "class: FabricatedElectrodeCalendering")
    (tmp_path / "draft.yaml").write_text(decided, encoding="utf-8")
    (machine,) = read_mapping(tmp_path / "draft.yaml")
    assert machine.rules.run_id == "Lot"


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"password": "guess"}, "does not let 'line' in"),
        ({"user": ""}, "does not let 'anonymous' in"),
        ({"policy": "Basic64"}, "no security policy is called 'Basic64'. There are: "),
        ({"certificate": None}, "needs --certificate and --key"),
        (
            {"policy": ""},
            "does not offer a channel without policy. It offers: --policy Basic256Sha256",
        ),
    ],
)
def test_who_is_not_let_in_is_told_why(
    guarded: Calender, keys: dict[str, Path], tmp_path: Path, other: dict[str, Any], said: str
) -> None:
    with pytest.raises(KgError) as error:
        watch_until("run", guarded, tmp_path, access(keys, **other))

    assert said in str(error.value)
