"""`kg opcua`: machines that speak OPC UA, watched into the store, and their NodeSet files."""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import suppress
from pathlib import Path

import click

from kg.cli.common import Group, out, store_option
from kg.store import Store


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
@click.option(
    "--user", default="", help="Name for the server; the password is asked for in KG_OPCUA_PASSWORD."
)
@click.option("--password", envvar="KG_OPCUA_PASSWORD", default="", hidden=True)
@click.option("--policy", default="", help="Security policy, such as Basic256Sha256.")
@click.option(
    "--mode",
    type=click.Choice(["Sign", "SignAndEncrypt"]),
    default="SignAndEncrypt",
    show_default=True,
    help="What the policy does with each message.",
)
@click.option(
    "--certificate", type=click.Path(exists=True, path_type=Path), help="Your certificate, PEM or DER."
)
@click.option("--key", type=click.Path(exists=True, path_type=Path), help="Its private key, PEM or DER.")
@click.option(
    "--server-certificate",
    type=click.Path(exists=True, path_type=Path),
    help="Certificate that the server must have; else the one that it names.",
)
@store_option
def watch(
    url: str,
    mapping: Path,
    every: float,
    period: float,
    user: str,
    password: str,
    policy: str,
    mode: str,
    certificate: Path | None,
    key: Path | None,
    server_certificate: Path | None,
    store: Path,
) -> None:
    """Watch the machines behind URL until Ctrl+C, and load each run and state when it is over.

    What changes goes to disk first, into the folder opcua of the store. After a crash or a pause, go on with
    the same command: nothing that was over is lost, and nothing comes twice.
    """
    from kg.opcua.mapping import read_mapping

    machines = read_mapping(mapping)
    Store.open(store)
    from kg.opcua.client import Access
    from kg.opcua.watch import Watch

    access = Access(user, password, policy, mode, certificate, key, server_certificate)

    def tell(text: str) -> None:
        out.print(f"{time.strftime('%H:%M:%S')} {text}", markup=False)

    asyncio.run(
        _until_told(Watch(url, machines, store, access=access, every=every, period=period, tell=tell))
    )


async def _until_told(watch: object) -> None:
    from kg.opcua.watch import Watch

    assert isinstance(watch, Watch)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows has no handlers in a loop; Ctrl+C ends it there
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await watch.run(stop)
