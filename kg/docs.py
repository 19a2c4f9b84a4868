"""Queries, commands and terms -> the generated pages of docs/reference.

    python -m kg.docs docs/reference

A page says only what the product says of itself, so the same state of the product gives the same pages.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import jinja2

from kg import queries
from kg.api.app import document
from kg.api.described import groups
from kg.api.problems import ProblemDocument
from kg.cli import main as kg
from kg.iri import DEFAULT_BASE, shorten
from kg.namespaces import PREFIXES
from kg.passport.page import page as passport_page
from kg.resources import PACKAGE
from kg.termpages import bvco_section, own_sections, tables
from kg.terms import vocabulary

WIDTH = 100
"""Columns of the help texts, whatever terminal runs this."""

SAMPLE_ROWS = 5
"""Rows of the answer that a page of a query shows."""


@dataclass(frozen=True)
class Sample:
    """The first rows of an answer on the sample line, IRIs without their base; `total` counts all rows.

    `operations` is set where the answer needs what is recorded beside the steps of the line.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    total: int
    operations: bool


@dataclass(frozen=True)
class QueryPage:
    """A query with what its page shows beside its front matter."""

    query: queries.Query
    defaults: dict[str, str]
    sample: Sample | None


@dataclass(frozen=True)
class Help:
    """A command as it is typed, and its help text."""

    name: str
    text: str


def _cell(text: object) -> str:
    """Return a text as it can stand in a cell of a Markdown table."""
    return " ".join(str(text).replace("|", r"\|").split())


def _text(text: str) -> str:
    """Return a text as Markdown shows it: signs that Markdown reads are escaped."""
    return re.sub(r"([*_`<>\\[\]|])", r"\\\1", " ".join(text.split()))


def _templates() -> jinja2.Environment:
    # The pages are Markdown, so nothing is escaped for HTML.
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(PACKAGE / "templates" / "docs"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters["cell"] = _cell
    environment.filters["text"] = _text
    return environment


def sample_answer(name: str) -> Sample | None:
    """Return the first rows of the golden answer of a query, or None where the package stands alone."""
    golden = PACKAGE.parent / "tests" / "queries"
    path = golden / f"{name}.csv"
    operations = not path.is_file()
    if operations:
        path = golden / "operations" / f"{name}.csv"
    if not path.is_file():
        return None
    with path.open(encoding="utf-8", newline="") as file:
        columns, *rows = csv.reader(file)
    shown = [[_short(text) for text in row] for row in rows[:SAMPLE_ROWS]]
    return Sample(columns, shown, len(rows), operations)


def _short(text: str) -> str:
    name = shorten(text, DEFAULT_BASE)
    try:
        return f"{float(name):.6g}"
    except ValueError:
        return name


def query_pages() -> list[QueryPage]:
    """Return all queries of the library, with their defaults as people type them."""
    pages = []
    for name in queries.library():
        query = queries.read(name)
        defaults = {param: queries.typed(query.default(param)) for param in query.about.params}
        pages.append(QueryPage(query, defaults, sample_answer(name)))
    return pages


def _problem() -> str:
    """Return the example of an error, as JSON."""
    return json.dumps(ProblemDocument.model_json_schema()["example"], indent=2)


def commands() -> list[Help]:
    """Return the help of every command and of the commands under it, in the order of their names."""
    return list(
        _helps(
            kg,
            click.Context(
                kg, info_name="kg", terminal_width=WIDTH, max_content_width=WIDTH, **kg.context_settings
            ),
        )
    )


def _helps(command: click.Command, context: click.Context) -> Iterator[Help]:
    yield Help(
        context.command_path, "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    )
    if isinstance(command, click.Group):
        for name in sorted(command.list_commands(context)):
            inner = command.get_command(context, name)
            if inner is not None and not inner.hidden:
                below = click.Context(
                    inner, context, info_name=name, terminal_width=WIDTH, max_content_width=WIDTH
                )
                yield from _helps(inner, below)


def pages() -> dict[str, str]:
    """Return every generated page by its path below docs/reference."""
    templates = _templates()
    found = query_pages()
    words = vocabulary()
    sections, bvco = own_sections(words), bvco_section(words)
    made = {
        f"queries/{page.query.name}.md": templates.get_template("query.md.j2").render(
            page=page, base=DEFAULT_BASE
        )
        for page in found
    }
    made["http.md"] = templates.get_template("http.md.j2").render(
        about=document()["info"], groups=groups(document()), problem=_problem()
    )
    made["queries/index.md"] = templates.get_template("queries.md.j2").render(
        pages=found,
        users={
            user: [page.query.name for page in found if user in page.query.about.users]
            for user in queries.USERS
        },
        modules={
            module: [page for page in found if module in page.query.about.modules]
            for module in queries.MODULES
        },
    )
    made["passport-points.md"] = templates.get_template("passport-points.md.j2").render(**passport_page())
    made["commands.md"] = templates.get_template("commands.md.j2").render(commands=commands())
    made["terms/index.md"] = templates.get_template("terms.md.j2").render(
        sections=sections, bvco=bvco, tables=tables(words), namespace=PREFIXES["bvcox"]
    )
    for section in (*sections, bvco):
        made[f"terms/{section.slug}.md"] = templates.get_template("termsection.md.j2").render(section=section)
    for table in tables(words):
        made[f"terms/{table.slug}.md"] = templates.get_template("termtable.md.j2").render(table=table)
    return made


def write(target: Path) -> list[Path]:
    """Write every page below a folder, remove pages of what is gone, and return what was written."""
    made = pages()
    for name, text in made.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for path in (*(target / "queries").glob("*.md"), *(target / "terms").glob("*.md")):
        if f"{path.parent.name}/{path.name}" not in made:
            path.unlink()
    return [target / name for name in made]


def main(arguments: Sequence[str]) -> int:
    """Write the pages below the folder that is named; return the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m kg.docs FOLDER\n")
        return 2
    written = write(Path(arguments[0]))
    sys.stdout.write(f"{arguments[0]}: {len(written)} pages\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
