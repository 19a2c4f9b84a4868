"""What one source file says -> a part of the value table: its values, and the links between its things.

A part says in columns what the graph of the file says in triples, but for texts that no number hangs on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from kg import model
from kg.mappers.apply import Mapped

TEXT = pl.Categorical
"""IRIs and names come again and again; as categories they are joined by number, twenty times as fast."""

VALUES = {
    "bearer": TEXT,
    "role": TEXT,
    "quantity": TEXT,
    "term": TEXT,
    "name": TEXT,
    "how": TEXT,
    "value": pl.Float64,
    "unit": TEXT,
    "row": TEXT,
    "graph": TEXT,
}
"""One line for each value: `role` is `parameter` (of a run) or `property`, `name` the end of the IRI of the
quantity, `row` the place in the source file, of the quantity itself or else of what bears it.
In a part, `quantity` is null where it is `BEARER#NAME`."""

LINKS = {"subject": TEXT, "link": TEXT, "object": TEXT, "graph": TEXT}
"""One line for each link; `link` is one of the names in LINK_NAMES, or PARTIAL for a quantity of which the
file says only a part, such as a number without a unit."""

PARTIAL = "partial"

LINK_NAMES = {
    model.RDF_TYPE: "type",
    model.HAS_INPUT: "input",
    model.HAS_OUTPUT: "output",
    model.HAS_TOOL: "tool",
    model.HAS_AGENT: "agent",
    model.HAS_PART: "part",
    model.HAS_SUB_PROCESS: "step",
    model.MADE_FROM: "from",
    model.DERIVED_FROM: "row",
    model.START: "start",
    model.END: "end",
    model.BVCOX + "cellGrade": "grade",
}
"""What the links are called here, by their predicates."""

_ROLES = {model.HAS_PROCESS_PARAMETER: "parameter", model.HAS_PROPERTY: "property"}
_KINDS = {iri: name for name, iri in model.VALUE_KINDS.items()}
_TRIPLES = {"s": pl.String, "p": pl.String, "o": pl.String}


@dataclass(frozen=True)
class Part:
    """The values and the links of one source file, in the columns VALUES and LINKS."""

    values: pl.DataFrame
    links: pl.DataFrame


def _texts(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col(pl.String).cast(TEXT))


def _as_stored(links: pl.DataFrame) -> pl.DataFrame:
    """Return links with times in the form that the store gives them: no zeros at the end, and Z for UTC."""
    time, zone = pl.col("object"), r"(Z|[+-]\d\d:\d\d)$"
    short = time.str.replace(rf"(\.\d*?)0+{zone}", "${1}${2}").str.replace(rf"\.{zone}", "${1}")
    short = short.str.replace(r"[+-]00:00$", "Z")
    is_time = pl.col("link").is_in(["start", "end"])
    return _texts(links.with_columns(object=pl.when(is_time).then(short).otherwise(time)))


def _part(values: Iterable[pl.DataFrame], links: Iterable[pl.DataFrame], graph: str) -> Part:
    """Add where the values are recorded and the name of the graph, and bring all into one order."""
    said = {name: type_ for name, type_ in VALUES.items() if name not in ("row", "graph")}
    linked = pl.concat([pl.DataFrame(schema=LINKS).drop("graph"), *map(_as_stored, links)]).unique()
    made = pl.concat([pl.DataFrame(schema=said), *map(_texts, values)]).unique()
    rows = linked.filter(pl.col("link") == "row").group_by("subject").agg(row=pl.col("object").sort().first())
    made = made.join(rows, left_on="bearer", right_on="subject", how="left")
    if made["quantity"].null_count() < len(made):
        own = rows.rename({"row": "own"})
        made = made.join(own, left_on="quantity", right_on="subject", how="left")
        made = made.with_columns(row=pl.coalesce("own", "row"))
    named = pl.lit(graph).cast(TEXT)
    return Part(
        _sorted(made, "term", "bearer", "name", "how", "value").with_columns(graph=named).select(*VALUES),
        _sorted(linked, "link", "subject", "object").with_columns(graph=named).select(*LINKS),
    )


def _sorted(frame: pl.DataFrame, *names: str) -> pl.DataFrame:
    """Return rows in the order of some columns; texts are compared once each, and not row by row."""
    keys = [_ranks(frame[name]) if frame[name].dtype == TEXT else frame[name].to_numpy() for name in names]
    return frame[np.lexsort(keys[::-1])]


def _ranks(column: pl.Series) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return for each row the place of its text among the texts of a column; null is the first."""
    texts = column.unique().drop_nulls()
    codes, rows = (one.to_physical().to_numpy().astype(np.int64) for one in (texts, column.drop_nulls()))
    places = np.zeros(int(codes.max(initial=0)) + 1, np.int64)
    places[codes[texts.cast(pl.String).arg_sort().to_numpy()]] = np.arange(1, len(codes) + 1)
    found = np.zeros(len(column), np.int64)
    found[column.is_not_null().to_numpy()] = places[rows]
    return found


def of_tables(parts: Iterable[Mapped], graph: str) -> Part:
    """Return the part of a file whose tables became statements, from the columns that these were made of."""
    parts = list(parts)
    values = (frame for part in parts for frame in _values_of(part))
    return _part(values, (frame for part in parts for frame in _links_of(part)), graph)


