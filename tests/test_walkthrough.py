"""The pages that people work through -> each command run in order, its output held against the page.

A page holds `console` blocks: a line `$ kg ...` is a command, what follows is what it prints.
A line of dots stands for lines that are left out, dots at the end of a line for the rest of it.
Comments that a reader does not see prepare the ground:

    <!-- copy: tests/plant -> plant -->          a file or folder of the repository is in the working folder
    <!-- file: coating.yaml -->                  the block that follows is this file
    <!-- edit: cells.csv: 'ca. 80' -> '80' -->   what the text tells the reader to change

`KG_WRITE_DOCS=1 pytest tests/test_walkthrough.py` writes the output of today into the pages,
where it differs; read the difference before you keep it.
"""

from __future__ import annotations

import contextlib
import gc
import io
import os
import re
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox
import pytest
from click.testing import CliRunner

from kg.cli import main
from kg.load import Loader
from kg.model import HAS_PROCESS_PARAMETER, HAS_PROPERTY
from kg.plant.__main__ import main as plant
from kg.store import Store

REPOSITORY = Path(__file__).parents[1]
DOCS = REPOSITORY / "docs"
PAGES = (
    "explanation/validation.md",
    "how-to/draft-a-mapping.md",
    "how-to/exchange-shells.md",
    "how-to/exchange-with-battinfo.md",
    "how-to/explain-a-value.md",
    "how-to/export-rml.md",
    "how-to/find-influences.md",
    "how-to/import-nodesets.md",
    "how-to/load-a-folder.md",
    "how-to/load-from-a-mes.md",
    "how-to/make-a-passport.md",
    "how-to/map-a-csv.md",
    "how-to/mend-rows.md",
    "how-to/recall-a-lot.md",
    "how-to/resolve-headers.md",
    "how-to/trace-a-cell.md",
    "how-to/work-with-series.md",
    "tutorials/first-line.md",
)
GENERATED = DOCS / "reference"
WIDTH = "160"

_COMMENT = re.compile(r"^<!-- (copy|file|edit): (.+) -->$")
_EDIT = re.compile(r"^(?P<name>\S+): '(?P<old>.*)' -> '(?P<new>.*)'$")
_LINK = re.compile(r"\]\((?!https?://)([^)#]+)(?:#[^)]*)?\)")


@dataclass
class Fence:
    """A fenced block of a page: its kind, its lines, and where they stand in the page."""

    kind: str
    first: int
    lines: list[str]


def steps(page: list[str]) -> list[tuple[str, str] | Fence]:
    """Return the comments and the fenced blocks of a page, in their order."""
    found: list[tuple[str, str] | Fence] = []
    fence: Fence | None = None
    for number, line in enumerate(page):
        if line.startswith("```"):
            if fence is None:
                fence = Fence(line[3:].strip(), number + 1, [])
            else:
                found.append(fence)
                fence = None
        elif fence is not None:
            fence.lines.append(line)
        elif comment := _COMMENT.match(line):
            found.append((comment[1], comment[2]))
    return found


def commands(fence: Fence) -> list[tuple[str, list[str]]]:
    """Return each command of a console block with the output that the page shows."""
    found: list[tuple[str, list[str]]] = []
    for line in fence.lines:
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found:
            found[-1][1].append(line.rstrip())
    return found


def agrees(shown: list[str], printed: list[str]) -> bool:
    """Return whether the output on the page is what was printed, with its dots taken for what they stand for.

    >>> agrees(["a", "...", "z..."], ["a", "b", "c", "zebra"])
    True
    """
    pattern = ""
    for line in shown:
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
        elif line.endswith("..."):
            pattern += re.escape(line[:-3]) + ".*\n"
        else:
            pattern += re.escape(line) + "\n"
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in printed)) is not None


