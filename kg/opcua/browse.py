"""What a server shows below a machine -> its variables, with data type and unit."""

from __future__ import annotations

from collections.abc import AsyncIterator

from asyncua import Client, Node, ua

from kg.opcua.client import find_node, plain
from kg.opcua.draft import Variable

LEVELS = 6
"""Levels below a machine that are looked at."""
_NUMBERS = frozenset(range(2, 12)) | {26, 27, 28, 290}
"""Data types of the core that are numbers."""


async def variables(client: Client, root: str) -> list[Variable]:
    """Return the variables below a node, in the order of the server.

    Raises SetupError where there is no such node.
    """
    return [each async for each in _below(client, await find_node(client, "", root), "", LEVELS)]


async def _below(client: Client, node: Node, path: str, levels: int) -> AsyncIterator[Variable]:
    for child in await node.get_children():
        kind = await child.read_node_class()
        name = f"{path}{(await child.read_browse_name()).Name}"
        if kind == ua.NodeClass.Variable:
            units = [n for n in await child.get_properties() if await _called(n, "EngineeringUnits")]
            unit = plain((await units[0].read_value()).DisplayName) if units else ""
            type_ = await child.read_data_type()
            yield Variable(name, type_.NamespaceIndex == 0 and type_.Identifier in _NUMBERS, str(unit or ""))
        elif kind == ua.NodeClass.Object and levels:
            async for each in _below(client, child, f"{name}/", levels - 1):
                yield each


async def _called(node: Node, name: str) -> bool:
    return bool((await node.read_browse_name()).Name == name)
