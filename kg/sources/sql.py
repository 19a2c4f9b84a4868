"""What a query of a database returns -> a table in which each row is named by its primary key.

The database is only read: SQLite is opened read-only, PostgreSQL in a read-only transaction in which all
queries see one state. SQLAlchemy is asked for only here.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import polars as pl
from pydantic import BaseModel, ConfigDict, ValidationError

from kg.errors import Fault, FaultsError
from kg.near import near, quoted
from kg.sources.grid import frame_of_texts
from kg.sources.table import Reading, Table
from kg.sources.text import fault, read_text
from kg.sources.xlsx import cell_text

if TYPE_CHECKING:
    import sqlalchemy

CONNECTIONS = (".sql.toml",)
"""How the names of files end that say where a database is."""

_SUPPORTED = ("sqlite", "postgresql")


class Connection(BaseModel):
    """The text of a file `NAME.sql.toml`: where the database is, and who may say so."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str | None = None
    url_from: str | None = None
    password_from: str | None = None


@dataclass(frozen=True)
class Result:
    """What one query returns: the names of its columns, and its rows with their places, in order."""

    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    places: tuple[str, ...]


def is_connection(path: Path) -> bool:
    """Return whether a file says where a database is, by its name."""
    return path.name.lower().endswith(CONNECTIONS)


def read_connection(path: Path) -> Connection:
    """Return what a connection file says.

    Raises FaultsError with every key that is wrong.
    """
    text, _ = read_text(path, ("utf-8",))
    try:
        said = Connection.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise fault(path, f"this is not TOML: {error}.") from None
    except ValidationError as error:
        keys = ", ".join(Connection.model_fields)
        wrong = [".".join(map(str, detail["loc"])) for detail in error.errors()]
        text = "'{}' is no key with a text here. Keys: {}."
        raise FaultsError([Fault(path.name, 0, text.format(key, keys)) for key in wrong]) from None
    if (said.url is None) == (said.url_from is None):
        text = (
            "give 'url', the address of the database, or 'url_from', the environment variable that holds it."
        )
        raise fault(path, text)
    return said


