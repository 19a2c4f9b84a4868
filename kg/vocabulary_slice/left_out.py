"""ontology/bridge.ttl -> the axioms of upstream that no slice and no run of a reasoner repeats."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox

from kg.errors import Fault, FaultsError
from kg.namespaces import PREFIXES
from kg.resources import folder

_BVCOX = PREFIXES["bvcox"]
_TEXTS = ("leftOutReason", "contradiction", "suggestedRepair", "upstreamRepository")
_LOGIC = (PREFIXES["rdf"], PREFIXES["rdfs"], PREFIXES["owl"])


@dataclass(frozen=True)
class LeftOut:
    """An axiom of upstream that is left out; `None` stands for anything.

    A predicate of RDF, RDFS or OWL is that of a plain triple.
    Any other predicate is a property on which the subject, a class, has a restriction,
    `subject rdfs:subClassOf [ owl:onProperty predicate ; owl:someValuesFrom object ]`,
    or an annotation of the subject.
    `reason` says in half a sentence why it is left out, `contradiction` what follows where it is kept,
    `suggestion` what `repository` could do about it. IRIs are current ones.
    """

    subject: str | None
    predicate: str | None
    object: str | None
    reason: str
    contradiction: str = ""
    suggestion: str = ""
    repository: str = ""
    name: str = ""

    @property
    def is_triple(self) -> bool:
        """Tell whether the axiom is a plain triple, not a restriction or an annotation."""
        return self.predicate is None or self.predicate.startswith(_LOGIC)


def left_out_axioms(path: Path | None = None) -> list[LeftOut]:
    """Return the axioms that bridge.ttl says are left out, by their names.

    Raises FaultsError where one lacks its reason, contradiction, suggestion or repository.
    """
    path = path or folder("ontology") / "bridge.ttl"
    store = ox.Store()
    store.load(path=str(path), format=ox.RdfFormat.TURTLE)
    kind = ox.NamedNode(_BVCOX + "LeftOutAxiom")
    nodes = {q.subject.value for q in store.quads_for_pattern(None, None, kind)}  # type: ignore[union-attr]
    found, faults = [], []
    for node in sorted(nodes):
        said: dict[str, str] = {
            q.predicate.value.removeprefix(_BVCOX): q.object.value  # type: ignore[union-attr]
            for q in store.quads_for_pattern(ox.NamedNode(node), None, None)
        }
        name = node.rpartition("#")[2]
        faults += [
            Fault(path.name, 0, f"{name} lacks bvcox:{text}. Say it there.")
            for text in _TEXTS
            if not said.get(text)
        ]
        found.append(
            LeftOut(
                subject=said.get("axiomSubject"),
                predicate=said.get("axiomPredicate"),
                object=said.get("axiomObject"),
                reason=said.get("leftOutReason", ""),
                contradiction=said.get("contradiction", ""),
                suggestion=said.get("suggestedRepair", ""),
                repository=said.get("upstreamRepository", ""),
                name=name,
            )
        )
    if faults:
        raise FaultsError(faults)
    return found
