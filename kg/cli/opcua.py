"""`kg opcua`: machines that speak OPC UA, watched into the store, and their NodeSet files."""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from kg.cli.common import (
    FINDINGS,
    NOTHING,
    F,
    Group,
    count,
    json_option,
    out,
    print_json,
    say_error,
    store_option,
)
from kg.errors import KgError
from kg.store import Store, writing

EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)
SHOWN = 20
"""Findings of a file that are shown."""


def access_options(function: F) -> F:
    """Add how to be let in: name and password, and what a secure channel needs."""
    options = [
        click.option(
            "--user", default="", help="Name for the server; the password is asked for in KG_OPCUA_PASSWORD."
        ),
        click.option(
            "--user-certificate", type=EXISTING, help="Certificate of the user, instead of a password."
        ),
        click.option("--user-key", type=EXISTING, help="Private key of that certificate."),
        click.option("--password", envvar="KG_OPCUA_PASSWORD", default="", hidden=True),
        click.option("--policy", default="", help="Security policy, such as Basic256Sha256."),
        click.option(
            "--mode",
            type=click.Choice(["Sign", "SignAndEncrypt"]),
            default="SignAndEncrypt",
            show_default=True,
            help="What the policy does with each message.",
        ),
        click.option("--certificate", type=EXISTING, help="Your certificate, PEM or DER."),
        click.option("--key", type=EXISTING, help="Its private key, PEM or DER."),
        click.option(
            "--server-certificate",
            type=EXISTING,
            help="Certificate that the server must have; else the one that it names.",
        ),
    ]
    for option in reversed(options):
        function = option(function)
    return function


@click.group(cls=Group)
def opcua() -> None:
    """Watch machines over OPC UA, and read the types and machines of NodeSet files."""


@opcua.command("watch")
@click.argument("url", metavar="URL")
@click.option(
    "--mapping",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Which nodes say what; see docs/how-to/watch-a-machine.md.",
)
@click.option(
    "--every",
    type=click.FloatRange(min=0.1),
    default=30.0,
    show_default=True,
    help="Seconds between two loads.",
)
@click.option(
    "--period",
    type=click.FloatRange(min=0.01),
    default=0.5,
    show_default=True,
    help="Seconds between two messages of the server; no change in between is left out.",
)
@access_options
@store_option
def watch(
    url: str,
    mapping: Path,
    every: float,
    period: float,
    store: Path,
    **access: Any,
) -> None:
    """Watch the machines behind URL until Ctrl+C, and load each run and state when it is over.

    What changes goes to disk first, into the folder opcua of the store. After a crash or a pause, go on with
    the same command: nothing that was over is lost, and nothing comes twice.
    """
    from kg.opcua.mapping import read_mapping

    machines = read_mapping(mapping)
    Store.open(store)
    from kg.opcua.access import Access
    from kg.opcua.watch import Watch

    def tell(text: str) -> None:
        out.print(f"{time.strftime('%H:%M:%S')} {text}", markup=False)

    given = Access(**access)
    asyncio.run(_until_told(Watch(url, machines, store, access=given, every=every, period=period, tell=tell)))


@opcua.command("draft")
@click.argument("url", metavar="URL")
@click.option("--root", default="/Objects", show_default=True, help="The machine, as a path from the root.")
@click.option("--machine", default="", help="Its number in your other records; else the end of the path.")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write; else print."
)
@access_options
def draft(url: str, root: str, machine: str, output: Path | None, **access: Any) -> None:
    """Write a mapping for the machine at URL from what the server shows, with proposals of terms.

    What is clear is a line; what is not is a comment to decide on. Then: kg opcua watch.
    """
    from kg.opcua.access import TROUBLE, Access, connected, reason
    from kg.opcua.browse import variables
    from kg.opcua.draft import draft as drafted

    if output is not None and output.exists():
        raise KgError(f"{output}: there is such a file. Give another name.")

    async def look() -> str:
        async with connected(url, Access(**access)) as client:
            found = await variables(client, root)
        if not found:
            raise KgError(f"{root}: there are no variables below this node.")
        return drafted(machine or root.rpartition("/")[2], root, found)

    try:
        text = asyncio.run(look())
    except TROUBLE as error:
        raise KgError(f"{url}: {reason(error)}.") from error
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")
        out.print(f"Wrote {output}. Decide its comments, then:", markup=False)
        out.print(f"  kg opcua watch {url} --mapping {output}", markup=False)


@opcua.command("import")
@click.argument("files", metavar="NODESET...", nargs=-1, required=True, type=click.Path(path_type=Path))
@store_option
@json_option
def import_(files: tuple[Path, ...], store: Path, as_json: bool) -> None:
    """Put the types and machines of NodeSet2 files into the store, a graph for each file.

    A type becomes a class, a machine a thing; their variables are told with data type, unit and range.
    A model that a file needs and that is not there is told, as is what is wrong in the file; exit code 1.
    A file of which nothing can be read changes nothing; exit code 2.
    """
    from kg.opcua.nodeset_graph import import_nodesets

    with writing(store) as opened:
        done, faults = import_nodesets(opened, files)
    for error in faults:
        say_error(error)
    if as_json:
        print_json([each.as_dict() for each in done])
    for each in done if not as_json else ():
        taken = ", ".join(count(number, what.removesuffix("s")) for what, number in each.taken.items())
        rest = ", ".join(count(number, kind) for kind, number in each.left_out.items())
        out.print(f"{each.path.name}: {taken or 'nothing for us'}.", markup=False)
        if rest:
            out.print(f"  left out: {rest}", markup=False)
        for finding in each.findings[:SHOWN]:
            out.print(f"  {finding.severity.lower()}: {finding}", markup=False)
        if len(each.findings) > SHOWN:
            out.print(f"  ... and {len(each.findings) - SHOWN:,} more; all of them: --json", markup=False)
    if faults:
        click.get_current_context().exit(NOTHING)
    if any(each.findings for each in done):
        click.get_current_context().exit(FINDINGS)


async def _until_told(watch: object) -> None:
    from kg.opcua.watch import Watch

    assert isinstance(watch, Watch)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows has no handlers in a loop; Ctrl+C ends it there
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await watch.run(stop)
