"""A calender on a real server is watched -> states, runs and series; a crash of either side loses no run."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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

import kg
import kg.series
from kg.cli import main
from kg.errors import KgError
from kg.load import Loader
from kg.model import (
    HAS_NUMBER_VALUE,
    HAS_NUMERICAL_PART,
    HAS_PROCESS_PARAMETER,
    HAS_UNIT,
    VALUE_KINDS,
)
from kg.opcua.client import Access
from kg.opcua.mapping import read_mapping
from kg.opcua.watch import Watch
from kg.store import Store

HERE = Path(__file__).parent
PATIENCE = 60
"""Seconds after which a test gives up waiting; none of them is expected to pass."""

PAGE = HERE.parent / "docs" / "how-to" / "watch-a-machine.md"
MAPPING = PAGE.read_text(encoding="utf-8").split("```yaml\n")[1].partition("```")[0]
"""The mapping that the page on watching shows."""


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        assert isinstance(port, int)
        return port


def wait_for(what: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)


class Calender:
    """The server, and what it says that it did."""

    def __init__(self, port: int, *keys: Path) -> None:
        self.url, self._command = f"opc.tcp://127.0.0.1:{port}/", [str(port), *map(str, keys)]
        self.told: list[dict[str, Any]] = []
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "opcua" / "calender.py"), *self._command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout and self.process.stdout.readline() == "ready\n"

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    def do(self, **values: Any) -> float:
        """Set values one after the other, and return the time of the last."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(values) + "\n")
        self.process.stdin.flush()
        for _ in values:
            self.told.append(json.loads(self.process.stdout.readline()))
        return float(self.told[-1]["t"])

    def make(self, lot: str, loads: tuple[float, ...]) -> tuple[float, float]:
        """Make one lot, with a stop in the middle; return when it began and ended."""
        began = self.begin(lot)
        for load in loads:
            self.do(LineLoad=load)
            time.sleep(0.02)
        self.do(StopReason=7, State=11)
        self.do(State=6, StopReason=0)
        return began, self.end()

    def begin(self, lot: str) -> float:
        self.do(State=4, Lot=lot, WebIn=f"T-{lot}", WebOut=f"K-{lot}", LineLoadSet=300.0, LineLoad=290.0)
        return self.do(State=6)

    def end(self) -> float:
        self.do(Good=98)
        return self.do(State=17)


class Watcher:
    """`kg opcua watch` in its own process."""

    def __init__(
        self, calender: Calender, folder: Path, *options: str, env: dict[str, str] | None = None
    ) -> None:
        self.calender, self.folder, self.options, self.env = calender, folder, options, env
        self.store = folder / "line"
        if not self.store.exists():
            Store.create(self.store)
            (folder / "kal.yaml").write_text(MAPPING, encoding="utf-8")
        self.start()

    def start(self) -> None:
        words = ["opcua", "watch", self.calender.url, "--mapping", str(self.folder / "kal.yaml"), "--store"]
        words += [str(self.store), "--every", "900", "--period", "0.05", *self.options]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "kg", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(self.env or {})},
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, args=(self.process,))
        self._reader.start()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        for line in process.stdout:
            self.lines.append(line.rstrip())

    def wait(self, text: str, times: int = 1) -> None:
        def there() -> bool:
            assert self.process.poll() is None or text in "\n".join(self.lines), "\n".join(self.lines)
            return sum(text in line for line in self.lines) >= times

        wait_for(there)

    def kill(self) -> None:
        self.process.kill()
        self._gone()

    def stop(self) -> int:
        self.process.terminate()
        return self._gone()

    def _gone(self) -> int:
        code = self.process.wait()
        self._reader.join()
        assert self.process.stdout
        self.process.stdout.close()
        return code

    def knows(self, text: str) -> None:
        """Wait until a text is in the log of events on disk."""
        log = self.store / "opcua" / "KAL-1.events.jsonl"
        wait_for(lambda: log.exists() and text in log.read_text(encoding="utf-8"))

    def rows(self, kind: str) -> list[dict[str, Any]]:
        return [
            json.loads(line)
            for path in sorted((self.store / "opcua").glob(f"*.opcua-{kind}.jsonl"))
            for line in path.read_text(encoding="utf-8").splitlines()
        ]


@contextmanager
def calender(*keys: Path) -> Iterator[Calender]:
    made = Calender(free_port(), *keys)
    try:
        yield made
    finally:
        made.kill()


@contextmanager
def watched(calender: Calender, folder: Path, *options: str, **more: Any) -> Iterator[Watcher]:
    made = Watcher(calender, folder, *options, **more)
    try:
        yield made
    finally:
        if made.process.poll() is None:
            made.kill()


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def when(text: str) -> str:
    return iso(datetime.fromisoformat(text).timestamp())


