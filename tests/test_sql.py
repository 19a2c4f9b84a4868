"""Databases as sources: SQLite in a file, and a PostgreSQL server that the tests start themselves."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from kg.errors import FaultsError
from kg.mappers.apply import apply
from kg.mappers.plan import Plan, read_plans
from kg.sources import Content, Reading, read_table
from kg.terms import vocabulary

sqlalchemy = pytest.importorskip(
    "sqlalchemy", reason="SQLAlchemy is not installed: pip install battery-kg[sql]"
)

CASE = Path(__file__).parent / "cases" / "galv_database"
BASE = "https://example.org/line/"
PASSWORD = "not a secret: 50 % & more"
CELLS = Reading(query="SELECT id, name, mass FROM cell", row=("cell", ("id",)))


def database(folder: Path) -> Path:
    """Return the connection file of a small SQLite database."""
    with closing(sqlite3.connect(folder / "lab.db")) as connection, connection:
        connection.execute("CREATE TABLE cell (id integer PRIMARY KEY, name text, mass real)")
        connection.executemany("INSERT INTO cell VALUES (?, ?, ?)", [(10, "C%10", 2.5), (9, " ", None)])
    return connect(folder, 'url = "sqlite:///lab.db"')


def connect(folder: Path, text: str) -> Path:
    path = folder / "lab.sql.toml"
    path.write_text(text, encoding="utf-8")
    return path


def execute(folder: Path, statement: str) -> None:
    with closing(sqlite3.connect(folder / "lab.db")) as connection, connection:
        connection.execute(statement)


def fault_of(path: Path, reading: Reading = CELLS) -> str:
    with pytest.raises(FaultsError) as error:
        Content(path, [reading])
    return str(error.value)


def test_a_row_is_named_by_its_primary_key_and_comes_in_its_order(tmp_path: Path) -> None:
    table = read_table(database(tmp_path), CELLS, "sql")

    assert table.frame.to_dicts() == [
        {"id": "9", "name": None, "mass": None},
        {"id": "10", "name": "C%10", "mass": "2.5"},
    ]
    assert table.places.to_list() == ["table=cell&id=9", "table=cell&id=10"]


def test_a_key_of_several_columns_and_of_any_sign_is_one_place(tmp_path: Path) -> None:
    reading = Reading(query="SELECT id, name FROM cell WHERE id = 10", row=("my cell", ("id", "name")))

    assert read_table(database(tmp_path), reading, "sql").places.to_list() == [
        "table=my%20cell&id=10&name=C%2510"
    ]


def test_the_digest_is_that_of_the_data_and_not_of_the_file_that_names_it(tmp_path: Path) -> None:
    path = database(tmp_path)
    before = Content(path, [CELLS]).sha256

    execute(tmp_path, "CREATE TABLE other (id integer)")
    path.write_text('url_from = "LAB_URL"')
    os.environ["LAB_URL"] = "sqlite:///lab.db"
    same = Content(path, [CELLS]).sha256
    del os.environ["LAB_URL"]
    path.write_text('url = "sqlite:///lab.db"')
    execute(tmp_path, "UPDATE cell SET mass = 2.6 WHERE id = 10")

    assert before == same
    assert before != Content(path, [CELLS]).sha256


def test_an_empty_text_and_no_value_are_different_data(tmp_path: Path) -> None:
    path = database(tmp_path)
    execute(tmp_path, "UPDATE cell SET name = ''")
    before = Content(path, [CELLS]).sha256
    execute(tmp_path, "UPDATE cell SET name = NULL")

    assert before != Content(path, [CELLS]).sha256


WRONG_QUERIES = [
    ("DELETE FROM cell", "the query fails: attempt to write a readonly database."),
    (
        "INSERT INTO cell VALUES (1, 'x', 1) RETURNING id",
        "the query fails: attempt to write a readonly database.",
    ),
    ("SELEC id", 'the query fails: near "SELEC": syntax error.'),
    ("SELECT id, mass AS id FROM cell", "the query returns 'id' more than once. Name all but one with AS."),
    (
        "SELECT id AS ident, name FROM cell",
        "the query returns no column 'id', which 'row' names. Columns: 'ident', 'name'.",
    ),
    (
        "SELECT cell.id FROM cell JOIN cell AS other",
        "the query returns several rows of 'cell' with id 9. "
        "Name all columns under 'row' that tell its rows apart.",
    ),
    ("SELECT NULL AS id", "a row of 'cell' has no 'id'. A primary key has a value in each row."),
]


@pytest.mark.parametrize(("query", "message"), WRONG_QUERIES)
def test_a_query_that_is_wrong_or_would_write_is_told_and_changes_nothing(
    tmp_path: Path, query: str, message: str
) -> None:
    path = database(tmp_path)
    before = (tmp_path / "lab.db").read_bytes()

    assert fault_of(path, Reading(query=query, row=("cell", ("id",)))) == f"lab.sql.toml: {message}"
    assert before == (tmp_path / "lab.db").read_bytes()


def test_the_faults_of_all_queries_are_told_at_once(tmp_path: Path) -> None:
    path = database(tmp_path)
    wrong = [Reading(query=f"SELECT {name} FROM cell", row=("cell", ("id",))) for name in ("idd", "nam")]

    with pytest.raises(FaultsError) as error:
        Content(path, wrong)

    assert str(error.value) == (
        "lab.sql.toml: the query fails: no such column: idd.\n"
        "lab.sql.toml: the query fails: no such column: nam."
    )


WRONG_CONNECTIONS = [
    ("url = ", "this is not TOML: Invalid value (at end of document)."),
    (
        'adress = "x"\nurl = 3',
        "'url' is no key with a text here. Keys: url, url_from, password_from.\n"
        "lab.sql.toml: 'adress' is no key with a text here. Keys: url, url_from, password_from.",
    ),
    (
        "",
        "the file is empty. Export it again, or leave it out.",
    ),
    (
        'password_from = "P"',
        "give 'url', the address of the database, or 'url_from', the environment variable that holds it.",
    ),
    (
        'url_from = "KG_NOT_SET"',
        "the environment variable 'KG_NOT_SET' is not set. Set it, and load again.",
    ),
    (
        'url = "lab.db?password=geheim"',
        "the address of the database is none. "
        "Write e.g. sqlite:///lab.db or postgresql://reader@db.example.org/lab.",
    ),
    (
        'url = "mysql://me:geheim@host/db"',
        "databases of the kind 'mysql' are not read. Kinds: sqlite, postgresql.",
    ),
    (
        'url = "sqlite:///none.db"',
        "there is no SQLite file 'none.db'. A relative path begins at the folder of this file.",
    ),
]


@pytest.mark.parametrize(("text", "message"), WRONG_CONNECTIONS)
def test_a_connection_that_leads_nowhere_is_told_without_a_password(
    tmp_path: Path, text: str, message: str
) -> None:
    assert fault_of(connect(tmp_path, text)) == f"lab.sql.toml: {message}"


def test_the_database_of_the_case_holds_what_its_text_says(tmp_path: Path) -> None:
    with (
        closing(sqlite3.connect(":memory:")) as written,
        closing(sqlite3.connect(f"file:{CASE / 'galv.db'}?mode=ro", uri=True)) as kept,
    ):
        written.executescript((CASE / "galv.sql").read_text(encoding="utf-8"))

        assert list(kept.iterdump()) == list(written.iterdump())


# PostgreSQL


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


def _as_user(*command: str | Path) -> None:
    # PostgreSQL refuses to run as root.
    before = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*before, *map(str, command)], check=True, capture_output=True, cwd="/", timeout=120)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server() -> Iterator[sqlalchemy.URL]:
    """Yield the address of a PostgreSQL server that listens on loopback alone, with its password."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install battery-kg[sql]")
    folder = Path(tempfile.mkdtemp(prefix="kg-postgres-"))
    port = _free_port()
    try:
        password = folder / "password"
        password.write_text(PASSWORD)
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
            shutil.chown(password, "postgres")
        data = folder / "data"
        settings = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        _as_user(
            programs / "initdb", "-D", data, "-U", "owner", "-A", "scram-sha-256", f"--pwfile={password}"
        )
        _as_user(programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", settings, "start")
        try:
            yield sqlalchemy.URL.create(
                "postgresql+psycopg", "owner", PASSWORD, "127.0.0.1", port, "postgres"
            )
        finally:
            _as_user(programs / "pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def galv(server: sqlalchemy.URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the connection file of a PostgreSQL database with the tables of the case."""
    engine = sqlalchemy.create_engine(server, poolclass=sqlalchemy.pool.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        connection.exec_driver_sql((CASE / "galv.sql").read_text(encoding="utf-8"))
    engine.dispose()
    monkeypatch.setenv("GALV_PASSWORD", PASSWORD)
    return connect(
        tmp_path,
        f'url = "postgresql://owner@127.0.0.1:{server.port}/postgres"\npassword_from = "GALV_PASSWORD"\n',
    ).rename(tmp_path / "table.sql.toml")


def graph(path: Path) -> str:
    (plan,) = read_plans(CASE / "mapping.yaml", vocabulary())
    assert isinstance(plan, Plan)
    mapped = apply(plan, read_table(path, plan.reading, plan.source), BASE, vocabulary().units)
    assert mapped.findings == []
    return mapped.ntriples()


def test_postgresql_and_sqlite_give_the_same_graph(galv: Path) -> None:
    assert sorted(graph(galv).splitlines()) == sorted(graph(CASE / "table.sql.toml").splitlines())
    assert PASSWORD not in graph(galv)


def test_values_of_postgresql_keep_their_digits(galv: Path) -> None:
    query = """SELECT 1 AS id, 1.10::numeric AS n, 0.1::real AS r, 12345678901234567890::numeric AS big,
        '2026-03-02 08:15+01'::timestamptz AT TIME ZONE 'UTC' AS t, '{"b": [1.50], "a": "%"}'::jsonb AS j,
        interval '90 min' AS i, true AS yes, '2f6c1f0e-6f0f-4ac0-9d3e-0c6f4f6b7a01'::uuid AS u,
        'a:b' LIKE 'a:%' AS colon, ARRAY[1, 2] AS many"""

    (row,) = read_table(galv, Reading(query=query, row=("x", ("id",))), "sql").frame.to_dicts()

    assert row == {
        "id": "1",
        "n": "1.10",
        "r": "0.1",
        "big": "12345678901234567890",
        "t": "2026-03-02T07:15:00",
        "j": '{"a": "%", "b": [1.5]}',
        "i": "5400",
        "yes": "true",
        "u": "2f6c1f0e-6f0f-4ac0-9d3e-0c6f4f6b7a01",
        "colon": "true",
        "many": "[1, 2]",
    }


def test_postgresql_is_only_read(galv: Path) -> None:
    query = "WITH gone AS (DELETE FROM galv_cell RETURNING uuid) SELECT uuid FROM gone"
    before = graph(galv)

    assert fault_of(galv, Reading(query=query, row=("galv_cell", ("uuid",)))) == (
        "table.sql.toml: the query fails: cannot execute SELECT in a read-only transaction."
    )
    assert before == graph(galv)


def test_one_wrong_query_does_not_hide_the_next_in_postgresql(galv: Path) -> None:
    wrong = [Reading(query=f"SELECT {name} FROM galv_cell", row=("c", ("id",))) for name in ("a", "b")]

    with pytest.raises(FaultsError) as error:
        Content(galv, wrong)

    assert str(error.value) == (
        'table.sql.toml: the query fails: column "a" does not exist.\n'
        'table.sql.toml: the query fails: column "b" does not exist.'
    )


def test_a_wrong_password_is_told_without_it(galv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GALV_PASSWORD", "geheim")

    said = fault_of(galv)

    assert "does not answer or refuses" in said
    assert "password authentication failed" in said
    assert "geheim" not in said


def test_a_server_that_is_not_there_is_told_with_its_address(tmp_path: Path) -> None:
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install battery-kg[sql]")
    port = _free_port()

    said = fault_of(connect(tmp_path, f'url = "postgresql://me:geheim@127.0.0.1:{port}/lab"'))

    assert said.startswith(
        f"lab.sql.toml: the database postgresql+psycopg://me:***@127.0.0.1:{port}/lab does not answer"
    )
    assert "geheim" not in said
