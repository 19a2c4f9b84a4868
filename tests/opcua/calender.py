"""A calender that speaks OPC UA, in its own process: it does what it is told line by line on its input.

A line is an object of names and values; each value is written with the time of now, and what was written is
printed with that time. The names are those of the nodes below /Objects/KAL-1; `Program` and `Job` are those
of a laser, /Objects/LAS-1, as UMaTI prescribes, and the state machines those of /Objects/KAL-2, as of PackML.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asyncua import Server, ua
from asyncua.crypto.permission_rules import SimpleRoleRuleset
from asyncua.server.user_managers import User, UserManager, UserRole

NODES: dict[str, Any] = {
    "State": 2,
    "StopReason": 0,
    "Lot": "",
    "WebIn": "",
    "WebOut": "",
    "LineLoad": 0.0,
    "LineLoadSet": 0.0,
    "RollTemperature": 20.0,
    "Good": 0,
}
UNITS = {"LineLoad": "N/mm", "LineLoadSet": "N/mm", "RollTemperature": "°C"}

LOCALIZED = ("Program", "BaseStateMachine", "MachineState", "ExecuteState")


class OneUser(UserManager):  # type: ignore[misc]
    """Lets in the line, by its password or by a certificate, and nobody else."""

    def __init__(self, badge: str) -> None:
        self.badge = Path(badge).read_bytes()

    def get_user(
        self, iserver: Any, username: Any = None, password: Any = None, certificate: Any = None
    ) -> User | None:
        if certificate == self.badge or (username, password) == ("line", "s3cret"):
            return User(role=UserRole.Admin, name="line")
        return None


async def main(port: int, certificate: str = "", key: str = "", badge: str = "") -> None:
    logging.disable(logging.CRITICAL)
    server = Server(user_manager=OneUser(badge) if certificate else None)
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/")
    if certificate:
        await server.set_application_uri("urn:example:calender")
        server.set_security_policy(
            [ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt], permission_ruleset=SimpleRoleRuleset()
        )
        await server.load_certificate(certificate)
        await server.load_private_key(key)
    else:
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    space = await server.register_namespace("urn:example:calender")
    machine = await server.nodes.objects.add_object(space, "KAL-1")
    nodes = {}
    for name, value in NODES.items():
        nodes[name] = await machine.add_variable(ua.NodeId(name, space), name, value)
    laser: Any = await server.nodes.objects.add_object(space, "LAS-1")
    for name in ("Production", "ActiveProgram"):
        laser = await laser.add_object(space, name)
    state = await laser.add_object(space, "State")
    nodes["Program"] = await state.add_variable(space, "CurrentState", ua.LocalizedText("Ended"))
    nodes["Job"] = await laser.add_variable(space, "JobIdentifier", "")
    level: Any = await server.nodes.objects.add_object(space, "KAL-2")
    for name in ("BaseStateMachine", "MachineState", "ExecuteState"):
        level = await level.add_object(space, name)
        nodes[name] = await level.add_variable(space, "CurrentState", ua.LocalizedText("Stopped"))
    for name, unit in UNITS.items():
        said = ua.EUInformation(DisplayName=ua.LocalizedText(unit))
        await nodes[name].add_property(0, "EngineeringUnits", said)
    async with server:
        if certificate:
            await server.historize_node_data_change(list(nodes.values()))
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
        )
        while line := await reader.readline():
            await play(nodes, json.loads(line))


async def play(nodes: dict[str, Any], values: dict[str, Any]) -> None:
    for name, value in values.items():
        now = datetime.now(UTC)
        kind = ua.VariantType.Int64 if isinstance(value, int) else None
        written = ua.LocalizedText(value) if name in LOCALIZED else value
        await nodes[name].write_value(ua.DataValue(ua.Variant(written, kind), SourceTimestamp=now))
        sys.stdout.write(json.dumps({"t": now.timestamp(), "name": name, "value": value}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), *(str(Path(name)) for name in sys.argv[2:])))
