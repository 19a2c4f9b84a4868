"""The recordings of a cell or a test, as the graph describes them -> Time Series Data: where the rows are."""

from __future__ import annotations

from typing import Any

from kg import model
from kg.aas.environment import id_short
from kg.aas.instance import Leaf, Raw, extension, make, reference, submodel
from kg.aas.templates import Element, templates
from kg.iri import shorten
from kg.namespaces import PREFIXES
from kg.passport.facts import Facts
from kg.terms import vocabulary

DCAT = "http://www.w3.org/ns/dcat#"
DCTERMS, SCHEMA, CSVW, KGC = (PREFIXES[name] for name in ("dcterms", "schema", "csvw", "kgc"))
TIME = "test_time_second"


def recordings(facts: Facts, iri: str) -> list[str]:
    """Return the series that are about a thing or a test."""
    about = facts.subjects(SCHEMA + "about", iri)
    return [each for each in about if DCAT + "Dataset" in facts.objects(each, model.RDF_TYPE)]


def _text(facts: Facts, subject: str, prop: str) -> str:
    return next(iter(facts.objects(subject, prop)), "")


def time_series(facts: Facts, iri: str) -> dict[str, Any]:
    """Return what series there are: their columns, and of each where its file is and how long it is.

    The rows stay in the Parquet files beside the store, so each series is an external segment.
    """
    found = recordings(facts, iri)
    template = templates()["02008"]
    record = template.root.at("Metadata/Record")
    segment = template.root.at("Segments/ExternalSegment")
    assert record and segment
    columns: dict[str, Raw] = {}
    for each in found:
        columns |= _columns(facts, each, record)
    segments = {
        (short := f"ExternalSegment_{place}"): _segment(facts, each, segment, short)
        for place, each in enumerate(found, 1)
    }
    content = {
        "Metadata": {
            "Name": Leaf(f"Recordings of {shorten(iri, facts.store.base)}"),
            "Record": columns,
        },
        "Segments": segments,
    }
    return submodel(template, f"{iri}/submodel/{template.root.short}", content)


def _columns(facts: Facts, series: str, record: Element) -> dict[str, Raw]:
    """Return the columns of a series, the time first: a property each, without a value."""
    nodes = facts.objects(_text(facts, series, CSVW + "tableSchema"), CSVW + "column")
    told = {_text(facts, node, CSVW + "name"): node for node in nodes}
    time = record.at("Time")
    assert time
    made = {"Time": _column(facts, "Time", TIME, told.get(TIME, ""), time.semantic, time.type)}
    for name, node in sorted(told.items()):
        if name != TIME:
            meant = _text(facts, node, CSVW + "propertyUrl") or _text(facts, node, DCTERMS + "conformsTo")
            kind = "xs:double" if _text(facts, node, CSVW + "datatype") == "number" else "xs:string"
            made[id_short(name)] = _column(facts, id_short(name), name, node, meant, kind)
    return made


def _column(facts: Facts, short: str, name: str, node: str, semantic: str, kind: str) -> Raw:
    said = [("column", name)]
    unit = vocabulary().units.get(_text(facts, node, model.HAS_UNIT)) if node else None
    if unit:
        said.append(("unit", unit.name))
    element: dict[str, Any] = {"idShort": short, "extensions": [extension(*each) for each in said]}
    if semantic:
        element["semanticId"] = reference(semantic)
    return Raw({**element, "valueType": kind, "modelType": "Property"})


def _segment(facts: Facts, series: str, template: Element, short: str) -> Raw:
    """Return the segment of a series: its file, its rows and its span."""
    test = next(
        (each for each in facts.objects(series, SCHEMA + "about") if facts.has(each, model.START)), ""
    )
    rows = _text(facts, series, KGC + "rowCount")
    address = _text(facts, _text(facts, series, DCAT + "distribution"), CSVW + "url")
    start, end = (_text(facts, test, prop) if test else "" for prop in (model.START, model.END))
    content = {
        "Name": Leaf(_text(facts, series, DCTERMS + "title") or shorten(series, facts.store.base)),
        "Description": Leaf(told) if (told := _text(facts, series, DCTERMS + "description")) else None,
        "RecordCount": Leaf(int(rows)) if rows else None,
        "StartTime": Leaf(start) if start else None,
        "EndTime": Leaf(end) if end else None,
        "Duration": _duration(facts, series),
        "File": Leaf(address) if address else None,
    }
    (made,) = make(template, content)
    return Raw({**made, "idShort": short})


def _duration(facts: Facts, series: str) -> Leaf | None:
    """Return how long a series is by its own time, as ISO 8601."""
    for node in facts.objects(_text(facts, series, CSVW + "tableSchema"), CSVW + "column"):
        if _text(facts, node, CSVW + "name") == TIME:
            ends = [_text(facts, node, SCHEMA + name) for name in ("minValue", "maxValue")]
            if all(ends):
                return Leaf(f"PT{float(ends[1]) - float(ends[0]):.12g}S")
    return None
