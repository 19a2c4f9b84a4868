"""N-Triples -> columns: for each predicate the hashes of subjects and objects, and the numbers of literals.

A term is the 64-bit hash of its N-Triples text; its text is looked up only where a finding names it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from kg.model import RDF_TYPE, XSD

IRI, BLANK, LITERAL = 0, 1, 2
"""Kinds of terms, in the columns `skind` and `kind`."""

OTHER, DOUBLE, STRING, MOMENT, INTEGER, DECIMAL, BOOLEAN = 0, 1, 2, 3, 4, 5, 6
"""What a literal surely is, in the column `type`: OTHER for what is ill-typed or not known."""

TYPES = {
    XSD + "double": DOUBLE,
    XSD + "string": STRING,
    XSD + "dateTime": MOMENT,
    XSD + "integer": INTEGER,
    XSD + "decimal": DECIMAL,
    XSD + "boolean": BOOLEAN,
}
"""The datatypes whose well-formed literals are told from the ill-typed ones."""

SUBCLASS = "http://www.w3.org/2000/01/rdf-schema#subClassOf"

_LITERAL = r'(?s)^"(?P<text>.*)"(?:\^\^<(?P<type>[^>]*)>|(?P<lang>@[A-Za-z0-9-]+))?$'
_DOUBLE = r"^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?$"
# Days that every such month has; the others are left to pySHACL, and leap seconds too.
_DAY = (
    r"(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
)
_MOMENT = (
    rf"^(?:19[0-9]{{2}}|20[0-9]{{2}})-{_DAY}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{{1,6}})?"
    r"(?:Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9])$"
)

_FRAME = {
    "s": pl.UInt64,
    "p": pl.UInt64,
    "o": pl.UInt64,
    "skind": pl.UInt8,
    "kind": pl.UInt8,
    "type": pl.UInt8,
    "number": pl.Float64,
}


class NotColumnsError(Exception):
    """The triples hold something that columns do not show; pySHACL takes them all."""


# Patterns that the regular expressions of Python and of polars read alike.
_ALIKE = re.compile(r"[\w/#:;,.=@<>%^$()|\[\]{}*+?-]*", re.ASCII)
_APART = re.compile(r"\(\?|[*+?}][+]|--|\[[^\]]*\[|{,")


def is_plain(number: pl.Expr) -> pl.Expr:
    """Return where polars and Python write a number alike."""
    return (number == 0) | number.abs().is_between(1e-4, 1e15, closed="left")


@dataclass(frozen=True)
class TextTest:
    """A test of the text of a term, and the places where such terms stand: (predicate, `s` or `o`).

    A test with places is run once, when triples become columns; one without is run where it is asked for.
    `pattern` is the regular expression that the test looks for, where it is one, and `at_once` the test of a
    whole series, where polars has one that says the same.
    """

    name: str
    passes: Callable[[str], bool]
    places: frozenset[tuple[str, str]]
    pattern: str | None = None
    at_once: Callable[[pl.Series], pl.Series] | None = None

    def failing(self, texts: pl.Series) -> pl.Series:
        """Return the texts that do not surely pass, of a series in which null is a text that is not known."""
        if self.pattern is not None and _ALIKE.fullmatch(self.pattern) and not _APART.search(self.pattern):
            return texts.filter(~texts.str.contains(self.pattern).fill_null(False))
        if self.at_once is not None:
            return texts.filter(~self.at_once(texts).fill_null(False))
        wrong = [text is None or not self.passes(text) for text in texts]
        return texts.filter(pl.Series(wrong, dtype=pl.Boolean))

    def failing_numbers(self, numbers: pl.Series) -> list[float]:
        """Return the numbers whose text does not surely pass."""
        frame = numbers.unique().alias("number").to_frame()
        plain = frame.filter(is_plain(pl.col("number"))).with_columns(text=pl.col("number").cast(pl.String))
        failing = self.failing(plain["text"])
        found = plain.filter(pl.col("text").is_in(failing.implode()))["number"].to_list()
        others = frame.filter(~is_plain(pl.col("number")))["number"].to_list()
        return found + [number for number in others if not self.passes(str(number))]


def distinct(frame: pl.DataFrame, one: str, other: str) -> pl.DataFrame:
    """Return the rows that differ in two columns of hashes; one hash of both is as sure as they are."""
    return frame.filter((pl.col(one) ^ pl.col(other).hash(1)).is_first_distinct())


def _of(part: pl.DataFrame, predicate: int) -> pl.DataFrame:
    """Return the rows of one predicate."""
    if not part["p"].flags["SORTED_ASC"]:
        return part.filter(pl.col("p") == predicate)
    order = part["p"].to_numpy()
    start, end = (int(np.searchsorted(order, np.uint64(predicate), side)) for side in ("left", "right"))
    return part[start:end]


@dataclass
class Columns:
    """Triples as columns.

    A part whose predicates are in order, as those from the disk are, holds each triple once.
    `failing` holds for each text test the terms that do not surely pass it.
    """

    parts: list[pl.DataFrame]
    texts: pl.LazyFrame
    failing: dict[str, list[int]]
    _slices: dict[int, pl.DataFrame] = field(default_factory=dict)

    def of(self, predicate: int) -> pl.DataFrame:
        """Return the triples of one predicate, each once: s, o, skind, kind, type, number."""
        if predicate not in self._slices:
            found = [rows for part in self.parts if len(rows := _of(part, predicate))]
            rows = pl.concat(found or [pl.DataFrame(schema=_FRAME)]).drop("p")
            once = len(found) == 1 and found[0]["p"].flags["SORTED_ASC"]
            self._slices[predicate] = rows if once else distinct(rows, "s", "o")
        return self._slices[predicate]

    def named(self, hashes: Iterable[int]) -> dict[int, str]:
        """Return the N-Triples texts of some terms."""
        wanted = pl.Series(list(hashes), dtype=pl.UInt64)
        found = self.texts.filter(pl.col("hash").is_in(wanted.implode())).collect().unique("hash")
        return dict(zip(found["hash"].to_list(), found["text"].to_list(), strict=True))


_HASHES: dict[str, int] = {}


def hash_all(texts: Iterable[str]) -> None:
    """Hash terms all at once, so that `term_hash` knows them."""
    new = [text for text in dict.fromkeys(texts) if text not in _HASHES]
    _HASHES.update(zip(new, pl.Series(new, dtype=pl.String).hash().to_list(), strict=True))


def term_hash(text: str) -> int:
    """Return the hash by which columns know a term."""
    if text not in _HASHES:
        hash_all([text])
    return _HASHES[text]


def iri_hash(iri: str) -> int:
    """Return the hash of an IRI."""
    return term_hash(f"<{iri}>")


def merged(parts: Iterable[Columns]) -> Columns:
    """Return several columns as one."""
    parts = list(parts)
    failing: dict[str, list[int]] = {}
    for part in parts:
        for name, hashes in part.failing.items():
            failing.setdefault(name, []).extend(hashes)
    return Columns(
        [frame for part in parts for frame in part.parts],
        pl.concat([part.texts for part in parts])
        if parts
        else pl.LazyFrame(schema={"hash": pl.UInt64, "text": pl.String}),
        failing,
    )


def _lines(text: str) -> pl.DataFrame:
    lines = pl.Series("line", [text]).str.split("\n").explode()
    frame = lines.to_frame().filter(pl.col("line") != "")
    fields = frame.select(pl.col("line").str.splitn(" ", 3).struct.rename_fields(["st", "pt", "ot"])).unnest(
        "line"
    )
    if not fields["ot"].str.ends_with(" .").all():
        raise NotColumnsError
    return fields.with_columns(pl.col("ot").str.strip_suffix(" ."))


def _kind(column: str) -> pl.Expr:
    first = pl.col(column).str.slice(0, 1)
    kind = pl.when(first == "<").then(IRI).when(first == "_").then(BLANK).when(first == '"').then(LITERAL)
    return kind.cast(pl.UInt8)


def _literals(texts: pl.Series) -> pl.DataFrame:
    """Return what literals surely are, and their number: a double, or the microseconds of a moment."""
    parts = texts.str.extract_groups(_LITERAL).struct
    text, type_, lang = parts.field("text"), parts.field("type"), parts.field("lang")
    frame = pl.DataFrame({"text": text, "iri": type_, "lang": lang})
    is_ = {name: pl.col("iri") == name for name in TYPES}
    body = pl.col("text")
    double = (
        pl.when(is_[XSD + "double"] & body.str.contains(_DOUBLE)).then(body).cast(pl.Float64, strict=False)
    )
    moment = pl.when(is_[XSD + "dateTime"] & body.str.contains(_MOMENT)).then(body)
    micros = (
        moment.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False)
        .cast(pl.Int64)
        .cast(pl.Float64)
    )
    frame = frame.with_columns(
        pl.when(double.is_finite()).then(double).alias("double"), micros.alias("micros")
    )
    return frame.select(
        pl.when(pl.col("double").is_not_null())
        .then(DOUBLE)
        .when(pl.col("micros").is_not_null())
        .then(MOMENT)
        .when(pl.col("iri").is_null() & pl.col("lang").is_null())
        .then(STRING)
        .when(is_[XSD + "integer"] & body.str.contains("^[+-]?[0-9]{1,300}$"))
        .then(INTEGER)
        .when(is_[XSD + "decimal"] & body.str.contains(r"^[+-]?[0-9]{1,300}(?:\.[0-9]+)?$"))
        .then(DECIMAL)
        .when(is_[XSD + "boolean"] & body.is_in(["true", "false"]))
        .then(BOOLEAN)
        .otherwise(OTHER)
        .cast(pl.UInt8)
        .alias("type"),
        pl.coalesce("double", "micros").alias("number"),
    )


def read(text: str, needed: Collection[str], tests: Iterable[TextTest] = ()) -> Columns:
    """Return the triples of an N-Triples text whose predicates are needed, as columns.

    Raises NotColumnsError for what columns do not show: triples about triples, blank nodes (two files can use
    one label, and pySHACL tells them by what they hold), classes that the data itself orders, and IRIs that
    are written with escapes.
    """
    frame = _lines(text)
    predicates = {f"<{iri}>" for iri in {*needed, RDF_TYPE, SUBCLASS}}
    frame = frame.filter(pl.col("pt").is_in(list(predicates)))
    if (frame["pt"] == f"<{SUBCLASS}>").any():
        raise NotColumnsError
    frame = frame.with_columns(skind=_kind("st"), kind=_kind("ot"))
    named = frame.filter(pl.col("kind") == IRI)["ot"]
    if (frame["skind"] == BLANK).any() or (frame["kind"] == BLANK).any():
        raise NotColumnsError
    strange = (
        frame["st"].str.contains("\\", literal=True).any() or named.str.contains("\\", literal=True).any()
    )
    if strange or frame["st"].str.starts_with("<<").any() or named.str.starts_with("<<").any():
        raise NotColumnsError
    frame = frame.with_columns(
        s=pl.col("st").hash(), p=pl.col("pt").hash(), o=pl.col("ot").hash(), row=pl.int_range(pl.len())
    )
    literal = frame.filter(pl.col("kind") == LITERAL)
    what = pl.concat([literal.select("row"), _literals(literal["ot"])], how="horizontal")
    frame = frame.join(what, on="row", how="left", maintain_order="left").with_columns(
        pl.col("type").fill_null(OTHER)
    )
    failing = {test.name: _failing(frame, test) for test in tests}
    # The texts are asked for where there is a finding, and most files have few.
    texts = pl.concat(
        frame.lazy().select(hash=hash_, text=text) for hash_, text in (("s", "st"), ("p", "pt"), ("o", "ot"))
    )
    return Columns([frame.select(*_FRAME)], texts, failing)


def _failing(frame: pl.DataFrame, test: TextTest) -> list[int]:
    """Return the terms in the places of a test that do not surely pass it."""
    wrong: set[int] = set()
    for predicate, place in test.places:
        here = frame.filter(pl.col("pt") == f"<{predicate}>")
        if place == "s":
            other, none = pl.lit(OTHER, pl.UInt8), pl.lit(None, pl.Float64)
            terms = here.select(hash="s", text="st", kind="skind", type=other, number=none)
        else:
            terms = here.select("type", "number", hash="o", text="ot", kind="kind")
        if terms.is_empty():
            continue
        terms = terms.filter(pl.col("hash").is_first_distinct())
        is_number = terms["type"] == DOUBLE
        if is_number.any():
            numbers = terms.filter(is_number)
            bad = test.failing_numbers(numbers["number"])
            wrong.update(numbers.filter(pl.col("number").is_in(bad))["hash"])
        if is_number.all():
            continue
        inner = pl.col("text").str.slice(1, pl.col("text").str.len_chars() - 2)
        sure = (pl.col("type") == STRING) & ~pl.col("text").str.contains("\\", literal=True)
        others = terms.filter(~is_number).select(
            "hash", shown=pl.when((pl.col("kind") == IRI) | sure).then(inner)
        )
        failing = test.failing(others["shown"])
        unsure = others["shown"].is_null() | others["shown"].is_in(failing.drop_nulls().implode())
        wrong.update(others.filter(unsure)["hash"])
    return sorted(wrong)


def said(text: str, kind: int, type_: int, number: float | None) -> str | None:
    """Return the text that pySHACL tests, where that is sure."""
    if kind == IRI:
        return text[1:-1]
    if type_ == DOUBLE:
        return str(number)
    if type_ == STRING and "\\" not in text:
        return text[1:-1]
    return None


# On disk

_SAFE = re.compile(r"[^0-9a-f]")


def save(columns: Columns, folder: Path, key: str) -> None:
    """Write columns into a folder under a key of hexadecimal digits; a half-written one is never read."""
    name = _SAFE.sub("", key)
    folder.mkdir(parents=True, exist_ok=True)
    frames = {
        "texts": columns.texts.unique("hash").collect().sort("hash"),
        "frame": pl.concat(columns.parts).unique(["s", "p", "o"]).sort("p", "s"),
    }
    (folder / f"{name}.failing.json").write_text(json.dumps(columns.failing), encoding="utf-8")
    for kind, frame in frames.items():
        half = folder / f"{name}.{kind}.part"
        frame.write_parquet(half, compression="lz4")
        half.replace(folder / f"{name}.{kind}.parquet")


def saved(folder: Path, key: str) -> Columns | None:
    """Return the columns of a key, or None where there are none."""
    name = _SAFE.sub("", key)
    paths = [
        folder / f"{name}.failing.json",
        folder / f"{name}.texts.parquet",
        folder / f"{name}.frame.parquet",
    ]
    if not all(path.is_file() for path in paths):
        return None
    failing = json.loads(paths[0].read_text(encoding="utf-8"))
    frame = pl.read_parquet(paths[2]).with_columns(pl.col("p").set_sorted())
    return Columns([frame], pl.scan_parquet(paths[1]), failing)
