"""Signed tokens: who may show one, and which audience its holder belongs to.

A token is a JSON Web Token (RFC 7519) of an issuer whom the keeper of the store trusts: an authority, or a
body that knows who has a legitimate interest. It opens what a key of its audience opens, but for writing.
The issuers stand in `issuers.json` of the store with their public keys; a token itself is kept nowhere.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError

from kg.errors import KgError
from kg.near import quoted
from kg.passport.access import AUDIENCES
from kg.passport.sign import key_of, keys_in

FILE = "issuers.json"
LONGEST = 24 * 3600
"""Seconds that a token holds at most: it cannot be called back."""

LEEWAY = 60
"""Seconds by which two clocks may differ."""


@dataclass(frozen=True)
class Issuer:
    """Whose tokens are taken: name (the claim `iss`), the audience that they may give, and the public key."""

    name: str
    audience: str
    key: dict[str, Any]


@dataclass(frozen=True)
class Holder:
    """Who shows a token, by whose word, and the audience."""

    name: str
    audience: str


class TokenError(KgError):
    """A token that is not taken; the message says why."""


def make(key: Path, issuer: str, holder: str, audience: str, base: str, hours: float) -> str:
    """Return a token for a holder, signed with the private key in a file.

    Raises KgError where there is no such key, or the token would hold too long.
    """
    if not 0 < hours * 3600 <= LONGEST:
        raise KgError(f"a token holds at most {LONGEST // 3600} hours, since it cannot be called back.")
    signing = key_of(key)
    if not signing.jwk.is_private:
        raise KgError(f"{key}: this key is public, and cannot sign. Name the file of the private key.")
    now = int(time.time())
    claims = {
        "iss": issuer, "sub": holder, "aud": base, "scope": audience,
        "iat": now, "exp": now + round(hours * 3600),
    }  # fmt: skip
    head = {"alg": signing.algorithm, "kid": signing.id}
    return jwt.encode(head, claims, signing.jwk, algorithms=[signing.algorithm])


class Issuers:
    """The issuers of a store; one that is added or removed counts at once, in a running server too."""

    def __init__(self, store: Path) -> None:
        self._path = store / FILE

    def all(self) -> list[Issuer]:
        """Return the issuers, sorted by name.

        Raises KgError where the file is damaged.
        """
        try:
            told = json.loads(self._path.read_text(encoding="utf-8"))
            return sorted((Issuer(**one) for one in told["issuers"]), key=lambda issuer: issuer.name)
        except FileNotFoundError:
            return []
        except (ValueError, TypeError, KeyError):
            hint = "Remove it, and trust the issuers again: kg serve issuer add"
            raise KgError(f"{self._path}: this file is damaged. {hint}") from None

    def add(self, name: str, key: Path, audience: str) -> None:
        """Trust an issuer, whose public key is in a file, to say who belongs to an audience.

        Raises KgError where the name is taken or cannot be one, the audience is none of the regulation, or
        the file has no key.
        """
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,99}", name):
            raise KgError(f"'{name}' is no name of an issuer: letters, digits and _ . : / -, at most 100.")
        if any(issuer.name == name for issuer in self.all()):
            raise KgError(f"'{name}' is trusted already. Remove it first: kg serve issuer remove {name}")
        if audience not in AUDIENCES:
            raise KgError(f"tokens give one of these audiences: {quoted(AUDIENCES)}; not '{audience}'.")
        self._write([*self.all(), Issuer(name, audience, key_of(key).public())])

    def remove(self, name: str) -> None:
        """Trust an issuer no longer.

        Raises KgError where there is none of this name.
        """
        left = [issuer for issuer in self.all() if issuer.name != name]
        if len(left) == len(self.all()):
            raise KgError(f"no issuer is called '{name}'. 'kg serve issuer list' tells them.")
        self._write(left)

    def _write(self, issuers: list[Issuer]) -> None:
        half = self._path.with_name(f"{FILE}.part")
        half.write_text(json.dumps({"issuers": [asdict(one) for one in issuers]}, indent=2) + "\n", "utf-8")
        half.replace(self._path)

    def holder(self, token: str, base: str) -> Holder:
        """Return who shows a token that was made for the store of a base IRI.

        Raises TokenError where no issuer signed it, it is for another store, has expired, holds too long, or
        gives another audience than its issuer may.
        """
        for issuer in self.all():
            (key,) = keys_in(json.dumps(issuer.key), issuer.name)
            try:
                claims = jwt.decode(token, key.jwk, algorithms=[key.algorithm]).claims
            except (JoseError, ValueError):
                continue
            if claims.get("iss") == issuer.name:
                return _holder(issuer, claims, base)
        raise TokenError("no issuer that is trusted here signed this token, or it was changed.")


def _holder(issuer: Issuer, claims: dict[str, Any], base: str) -> Holder:
    rules = jwt.JWTClaimsRegistry(
        leeway=LEEWAY,
        exp={"essential": True},
        sub={"essential": True},
        aud={"essential": True, "value": base},
    )
    try:
        rules.validate(claims)
    except ExpiredTokenError:
        raise TokenError(f"this token of '{issuer.name}' has expired. Ask for a new one.") from None
    except JoseError as error:
        raise TokenError(f"this token of '{issuer.name}' is not for this store ({base}): {error}") from None
    if claims["exp"] - time.time() > LONGEST + LEEWAY:
        raise TokenError(f"this token holds longer than {LONGEST // 3600} hours, which is not taken here.")
    audience = claims.get("scope", "public")
    if audience not in ("public", issuer.audience):
        raise TokenError(
            f"'{issuer.name}' may give the audience {issuer.audience}, not '{audience}', by its tokens."
        )
    return Holder(f"{issuer.name}/{claims['sub']}", audience)
