"""Columns of text -> columns of numbers, times and keys; what cannot be read becomes a finding."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from kg.errors import KgError
from kg.findings import Finding
from kg.iri import encode_series
from kg.mappers.plan import Moment, Plan, Quantity, Thing
from kg.sources.table import Table
from kg.units import Units, UnknownUnitError

EXCEL_EPOCH = datetime(1899, 12, 30)


def problems(
    table: Table, column: str, wrong: pl.Series, rule: str, message: str
) -> list[tuple[int, Finding]]:
    """Return (row index, finding) for each row that is marked in `wrong`."""
    return [
        (
            index,
            Finding(
                rule,
                message,
                file=table.file,
                place=table.places[index],
                column=column,
                value=table.frame[column][index] or "" if column in table.frame.columns else "",
            ),
        )
        for index in wrong.fill_null(False).arg_true().to_list()
    ]


_THOUSANDS = {".": r"\.", ",": ",", " ": "[ \u00a0\u202f]", "'": "['\u2019]"}
"""The signs that people and programs write for each sign between thousands."""


def _number(decimal: str, thousands: str | None) -> str:
    group = _THOUSANDS[thousands] if thousands else None
    whole = rf"[0-9]{{1,3}}(?:{group}[0-9]{{3}})+|[0-9]+" if group else "[0-9]+"
    point = re.escape(decimal)
    return rf"[+-]?(?:(?:{whole})(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?"


def _floats(texts: pl.Series, decimal: str, thousands: str | None) -> pl.Series:
    """Return texts that are decimals of this form as numbers; null where they are not, or are too large."""
    plain = texts.str.replace_all(_THOUSANDS[thousands], "") if thousands else texts
    values = plain.str.replace(decimal, ".", literal=True).cast(pl.Float64, strict=False)
    good = texts.str.contains(rf"^(?:{_number(decimal, thousands)})$") & values.is_finite()
    return pl.select(pl.when(good).then(values)).to_series()


def _scaled(values: pl.Series, factor: float, offset: float) -> pl.Series:
    """Return values * factor + offset without the binary noise of that; null where it is no number."""
    if (factor, offset) == (1.0, 0.0):
        return values
    scaled = values * factor + offset
    # Rounding multiplies by a power of ten, which is exact for the numbers of a plant, but not for all.
    if (scaled.abs().is_between(1e-7, 1e15) | (scaled == 0)).all():
        return scaled.round_sig_figs(15)
    rounded = [None if value is None else float(f"{value:.15g}") for value in scaled]
    return pl.Series(
        [None if value is None or math.isinf(value) else value for value in rounded], dtype=pl.Float64
    )


def numbers(
    plan: Plan, quantity: Quantity, table: Table, units: Units
) -> tuple[pl.Series, list[tuple[int, Finding]]]:
    """Return the values of a column in the canonical unit of its term, and what could not be read."""
    texts, column = table.frame[quantity.column], quantity.column
    decimal, thousands = plan.reading.decimal, plan.thousands
    if quantity.unit is None:
        return _inline(plan, quantity, table, units)
    values = _scaled(_floats(texts, decimal, thousands), *units.scale(quantity.unit, quantity.canonical))
    message = f"this is not a decimal with '{decimal}' as decimal sign."
    return values, problems(table, column, texts.is_not_null() & values.is_null(), "number", message)


def _inline(
    plan: Plan, quantity: Quantity, table: Table, units: Units
) -> tuple[pl.Series, list[tuple[int, Finding]]]:
    """Return the values of a column whose cells name their unit: `12.5 mm`, `1.24_ml`, `900 1/min`."""
    texts, column, canonical = table.frame[quantity.column], quantity.column, quantity.canonical
    decimal, thousands = plan.reading.decimal, plan.thousands
    pattern = rf"(?s)^(?P<number>{_number(decimal, thousands)})[\s_]*(?P<unit>(?:1/)?[^0-9.,\s_].*)?$"
    tokens = texts.str.extract_groups(pattern).struct
    values = _floats(tokens.field("number"), decimal, thousands)
    message = f"this is not a number with '{decimal}' as decimal sign, and then its unit."
    found = problems(table, column, texts.is_not_null() & values.is_null(), "number", message)
    codes = tokens.field("unit").fill_null("")
    result = pl.Series([None] * len(texts), dtype=pl.Float64)
    for code in codes.filter(values.is_not_null()).unique(maintain_order=True).to_list():
        same = (codes == code) & values.is_not_null()
        try:
            factors = units.scale(units.parse(code or "1", canonical.dimension), canonical)
        except KgError as error:
            if not code:
                message = f"the cell names no unit; expected: a number and then e.g. {canonical.code}."
            elif isinstance(error, UnknownUnitError):
                message = str(error)
            else:
                label = quantity.term.label
                message = f"'{code}' does not measure '{label}', which is stored in '{canonical.code}'."
            found += problems(table, column, same, "unit", message)
        else:
            result = pl.select(pl.when(same).then(_scaled(values, *factors)).otherwise(result)).to_series()
    return result, found


def moments(moment: Moment, plan: Plan, table: Table) -> tuple[pl.Series, list[tuple[int, Finding]]]:
    """Return the texts of a column of times as xsd:dateTime with their offset, and what could not be read.

    Of a time that comes twice, when the clocks go back, the first is taken.
    """
    zone, texts = ZoneInfo(moment.zone), table.frame[moment.column]
    series = _plain_moments(texts, moment)
    values: dict[str, str] = {}
    gaps: list[str] = []
    for text in texts.filter(series.is_null()).drop_nulls().unique():
        value = _moment(text, moment.format, plan.reading.decimal, table.native_times)
        if value is not None and value.tzinfo is None:
            local = value.replace(tzinfo=zone)
            if local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != value:
                gaps.append(text)
            value = local
        if value is not None:
            values[text] = value.isoformat()
    if values:
        others = texts.replace_strict(
            list(values), list(values.values()), default=None, return_dtype=pl.String
        )
        series = pl.select(pl.coalesce(series, others)).to_series()
    message = f"this is not a time; expected: {_example(moment.format)}."
    found = problems(table, moment.column, texts.is_not_null() & series.is_null(), "time", message)
    message = f"there is no such time in {moment.zone}: the clocks go forward then."
    return series, found + problems(table, moment.column, texts.is_in(gaps), "time", message)


def _plain_moments(texts: pl.Series, moment: Moment) -> pl.Series:
    """Return the times that polars reads as Python does, which is faster; null for the others."""
    format_ = "%Y-%m-%dT%H:%M:%S" if moment.format == "iso" else moment.format
    if not re.fullmatch(r"(?:%[dmYHMS]|[^%])*", format_) or moment.format == "excel":
        return pl.Series([None] * len(texts), dtype=pl.String)
    times = texts.str.to_datetime(format_, strict=False, time_unit="us")
    zoned = times.dt.replace_time_zone(moment.zone, ambiguous="earliest", non_existent="null")
    # Polars knows no summer time after 2037, and reads a second 60 and the year 26, which are slips.
    good = times.dt.year().is_between(1970, 2037) & ~texts.str.contains(":60", literal=True)
    return pl.select(pl.when(good).then(zoned.dt.strftime("%Y-%m-%dT%H:%M:%S%:z"))).to_series()


def _example(format_: str) -> str:
    if format_ == "excel":
        return "a serial day such as 46083.34"
    example = datetime(2026, 3, 2, 8, 15)
    return f"a time such as {example.isoformat() if format_ == 'iso' else example.strftime(format_)}"


def _moment(text: str, format_: str, decimal: str, native: bool) -> datetime | None:
    """Return the time in a text, without zone unless it names one; None where it is no time."""
    for read in (format_, "iso") if native else (format_,):
        try:
            if read == "excel":
                # Serial days carry binary noise; a millisecond is the precision that they have.
                value = EXCEL_EPOCH + timedelta(
                    milliseconds=round(float(text.replace(decimal, ".")) * 86_400_000)
                )
            else:
                value = datetime.fromisoformat(text) if read == "iso" else datetime.strptime(text, read)
        except (ValueError, OverflowError):
            continue
        # Before 1900 zones have odd offsets, and a year such as 26 is a slip of the pen.
        return value if value.year >= 1900 else None
    return None


def keys(thing: Thing, frame: pl.DataFrame, file: str) -> pl.Series:
    """Return the encoded key of a thing in each row of a file; null where a part of it is missing."""
    # What was set aside and mended is about the same things as the file that it came from.
    file = file.replace(".set-aside", "")
    fixed = {"file": file, "stem": file.rpartition(".")[0] or file}
    parts = [
        pl.col(name) if kind == "column" else pl.lit(fixed[name] if kind == "file" else name)
        for kind, name in thing.key
    ]
    joined = frame.with_columns(pl.concat_str(parts).alias("kg key"))["kg key"]
    return encode_series(joined)
