"""The steward's own identifiers -> IRIs, the same every time.

An IRI is `{base}{kind}/{key}`; the type of a thing is a statement about it, not a part of its name.
"""

from __future__ import annotations

import re
from urllib.parse import quote

import polars as pl

_SAFE = "/:@!$'()*+,;="
_PLAIN = r"^[A-Za-z0-9_~/:@!$'()*+,;=-][A-Za-z0-9._~/:@!$'()*+,;=-]*$"
_DOTS = re.compile(r"(?<![^/])(\.{1,2})(?![^/])")

DEFAULT_BASE = "https://example.org/line/"


def encode(key: str) -> str:
    """Return a key percent-encoded for the path of an IRI; different keys stay different.

    >>> encode("Rolle 7/ä")
    'Rolle%207/%C3%A4'
    """
    # A path segment of one or two dots would be swallowed when the IRI is resolved.
    return _DOTS.sub(lambda dots: "%2E" * len(dots[1]), quote(key, safe=_SAFE))


def mint(base: str, kind: str, key: str) -> str:
    """Return the IRI of the thing of this kind with this key.

    >>> mint("https://example.org/line/", "cell", "C-0001")
    'https://example.org/line/cell/C-0001'
    """
    return f"{base}{kind}/{encode(key)}"


def encode_series(keys: pl.Series) -> pl.Series:
    """Return a column of keys, each encoded like `encode`; each distinct key is encoded once."""
    plain = keys.str.contains(_PLAIN) & ~keys.str.contains(r"(^|/)\.{1,2}(/|$)")
    if plain.all():
        return keys
    distinct = keys.drop_nulls().unique()
    return keys.replace_strict(distinct, [encode(key) for key in distinct], return_dtype=pl.String)


def file_iri(base: str, name: str) -> str:
    """Return the IRI of a source file, which is also the name of its graph."""
    return mint(base, "file", name)


def shorten(iri: str, base: str) -> str:
    """Return an IRI of this store without its base, as people type it; any other IRI unchanged."""
    return iri[len(base) :] if iri.startswith(base) else iri
