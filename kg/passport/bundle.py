"""A passport, its signature and what it is checked with -> one file that verifies without server or store.

The bundle is a ZIP without compression. `manifest.jws` is signed and holds the SHA-256 of every other member.
A bundle has one form only: what is in it, packed again, gives the same bytes, so no byte can change unseen.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kg.errors import KgError
from kg.passport.build import Passport
from kg.passport.log import Entry, digest, intact
from kg.passport.profiles import EC
from kg.passport.schema import text as schema_text
from kg.passport.sign import Key, jwks, keys_in, opened
from kg.passport.write import as_json

MANIFEST, DOCUMENT, SIGNED, KEYS = "manifest.jws", "passport.json", "passport.jws", "jwks.json"
SCHEMA, LOG = "passport.schema.json", "log.jsonl"
_MEMBERS = sorted((MANIFEST, DOCUMENT, SIGNED, KEYS, SCHEMA, LOG))
MOST = 100_000_000
"""Bytes of a bundle that is read."""


@dataclass(frozen=True)
class Checked:
    """What a bundle holds that passed."""

    passport: str
    audience: str
    points: int
    lines: int
    key: str
    trusted: bool


def bundle(
    passport: Passport, key: Key, log: Sequence[Entry], audience: str = "public", profile: str = EC
) -> bytes:
    """Return the bundle of a passport as an audience may have it."""
    document = as_json(passport, audience, profile)
    members = {
        DOCUMENT: document,
        SIGNED: key.sign(document),
        KEYS: jwks([key]),
        SCHEMA: schema_text(),
        LOG: "".join(entry.as_line() for entry in log if entry.passport == passport.id),
    }
    hashes = {name: digest(content) for name, content in sorted(members.items())}
    manifest = json.dumps({"passport": passport.id, "audience": audience, "sha256": hashes}, sort_keys=True)
    return _pack({**members, MANIFEST: key.sign(manifest)})


def _pack(members: Mapping[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(members):
            told = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            told.create_system = 3
            archive.writestr(told, members[name].encode())
    return packed.getvalue()


def _unpack(data: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(each.file_size for each in archive.infolist()) > MOST:
            raise ValueError("too large")
        return {name: archive.read(name).decode() for name in archive.namelist()}


def verify(path: Path, trust: Path | None = None) -> Checked:
    """Return what a bundle holds, checked byte for byte.

    `trust` is a file of public keys from the manufacturer; without it the signature tells that nothing was
    changed since it was signed, not by whom.
    Raises KgError with the place of the first thing that is not as it was signed.
    """
    if not path.is_file():
        raise KgError(f"{path}: there is no such file.")
    data = path.read_bytes()
    try:
        members = _unpack(data)
    except (
        zipfile.BadZipFile,
        ValueError,
        NotImplementedError,
        OSError,
        EOFError,
        RuntimeError,
    ):
        raise KgError(f"{path}: this is no bundle of a passport, or it was changed.") from None
    if sorted(members) != _MEMBERS:
        raise KgError(f"{path}: a bundle holds {', '.join(_MEMBERS)}; this one holds other members.")
    keys = keys_in(members[KEYS], f"{path}: {KEYS}")
    manifest, key = _opened(members[MANIFEST], keys, f"{path}: {MANIFEST}")
    told: dict[str, Any] = json.loads(manifest)
    for name, wanted in told["sha256"].items():
        if digest(members[name]) != wanted:
            raise KgError(f"{path}: {name} was changed after it was signed.")
    document, _ = _opened(members[SIGNED], keys, f"{path}: {SIGNED}")
    if document != members[DOCUMENT]:
        raise KgError(f"{path}: {DOCUMENT} is not what {SIGNED} signs.")
    if _pack(members) != data:
        raise KgError(f"{path}: the members are as signed, but the file around them was changed.")
    lines = [Entry(**json.loads(line)) for line in members[LOG].splitlines()]
    if not all(intact(line) for line in lines):
        raise KgError(f"{path}: {LOG}: a line does not fit its hash.")
    trusted = trust is not None
    if trust is not None and key.id not in {
        known.id for known in keys_in(trust.read_text(encoding="utf-8", errors="replace"), str(trust))
    }:
        raise KgError(f"{path}: signed by the key {key.id}, which is not in {trust}.")
    made = json.loads(document)
    return Checked(made["passport"], made["audience"], len(made["points"]), len(lines), key.id, trusted)


def _opened(signed: str, keys: list[Key], where: str) -> tuple[str, Key]:
    try:
        return opened(signed, keys)
    except KgError as error:
        raise KgError(f"{where}: {error}") from None