def runs_in(store: Path) -> list[tuple[str, str, str]]:
    found = Store.open(store).query(
        "SELECT ?id ?start ?end WHERE { ?run a bvco:BVCO_3f685553_cf80_4b4f_ba3b_c2552c570a81 ; "
        "dcterms:identifier ?id ; prov:startedAtTime ?start ; prov:endedAtTime ?end } ORDER BY ?start"
    )
    return [(row["id"].value, when(row["start"].value), when(row["end"].value)) for row in found]


@dataclass
class Story:
    """What the calender did, and what came of it: lot by lot the begin and the end, by its own clock."""

    watcher: Watcher
    spans: dict[str, tuple[float, float]]
    told: list[dict[str, Any]]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Four lots: the watcher is killed in the second, the server in the third."""
    spans: dict[str, tuple[float, float]] = {}
    with calender() as machine, watched(machine, tmp_path_factory.mktemp("watched")) as watcher:
        watcher.wait("connected to")
        spans["KA-1"] = machine.make("KA-1", (291.0, 295.0))
        began = machine.begin("KA-2")
        machine.do(LineLoad=280.0)
        watcher.knows("280.0")
        watcher.kill()
        watcher.start()
        watcher.wait("connected to")
        machine.do(LineLoad=281.0)
        spans["KA-2"] = began, machine.end()
        watcher.wait("run 2")
        began = machine.begin("KA-3")
        time.sleep(0.02)
        spans["KA-3"] = began, machine.do(LineLoad=270.0)
        watcher.knows("270.0")
        machine.kill()
        watcher.wait("next attempt")
        machine.start()
        watcher.wait("connected to", times=2)
        spans["KA-4"] = machine.make("KA-4", (285.0,))
        watcher.wait("run 4")
        machine.do(State=4)
        machine.do(State=2)
        watcher.wait("Idle,", times=3)
        assert watcher.stop() == 0
        yield Story(watcher, spans, machine.told)


def test_each_run_is_in_the_store_once_with_its_times(story: Story) -> None:
    found = runs_in(story.watcher.store)

    assert [row["number"] for row in story.watcher.rows("runs")] == [1, 2, 3, 4]
    assert found == [(lot, iso(began), iso(ended)) for lot, (began, ended) in story.spans.items()]


def test_states_follow_each_other_without_a_number_twice_or_left_out(story: Story) -> None:
    rows = story.watcher.rows("states")

    assert [row["number"] for row in rows] == list(range(1, len(rows) + 1))
    assert [later["start"] for later in rows[1:]] == [row["end"] for row in rows[:-1]]


def test_time_that_nobody_watched_counts_for_no_state(story: Story) -> None:
    rows = story.watcher.rows("states")

    assert [(row["state"], row["comment"]) for row in rows if not row["state"]] == [("", "not watched")]
    assert [row["Lot"] for row in story.watcher.rows("runs") if row["unwatched"]] == ["KA-2"]


def expected(told: list[dict[str, Any]], name: str, span: tuple[float, float]) -> list[tuple[float, float]]:
    """Return what a node was from when on during a run, as the calender told it."""
    begin, end = span
    said = [(each["t"], float(each["value"])) for each in told if each["name"] == name]
    before = [(begin, value) for time, value in said if time <= begin][-1:]
    return [*before, *((time, value) for time, value in said if begin < time <= end)]


def test_a_mean_weighs_each_value_by_the_time_that_it_stood(story: Story) -> None:
    for lot in ("KA-1", "KA-2", "KA-4"):
        begin, end = story.spans[lot]
        loads = expected(story.told, "LineLoad", story.spans[lot])
        ends = [time for time, _ in loads[1:]] + [end]
        mean = sum(v * (until - t) for (t, v), until in zip(loads, ends, strict=True)) / (end - begin)
        (row,) = [row for row in story.watcher.rows("runs") if row["Lot"] == lot]

        assert row["Line load"] == pytest.approx(mean, rel=1e-6)
        assert row["Line load, set"] == 300.0


def test_values_are_quantities_of_the_run_with_unit_and_row(story: Story) -> None:
    found = Store.open(story.watcher.store).query(
        f"SELECT ?value ?unit ?row WHERE {{ ?run dcterms:identifier 'KA-1' ; <{HAS_PROCESS_PARAMETER}> ?q ; "
        f"prov:wasDerivedFrom ?row . ?q a bvcox:LineLoad, <{VALUE_KINDS['measured']}> ; <{HAS_UNIT}> ?unit ; "
        f"<{HAS_NUMERICAL_PART}>/<{HAS_NUMBER_VALUE}> ?value }}"
    )
    ((value, unit, row),) = [[each[name].value for name in ("value", "unit", "row")] for each in found]

    assert float(value) == story.watcher.rows("runs")[0]["Line load"]
    assert unit.endswith("NewtonPerMilliMetre")
    assert ".opcua-runs.jsonl#/0" in row


def test_what_changed_during_a_run_is_a_series_of_it(story: Story) -> None:
    store = story.watcher.store
    listed = {each.id: each for each in kg.series.listing(store)}
    frame = kg.series.read(store, "KAL-1-1")

    assert sorted(listed) == ["KAL-1-1", "KAL-1-2", "KAL-1-3", "KAL-1-4"]
    assert listed["KAL-1-1"].about == (f"{Store.open(store).base}run/calendering/KA-1",)
    loads = expected(story.told, "LineLoad", story.spans["KA-1"])
    column = frame["line_load_newton_per_milli_metre"]
    changed = column != column.shift()
    assert list(column[changed]) == [value for _, value in loads]
    assert list(frame["unix_time_second"][changed]) == pytest.approx([time for time, _ in loads], abs=1e-5)


@pytest.mark.parametrize("name", ["machine_states", "stop_reasons", "overall_equipment_effectiveness"])
def test_questions_on_machines_answer_for_one_that_is_watched(story: Story, name: str) -> None:
    # The planned time of a run stands in the list of machines, which no machine tells.
    listed = story.watcher.folder / "maschinenliste.csv"
    listed.write_text(
        "Maschine;Art;Hersteller;Serien-Nr.;Plantakt [min];Wartung alle [d];Kalibrierung alle [d]\n"
        "KAL-1;Kalander;;;0,001;;\n",
        encoding="utf-8",
    )
    assert Loader(story.watcher.store).load([listed])[0].outcome in ("loaded", "unchanged")

    rows = kg.open(story.watcher.store).query(name)

    assert {machine.rpartition("/")[2] for machine in rows["machine"]} == {"KAL-1"}
    if name == "stop_reasons":
        assert list(rows["reason"]) == ["Bahnriss"]
        assert list(rows["stops"]) == [2]
    if name == "overall_equipment_effectiveness":
        assert (rows["oee"] > 0).all()


# Security


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Certificates and keys of the calender and of the line, both signed by themselves."""
    folder = tmp_path_factory.mktemp("keys")
    made: dict[str, Path] = {}
    for name in ("calender", "line"):
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
    with calender(keys["calender.der"], keys["calender.pem"]) as machine:
        yield machine


