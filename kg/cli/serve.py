"""`kg serve`: the store over HTTP, the keys for it, and whose tokens open it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kg.api import tokens
from kg.api.access import AUDIENCES, FILE, Keys
from kg.api.tokens import Issuers
from kg.cli.common import Group, json_option, out, print_json, store_option
from kg.errors import KgError
from kg.passport.access import AUDIENCES as OF_THE_LAW
from kg.store import Store


@click.group(cls=Group, invoke_without_command=True)
@store_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="Port; 0 takes a free one."
)
@click.option("--public-read", is_flag=True, help="Let everybody read what is public.")
@click.option("--key-to-read", is_flag=True, help="Ask for a key for reading on this machine, too.")
@click.option(
    "--name", "hosts", multiple=True, help="Name by which the server may be addressed; may be repeated."
)
@click.option(
    "--readers", type=click.IntRange(2), help="Processes that answer.  [default: cores, at least 4]"
)
@click.option(
    "--time-limit",
    type=float,
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Stop a query after so long.",
)
@click.option(
    "--memory",
    type=click.IntRange(256),
    default=2048,
    show_default=True,
    metavar="MB",
    help="Memory of a reader.",
)
@click.option(
    "--rate",
    type=click.IntRange(0),
    default=3000,
    show_default=True,
    help="Requests a minute for a key or address; 0: no limit.",
)
@click.option(
    "--sign", "sign_key", type=click.Path(path_type=Path), metavar="KEY", help="Sign passports with this key."
)
@click.pass_context
def serve(ctx: click.Context, /, store: Path, host: str, port: int, readers: int | None, **told: Any) -> None:
    """Serve the store over HTTP: questions, SPARQL, pages, uploads.

    On this machine (127.0.0.1) reading needs no key. Another address asks for one, and is refused while
    there is none, unless --public-read is given. Records are shown to keys of the audience internal alone;
    all others see terms, and of passports what their audience may. Writing always needs a key.
    """
    ctx.obj = store
    if ctx.invoked_subcommand is None:
        _serve(store, port, {"host": host, **told, **({"readers": readers} if readers else {})})


def _serve(store: Path, port: int, told: dict[str, Any]) -> None:
    import uvicorn

    from kg.api import Settings, create_app

    settings = Settings(**told)
    opened = settings.on_loopback or settings.public_read
    if not opened and not Keys(store).all() and not Issuers(store).all():
        raise KgError(
            f"{settings.host} is reached from other machines, and there is no key. "
            "Make one: kg serve key add NAME --may read. Or let everybody read: --public-read"
        )
    uvicorn.run(
        create_app(settings, store),
        host=settings.host,
        port=port,
        log_level="info",
        server_header=False,
        timeout_graceful_shutdown=5,
    )


@serve.group(cls=Group)
def key() -> None:
    """Make, list and remove the keys of a store."""


def _keys(store: Path) -> Keys:
    Store.open(store)  # tells where there is none
    return Keys(store)


@key.command()
@click.argument("name")
@click.option("--may", type=click.Choice(["read", "write"]), required=True, help="Who may write may read.")
@click.option(
    "--audience",
    type=click.Choice(AUDIENCES),
    help="Who holds it; internal sees records, others passports.  [default: public; internal to write]",
)
@store_option
def add(name: str, may: Any, audience: Any, store: Path) -> None:
    """Make a key called NAME. It is shown once, and kept as a digest only."""
    secret = _keys(store).add(name, may, audience)
    out.print(secret, markup=False)
    click.echo(f"The key '{name}' is shown this once; {store / FILE} keeps its digest.", err=True)


@key.command()
@click.argument("name")
@store_option
def remove(name: str, store: Path) -> None:
    """Remove the key called NAME; a running server forgets it at once."""
    _keys(store).remove(name)
    out.print(f"The key '{name}' is removed.", markup=False)


@key.command(name="list")
@store_option
@json_option
def list_(store: Path, as_json: bool) -> None:
    """Tell the keys: name, what they may, audience, when they were made."""
    found = _keys(store).all()
    if as_json:
        print_json(
            [{"name": k.name, "may": list(k.may), "audience": k.audience, "made": k.made} for k in found]
        )
        return
    for one in found:
        out.print(f"{one.name}  {', '.join(one.may)}  {one.audience}  {one.made}", markup=False)
    if not found:
        out.print("There is no key. Make one: kg serve key add NAME --may read", markup=False)


@serve.group(cls=Group)
def issuer() -> None:
    """Trust, list and forget those whose signed tokens open passports."""


def _issuers(store: Path) -> Issuers:
    Store.open(store)  # tells where there is none
    return Issuers(store)


@issuer.command(name="add")
@click.argument("name")
@click.option(
    "--key", "path", type=click.Path(path_type=Path), required=True, metavar="FILE", help="Its public key."
)
@click.option(
    "--audience", type=click.Choice(list(OF_THE_LAW)), required=True, help="The audience that it may give."
)
@store_option
def trust(name: str, path: Path, audience: str, store: Path) -> None:
    """Take tokens that NAME signs, the claim `iss` in them, for one audience."""
    _issuers(store).add(name, path, audience)
    out.print(f"Tokens of '{name}' are taken, for the audience {audience}.", markup=False)


@issuer.command(name="remove")
@click.argument("name")
@store_option
def distrust(name: str, store: Path) -> None:
    """Take tokens of NAME no longer; a running server refuses them at once."""
    _issuers(store).remove(name)
    out.print(f"Tokens of '{name}' are taken no longer.", markup=False)


@issuer.command(name="list")
@store_option
@json_option
def trusted(store: Path, as_json: bool) -> None:
    """Tell whose tokens are taken: name, audience, thumbprint of the key."""
    found = _issuers(store).all()
    if as_json:
        print_json([{"name": one.name, "audience": one.audience, "key": one.key} for one in found])
        return
    for one in found:
        out.print(f"{one.name}  {one.audience}  {one.key['kid']}", markup=False)
    if not found:
        out.print("There is none. Trust one: kg serve issuer add NAME --key FILE --audience A", markup=False)


@serve.command()
@click.argument("name", metavar="ISSUER")
@click.option(
    "--key", "path", type=click.Path(path_type=Path), required=True, metavar="FILE", help="Its private key."
)
@click.option("--for", "holder", required=True, metavar="WHO", help="Who will show the token.")
@click.option("--audience", type=click.Choice(list(OF_THE_LAW)), required=True, help="Who they are.")
@click.option("--hours", default=8.0, show_default=True, help="How long it holds; at most 24.")
@store_option
def token(name: str, path: Path, holder: str, audience: str, hours: float, store: Path) -> None:
    """Sign a token as ISSUER, for who shows it in place of a key."""
    base = Store.open(store).base
    out.print(tokens.make(path, name, holder, audience, base, hours), markup=False, soft_wrap=True)
