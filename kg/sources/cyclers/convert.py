"""A raw table and the map of its instrument -> a recording: numbers in the units of BDF, rows kept aside."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import polars as pl

from kg.sources.cyclers.recording import Aside, Column, Recording
from kg.sources.cyclers.spec import (
    MISSING,
    InstrumentMap,
    Target,
    columns,
    fold,
    term_iri,
    unit_iri,
)
from kg.sources.cyclers.text import LINE, Raw

_EXCEL_EPOCH = 25_569.0
"""1970-01-01 as a serial day of a spreadsheet."""
_DURATION = r"^(?:(?:(\d+)\s*d\s*)?(\d+):)?(\d{1,2}):(\d{1,2}(?:\.\d*)?)$"


def _number(texts: pl.Series, decimal: str) -> pl.Series:
    if decimal != ".":
        # A point in a number with a decimal comma is a sign between thousands, and no sign that we know.
        texts = texts.set(texts.str.contains(".", literal=True), "?").str.replace(decimal, ".", literal=True)
    values = texts.str.strip_chars().cast(pl.Float64, strict=False)
    return values.set(~values.is_finite(), None)


def _duration(texts: pl.Series) -> pl.Series:
    """Return times such as `2d 03:04:05.5` or `26:04:05` in seconds."""
    frame = pl.DataFrame({"t": texts.str.strip_chars()})
    part = [pl.col("t").str.extract(_DURATION, index).cast(pl.Float64) for index in (1, 2, 3, 4)]
    days, hours, minutes, seconds = (each.fill_null(0.0) for each in part)
    total = days * 86_400 + hours * 3_600 + minutes * 60 + seconds
    found = pl.col("t").str.contains(_DURATION)
    return frame.select(pl.when(found).then(total)).to_series()


def _moment(texts: pl.Series, format_: str, zone: str, decimal: str) -> pl.Series:
    """Return times as seconds since 1970-01-01 UTC; null where a text is no such time."""
    if format_ in ("unix", "excel"):
        values = _number(texts, decimal)
        if format_ == "unix":
            return values
        local = ((values - _EXCEL_EPOCH) * 86_400_000).round().cast(pl.Int64).cast(pl.Datetime("ms"))
    elif format_ == "iso":
        plain = texts.str.replace("Z", "+00:00", literal=True)
        zoned = plain.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%:z", strict=False, time_unit="ms")
        return zoned.dt.epoch("ms") / 1000
    else:
        local = texts.str.strip_chars().str.to_datetime(format_, strict=False, time_unit="ms")
    zoned = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return zoned.dt.epoch("ms") / 1000


def _moments(texts: pl.Series, target: Target, zone: str, decimal: str) -> tuple[pl.Series, bool]:
    """Return times by the formats of the map, the next one for what those before it leave unread.

    The second value says whether a format without zone was used.
    """
    values = pl.Series([None] * len(texts), dtype=pl.Float64)
    local = False
    for format_ in target.time:
        if values.null_count() == texts.null_count():
            break
        more = _moment(texts.set(values.is_not_null(), None), format_, zone, decimal)
        local |= format_ not in ("unix", "iso") and more.null_count() < len(more)
        values = pl.select(pl.coalesce(values, more)).to_series()
    return values, local


class _Converter:
    """The columns of one table on their way."""

    def __init__(self, map_: InstrumentMap, raw: Raw, zone: str | None) -> None:
        self.map, self.raw, self.spec = map_, raw, map_.spec
        self.zone = zone or map_.spec.zone
        ZoneInfo(self.zone)
        self.frame = raw.frame.drop(LINE)
        self.missing = [*MISSING, *map_.spec.missing]
        self.reasons: dict[int, str] = {}
        self.made: dict[str, pl.Series] = {}
        self.columns: list[Column] = []
        self.notes: list[str] = []
        self.decimal = self._decimal()

    def _decimal(self) -> str:
        """Return the decimal sign by which most cells of the mapped columns are numbers."""
        signs = self.spec.decimal if isinstance(self.spec.decimal, list) else [self.spec.decimal]
        if len(signs) == 1:
            return signs[0]
        sample = self.frame.head(2_000)
        plain = [
            name
            for name in sample.columns
            if (target := self.map.targets.get(fold(name))) and not target.time and not target.duration
        ]

        def unread(sign: str) -> int:
            return sum(_number(self._present(sample[name]), sign).null_count() for name in plain)

        return min(signs, key=unread)

    def _present(self, texts: pl.Series, more: tuple[str, ...] = ()) -> pl.Series:
        """Return texts without the blanks around them; null where they mean 'no value'."""
        if texts.dtype != pl.String:
            return texts
        plain = texts.str.strip_chars()
        return plain.set(plain.is_in([*self.missing, *more]), None)

    def column(self, source: str) -> None:
        target = self.map.targets.get(fold(source))
        if target is None or target.name in self.made:
            self._keep(source)
            return
        texts = self._present(self.frame[source], target.missing)
        if texts.dtype == pl.String:
            values, what = self._read(texts, target)
            wrong = texts.is_not_null() & values.is_null()
            self._set_aside(wrong, source, what)
        elif texts.dtype.is_numeric() or texts.dtype == pl.Boolean:
            values = texts.cast(pl.Float64)
            values = values.set(~values.is_finite(), None)
            for text in target.missing:
                values = values.set(values == float(text), None)
        elif texts.dtype == pl.Null:
            values = texts.cast(pl.Float64)
        else:
            self._keep(source)
            return
        if not target.time and (target.factor, target.offset) != (1.0, 0.0):
            values = values * target.factor + target.offset
        known = columns()[target.name]
        if known.whole:
            self._set_aside(values.is_not_null() & (values != values.round()), source, "a whole number")
            values = values.round().cast(pl.Int64, strict=False)
        self.made[target.name] = values.alias(target.name)
        self.columns.append(Column(target.name, source, unit_iri(known), term_iri(known), known.bdf))

    def _read(self, texts: pl.Series, target: Target) -> tuple[pl.Series, str]:
        if target.duration:
            return _duration(texts), "a duration such as 1d 02:03:04.5"
        if target.time:
            values, local = _moments(texts, target, self.zone, self.decimal)
            if local:
                self.notes.append(f"'{texts.name}' names no zone and is read as time of {self.zone}.")
            return values, f"a time ({', '.join(target.time)})"
        return _number(texts, self.decimal), f"a number with '{self.decimal}' as decimal sign"

    def _keep(self, source: str) -> None:
        """Keep a column that no map explains under its own name, as it is."""
        series = self.frame[source]
        if series.dtype == pl.String:
            series = series.set(series.str.strip_chars() == "", None)
        if series.dtype == pl.Null:
            series = series.cast(pl.String)
        if source == "" or (source.startswith("column ") and series.null_count() == len(series)):
            return
        name = source
        while name in self.made or name in columns():
            # Its own name is that of a column with a meaning, which this one does not have.
            name = f"{name} (source)"
        self.made[name] = series.alias(name)
        self.columns.append(Column(name, source))

    def _set_aside(self, wrong: pl.Series, source: str, what: str) -> None:
        for row in wrong.fill_null(False).arg_true().to_list():
            found = str(self.frame[source][row])
            text = f"column '{source}': '{found}' is not {what}."
            self.reasons[row] = " ".join(filter(None, [self.reasons.get(row, ""), text]))

    def signed(self) -> None:
        sign = self.spec.sign
        if sign is None or "current_ampere" not in self.made or sign.column not in self.frame.columns:
            return
        current = self.made["current_ampere"]
        negative = self.frame[sign.column].str.strip_chars().is_in(sign.negative)
        if ((current > 0) & negative).any():
            self.notes.append(f"the file states the current without sign; '{sign.column}' gives it.")
        self.made["current_ampere"] = pl.select(
            pl.when(negative).then(-current.abs()).otherwise(current).alias("current_ampere")
        ).to_series()

    def recording(self) -> Recording:
        for source in self.frame.columns:
            self.column(source)
        self.signed()
        frame = pl.DataFrame(list(self.made.values()))
        aside = list(self.raw.aside)
        if self.reasons:
            rows = sorted(self.reasons)
            texts = self.frame[rows].cast(pl.String).fill_null("")
            lines = self.raw.frame[LINE]
            aside += [
                Aside(lines[row], self.reasons[row], ",".join(cells))
                for row, cells in zip(rows, texts.iter_rows(), strict=True)
            ]
            keep = ~pl.int_range(pl.len()).is_in(rows)
            frame = frame.filter(keep)
        if self.spec.grain == "samples":
            self._notes_on(frame)
        return Recording(
            map=self.map.file,
            digest=self.map.digest,
            title=self.spec.title,
            grain=self.spec.grain,
            frame=frame,
            columns=tuple(self.columns),
            part=self.spec.table,
            aside=tuple(sorted(aside, key=lambda row: row.line)),
            head=self.raw.head,
            notes=tuple(dict.fromkeys(self.notes)),
        )

    def _notes_on(self, frame: pl.DataFrame) -> None:
        lacking = [
            name for name in ("test_time_second", "voltage_volt", "current_ampere") if name not in frame
        ]
        if lacking:
            self.notes.append(f"BDF demands {', '.join(lacking)}, which the file does not have.")
        if "test_time_second" in frame:
            back = int((frame["test_time_second"].diff() < 0).sum() or 0)
            if back:
                self.notes.append(
                    f"the test time goes back {back} times; the rows keep the order of the file."
                )


def convert(map_: InstrumentMap, raw: Raw, zone: str | None = None) -> Recording:
    """Return the recording that a raw table holds by a map.

    `zone` is the time zone of times that name none; default: that of the map.
    """
    return _Converter(map_, raw, zone).recording()