def _variable(path: Path, name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise fault(path, f"the environment variable '{name}' is not set. Set it, and load again.")
    return value


def _library(path: Path) -> Any:
    try:
        import sqlalchemy
    except ImportError:
        text = "databases are read with SQLAlchemy, which is not installed: pip install 'battery-kg[sql]'."
        raise fault(path, text) from None
    return sqlalchemy


def _address(path: Path, said: Connection) -> sqlalchemy.URL:
    library = _library(path)
    text = said.url if said.url is not None else _variable(path, said.url_from or "")
    try:
        url = library.make_url(text)
    except (library.exc.ArgumentError, ValueError):
        # The text itself is not told: it may hold a password.
        example = "sqlite:///lab.db or postgresql://reader@db.example.org/lab"
        raise fault(path, f"the address of the database is none. Write e.g. {example}.") from None
    kind = url.get_backend_name()
    if kind not in _SUPPORTED:
        text = f"databases of the kind '{kind}' are not read. Kinds: {', '.join(_SUPPORTED)}."
        raise fault(path, text)
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    if said.password_from:
        url = url.set(password=_variable(path, said.password_from))
    return url  # type: ignore[no-any-return]


def _engine(path: Path, url: sqlalchemy.URL) -> sqlalchemy.Engine:
    import sqlalchemy
    from sqlalchemy.pool import NullPool

    if url.get_backend_name() == "postgresql":
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        try:
            engine = sqlalchemy.create_engine(url, poolclass=NullPool)
        except ImportError:
            text = "PostgreSQL is read with psycopg, which is not installed: pip install 'battery-kg[sql]'."
            raise fault(path, text) from None
        return engine.execution_options(**options)
    file = path.parent / (url.database or "")
    if not url.database or not file.is_file():
        text = f"there is no SQLite file '{url.database or ''}'."
        raise fault(path, f"{text} A relative path begins at the folder of this file.")
    address = f"file:{quote(str(file.resolve()))}?mode=ro&uri=true"
    return sqlalchemy.create_engine(f"sqlite:///{address}", poolclass=NullPool)


def _reason(error: Exception) -> str:
    """Return the first line of what the database says; no statement and no address is in it."""
    said = str(getattr(error, "orig", None) or error).strip().splitlines() or ["no reason is given"]
    return said[0].rstrip(".")


@contextmanager
def _connected(path: Path) -> Iterator[sqlalchemy.Connection]:
    library = _library(path)
    url = _address(path, read_connection(path))
    engine = _engine(path, url)
    try:
        with engine.connect() as connection:
            yield connection
    except library.exc.OperationalError as error:
        where = url.render_as_string(hide_password=True)
        text = f"the database {where} does not answer or refuses: {_reason(error)}."
        raise fault(path, text) from None
    finally:
        engine.dispose()


def _fetch(path: Path, connection: sqlalchemy.Connection, reading: Reading) -> Result:
    import sqlalchemy

    try:
        # A colon in a query is a sign of the database (`::text`), not a parameter of ours.
        answer = connection.exec_driver_sql(_plain(connection, reading.query))
        columns = tuple(answer.keys()) if answer.returns_rows else ()
        rows = [tuple(row) for row in answer] if answer.returns_rows else []
    except sqlalchemy.exc.SQLAlchemyError as error:
        raise fault(path, f"the query fails: {_reason(error)}.") from None
    if not columns:
        raise fault(path, "the query returns no table. Write a SELECT.")
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise fault(path, f"the query returns {quoted(twice)} more than once. Name all but one with AS.")
    return _in_order(path, columns, rows, reading.row)


def _plain(connection: sqlalchemy.Connection, query: str) -> str:
    """Return a query in which no sign is taken for a parameter."""
    return query.replace("%", "%%") if connection.dialect.paramstyle == "pyformat" else query


def _in_order(
    path: Path, columns: tuple[str, ...], rows: list[tuple[object, ...]], row: tuple[str, Sequence[str]]
) -> Result:
    """Return the rows in the order of their primary key, which is their place in the database."""
    table, keys = row
    absent = [key for key in keys if key not in columns]
    if absent:
        alike = [name for key in absent for name in near(key, columns)]
        hint = f"Near: {quoted(alike)}." if alike else f"Columns: {quoted(columns)}."
        raise fault(path, f"the query returns no column {quoted(absent)}, which 'row' names. {hint}")
    indices = [columns.index(key) for key in keys]
    named: dict[str, tuple[object, ...]] = {}
    order: list[tuple[list[tuple[bool, int | str]], str]] = []
    for values in rows:
        found = [values[index] for index in indices]
        if any(value is None for value in found):
            raise fault(
                path, f"a row of '{table}' has no {quoted(keys)}. A primary key has a value in each row."
            )
        texts = [value_text(value, ".") for value in found]
        parts = [
            f"{quote(key, safe='')}={quote(text, safe='')}" for key, text in zip(keys, texts, strict=True)
        ]
        place = f"table={quote(table, safe='')}&{'&'.join(parts)}"
        if place in named:
            said = ", ".join(f"{key} {text}" for key, text in zip(keys, texts, strict=True))
            text = f"the query returns several rows of '{table}' with {said}."
            raise fault(path, f"{text} Name all columns under 'row' that tell its rows apart.")
        named[place] = values
        numbers = [(isinstance(value, int), value if isinstance(value, int) else text)
                   for value, text in zip(found, texts, strict=True)]  # fmt: skip
        order.append((numbers, place))
    places = tuple(place for _, place in sorted(order))
    return Result(columns, tuple(named[place] for place in places), places)


def value_text(value: object, decimal: str) -> str:
    """Return a typed value as the text that a CSV of the same table has; JSON and arrays as JSON."""
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    if isinstance(value, datetime.timedelta):
        return cell_text(value.total_seconds(), decimal)
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    text = cell_text(value, decimal)
    return text.replace(".", decimal) if type(value).__name__ == "Decimal" else text


class Snapshot:
    """All queries of the mappings of one database, answered in one transaction that sees one state.

    `sha256` is the digest of what they return: it is the same as long as the data is.
    """

    def __init__(self, path: Path, readings: Sequence[Reading]) -> None:
        """Run the queries.

        Raises FaultsError where the database does not answer, or a query is wrong.
        """
        self.path = path
        self._results: dict[tuple[str, tuple[str, tuple[str, ...]]], Result] = {}
        faults: list[Fault] = []
        with _connected(path) as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN")  # the driver itself begins only when something is written
            for reading in readings:
                # A failed query ends a transaction of PostgreSQL; a savepoint keeps the others going.
                try:
                    with connection.begin_nested():
                        self._results[reading.query, reading.row] = _fetch(path, connection, reading)
                except FaultsError as error:
                    faults += error.faults
        if faults:
            raise FaultsError(faults)
        digest = hashlib.sha256()
        for (query, row), result in self._results.items():
            rows = [[value_text(value, ".") for value in values] for values in result.rows]
            nulls = [[value is None for value in values] for values in result.rows]
            digest.update(json.dumps([query, row, result.columns, rows, nulls]).encode())
        self.sha256 = digest.hexdigest()

    def table(self, reading: Reading) -> Table:
        """Return what the query of a mapping returned, as a table of text."""
        result = self._results[reading.query, reading.row]
        texts = {
            name: [value_text(values[index], reading.decimal).strip() for values in result.rows]
            for index, name in enumerate(result.columns)
        }
        places = pl.Series("place", list(result.places), dtype=pl.String)
        return Table(self.path.name, frame_of_texts(texts, reading), places, native_times=True)


def read_sql(path: Path, reading: Reading) -> Table:
    """Return what the query of a mapping returns from the database that a connection file names.

    Raises FaultsError where the database does not answer, or the query is wrong.
    """
    return Snapshot(path, [reading]).table(reading)
