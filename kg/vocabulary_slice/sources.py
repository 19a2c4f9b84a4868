"""Which upstream files make which slice, and under which version they were published."""

from __future__ import annotations

from dataclasses import dataclass

LICENCE = "CC BY 4.0"


@dataclass(frozen=True)
class Source:
    """One upstream ontology: the files it is made of and the slice they become.

    `pages` is the repository, `path` the file or folder in it that `files` stand for,
    `namespaces` are those whose terms are at home in this slice.
    `declares_foreign`: the ontology also declares terms in the namespace of another one, and means it.
    """

    name: str
    title: str
    version_iri: str
    version: str
    repository: str
    path: str
    files: tuple[str, ...]
    namespaces: tuple[str, ...]
    declares_foreign: bool = False


# In the order of dependence: what an earlier slice states is not repeated in a later one.
SOURCES: tuple[Source, ...] = (
    Source(
        name="emmo",
        title="Elementary Multiperspective Material Ontology (EMMO)",
        version_iri="https://w3id.org/emmo/1.0.4",
        version="1.0.4",
        repository="github.com/emmo-repo/emmo-repo.github.io",
        path="versions/1.0.4/emmo.ttl",
        files=("emmo/1.0.4-emmo.ttl",),
        namespaces=("https://w3id.org/emmo#",),
    ),
    Source(
        name="chameo",
        title="Characterisation Methodology Ontology (CHAMEO)",
        version_iri="https://w3id.org/emmo/domain/characterisation-methodology/1.0.3/chameo",
        version="1.0.3",
        repository="github.com/emmo-repo/domain-characterisation-methodology",
        path="chameo.ttl",
        files=("chameo/chameo-1.0.3.ttl",),
        namespaces=("https://w3id.org/emmo/domain/characterisation-methodology/chameo#",),
        declares_foreign=True,
    ),
    Source(
        name="chemsub",
        title="EMMO domain Chemical Substance",
        version_iri="https://w3id.org/emmo/domain/chemical-substance/0.14.2/chemical-substance",
        version="0.14.2",
        repository="github.com/emmo-repo/domain-chemical-substance",
        path="chemical-substance.ttl",
        files=("chemsub/chemical-substance.ttl",),
        namespaces=("https://w3id.org/emmo/domain/chemical-substance#",),
        declares_foreign=True,
    ),
    Source(
        name="echem",
        title="EMMO domain Electrochemistry, with its copy of the manufacturing modules",
        version_iri="https://w3id.org/emmo/domain/electrochemistry/0.37.2/electrochemistry",
        version="0.37.2 (588dffa)",
        repository="github.com/emmo-repo/domain-electrochemistry",
        path=".",
        files=(
            "echem/modules/electrochemistry-manufacturing.ttl",
            "echem/modules/electrochemistry-testing.ttl",
            "echem/modules/manufacturing-equipment.ttl",
            "echem/modules/manufacturing-processes.ttl",
            "echem/reference/electrochemistry-quantities.ttl",
            "echem/reference/electrochemistry-reference.ttl",
        ),
        namespaces=(
            "https://w3id.org/emmo/domain/electrochemistry#",
            "https://w3id.org/emmo/domain/manufacturing#",
        ),
        declares_foreign=True,
    ),
    Source(
        name="battery",
        title="EMMO domain Battery",
        version_iri="https://w3id.org/emmo/domain/battery/0.20.1/battery",
        version="0.20.1 (e2c0c57)",
        repository="github.com/emmo-repo/domain-battery",
        path=".",
        files=(
            "battery/modules/battery-cell-geometry.ttl",
            "battery/modules/battery-manufacturing.ttl",
            "battery/modules/battery-testing.ttl",
            "battery/reference/battery-quantities.ttl",
            "battery/reference/battery-reference.ttl",
            "battery/subdomains/battery-manufacturing-lithium-ion.ttl",
            "battery/subdomains/battery-model-lithium-ion.ttl",
            "battery/subdomains/battery-products.ttl",
        ),
        namespaces=(
            "https://w3id.org/emmo/domain/battery#",
            "https://w3id.org/emmo/domain/battery-model-lithium-ion#",
        ),
        declares_foreign=True,
    ),
    Source(
        name="gpo",
        title="General Process Ontology (GPO)",
        version_iri="https://gpo.ontology.link",
        version="2024-07-01",
        repository="github.com/General-Process-Ontology/ontology",
        path="GPO.ttl",
        files=("gpo/GPO.ttl",),
        namespaces=("https://gpo.ontology.link/",),
    ),
    Source(
        name="bvco",
        title="Battery Value Chain Ontology (BVCO)",
        version_iri="https://bvco.ontology.link/0.4.3",
        version="0.4.3 (757651c)",
        repository="github.com/Battery-Value-Chain-Ontology/ontology",
        path="BVCO.ttl",
        files=("bvco/BVCO.ttl",),
        namespaces=("https://bvco.ontology.link/",),
    ),
)
