"""Upstream ontologies as published -> the fact slices in ontology/imports and their lock."""

from __future__ import annotations

from kg.vocabulary_slice.build import DifferentFileError, Outcome, build

__all__ = ["DifferentFileError", "Outcome", "build"]