def _values_of(part: Mapped) -> Iterable[pl.DataFrame]:
    run = part.plan.run
    for number, quantity in enumerate(part.plan.quantities):
        is_run = run is not None and quantity.thing == run.name
        frame = part.things[quantity.thing].join(
            part.values.select("kg row index", value=f"kg value {number}"), on="kg row index"
        )
        yield frame.filter(pl.col("value").is_not_null()).select(
            bearer="iri",
            role=pl.lit("parameter" if is_run else "property"),
            quantity=pl.lit(None, pl.String),
            term=pl.lit(quantity.term.iri),
            name=pl.lit(quantity.fragment),
            how=pl.lit(quantity.kind),
            value="value",
            unit=pl.lit(quantity.canonical.iri),
        )


def _links_of(part: Mapped) -> Iterable[pl.DataFrame]:
    for frame in part.frames:
        for piece in frame.pieces:
            rows = frame.rows if piece.keep is None else frame.rows.filter(pl.col(piece.keep))
            for line in piece.lines:
                link = _link(line)
                if link:
                    subject, name, object_ = link
                    yield rows.select(subject=subject.str.slice(1), link=pl.lit(name), object=object_)


def _link(line: tuple[str | pl.Expr, ...]) -> tuple[pl.Expr, str, pl.Expr] | None:
    """Return subject, link and object of a line of text; None for a quantity, and for what is no link."""
    subject, text, *rest = line
    # A subject that is a quantity ends in a fragment.
    if not str(text).startswith("> <"):
        return None
    predicate, _, start = str(text)[3:].partition("> ")
    if predicate not in LINK_NAMES or not isinstance(subject, pl.Expr):
        return None
    if not rest:
        return subject, LINK_NAMES[predicate], pl.lit(start.strip("<>"))
    object_ = rest[0]
    assert isinstance(object_, pl.Expr)
    # An IRI in a column has the bracket that opens it; a time stands between quotation marks.
    return subject, LINK_NAMES[predicate], object_ if start == '"' else object_.str.slice(1)


def of_ntriples(text: str, graph: str) -> Part:
    """Return the part of a graph that is given as N-Triples."""
    lines = pl.Series("line", [text]).str.split("\n").explode().to_frame().filter(pl.col("line") != "")
    fields = pl.col("line").str.strip_suffix(" .").str.splitn(" ", 3)
    triples = lines.select(fields.struct.rename_fields(list(_TRIPLES))).unnest("line")
    named = pl.col("s", "p").str.strip_chars("<>")
    return of_triples(triples.with_columns(named), graph)


def _of(triples: pl.DataFrame, predicate: str, subject: str, object_: str) -> pl.DataFrame:
    """Return the triples of a predicate that leads to things."""
    found = triples.filter(pl.col("p") == predicate)
    return found.select(pl.col("s").alias(subject), pl.col("o").str.strip_chars("<>").alias(object_))


def of_triples(triples: pl.DataFrame, graph: str) -> Part:
    """Return the part of a graph in columns: IRIs of subject and predicate, the object as N-Triples."""
    plain = pl.col("o").str.extract(r'^"((?:[^"\\]|\\.)*)"')
    links = triples.filter(pl.col("p").is_in(list(LINK_NAMES))).select(
        subject="s",
        link=pl.col("p").replace_strict(LINK_NAMES),
        object=pl.coalesce(plain, pl.col("o").str.strip_chars("<>")),
    )
    borne = pl.concat(
        _of(triples, predicate, "bearer", "quantity").with_columns(role=pl.lit(role))
        for predicate, role in _ROLES.items()
    )
    numbers = (
        triples.filter(pl.col("p") == model.HAS_NUMBER_VALUE)
        .select(number="s", value=plain.cast(pl.Float64, strict=False))
        .drop_nulls()
    )
    parts = _of(triples, model.HAS_NUMERICAL_PART, "quantity", "number")
    types = _of(triples, model.RDF_TYPE, "quantity", "type")
    kinds = types.filter(pl.col("type").is_in(list(_KINDS)))
    values = (
        borne.join(parts, on="quantity")
        .join(numbers, on="number")
        .join(_of(triples, model.HAS_UNIT, "quantity", "unit"), on="quantity")
        .join(types.filter(~pl.col("type").is_in(list(_KINDS))).rename({"type": "term"}), on="quantity")
        .join(kinds.select("quantity", how=pl.col("type").replace_strict(_KINDS)), on="quantity", how="left")
    )
    name = pl.col("quantity").str.splitn("#", 2).struct.field("field_1").fill_null("")
    derived = pl.col("quantity") == pl.concat_str("bearer", pl.lit("#"), "name")
    made = (
        values.with_columns(name=name)
        .with_columns(quantity=pl.when(~derived).then("quantity"))
        .select(name_ for name_ in VALUES if name_ not in ("row", "graph"))
    )
    inner = pl.concat([borne["quantity"], numbers["number"]]).unique()
    of_quantity = (pl.col("link") == "type") & pl.col("subject").is_in(inner.implode())
    whole = pl.col("subject").is_in(values["quantity"].unique().implode())
    told = pl.concat([borne["quantity"], parts["quantity"], kinds["quantity"]]).unique().alias("subject")
    partial = told.to_frame().filter(~whole).select("subject", link=pl.lit(PARTIAL), object="subject")
    return _part([made], [links.filter(~of_quantity), partial], graph)
