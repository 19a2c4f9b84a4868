"""The command `kg`: one module for each of its verbs."""

from __future__ import annotations

import importlib

import click

from kg.cli.common import Group

COMMANDS = {
    "aas": "aas",
    "demo": "demo",
    "derive": "derive",
    "draft": "draft",
    "explain": "explain",
    "export": "export",
    "influences": "influences",
    "info": "info",
    "init": "init",
    "load": "load",
    "ontology": "ontology",
    "opcua": "opcua",
    "passport": "passport",
    "query": "query",
    "resolve": "resolve",
    "series": "series",
    "serve": "serve",
    "terms": "terms",
    "trace": "trace",
    "validate": "validate",
}


class Verbs(Group):
    """Verbs whose modules are imported when they are called, so that each starts fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all verbs."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return one verb."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"kg.cli.{COMMANDS[cmd_name]}")
        command = getattr(module, cmd_name)
        assert isinstance(command, click.Command)
        return command


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="battery-kg", message="%(version)s")
def main() -> None:
    """Turn the records of a battery line into a checked graph, and ask it.

    Exit codes: 0 done; 1 done, with findings or rows set aside; 2 nothing usable, nothing changed.
    """
