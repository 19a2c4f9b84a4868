"""Mapping files -> plans -> triples."""
