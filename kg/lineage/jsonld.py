"""A trace -> a JSON-LD document in the context of the project, with the statements of the store."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyoxigraph as ox

from kg import model
from kg.export import jsonld as export
from kg.jsonld import context
from kg.lineage.graph import Run, Thing, Trace, Value

Said = dict[str, dict[str, list[ox.NamedNode | ox.Literal]]]

_DATE_TIME = ox.NamedNode(model.XSD + "dateTime")
_DOUBLE = ox.NamedNode(model.XSD + "double")


class _Speaker:
    """What a trace says, node by node."""

    def __init__(self) -> None:
        self.said: Said = {}

    def say(self, subject: str, property_: str, *values: ox.NamedNode | ox.Literal) -> None:
        known = self.said.setdefault(subject, {}).setdefault(property_, [])
        known += [value for value in values if value not in known]

    def texts(self, node: Thing | Run) -> None:
        for name, text in node.texts.items():
            definition = context.shipped().get(name)
            if definition:
                iri = definition if isinstance(definition, str) else definition["@id"]
                self.say(node.iri, context.expand(iri), ox.Literal(text))

    def values(self, bearer: str, has: str, values: Iterable[Value]) -> None:
        for value in values:
            self.say(bearer, has, ox.NamedNode(value.iri))
            kinds = [value.term_iri, model.VALUE_KINDS[value.how]]
            self.say(value.iri, model.RDF_TYPE, *(ox.NamedNode(kind) for kind in kinds if kind))
            self.say(value.iri, model.HAS_NUMERICAL_PART, ox.NamedNode(value.number))
            self.say(value.number, model.RDF_TYPE, ox.NamedNode(model.REAL_DATA))
            number = ox.Literal(f"{value.value:.15g}", datatype=_DOUBLE)
            self.say(value.number, model.HAS_NUMBER_VALUE, number)
            if value.unit_iri:
                self.say(value.iri, model.HAS_UNIT, ox.NamedNode(value.unit_iri))

    def thing(self, thing: Thing) -> None:
        self.say(thing.iri, model.RDF_TYPE, *map(ox.NamedNode, thing.class_iris))
        if thing.label:
            self.say(thing.iri, model.TEXT_PROPERTIES["label"], ox.Literal(thing.label))
        self.texts(thing)
        self.values(thing.iri, model.HAS_PROPERTY, thing.properties)

    def run(self, run: Run) -> None:
        self.say(run.iri, model.RDF_TYPE, *map(ox.NamedNode, run.class_iris))
        for property_, time in ((model.START, run.start), (model.END, run.end)):
            if time:
                self.say(run.iri, property_, ox.Literal(time, datatype=_DATE_TIME))
        if run.comment:
            self.say(run.iri, model.TEXT_PROPERTIES["comment"], ox.Literal(run.comment))
        self.say(run.iri, model.HAS_TOOL, *map(ox.NamedNode, run.tool_iris))
        self.say(run.iri, model.HAS_AGENT, *map(ox.NamedNode, run.agent_iris))
        self.texts(run)
        self.values(run.iri, model.HAS_PROCESS_PARAMETER, run.parameters)


def as_jsonld(trace: Trace, *, embed: bool = False) -> dict[str, Any]:
    """Return a trace as JSON-LD: under `@graph` each run and each thing, with its quantities inside.

    Inputs and outputs hang on the runs, and `madeFrom` leads from each thing to those that it was made from.
    The context is named by its address; with `embed` it stands in the document, with the names that are used.
    """
    speaker = _Speaker()
    for run in trace.runs.values():
        speaker.run(run)
    for thing in trace.things.values():
        speaker.thing(thing)
    for step in trace.steps:
        if step.run and step.source:
            speaker.say(step.run, model.HAS_INPUT, ox.NamedNode(step.source))
        if step.run and step.made:
            speaker.say(step.run, model.HAS_OUTPUT, ox.NamedNode(step.made))
        if step.source and step.made and step.source != step.made:
            speaker.say(step.made, model.MADE_FROM, ox.NamedNode(step.source))
    said = {iri: {p: values for p, values in facts.items() if values} for iri, facts in speaker.said.items()}
    tops = [iri for iri in (*trace.runs, *trace.things) if said.get(iri)]
    return export.nodes(said, tops, embed=embed)
