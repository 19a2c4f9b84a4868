"""A statement -> why the store says so: rows of files, or a rule and its premises, down to the rows."""

from __future__ import annotations

from kg.explain.ask import Asked, read_statement
from kg.explain.proof import Proof, Row
from kg.explain.prove import NotSaidError, explain

__all__ = ["Asked", "NotSaidError", "Proof", "Row", "explain", "read_statement"]
