"""The one table of prefixes, for Turtle, SPARQL, JSON-LD and docs."""

from __future__ import annotations

import re

PREFIXES: dict[str, str] = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "dcterms": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
    "schema": "https://schema.org/",
    "csvw": "http://www.w3.org/ns/csvw#",
    "sh": "http://www.w3.org/ns/shacl#",
    "emmo": "https://w3id.org/emmo#",
    "echem": "https://w3id.org/emmo/domain/electrochemistry#",
    "battery": "https://w3id.org/emmo/domain/battery#",
    "mado": "https://w3id.org/emmo/domain/manufacturing#",
    "chemsub": "https://w3id.org/emmo/domain/chemical-substance#",
    "chameo": "https://w3id.org/emmo/domain/characterisation-methodology/chameo#",
    "gpo": "https://gpo.ontology.link/",
    "bvco": "https://bvco.ontology.link/",
    "bvcox": "https://w3id.org/battery-kg/bvco-ext#",
    "kgc": "https://w3id.org/battery-kg/catalogue#",
    "kgsh": "https://w3id.org/battery-kg/shapes#",
    "kgf": "https://w3id.org/battery-kg/functions#",
}


def standalone(query: str, base: str) -> str:
    """Return a query with the prefixes that it uses and does not declare, so that any SPARQL tool runs it."""
    declared = set(re.findall(r"\bPREFIX\s+([\w-]*):", query, re.IGNORECASE))
    used = set(re.findall(r"(?<![\w<?$:/#-])([a-z][\w-]*):(?=[\w%])", query))
    lines = [f"PREFIX {name}: <{iri}>\n" for name, iri in PREFIXES.items() if name in used - declared]
    head = "" if re.search(r"\bBASE\s*<", query, re.IGNORECASE) else f"BASE <{base}>\n"
    return head + "".join(lines) + query
