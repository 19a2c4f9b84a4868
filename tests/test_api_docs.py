"""Claims about the pages on serving: their programs print what stands below them, their commands work."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from click.testing import CliRunner
from joserfc.jwk import OKPKey
from serving import Served, serving

from kg.cli import main
from kg.load import Loader

ROOT = Path(__file__).parents[1]
TUTORIAL = (ROOT / "docs" / "tutorials" / "ask-from-python.md").read_text(encoding="utf-8")
HOW_TO = (ROOT / "docs" / "how-to" / "serve.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", TUTORIAL, re.S)
COMMANDS = re.findall(r"^    (kg serve.*)$", HOW_TO, re.M)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("docs") / "line"
    Loader(path).load([ROOT / "tests" / "plant"])
    return path


@pytest.fixture(scope="module")
def server(store: Path) -> Iterator[Served]:
    with serving(store) as served:
        yield served


def test_every_program_has_what_it_prints():
    assert (len(PROGRAMS), TUTORIAL.count("```python")) == (8, 8)


@pytest.mark.parametrize(("program", "shown"), PROGRAMS)
def test_program_of_the_tutorial_prints_what_stands_below_it(server: Served, program: str, shown: str):
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(program.replace("http://localhost:8000", server.url), "ask-from-python.md", "exec"), {})

    assert shown == printed.getvalue()


def test_commands_of_the_how_to_do_what_it_says(store: Path, monkeypatch: pytest.MonkeyPatch):
    started: list[dict[str, Any]] = []
    monkeypatch.setattr(uvicorn, "run", lambda app, **told: started.append(told))
    monkeypatch.chdir(store.parent)
    runner = CliRunner()
    for name in ("register.pub", "own.pem"):
        key = OKPKey.generate_key("Ed25519").as_pem(private=name == "own.pem")
        (store.parent / name).write_bytes(key)

    refused = runner.invoke(main, ["serve", "--store", "line", "--host", "0.0.0.0"])
    assert refused.exit_code == 2
    assert "kg serve key add NAME" in refused.output
    for command in COMMANDS:
        done = runner.invoke(main, shlex.split(command)[1:])
        assert done.exit_code == 0, f"{command}: {done.output}"
        if "key add" in command:
            assert re.search(r"^kgk_[\w-]{43}$", done.output, re.M)
        if "key list" in command:
            assert "lab  read  internal" in done.output
        if "issuer list" in command:
            assert "https://register.example  legitimate-interest" in done.output
        if "token" in command:
            assert re.search(r"^[\w-]+\.[\w-]+\.[\w-]+$", done.output, re.M)
    assert len(COMMANDS) == 13
    assert [told["host"] for told in started] == ["127.0.0.1", "0.0.0.0", "0.0.0.0", "127.0.0.1"]
