"""Column headers and variable names -> terms of the vocabulary, or an honest 'no term'."""

from __future__ import annotations

from kg.resolve.rank import Candidate, Resolution, Verdict, resolve, unit_reader

__all__ = ["Candidate", "Resolution", "Verdict", "resolve", "unit_reader"]
