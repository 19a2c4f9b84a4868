"""Manifests: which files of a campaign go with which mapping, and what is said of one that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg.errors import FaultsError
from kg.mappers.manifest import Listed, is_manifest, read_manifest
from kg.mappers.plan import Plan, read_plans
from kg.terms import vocabulary
from tests.conftest import CALENDERING


def campaign(folder: Path, text: str, name: str = "campaign.toml") -> Path:
    for file in ("data/a/kal.csv", "data/b/kal.csv", "data/b/.hidden.csv", "data/b/eol.json", "kal.yaml"):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(CALENDERING if file == "kal.yaml" else "x", encoding="utf-8")
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def fault_of(path: Path) -> str:
    with pytest.raises(FaultsError) as error:
        read_manifest(path)
    return str(error.value)


TOML = """\
folder = "data"
[[files]]
pattern = "a/*.csv"
mapping = "kal.yaml"
under = "/a/"
table = {decimal = ".", header_rows = 2}
[[files]]
pattern = "b/*"
"""
YAML = """\
folder: data
files:
  - {pattern: a/*.csv, mapping: kal.yaml, under: /a/, table: {decimal: ., header_rows: 2}}
  - {pattern: b/*}
"""


@pytest.mark.parametrize(("name", "text"), [("campaign.toml", TOML), ("campaign.yaml", YAML)])
def test_a_manifest_says_of_each_file_how_it_is_read(tmp_path: Path, name: str, text: str) -> None:
    data = tmp_path / "data"

    assert read_manifest(campaign(tmp_path, text, name)) == [
        Listed(data / "a/kal.csv", tmp_path / "kal.yaml", "a", {"decimal": ".", "header_rows": 2}),
        Listed(data / "b/eol.json"),
        Listed(data / "b/kal.csv"),
    ]


def test_a_connection_file_is_no_manifest() -> None:
    names = ("campaign.toml", "campaign.YAML", "lab.sql.toml", "table.csv")

    assert [name for name in names if is_manifest(Path(name))] == ["campaign.toml", "campaign.YAML"]


def test_what_a_manifest_says_of_the_table_goes_before_the_mapping(tmp_path: Path) -> None:
    campaign(tmp_path, "")

    (plain,) = read_plans(tmp_path / "kal.yaml", vocabulary())
    (other,) = read_plans(tmp_path / "kal.yaml", vocabulary(), {"decimal": "."})

    assert isinstance(plain, Plan) and isinstance(other, Plan)
    assert (plain.reading.decimal, other.reading.decimal) == (",", ".")
    assert other.reading.delimiter == plain.reading.delimiter == ";"
    assert plain.digest != other.digest


FAULTS = [
    ("files = 1", "campaign.toml: files: input should be a valid tuple."),
    (
        "title = 'x'",
        "campaign.toml: this is no manifest: it has no list 'files'. A mapping goes after --mapping.",
    ),
    ("[[files]", "campaign.toml: this manifest cannot be read: "),
    ("folder = 'none'\n[[files]]\npattern = '*'", "campaign.toml: folder: there is no folder '"),
    (
        "[[files]]\npatern = '*'\n[[files]]\nmapping = 'kal.yaml'",
        "campaign.toml: files 1 pattern is missing.\n"
        "campaign.toml: files 1 patern is no key here. Near: 'pattern'.\n"
        "campaign.toml: files 2 pattern is missing.",
    ),
]


@pytest.mark.parametrize(("text", "message"), FAULTS)
def test_a_manifest_that_is_wrong_is_told_whole(tmp_path: Path, text: str, message: str) -> None:
    assert fault_of(campaign(tmp_path, text)).startswith(message)


def test_mappings_that_are_not_there_and_patterns_that_fit_nothing_are_told_at_once(tmp_path: Path) -> None:
    path = campaign(
        tmp_path,
        """\
folder = "data"
[[files]]
pattern = "**/kal.csv"
mapping = "kall.yaml"
[[files]]
pattern = "b/*.csv"
table = {decimel = ".", header = "x"}
[[files]]
pattern = "*.xlsx"
""",
    )

    assert fault_of(path).splitlines() == [
        "campaign.toml: files 1: there is no mapping 'kall.yaml'.",
        "campaign.toml: files 2, table: 'header' is no key with this value. "
        "Keys: docs/reference/mapping-language.md",
        "campaign.toml: files 2, table: 'decimel' is no key with this value. Near: 'decimal', 'delimiter'. "
        "Keys: docs/reference/mapping-language.md",
        "campaign.toml: files 2: files 1 names 'b/kal.csv' already. Make the patterns differ.",
        f"campaign.toml: files 3: no file in '{tmp_path / 'data'}' fits '*.xlsx'.",
    ]