def access(keys: dict[str, Path], **other: Any) -> Access:
    given: dict[str, Any] = {"user": "line", "password": "s3cret", "policy": "Basic256Sha256"}
    given |= {"certificate": keys["line.der"], "key": keys["line.pem"]}
    return Access(**(given | other))


def watch_until(
    text: str, machine: Calender, folder: Path, entry: Access, lots: tuple[str, ...] = ()
) -> Path:
    """Watch in this process while lots are made, until a text is told, and return the store."""
    store = folder / "line"
    if not store.exists():
        Store.create(store)
    (folder / "kal.yaml").write_text(MAPPING, encoding="utf-8")

    async def run() -> None:
        stop = asyncio.Event()

        def tell(line: str) -> None:
            if line.startswith("connected"):
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


# Faults of the mapping


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("term: LineLoad,", "term: LinLoad,", "kal.yaml:18: no term is called 'LinLoad'"),
        ("unit: Cel", "unit: bar", "kal.yaml:20: "),
        ("take: max", "take: top", "kal.yaml:20: column 'Roll temperature': 'top' cannot be taken."),
        ("node: LineLoad,", "nod: LineLoad,", "kal.yaml:18: column 'Line load': 'node' is missing"),
        ("  node: State\n", "  names: packs\n", "kal.yaml:6: no names of states are called 'packs'"),
        ("  things:", "  while: [Excute]\n  things:", "kal.yaml:10: no state is called 'Excute'"),
        ("machine: KAL-1\n", "machines: KAL-1\n", "kal.yaml:2: 'machines' is no key here"),
        ("Web in:", "start:", "kal.yaml:16: each row has a column 'start' already"),
    ],
)
def test_a_fault_of_a_mapping_is_told_with_its_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert MAPPING.count(old) >= 1
    (tmp_path / "kal.yaml").write_text(MAPPING.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(KgError) as error:
        read_mapping(tmp_path / "kal.yaml")

    assert said in str(error.value)