class Walk:
    """A reader who works through one page in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.code = folder, 0

    def prepare(self, verb: str, text: str) -> None:
        """Do what a comment of the page says, apart from `file`, which the block after it completes."""
        if verb == "copy":
            source, target = (part.strip() for part in text.split("->"))
            copy = shutil.copytree if (REPOSITORY / source).is_dir() else shutil.copy
            (self.folder / target).parent.mkdir(parents=True, exist_ok=True)
            copy(REPOSITORY / source, self.folder / target)
        elif verb == "edit":
            edit = _EDIT.match(text)
            assert edit, f"this is not an edit: {text}"
            self._replace(self.folder / edit["name"], edit["old"], edit["new"].replace("\\n", "\n"))

    def _replace(self, path: Path, old: str, new: str) -> None:
        for encoding in ("utf-8", "cp1252"):
            try:
                content = path.read_bytes().decode(encoding)
            except UnicodeDecodeError:
                continue
            assert content.count(old) == 1, f"{path.name}: '{old}' stands there {content.count(old)} times"
            path.write_bytes(content.replace(old, new).encode(encoding))
            return

    def run(self, line: str) -> list[str]:
        """Run one command line and return what it prints."""
        words = shlex.split(line)
        if line == "echo $?":
            return [str(self.code)]
        if words[0] == "cp":
            shutil.copy(*words[1:])
            return []
        if words[0] == "mkdir":
            Path(words[-1]).mkdir(parents=True)
            return []
        if words[:3] == ["python", "-m", "kg.plant"]:
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                self.code = plant(words[3:])
            return printed.getvalue().splitlines()
        assert words[0] == "kg", f"the walk does not know '{words[0]}'"
        result = CliRunner().invoke(main, words[1:], prog_name="kg")
        self.code = result.exit_code
        # A store that an earlier command opened must be closed before another one can write to it.
        error = result.exception
        result.exc_info = None
        gc.collect()
        assert error is None or isinstance(error, SystemExit), f"{line}: {error!r}"
        output = result.output.replace(str(self.folder.resolve()), "/srv/line").rstrip()
        return [text.rstrip() for text in output.split("\n")] if output else []


def walk(page: Path, folder: Path) -> tuple[list[str], list[str]]:
    """Work through a page; return the differences found, and the page as it is with the output of today."""
    lines = page.read_text(encoding="utf-8").split("\n")
    today, differences, ran = list(lines), [], 0
    shift = 0
    reader, awaited = Walk(folder), ""
    for step in steps(lines):
        if isinstance(step, tuple):
            if step[0] == "file":
                awaited = step[1]
            else:
                reader.prepare(*step)
        elif awaited:
            (folder / awaited).write_text("\n".join(step.lines) + "\n", encoding="utf-8")
            awaited = ""
        elif step.kind == "console":
            block = []
            for line, shown in commands(step):
                printed = reader.run(line)
                ran += 1
                kept = shown if agrees(shown, printed) else printed
                if kept is not shown:
                    differences.append("\n".join([f"{page.name}: $ {line}", *printed]))
                block += [f"$ {line}", *kept]
            first = step.first + shift
            today[first : first + len(step.lines)] = block
            shift += len(block) - len(step.lines)
    assert ran, f"{page.name} shows no command"
    return differences, today


@pytest.mark.parametrize("name", PAGES)
def test_page_shows_what_its_commands_print(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", WIDTH)
    monkeypatch.delenv("KG_STORE", raising=False)
    differences, today = walk(DOCS / name, tmp_path)
    if differences and os.environ.get("KG_WRITE_DOCS"):
        (DOCS / name).write_text("\n".join(today), encoding="utf-8")

    assert not differences, "\n\n".join(differences)


def test_finished_mapping_of_the_example_is_the_one_on_the_page() -> None:
    page = (DOCS / "how-to/map-a-csv.md").read_text(encoding="utf-8")
    example = (DOCS / "how-to/example/knopfzellen_montage.yaml").read_text(encoding="utf-8")

    assert f"```yaml\n{example}```" in page


def test_turtle_on_the_page_of_the_graph_model_is_what_the_row_becomes(tmp_path: Path) -> None:
    page = (DOCS / "explanation/graph-model.md").read_text(encoding="utf-8")
    fences = [step for step in steps(page.split("\n")) if isinstance(step, Fence)]
    block = next(fence for fence in fences if fence.kind == "turtle")
    shown = {quad.triple for quad in ox.parse("\n".join(block.lines), format=ox.RdfFormat.TURTLE)}
    Loader(tmp_path / "store").load([REPOSITORY / "tests/plant/kalander_2026-03.xlsx"])
    store = Store.open(tmp_path / "store")
    known = set(store.triples(store.graphs()))
    told = {triple.subject for triple in shown}
    left_out = {
        triple
        for triple in known - shown
        if triple.subject in told and triple.predicate.value not in (HAS_PROPERTY, HAS_PROCESS_PARAMETER)
    }

    assert shown <= known
    assert not left_out


def test_every_page_that_shows_a_command_is_walked() -> None:
    with_console = {
        page.relative_to(DOCS).as_posix()
        for page in DOCS.rglob("*.md")
        if GENERATED not in page.parents and "```console" in page.read_text(encoding="utf-8")
    }

    assert with_console == set(PAGES)


@pytest.mark.parametrize("name", sorted(page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")))
def test_links_of_a_page_lead_somewhere(name: str) -> None:
    page = DOCS / name
    targets = _LINK.findall(page.read_text(encoding="utf-8"))
    dead = [target for target in targets if not (page.parent / target).exists()]

    assert not dead
