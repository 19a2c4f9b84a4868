"""A knowledge graph of battery cell manufacturing: records of a line -> triples, checks, answers."""

from __future__ import annotations

from typing import Any

__all__ = ["Graph", "KgError", "connect", "open"]


def __getattr__(name: str) -> Any:
    # The commands do not need pandas; so it is imported when somebody asks for a graph.
    if name == "connect":
        from kg.remote import connect

        return connect
    if name in __all__:
        from kg import graph

        return getattr(graph, name)
    raise AttributeError(f"module 'kg' has no attribute '{name}'")
