"""What the tests of the query library share: how a question is asked, and its answer compared."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from kg.answers import Answer
from kg.graph import Graph
from kg.iri import DEFAULT_BASE

PLANT = Path(__file__).parent / "plant"
OPERATIONS = Path(__file__).parent / "plant_operations"


def asked(graph: Graph, query: str, **params: object) -> Answer:
    answer = graph.ask(query, **params)
    assert isinstance(answer, Answer)
    return answer


def frame(graph: Graph, query: str, **params: object) -> pd.DataFrame:
    """Return an answer as a data frame, IRIs below the base by their last part."""
    found = asked(graph, query, **params).as_frame()
    for column in found.columns:
        if found[column].dtype == object or pd.api.types.is_string_dtype(found[column]):
            found[column] = [
                text.rsplit("/", 1)[-1] if isinstance(text, str) and text.startswith(DEFAULT_BASE) else text
                for text in found[column]
            ]
    return found
