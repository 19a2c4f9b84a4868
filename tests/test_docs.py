"""Claims about the pages: the generated ones are up to date, and every example of the guide runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from kg import docs, queries
from kg.cli import COMMANDS, main
from kg.load import Loader
from kg.namespaces import PREFIXES
from kg.terms import vocabulary

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
GUIDE = (ROOT / "docs" / "how-to" / "write-a-query.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return docs.pages()


def test_every_query_has_a_page_and_no_page_is_left_over(pages: dict[str, str]) -> None:
    there = {path.stem for path in (REFERENCE / "queries").glob("*.md")}

    assert there == {*queries.library(), "index"}


@pytest.mark.parametrize("name", [f"queries/{name}.md" for name in (*queries.library(), "index")])
def test_page_of_a_query_is_current(pages: dict[str, str], name: str) -> None:
    assert (REFERENCE / name).read_text(encoding="utf-8") == pages[name], (
        "run: python -m kg.docs docs/reference"
    )


def test_page_of_the_commands_is_current(pages: dict[str, str]) -> None:
    written = (REFERENCE / "commands.md").read_text(encoding="utf-8")

    assert written == pages["commands.md"], "run: python -m kg.docs docs/reference"


def test_page_of_the_http_interface_is_current(pages: dict[str, str]) -> None:
    written = (REFERENCE / "http.md").read_text(encoding="utf-8")

    assert written == pages["http.md"], "run: python -m kg.docs docs/reference"


def test_pages_of_the_terms_are_current(pages: dict[str, str]) -> None:
    written = {f"terms/{path.name}": path.read_text("utf-8") for path in (REFERENCE / "terms").glob("*.md")}
    expected = {name: text for name, text in pages.items() if name.startswith("terms/")}

    assert written == expected, "run: python -m kg.docs docs/reference"


def test_generating_twice_gives_the_same_pages(pages: dict[str, str]) -> None:
    assert docs.pages() == pages


def test_every_own_term_has_its_entry_on_one_page(pages: dict[str, str]) -> None:
    own = sorted(
        term.label
        for term in vocabulary()
        if term.iri.startswith(PREFIXES["bvcox"]) and not term.label.startswith("passport-point-")
    )
    entries = [
        label
        for name, text in pages.items()
        if name.startswith("terms/") and name != "terms/bvco-in-our-words.md"
        for label in re.findall(r"^## ([\w-]+)", text, re.M)
    ]

    assert sorted(entries) == own


def test_every_passport_point_and_every_influence_has_its_row(pages: dict[str, str]) -> None:
    points = re.findall(r"^\| (\d+) \|", pages["terms/data-points-of-the-battery-passport.md"], re.M)
    influences = pages["terms/influences-that-are-stated.md"]

    assert points == [str(number) for number in range(1, 72)]
    assert influences.count("\n| ") == 1 + 49
    assert "| CalenderingPressure | Porosity | Electrode | FabricatedElectrodeCalendering |" in influences


def test_an_entry_says_what_a_term_means_and_where_it_is_used(pages: dict[str, str]) -> None:
    entry = pages["terms/process-parameters.md"].partition("\n## RollGap\n")[2].partition("\n## ")[0]

    assert "Clear distance between the rolls of a calender." in entry
    assert "- in German: Kalanderspalt, " in entry
    assert "- unit: µm (dimension T0 L+1 M0 I0 Θ0 N0 J0)\n" in entry
    assert "- mapped in: steps/calendering.yaml: Walzenspalt \\[µm\\]\n" in entry
    assert "- checked in: calendering.ttl\n" in entry


def test_every_command_is_on_the_page_of_commands(pages: dict[str, str]) -> None:
    told = re.findall(r"^## `kg (\S+)`$", pages["commands.md"], re.M)

    assert told == sorted(COMMANDS)


def test_tables_have_as_many_cells_as_their_heads(pages: dict[str, str]) -> None:
    for name, text in pages.items():
        for table in re.findall(r"(?:^\|.*\n)+", text, re.M):
            widths = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}

            assert len(widths) == 1, name


def test_pages_of_queries_that_are_gone_are_removed(tmp_path: Path) -> None:
    (tmp_path / "queries").mkdir()
    (tmp_path / "queries" / "gone.md").write_text("old", encoding="utf-8")
    docs.write(tmp_path)

    assert not (tmp_path / "queries" / "gone.md").exists()
    assert docs.main([str(tmp_path)]) == 0
    assert docs.main([]) == 2


# The guide


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the store and the two query files of the guide."""
    folder = tmp_path_factory.mktemp("desk")
    Loader(folder / "line").load([ROOT / "tests" / "plant"])
    first, second = re.findall(r"```sparql\n(.*?)```", GUIDE, re.S)
    (folder / "highest_load.rq").write_text(first, encoding="utf-8")
    (folder / "runs_above_load.rq").write_text(second, encoding="utf-8")
    return folder


TYPED = re.findall(r"^    (kg query .*)$", GUIDE, re.M)


@pytest.mark.parametrize("command", TYPED)
def test_command_of_the_guide_runs(command: str, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(desk)
    result = CliRunner().invoke(main, command.split()[1:], env={"KG_STORE": "line"})

    assert result.exit_code == 0, result.output
    assert len(TYPED) == 5
    assert "0 rows" not in result.output.splitlines()


@pytest.mark.parametrize(
    "command", ["kg terms Linienlast", "kg query --explain highest_load.rq", "kg query -"]
)
def test_command_in_a_sentence_of_the_guide_runs(
    command: str, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(desk)
    stdin = (desk / "highest_load.rq").read_text(encoding="utf-8")
    result = CliRunner().invoke(main, command.split()[1:], env={"KG_STORE": "line"}, input=stdin)

    assert f"`{command}" in GUIDE
    assert result.exit_code == 0, result.output


def test_program_of_the_guide_runs(
    desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(desk)
    (program,) = re.findall(r"```python\n(.*?)```", GUIDE, re.S)
    exec(compile(program, "write-a-query.md", "exec"), {})

    # The rank correlation of line load and porosity is clearly below zero.
    assert float(capsys.readouterr().out.splitlines()[1].split()[-1]) < -0.5


def test_every_term_in_the_guide_exists() -> None:
    names = re.findall(r'\bterm:(?:"([^"]+)"|([A-Za-z.]*[A-Za-z]))', GUIDE)
    labels = {quoted or plain.replace(".", ":", 1) for quoted, plain in names} - {"Label"}

    assert len(labels) > 10
    assert all(vocabulary().resolve(label) for label in labels)
