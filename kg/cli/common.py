"""What the verbs share: the store option, output for machines, errors without a traceback."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console

from kg.errors import KgError

DONE, FINDINGS, NOTHING = 0, 1, 2

F = TypeVar("F", bound=Callable[..., Any])

# A pipe has no width; there, lines are as long as they are.
out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 100_000)


class Group(click.Group):
    """A group whose verbs end with code 2 and a clear message where something stops the work."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb that was asked for."""
        try:
            return super().invoke(ctx)
        except KgError as error:
            say_error(error)
            ctx.exit(NOTHING)
        except BrokenPipeError:
            # The reader of a pipe has seen enough (`kg query ... | head`).
            sys.stderr.close()
            ctx.exit(DONE)
        except OSError as error:
            say_error(KgError(f"{error.filename or 'a file'}: {(error.strerror or str(error)).lower()}."))
            ctx.exit(NOTHING)


def say_error(error: KgError) -> None:
    """Print what went wrong, one line for each fault, to standard error."""
    click.echo(f"kg: {error}" if "\n" not in str(error) else f"kg:\n{error}", err=True)


def store_option(function: F) -> F:
    """Add `--store DIR`, which falls back on KG_STORE and then on ./kg-store."""
    return click.option(
        "--store",
        type=click.Path(file_okay=False, path_type=Path),
        default=Path("kg-store"),
        envvar="KG_STORE",
        show_default="./kg-store, or KG_STORE",
        help="Folder of the store.",
    )(function)


def json_option(function: F) -> F:
    """Add `--json`, for machines."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines.")(function)


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Show on a terminal that work is going on; in a pipe, say nothing."""
    if not sys.stderr.isatty():
        yield
        return
    with Console(stderr=True).status(what):
        yield


def print_json(value: Any) -> None:
    """Print a value as JSON."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def count(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun.

    >>> count(1, "row"), count(2, "row")
    ('1 row', '2 rows')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"
