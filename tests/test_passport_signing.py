"""Claims about signed passports and bundles: a change of a byte is found, without server or store."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from joserfc.jwk import ECKey, OKPKey
from serving import serving

from kg.cli import main
from kg.errors import KgError
from kg.load import Loader
from kg.passport.bundle import verify
from kg.passport.sign import key_of, keys_in, opened
from kg.plant import generate_packs

NAME = "DBP-000001"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("signing")
    names = generate_packs(folder, batteries=1)
    Loader(folder / "store").load([folder / name for name in names])
    (folder / "key.pem").write_bytes(OKPKey.generate_key("Ed25519").as_pem(private=True))
    (folder / "other.json").write_text(json.dumps(ECKey.generate_key("P-256").as_dict(private=True)))
    return folder / "store"


def kg(store: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["passport", *words, "--store", str(store)])


@pytest.fixture(scope="module")
def bundled(store: Path) -> Path:
    target = store.parent / "passport.zip"
    assert kg(store, "record").exit_code == 0
    done = kg(store, "bundle", NAME, "--sign", str(store.parent / "key.pem"), "-o", str(target))
    assert done.exit_code == 0, done.output
    return target


@pytest.mark.parametrize("file", ["key.pem", "other.json"])
def test_a_signed_passport_is_the_passport(store: Path, file: str) -> None:
    key = key_of(store.parent / file)
    signed = kg(store, NAME, "--sign", str(store.parent / file)).stdout.strip()
    plain = kg(store, NAME, "--format", "json").stdout

    assert signed, kg(store, NAME, "--sign", str(store.parent / file)).output
    assert opened(signed, [key]) == (plain, key)
    with pytest.raises(KgError, match="does not hold"):
        opened(signed.replace(".", "x.", 1), [key])
    with pytest.raises(KgError, match="does not hold"):
        opened(signed, [key_of(store.parent / ("other.json" if file == "key.pem" else "key.pem"))])


def test_a_bundle_verifies_without_the_store(store: Path, bundled: Path, tmp_path: Path) -> None:
    (tmp_path / "p.zip").write_bytes(bundled.read_bytes())
    (tmp_path / "pub.json").write_text(json.dumps(key_of(store.parent / "key.pem").public()))
    done = CliRunner().invoke(
        main,
        [
            "passport",
            "verify",
            str(tmp_path / "p.zip"),
            "--trust",
            str(tmp_path / "pub.json"),
            "--store",
            "no",
        ],
    )
    held = verify(tmp_path / "p.zip")

    assert (done.exit_code, "nothing was changed" in done.output) == (0, True), done.output
    assert (held.passport, held.audience, held.lines, held.trusted) == (NAME, "public", 1, False)
    with pytest.raises(KgError, match="which is not in"):
        verify(tmp_path / "p.zip", store.parent / "other.json")


def test_a_change_of_any_byte_is_found(bundled: Path, tmp_path: Path) -> None:
    data = bundled.read_bytes()
    chance = random.Random(7)
    # Heads and ends of the archive byte by byte in part, the rest by chance.
    places = {*range(0, 60), *range(len(data) - 120, len(data)), *chance.sample(range(len(data)), 150)}
    passed = []
    for place in sorted(places):
        changed = tmp_path / "changed.zip"
        changed.write_bytes(
            data[:place] + bytes([data[place] ^ (1 << chance.randrange(8))]) + data[place + 1 :]
        )
        try:
            verify(changed)
        except KgError:
            continue
        passed.append(place)
    for broken in (data[:-1], data + b"\0", b"\0" + data, b""):
        (tmp_path / "changed.zip").write_bytes(broken)
        with pytest.raises(KgError):
            verify(tmp_path / "changed.zip")

    assert passed == []


def test_a_server_with_a_key_signs(store: Path) -> None:
    with serving(store, sign_key=store.parent / "key.pem") as served:
        signed = served.get(f"/passports/{NAME}", "application/jose")
        plain = served.get(f"/passports/{NAME}", "application/json")
        keys = keys_in(served.get("/.well-known/jwks.json").body.decode(), "jwks.json")

        assert signed.media == "application/jose"
        assert opened(signed.body.decode(), keys)[0] == plain.body.decode()


def test_a_key_that_is_none_is_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "k").write_text("no key")

    with pytest.raises(KgError, match="openssl genpkey"):
        key_of(tmp_path / "k")
    with pytest.raises(KgError, match="no such file"):
        key_of(tmp_path / "none")
