"""API keys and tokens: who may read, who may write, and which audience a reader belongs to.

What an audience may see is decided here: `everyone` marks the routes that show nothing but the vocabulary and
what a passport shows to its reader. All others show records, and are for the people of the line: `admit`.

The keys stand in `keys.json` of the store as SHA-256 digests.
A key is 32 random bytes, so a digest cannot be guessed back and needs no salt or slow hash.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeVar, cast, get_args

from starlette.requests import Request

from kg.api.problems import Problem
from kg.api.tokens import Issuers, TokenError
from kg.errors import KgError
from kg.passport.access import STAFF

Right = Literal["read", "write"]
Audience = Literal["public", "legitimate-interest", "authority", "internal"]
RIGHTS: tuple[Right, ...] = get_args(Right)
AUDIENCES: tuple[Audience, ...] = get_args(Audience)
FILE = "keys.json"
_OPEN = "open_to_everyone"
FOR_STAFF = f"they are for keys of the audience {STAFF}; passports are at /passports, terms at /terms"


@dataclass(frozen=True)
class Key:
    """What is known of a key: its name, what it may, for whom it speaks, its digest, and when it was made."""

    name: str
    may: tuple[Right, ...]
    audience: Audience
    digest: str
    made: str


@dataclass(frozen=True)
class Caller:
    """Who makes a request: the name of the key, or nobody; what they may, and the audience they belong to.

    `here` is who sits at the machine and shows no key.
    """

    name: str = ""
    may: frozenset[str] = frozenset()
    audience: Audience = "public"
    here: bool = False

    @property
    def staff(self) -> bool:
        """Return whether the caller may see records, not only what passports show."""
        return self.here or self.audience == STAFF


_Endpoint = TypeVar("_Endpoint")


def everyone(endpoint: _Endpoint) -> _Endpoint:
    """Mark an endpoint that keeps the lattice of audiences itself, or shows no record at all."""
    setattr(endpoint, _OPEN, True)
    return endpoint


def admit(request: Request) -> None:
    """Let a request through to a route that shows records, or raise Problem 401 or 403.

    The refusal comes before the store is asked, so it is the same for what there is and what there is not.
    """
    caller: Caller = request.scope["kg.caller"]
    if caller.staff or getattr(request.scope.get("endpoint"), _OPEN, False):
        return
    if not caller.name:
        raise unauthorized(f"this path shows records, and {FOR_STAFF}.")
    raise Problem(403, f"the key '{caller.name}' does not open records: {FOR_STAFF}.")


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


class Keys:
    """The keys of a store; a key that is added or removed counts at once, in a running server too."""

    def __init__(self, store: Path, base: str = "") -> None:
        """Take the folder of the store, and its base IRI, for which tokens are made."""
        self._path = store / FILE
        self._issuers, self._base = Issuers(store), base
        self._read_at: tuple[int, int] | None = None
        self._keys: list[Key] = []

    def all(self) -> list[Key]:
        """Return the keys, sorted by name.

        Raises KgError where the file is damaged.
        """
        try:
            known = self._path.stat()
        except FileNotFoundError:
            self._keys, self._read_at = [], None
            return []
        at = (known.st_mtime_ns, known.st_ino)
        if at != self._read_at:
            try:
                told = json.loads(self._path.read_text(encoding="utf-8"))
                self._keys = [Key(**{**one, "may": tuple(one["may"])}) for one in told["keys"]]
            except (ValueError, TypeError, KeyError):
                hint = "Remove it, and make the keys again: kg serve key add"
                raise KgError(f"{self._path}: this file is damaged. {hint}") from None
            self._read_at = at
        return sorted(self._keys, key=lambda key: key.name)

    def add(self, name: str, may: Right, audience: Audience | None = None) -> str:
        """Make a key and return it; it is never told again. Who may write may read.

        Without an audience, who may write is of the people of the line, and who reads sees what is public.

        Raises KgError where the name is taken or cannot be one, or another audience shall write.
        """
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}", name):
            raise KgError(f"'{name}' is no name of a key: letters, digits, - and _, at most 40.")
        if any(key.name == name for key in self.all()):
            raise KgError(f"there is a key '{name}' already. Remove it first: kg serve key remove {name}")
        whose: Audience = audience or ("internal" if may == "write" else "public")
        if may == "write" and whose != STAFF:
            raise KgError(f"who may write sees records, so its audience is {STAFF}, not {whose}.")
        secret = f"kgk_{secrets.token_urlsafe(32)}"
        rights: tuple[Right, ...] = ("read", "write") if may == "write" else ("read",)
        made = datetime.now(UTC).isoformat(timespec="seconds")
        self._write([*self.all(), Key(name, rights, whose, _digest(secret), made)])
        return secret

    def remove(self, name: str) -> None:
        """Take a key away.

        Raises KgError where there is none of this name.
        """
        left = [key for key in self.all() if key.name != name]
        if len(left) == len(self.all()):
            raise KgError(f"no key is called '{name}'. 'kg serve key list' tells them.")
        self._write(left)

    def _write(self, keys: list[Key]) -> None:
        half = self._path.with_name(f"{FILE}.part")
        half.unlink(missing_ok=True)
        text = json.dumps({"keys": [asdict(key) for key in keys]}, indent=2)
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text + "\n")
        half.replace(self._path)
        self._read_at = None

    def caller(self, authorization: str | None) -> Caller:
        """Return who shows this Authorization header; nobody where there is none.

        Raises Problem 401 for another scheme, for a key that is not known, and for a token that is not taken.
        """
        if authorization is None:
            return Caller()
        scheme, _, secret = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise unauthorized("a key is shown as 'Authorization: Bearer KEY'.")
        if secret.count(".") == 2:
            return self._holder(secret.strip())
        shown = _digest(secret.strip())
        found = None
        for key in self.all():
            # Every key is compared, and each in constant time.
            if hmac.compare_digest(key.digest, shown):
                found = key
        if found is None:
            raise unauthorized(
                "this key is not known here. The keeper of the store makes one: kg serve key add"
            )
        return Caller(found.name, frozenset(found.may), found.audience)

    def _holder(self, token: str) -> Caller:
        try:
            holder = self._issuers.holder(token, self._base)
        except TokenError as error:
            raise unauthorized(str(error)) from None
        return Caller(holder.name, frozenset({"read"}), cast(Audience, holder.audience))


def unauthorized(detail: str) -> Problem:
    """Return the problem of a key that is missing or unknown."""
    return Problem(401, detail, headers={"WWW-Authenticate": 'Bearer realm="kg"'})
