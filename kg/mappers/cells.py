"""Columns of text -> columns of numbers, times and keys; what cannot be read becomes a finding."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

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


def _plain(texts: pl.Series, decimal: str, thousands: str | None) -> pl.Series:
    """Return texts with the decimal sign '.', null where they are no decimals of that form."""
    group = rf"\d{{1,3}}(?:[{thousands}]\d{{3}})+|\d+" if thousands else r"\d+"
    point = "," if decimal == "," else r"\."
    pattern = rf"^[+-]?(?:(?:{group})(?:{point}\d*)?|{point}\d+)(?:[eE][+-]?\d+)?$"
    good = texts.str.contains(pattern)
    plain = texts if not thousands else texts.str.replace_all(thousands, "", literal=True)
    plain = plain.str.replace(",", ".", literal=True) if decimal == "," else plain
    return pl.select(pl.when(good).then(plain)).to_series()


def numbers(
    plan: Plan, quantity: Quantity, table: Table, units: Units
) -> tuple[pl.Series, list[tuple[int, Finding]]]:
    """Return the values of a column in the canonical unit of its term, and what could not be read."""
    texts = table.frame[quantity.column]
    decimal = plan.reading.decimal
    if quantity.unit is None:
        return _inline(quantity, table, texts, units, decimal)
    values = _plain(texts, decimal, plan.thousands).cast(pl.Float64, strict=False)
    unread = texts.is_not_null() & (values.is_null() | values.is_infinite())
    found = problems(
        table, quantity.column, unread, "number", f"this is not a decimal with '{decimal}' as decimal sign."
    )
    factor, offset = units.scale(quantity.unit, quantity.canonical)
    if (factor, offset) != (1.0, 0.0):
        values = (values * factor + offset).round_sig_figs(15)
    return values, found


def _inline(
    quantity: Quantity, table: Table, texts: pl.Series, units: Units, decimal: str
) -> tuple[pl.Series, list[tuple[int, Finding]]]:
    values: list[float | None] = []
    found: list[tuple[int, Finding]] = []
    for index, text in enumerate(texts):
        value = None
        if text is not None:
            try:
                number, unit = units.parse_token(text, decimal=decimal)
                value = units.convert(number, unit, quantity.canonical)
            except (ValueError, UnknownUnitError, KgError) as error:
                finding = Finding(
                    "number",
                    f"{error}".rstrip(".") + ".",
                    file=table.file,
                    place=table.places[index],
                    column=quantity.column,
                    value=text,
                )
                found.append((index, finding))
        values.append(value)
    return pl.Series(values, dtype=pl.Float64), found


def moments(moment: Moment, plan: Plan, table: Table) -> tuple[pl.Series, list[tuple[int, Finding]]]:
    """Return the texts of a column of times as xsd:dateTime with their offset, and what could not be read.

    Raises KgError for a time zone that does not exist.
    """
    try:
        zone = ZoneInfo(moment.zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise KgError(f"{plan.path.name}: no time zone is called '{moment.zone}'; e.g. Europe/Berlin.") from None
    values: list[str | None] = []
    for text in table.frame[moment.column]:
        values.append(None if text is None else _moment(text, moment.format, zone, plan, table.native_times))
    series = pl.Series(values, dtype=pl.String)
    wrong = table.frame[moment.column].is_not_null() & series.is_null()
    shown = {"iso": "2026-03-02T08:15:00", "excel": "a serial day such as 45007.44"}.get(
        moment.format, f"a time like {moment.format}"
    )
    return series, problems(table, moment.column, wrong, "time", f"this is not a time; expected: {shown}.")


def _moment(text: str, format_: str, zone: ZoneInfo, plan: Plan, native: bool) -> str | None:
    try:
        if format_ == "excel":
            days = float(text.replace(",", ".") if plan.reading.decimal == "," else text)
            # Serial days carry binary noise; a millisecond is the precision that they have.
            seconds = round(days * 86_400_000) / 1000
            value = datetime.fromtimestamp(EXCEL_EPOCH.replace(tzinfo=UTC).timestamp() + seconds, UTC)
            value = value.replace(tzinfo=None)
        elif format_ == "iso":
            value = datetime.fromisoformat(text)
        else:
            try:
                value = datetime.strptime(text, format_)
            except ValueError:
                if not native:
                    raise
                value = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    return (value if value.tzinfo else value.replace(tzinfo=zone)).isoformat()


def keys(thing: Thing, table: Table) -> pl.Series:
    """Return the encoded key of a thing in each row; null where a part of it is missing."""
    stem = table.file.rsplit(".", 1)[0]
    fixed = {"file": table.file, "stem": stem}
    parts: list[pl.Expr] = []
    for before, field in thing.key:
        if before:
            parts.append(pl.lit(before))
        if field is not None:
            parts.append(pl.lit(fixed[field]) if field in fixed else pl.col(field))
    joined = table.frame.select(pl.concat_str(parts).alias("key"))["key"]
    if len(joined) != table.frame.height:
        joined = pl.Series("key", [joined[0]] * table.frame.height, dtype=pl.String)
    return encode_series(joined)
