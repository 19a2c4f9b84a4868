"""A store -> the names of files that its records mention and nobody has loaded."""

from __future__ import annotations

from urllib.parse import unquote

import pyoxigraph as ox

from kg.answers import Answer
from kg.graph import Graph
from kg.store import Store

QUERY = "files_mentioned_but_missing"


def missing_files(store: Store) -> list[str]:
    """Return the names of the files, each once, in order."""
    answer = Graph(store).ask(QUERY)
    assert isinstance(answer, Answer)
    start = f"{store.base}file/"
    names = (term.value for (term, *_) in answer.rows if isinstance(term, ox.NamedNode))
    return list(dict.fromkeys(unquote(name.removeprefix(start)) for name in names))
