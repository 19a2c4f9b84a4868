"""Claims about signed tokens: whose are taken, for how long, and what their holders see."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey
from serving import Served, serving

from kg.api.access import Keys
from kg.api.problems import Problem
from kg.cli import main
from kg.load import Loader
from kg.plant import generate_packs
from kg.store import Store

NAME = "DBP-000001"
REGISTER = "https://register.example"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tokens")
    names = generate_packs(folder, batteries=1)
    Loader(folder / "store").load([folder / name for name in names])
    for name in ("register", "office", "stranger"):
        kind = ECKey.generate_key("P-256") if name == "office" else OKPKey.generate_key("Ed25519")
        (folder / f"{name}.pem").write_bytes(kind.as_pem(private=True))
        (folder / f"{name}.pub").write_bytes(kind.as_pem(private=False))
    for name, audience in ((REGISTER, "legitimate-interest"), ("office", "authority")):
        key = folder / f"{name.removeprefix('https://').partition('.')[0]}.pub"
        done = serve("issuer", "add", name, "--key", key, "--audience", audience, store=folder / "store")
        assert done.exit_code == 0, done.output
    return folder / "store"


@pytest.fixture(scope="module")
def served(store: Path) -> Iterator[Served]:
    """A server as the network sees it."""
    with serving(store, public_read=True, key_to_read=True, rate=0) as running:
        yield running


def serve(*words: object, store: Path) -> Result:
    return CliRunner().invoke(main, ["serve", *map(str, words), "--store", str(store)])


def token(store: Path, issuer: str, key: str, audience: str, *more: str) -> str:
    words = ("token", issuer, "--key", store.parent / key, "--for", "yard-7", "--audience", audience, *more)
    done = serve(*words, store=store)
    assert done.exit_code == 0, done.output
    return done.stdout.strip()


def claims(store: Path, **changed: Any) -> dict[str, Any]:
    """Return the claims of a good token of the register; None leaves one out."""
    now = int(time.time())
    good = {
        "iss": REGISTER, "sub": "yard-7", "aud": Store.open(store).base, "scope": "legitimate-interest",
        "exp": now + 600,
    }  # fmt: skip
    return {name: value for name, value in {**good, **changed}.items() if value is not None}


def signed(store: Path, told: dict[str, Any], key: str = "register.pem") -> str:
    jwk = OKPKey.import_key((store.parent / key).read_bytes())
    return jwt.encode({"alg": "Ed25519"}, told, jwk, algorithms=["Ed25519"])


def unsigned(told: dict[str, Any]) -> str:
    parts = (json.dumps(part).encode() for part in ({"alg": "none"}, told))
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + "."


def status(served: Served, shown: str, path: str) -> int:
    return served.send("GET", path, None, {"Authorization": f"Bearer {shown}"}).status


def test_a_token_opens_what_a_key_of_its_audience_opens(served: Served, store: Path) -> None:
    recycler = token(store, REGISTER, "register.pem", "legitimate-interest")
    office = token(store, "office", "office.pem", "authority")
    everybody = token(store, REGISTER, "register.pem", "public")
    paths = (f"/passports/{NAME}/treatment", f"/passports/{NAME}", "/sparql?query=ASK%7B%7D")

    assert [status(served, recycler, path) for path in paths] == [200, 200, 403]
    assert [status(served, office, path) for path in paths] == [403, 200, 403]
    assert [status(served, everybody, path) for path in paths] == [403, 200, 403]


def test_the_holder_is_named_by_issuer_and_subject_and_may_not_write(store: Path) -> None:
    caller = Keys(store, Store.open(store).base).caller(f"Bearer {signed(store, claims(store))}")

    assert (caller.name, caller.audience) == (f"{REGISTER}/yard-7", "legitimate-interest")
    assert caller.may == {"read"} and not caller.staff


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"exp": 1_700_000_000}, "has expired"),
        ({"exp": None}, "not for this store"),
        ({"exp": 4_000_000_000}, "longer than 24 hours"),
        ({"aud": "https://other.example/"}, "not for this store"),
        ({"aud": None}, "not for this store"),
        ({"sub": None}, "not for this store"),
        ({"nbf": 4_000_000_000}, "not for this store"),
        ({"iss": "office"}, "no issuer that is trusted here"),
        ({"scope": "authority"}, "may give the audience legitimate-interest, not 'authority'"),
        ({"scope": "internal"}, "may give the audience legitimate-interest, not 'internal'"),
    ],
)
def test_a_token_that_says_otherwise_is_refused(store: Path, changed: dict[str, Any], why: str) -> None:
    with pytest.raises(Problem, match=why) as refused:
        Keys(store, Store.open(store).base).caller(f"Bearer {signed(store, claims(store, **changed))}")

    assert refused.value.status == 401


def test_a_token_of_another_key_or_of_none_is_refused(served: Served, store: Path) -> None:
    good = claims(store)
    # The public key is known to all, and must not do as a secret.
    public = base64.b64encode((store.parent / "register.pub").read_bytes()).decode()
    forged = [
        signed(store, good, "stranger.pem"),
        jwt.encode({"alg": "HS256"}, good, OctKey.import_key(public), algorithms=["HS256"]),
        unsigned(good),
        signed(store, good)[:-4] + "AAAA",
        "a.b.c",
    ]

    assert [status(served, shown, f"/passports/{NAME}") for shown in forged] == [401] * len(forged)


def test_an_issuer_that_is_removed_counts_no_longer_at_once(served: Served, store: Path) -> None:
    key = store.parent / "stranger.pub"
    shown = signed(store, claims(store, iss="guest"), "stranger.pem")
    serve("issuer", "add", "guest", "--key", key, "--audience", "legitimate-interest", store=store)
    before = status(served, shown, f"/passports/{NAME}/treatment")
    listed = json.loads(serve("issuer", "list", "--json", store=store).stdout)
    serve("issuer", "remove", "guest", store=store)

    assert (before, status(served, shown, f"/passports/{NAME}/treatment")) == (200, 401)
    assert [one["name"] for one in listed] == ["guest", REGISTER, "office"]
    assert not any("d" in one["key"] for one in listed)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("issuer", "add", "office", "--key", "office.pub", "--audience", "public"), "is trusted already"),
        (("issuer", "add", "a b", "--key", "office.pub", "--audience", "public"), "is no name"),
        (("issuer", "add", "new", "--key", "no.pub", "--audience", "public"), "there is no such file"),
        (("issuer", "remove", "new"), "no issuer is called 'new'"),
        (
            ("token", "office", "--key", "office.pub", "--for", "me", "--audience", "public"),
            "is public, and cannot sign",
        ),
        (
            (
                "token",
                "office",
                "--key",
                "office.pem",
                "--for",
                "me",
                "--audience",
                "public",
                "--hours",
                "48",
            ),
            "at most 24 hours",
        ),
    ],
)
def test_refusals_say_what_to_do(store: Path, words: tuple[str, ...], why: str) -> None:
    places = [store.parent / word if word.endswith((".pub", ".pem")) else word for word in words]
    refused = serve(*places, store=store)

    assert refused.exit_code == 2 and why in " ".join(refused.output.split())


def test_an_issuer_is_enough_to_listen_on_other_addresses(store: Path, monkeypatch: Any) -> None:
    started = []
    monkeypatch.setattr("uvicorn.run", lambda app, **told: started.append(told["host"]))
    (store / "keys.json").unlink(missing_ok=True)

    assert serve("--host", "0.0.0.0", store=store).exit_code == 0
    assert started == ["0.0.0.0"]
