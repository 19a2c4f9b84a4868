"""Name of a folder of the product -> its path, in a checkout and in an installed wheel alike."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """Return the folder `ontology` or `queries`.

    A wheel carries them inside the package; in a checkout they stand beside it.
    """
    inside = PACKAGE / "_data" / name
    return inside if inside.is_dir() else PACKAGE.parent / name


def vocabulary_files() -> list[Path]:
    """Return the files of the vocabulary: the slices of upstream first, then what is ours."""
    ontology = folder("ontology")
    return [*sorted((ontology / "imports").glob("*.ttl")), *sorted(ontology.glob("*.ttl"))]
