"""A recording -> triples that describe its Parquet file: columns, units, terms, source, subject."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pyoxigraph as ox

from kg import model
from kg.catalogue import KGC, Item
from kg.namespaces import PREFIXES
from kg.sources.cyclers import Column, Recording
from kg.terms import vocabulary

DCAT = "http://www.w3.org/ns/dcat#"
BDF = "https://w3id.org/battery-data-alliance/ontology/battery-data-format#"
PROV, DCTERMS, SCHEMA, CSVW = (PREFIXES[name] for name in ("prov", "dcterms", "schema", "csvw"))
RDFS = PREFIXES["rdfs"]
FOLDER = "series"
"""Folder of the Parquet files in a store."""
HEAD = 20_000
"""Characters of the text above a table that the graph keeps."""


@dataclass(frozen=True)
class About:
    """What the rows are about: IRIs of the cell and of the test, empty where nobody said.

    `run` is the IRI of a run that other records describe, such as one of a machine that is watched.
    """

    cell: str = ""
    test: str = ""
    test_id: str = ""
    run: str = ""


@dataclass(frozen=True)
class File:
    """A Parquet file: its IRI, the name by which people call it, its digest and size, and its source.

    A source that still grows, such as a journal, has no digest.
    """

    iri: str
    id: str
    sha256: str
    size: int
    source: str
    source_iri: str
    source_sha256: str


Object = ox.NamedNode | ox.Literal


def _number(value: float) -> ox.Literal:
    return ox.Literal(repr(float(value)), datatype=ox.NamedNode(model.XSD + "double"))


def _integer(value: int) -> ox.Literal:
    return ox.Literal(str(value), datatype=ox.NamedNode(model.XSD + "integer"))


def _column(
    file: File, recording: Recording, number: int, column: Column
) -> Iterator[tuple[str, str, Object]]:
    node = f"{file.iri}#column={number}"
    series = recording.frame[column.name]
    yield f"{file.iri}#table", CSVW + "column", ox.NamedNode(node)
    yield node, CSVW + "name", ox.Literal(column.name)
    yield node, CSVW + "titles", ox.Literal(column.source)
    numeric = series.dtype.is_numeric()
    yield node, CSVW + "datatype", ox.Literal("number" if numeric else "string")
    if column.bdf:
        yield node, DCTERMS + "conformsTo", ox.NamedNode(BDF + column.name)
    if column.unit:
        yield node, model.HAS_UNIT, ox.NamedNode(column.unit)
    if column.term:
        yield node, CSVW + "propertyUrl", ox.NamedNode(column.term)
    if numeric and (low := series.min()) is not None:
        high = series.max()
        assert isinstance(low, int | float) and isinstance(high, int | float)
        yield node, SCHEMA + "minValue", _number(low)
        yield node, SCHEMA + "maxValue", _number(high)


def statements(file: File, recording: Recording, about: About) -> Iterator[tuple[str, str, Object]]:
    """Yield the statements on one recording and its Parquet file."""
    series, data, reading = file.iri, f"{file.iri}#file", f"{file.iri}#reading"
    source, map_ = file.source_iri, f"{file.iri}#map"
    rdf_type = model.RDF_TYPE
    yield series, rdf_type, ox.NamedNode(DCAT + "Dataset")
    yield series, DCTERMS + "identifier", ox.Literal(file.id)
    yield series, DCTERMS + "title", ox.Literal(file.source)
    yield series, DCTERMS + "description", ox.Literal(recording.title)
    yield series, KGC + "grain", ox.Literal(recording.grain)
    yield series, KGC + "rowCount", _integer(recording.frame.height)
    yield series, PROV + "wasDerivedFrom", ox.NamedNode(source)
    yield series, PROV + "wasGeneratedBy", ox.NamedNode(reading)
    yield series, DCAT + "distribution", ox.NamedNode(data)
    yield series, CSVW + "tableSchema", ox.NamedNode(f"{series}#table")
    yield from _about(series, about)
    if about.test:
        yield from _span(about.test, recording)
    for note in recording.notes:
        yield series, RDFS + "comment", ox.Literal(note)
    yield data, rdf_type, ox.NamedNode(DCAT + "Distribution")
    yield (
        data,
        CSVW + "url",
        ox.Literal(f"{FOLDER}/{file.id}.parquet", datatype=ox.NamedNode(model.XSD + "anyURI")),
    )
    yield (
        data,
        DCAT + "mediaType",
        ox.NamedNode("https://www.iana.org/assignments/media-types/application/vnd.apache.parquet"),
    )
    yield data, DCAT + "byteSize", _integer(file.size)
    yield data, SCHEMA + "sha256", ox.Literal(file.sha256)
    yield source, rdf_type, ox.NamedNode(PROV + "Entity")
    yield source, DCTERMS + "title", ox.Literal(file.source)
    if file.source_sha256:
        yield source, SCHEMA + "sha256", ox.Literal(file.source_sha256)
    if recording.head:
        yield source, RDFS + "comment", ox.Literal(recording.head[:HEAD])
    yield reading, rdf_type, ox.NamedNode(PROV + "Activity")
    yield reading, PROV + "used", ox.NamedNode(source)
    yield reading, PROV + "used", ox.NamedNode(map_)
    yield map_, rdf_type, ox.NamedNode(PROV + "Plan")
    yield map_, DCTERMS + "title", ox.Literal(recording.map)
    yield map_, SCHEMA + "sha256", ox.Literal(recording.digest)
    for number, column in enumerate(recording.columns, start=1):
        yield from _column(file, recording, number, column)


def _about(series: str, about: About) -> Iterator[tuple[str, str, Object]]:
    if about.run:
        yield series, SCHEMA + "about", ox.NamedNode(about.run)
        yield series, PROV + "wasGeneratedBy", ox.NamedNode(about.run)
    if about.cell:
        yield series, SCHEMA + "about", ox.NamedNode(about.cell)
    if about.test:
        testing = vocabulary().resolve("ElectrochemicalCellTesting", ("class",)).iri
        yield about.test, model.RDF_TYPE, ox.NamedNode(testing)
        yield about.test, model.IDENTIFIER, ox.Literal(about.test_id)
        yield series, SCHEMA + "about", ox.NamedNode(about.test)
        yield series, PROV + "wasGeneratedBy", ox.NamedNode(about.test)
        if about.cell:
            yield about.test, model.HAS_INPUT, ox.NamedNode(about.cell)


def moment(seconds: float) -> ox.Literal:
    """Return seconds since 1970-01-01 UTC as xsd:dateTime."""
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return ox.Literal(text, datatype=ox.NamedNode(model.XSD + "dateTime"))


def _span(test: str, recording: Recording) -> Iterator[tuple[str, str, Object]]:
    """Yield when a test began and ended, where its record has the time of day."""
    if "unix_time_second" not in recording.frame or recording.grain != "samples":
        return
    times = recording.frame["unix_time_second"]
    for predicate, value in ((model.START, times.min()), (model.END, times.max())):
        if isinstance(value, int | float):
            yield test, predicate, moment(value)


def items(recording: Recording) -> Iterator[Item]:
    """Yield what became of each column of the source, for the catalogue."""
    for column in recording.columns:
        count = len(recording.frame) - recording.frame[column.name].null_count()
        name = f"{recording.part}: {column.source}" if recording.part else column.source
        if column.mapped:
            reason = "" if column.term else f"'{column.name}' has no term in the vocabulary"
            yield Item(name, "mapped", count, reason, column.term)
        else:
            yield Item(name, "kept", count, "no map says what it is; it stays under its own name")


def triples(file: File, recording: Recording, about: About) -> Iterator[ox.Triple]:
    """Yield the triples on one recording and its Parquet file."""
    for subject, predicate, value in statements(file, recording, about):
        yield ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), value)
