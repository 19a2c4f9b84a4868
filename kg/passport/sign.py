"""A document and a key from a file -> a JSON Web Signature (RFC 7515), and back.

Keys are Ed25519 (RFC 9864) or P-256 (ES256), in a file of PEM or as a JSON Web Key.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey

from kg.errors import KgError

ALGORITHMS = {"Ed25519": "Ed25519", "P-256": "ES256"}
"""Curve of a key -> how it signs."""

HOW = "openssl genpkey -algorithm ed25519 -out passport-key.pem"


class _Registry(jws.JWSRegistry):
    """The library takes documents of 128 kB; passports with their proofs are larger."""

    max_payload_length = 50_000_000


_KINDS: dict[str, type[OKPKey] | type[ECKey]] = {"OKP": OKPKey, "EC": ECKey}


@dataclass(frozen=True)
class Key:
    """A key that signs, or only its public half that checks."""

    jwk: OKPKey | ECKey

    @property
    def id(self) -> str:
        """Return the thumbprint (RFC 7638), by which the key is called."""
        return self.jwk.thumbprint()

    @property
    def algorithm(self) -> str:
        """Return the name of the algorithm that the key signs with."""
        return ALGORITHMS[str(self.jwk.as_dict(private=False)["crv"])]

    def public(self) -> dict[str, Any]:
        """Return the public half as a JSON Web Key."""
        return {**self.jwk.as_dict(private=False), "kid": self.id, "alg": self.algorithm, "use": "sig"}

    def sign(self, document: str, kind: str = "application/json") -> str:
        """Return a document signed, in compact form.

        Raises KgError where only the public half is known.
        """
        if not self.jwk.is_private:
            raise KgError("this key is public, and cannot sign. Name the file of the private key.")
        head = {"alg": self.algorithm, "kid": self.id, "cty": kind}
        return jws.serialize_compact(head, document.encode(), self.jwk, algorithms=[self.algorithm])


def jwks(keys: Iterable[Key]) -> str:
    """Return the public halves as a JSON Web Key Set."""
    return json.dumps({"keys": [key.public() for key in keys]}, indent=2, sort_keys=True) + "\n"


def _usable(jwk: OKPKey | ECKey) -> Key:
    if str(jwk.as_dict(private=False)["crv"]) not in ALGORITHMS:
        raise KeyError("crv")
    return Key(jwk)


def _read(told: dict[str, Any]) -> Key:
    bare = {name: value for name, value in told.items() if name not in ("alg", "use", "kid")}
    return _usable(_KINDS[told["kty"]].import_key(bare))


def keys_in(text: str, where: str) -> list[Key]:
    """Return the keys in the text of a file: PEM, a JSON Web Key, or a set of them.

    Raises KgError where there is none that can be used.
    """
    try:
        if "-----BEGIN" in text:
            for kind in (OKPKey, ECKey):
                try:
                    return [_usable(kind.import_key(text))]
                except (ValueError, JoseError):
                    continue
            raise ValueError(text)
        told = json.loads(text)
        return [_read(each) for each in told.get("keys", [told])]
    except (ValueError, KeyError, TypeError, AttributeError, JoseError):
        raise KgError(
            f"{where}: there is no Ed25519 or P-256 key here (PEM or JWK). To make one: {HOW}"
        ) from None


def key_of(path: Path) -> Key:
    """Return the key in a file.

    Raises KgError where there is no file, or no key in it.
    """
    if not path.is_file():
        raise KgError(f"{path}: there is no such file. To make a key: {HOW}")
    return keys_in(path.read_text(encoding="utf-8", errors="replace"), str(path))[0]


def opened(signed: str, keys: Iterable[Key]) -> tuple[str, Key]:
    """Return the document in a signature, and the key that signed it.

    Raises KgError where no key fits, or signature or document were changed.
    """
    for key in keys:
        try:
            registry = _Registry(algorithms=[key.algorithm])
            found = jws.deserialize_compact(signed, key.jwk, registry=registry)
            if found.headers().get("kid") == key.id and found.payload is not None:
                return found.payload.decode(), key
        except (JoseError, ValueError):
            continue
    raise KgError("the signature does not hold: something was changed, or another key made it.")
