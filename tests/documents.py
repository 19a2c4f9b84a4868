"""What the tests of JSON-LD share: a folder for documents and stores, and what documents say."""

from __future__ import annotations

import gc
import json
from pathlib import Path
from typing import Any

import pyoxigraph as ox
from click.testing import CliRunner, Result

from kg import model
from kg.cli import main
from kg.load import Loader, Outcome
from kg.mappers.plan import RdfPlan, read_plans
from kg.mappers.rdf import MappedRdf, apply_rdf
from kg.resources import PACKAGE
from kg.store import Store
from kg.terms import vocabulary
from tests.conftest import BASE

EXAMPLES = Path(__file__).parent / "jsonld"
MAPPING = PACKAGE / "mappers" / "battinfo" / "battinfo.yaml"
BATTINFO = "https://w3id.org/emmo/domain/battery/context"
SCHEMA = "https://schema.org/"
COIN = "thing/coin_cell.jsonld"


def mapping() -> RdfPlan:
    """Return the mapping of BattINFO's JSON-LD."""
    (found,) = read_plans(MAPPING, vocabulary())
    assert isinstance(found, RdfPlan)
    return found


class Desk:
    """A folder for documents and stores."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.plan = folder, mapping()

    def write(self, content: Any, name: str = "a.jsonld") -> Path:
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    def map(self, content: Any, name: str = "a.jsonld") -> MappedRdf:
        """Return what a document becomes; one without a context has BattINFO's."""
        if isinstance(content, dict) and "@context" not in content:
            content = {"@context": BATTINFO, **content}
        return apply_rdf(self.plan, self.write(content, name), BASE, vocabulary())

    def load(self, path: Path, store: str = "store") -> tuple[Outcome, Store]:
        (outcome,) = Loader(self.folder / store, base=BASE).load([path])
        return outcome, Store.open(self.folder / store)


def kg(*words: str | Path) -> Result:
    result = CliRunner().invoke(main, list(map(str, words)), prog_name="kg")
    result.exc_info = None  # its frames keep the store open
    gc.collect()
    assert "Traceback" not in result.output
    return result


def iri(label: str) -> str:
    return vocabulary().resolve(label).iri


def quantities(triples: set[ox.Triple]) -> dict[str, tuple[float, str]]:
    """Return the quantities, by the end of their IRI: number and unit."""
    by: dict[tuple[str, str], list[Any]] = {}
    for triple in triples:
        by.setdefault((getattr(triple.subject, "value", ""), triple.predicate.value), []).append(
            triple.object
        )
    found = {}
    for (subject, link), values in by.items():
        if link == model.HAS_NUMERICAL_PART:
            (number,) = by[values[0].value, model.HAS_NUMBER_VALUE]
            (unit,) = by[subject, model.HAS_UNIT]
            found[subject.removeprefix(BASE)] = (float(number.value), vocabulary().term(unit.value).label)
    return found


def quantity(number: Any, unit: Any, *types: str, **more: Any) -> dict[str, Any]:
    return {
        "@type": list(types) or ["Thickness", "MeasuredProperty"],
        "hasNumericalPart": {"@type": "RealData", "hasNumberValue": number},
        "hasMeasurementUnit": unit,
        **more,
    }


def triples(store: Store) -> set[ox.Triple]:
    """Return what the store says, without the places in its files."""
    return {
        triple for triple in store.triples(store.graphs()) if triple.predicate.value != model.DERIVED_FROM
    }
