"""A shell -> the topics under which it gathers data, each with its standards and the submodels that hold it.

Source: the topics of submodels with their standards, Table 2 of the review of digitalization in battery cell
production; the vocabulary states them (bvcox:SubmodelTopic).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from kg import model
from kg.aas.instance import NOT_KNOWN, Raw, extension, reference
from kg.aas.things import own
from kg.passport.facts import BVCOX, Facts
from kg.terms import vocabulary

TOPIC, STANDARD = BVCOX + "SubmodelTopic", BVCOX + "hasStandard"
HELD: dict[str, tuple[str, ...]] = {
    "AdministrationShellTopic": ("SubmodelTopics",),
    "ConditionMonitoringTopic": ("TimeSeries",),
    "ConfigurationTopic": ("ProcessParameters", "ExecutedProcesses"),
    "EngineeringTopic": ("TechnicalData", "BillOfMaterial"),
    "IdentificationTopic": ("Nameplate",),
}
"""Topic -> the submodels that hold what belongs to it."""


def topics(facts: Facts, iri: str, there: Collection[str]) -> dict[str, Any]:
    """Return the topics with their standards; `there` are the short names of the other submodels."""
    known = {"SubmodelTopics", *there}
    elements = [_topic(facts, iri, each, known) for each in facts.subjects(model.RDF_TYPE, TOPIC)]
    return own(iri, "SubmodelTopics", TOPIC, elements)


def _topic(facts: Facts, iri: str, topic: str, there: Collection[str]) -> Raw:
    short = vocabulary().term(topic).label
    standards = [
        {
            "idShort": f"Standard_{place}",
            "semanticId": reference(each),
            "valueType": "xs:string",
            "value": vocabulary().term(each).label,
            "modelType": "Property",
        }
        for place, each in enumerate(facts.objects(topic, STANDARD), 1)
    ]
    held = [each for each in HELD.get(short, ()) if each in there]
    links = [
        {
            "idShort": each,
            "value": reference(f"{iri}/submodel/{each}", "Submodel"),
            "modelType": "ReferenceElement",
        }
        for each in held
    ]
    gap = {} if links else {"extensions": [extension(NOT_KNOWN, "no submodel of this shell holds this")]}
    head: dict[str, Any] = {"idShort": short, **gap, "semanticId": reference(topic)}
    return Raw({**head, "value": [*standards, *links], "modelType": "SubmodelElementCollection"})
