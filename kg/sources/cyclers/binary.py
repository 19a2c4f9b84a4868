"""Binary, JSON and Parquet files of testers -> typed columns, through the libraries that decode them."""

from __future__ import annotations

import importlib
import io
import json
import warnings
import zipfile
from pathlib import Path
from typing import Any

import polars as pl

from kg.errors import FaultsError
from kg.sources.cyclers.text import LINE, Raw
from kg.sources.text import fault

_PARQUET, _MPR, _ZIP, _NDA = b"PAR1", b"BIO-LOGIC MODULAR FILE\x1a", b"PK\x03\x04", b"NEWARE"


def kind_of(data: bytes) -> str:
    """Return which kind of file bytes are: text, json, parquet, mpr, nda, or 'other'."""
    if data.startswith(_PARQUET):
        return "parquet"
    if data.startswith(_MPR):
        return "mpr"
    if data.startswith(_NDA):
        return "nda"
    if data.startswith(_ZIP):
        return "nda" if _holds_ndc(data) else "other"
    if data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[{")):
        return "json"
    return "other" if b"\0" in data[:4096] and data[:2] not in (b"\xff\xfe", b"\xfe\xff") else "text"


def _holds_ndc(data: bytes) -> bool:
    try:
        names = zipfile.ZipFile(io.BytesIO(data)).namelist()
    except zipfile.BadZipFile:
        return False
    return any(name.endswith(".ndc") for name in names)


def _library(path: Path, name: str, extra: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        text = f"files of this kind are decoded by '{name.split('.')[0]}', which is not installed."
        raise fault(path, f"{text} Install it: pip install 'battery-kg[{extra}]'") from None


def _with_lines(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.int_range(1, frame.height + 1, dtype=pl.Int64).alias(LINE))


def read_parquet(path: Path, data: bytes) -> Raw:
    """Return the table of a Parquet file."""
    try:
        return Raw(_with_lines(pl.read_parquet(io.BytesIO(data))))
    except Exception as error:
        raise fault(path, f"this Parquet file cannot be read: {error}.") from None


def read_mpr(path: Path, data: bytes) -> Raw:
    """Return the table of a file of EC-Lab or BT-Lab, and when its measurement began.

    Raises FaultsError where galvani is not installed or does not know a column of the file.
    """
    biologic = _library(path, "galvani.BioLogic", "biologic")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            file = biologic.MPRfile(io.BytesIO(data))
    except Exception as error:
        raise fault(path, f"galvani cannot decode this file: {error}.") from None
    columns = {name: file.data[name] for name in file.data.dtype.names}
    began = getattr(file, "timestamp", None)
    head = f"Measurement began: {began.isoformat()} (clock of the computer)" if began else ""
    return Raw(_with_lines(_shortest(pl.DataFrame(columns))), head)


def _shortest(frame: pl.DataFrame) -> pl.DataFrame:
    """Return numbers of single precision as their shortest decimals: 3.515, not 3.5150001."""
    single = [name for name, dtype in frame.schema.items() if dtype == pl.Float32]
    return frame.with_columns(pl.col(name).cast(pl.String).cast(pl.Float64) for name in single)


def read_nda(path: Path, data: bytes) -> Raw:
    """Return the table of a file of Neware's BTS, and what it says of test and channel.

    Raises FaultsError where fastnda is not installed or cannot decode the file.
    """
    fastnda = _library(path, "fastnda", "neware")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            frame = fastnda.read(path)
            meta = fastnda.read_metadata(path)
    except Exception as error:
        raise fault(path, f"fastnda cannot decode this file: {error}.") from None
    texts = [name for name, dtype in frame.schema.items() if dtype in (pl.Categorical, pl.Enum)]
    frame = frame.with_columns(pl.col(name).cast(pl.String) for name in texts)
    return Raw(_with_lines(_shortest(frame)), json.dumps(meta, ensure_ascii=False, default=str))


def parse_json(path: Path, data: bytes) -> dict[str, Any]:
    """Return the object in a JSON file.

    Raises FaultsError where it is no JSON or no object.
    """
    try:
        value = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise fault(path, f"this is not JSON: {error}.") from None
    if not isinstance(value, dict):
        raise fault(path, "this JSON is a list; a recording of BEEP is an object.")
    return value


def read_json(path: Path, value: dict[str, Any], table: str) -> Raw:
    """Return one table of a structured file of BEEP, and its scalars as JSON.

    Raises FaultsError where the columns of the table differ in length.
    """
    lists = {name: column for name, column in value[table].items() if isinstance(column, list)}
    lengths = {len(column) for column in lists.values()}
    if len(lengths) > 1:
        raise fault(path, f"the columns of '{table}' have different lengths: {sorted(lengths)}.")
    try:
        frame = pl.DataFrame({name: pl.Series(column, strict=False) for name, column in lists.items()})
    except (TypeError, pl.exceptions.PolarsError) as error:
        raise fault(path, f"'{table}' is not a table: {error}.") from None
    head = {name: item for name, item in value.items() if not isinstance(item, dict | list)}
    return Raw(_with_lines(frame), json.dumps(head, ensure_ascii=False))


__all__ = ["FaultsError", "kind_of", "parse_json", "read_json", "read_mpr", "read_nda", "read_parquet"]
