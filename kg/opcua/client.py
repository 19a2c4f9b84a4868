"""A server of OPC UA -> the values of its nodes, as events with the time at which they changed there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from asyncua import Client, Node, ua

from kg.near import near, quoted
from kg.opcua.access import TROUBLE, SetupError
from kg.opcua.mapping import NodeRef
from kg.opcua.tracker import Value

QUEUE = 1_000
"""Changes of one node that a server keeps between two messages."""
SAME = 0.001
"""Seconds within which two times are one."""
FIRST = 5.0
"""Seconds within which a server sends the first value of every node."""

Event = dict[str, Any]


async def find_node(client: Client, root: str, text: str) -> Node:
    """Return the node of a node id, or of a path of browse names below `root` or, after `/`, below the root.

    Raises SetupError where there is none, with the names that are there.
    """
    if text.startswith("nsu="):
        uri, _, rest = text.removeprefix("nsu=").partition(";")
        spaces = await client.get_namespace_array()
        if uri not in spaces:
            raise SetupError(f"'{text}': the server has no namespace '{uri}'. It has: {', '.join(spaces)}.")
        return client.get_node(f"ns={spaces.index(uri)};{rest}")
    if text.partition("=")[0] in ("ns", "i", "s", "g", "b"):
        try:
            return client.get_node(text)
        except ua.UaError as error:
            raise SetupError(f"'{text}' is no node id: {error}.") from error
    node = client.nodes.root if text.startswith("/") else await find_node(client, "", root)
    for step in filter(None, text.split("/")):
        children = {(await each.read_browse_name()).Name: each for each in await node.get_children()}
        if step not in children:
            alike = near(step, children) or sorted(children)[:12]
            raise SetupError(
                f"'{text}': there is no '{step}' on the server. Near: {quoted(alike) or 'nothing'}."
            )
        node = children[step]
    return node


def plain(value: Any, part: str = "") -> Value:
    """Return a value of OPC UA as text, number or truth value; of a structure its part."""
    for name in filter(None, part.split(".")):
        value = getattr(value, name, None)
    if isinstance(value, ua.LocalizedText):
        return str(value.Text or "")
    if isinstance(value, ua.QualifiedName):
        return str(value.Name or "")
    if isinstance(value, Enum):
        number = value.value
        return number if isinstance(number, int) else str(number)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if isinstance(value, datetime):
        return value.replace(tzinfo=value.tzinfo or UTC).isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        # A structure of which no part is named, such as an alarm: what people read in it.
        said = {each.name: getattr(value, each.name) for each in fields(value)}
        return next((plain(said[name]) for name in ("Message", "ID", "Id", "Value") if said.get(name)), None)
    return str(value)


def _seconds(moment: datetime | None) -> float | None:
    if moment is None or moment.year < 1980:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()


def _moment(read: ua.DataValue) -> float:
    return _seconds(read.SourceTimestamp) or _seconds(read.ServerTimestamp) or time.time()


def _good(read: ua.DataValue) -> bool:
    return read.StatusCode is None or bool(read.StatusCode.is_good())


def _in_order(changes: list[tuple[float, str, Value]]) -> list[Event]:
    """Return changes as events in the order of time; a state after what changed with it."""
    ordered = sorted(changes, key=lambda change: (change[0], change[1].startswith("state ")))
    return [{"t": moment, "c": column, "v": value} for moment, column, value in ordered]


class Watching:
    """A subscription to the nodes of one machine, and what came of it that nobody took yet."""

    def __init__(self, nodes: Mapping[str, NodeRef]) -> None:
        self._refs = nodes
        self._columns: dict[str, list[str]] = {}
        self._nodes: dict[str, Node] = {}
        self._waiting: list[tuple[float, str, Value]] = []

    def datachange_notification(self, node: Node, value: Any, data: Any) -> None:
        """Take one change; asyncua calls this."""
        read: ua.DataValue = data.monitored_item.Value
        for column in self._columns[node.nodeid.to_string()]:
            said = plain(value, self._refs[column].part) if _good(read) else None
            self._waiting.append((_moment(read), column, said))

    async def begin(self, client: Client, root: str, period: float) -> None:
        """Subscribe to all nodes. Raises SetupError where one is not there."""
        if any(ref.part for ref in self._refs.values()):
            with suppress(*TROUBLE):
                await client.load_data_type_definitions()
        nodes: dict[str, Node] = {}
        for column, ref in self._refs.items():
            try:
                node = await find_node(client, root, ref.node)
            except SetupError:
                if ref.optional:
                    continue
                raise
            nodes[node.nodeid.to_string()] = self._nodes[column] = node
            self._columns.setdefault(node.nodeid.to_string(), []).append(column)
        subscription = await client.create_subscription(period * 1000, self)
        made = await subscription.subscribe_data_change(
            list(nodes.values()), queuesize=QUEUE, sampling_interval=period * 500
        )
        for name, handle in zip(nodes, made if isinstance(made, list) else [made], strict=True):
            if not isinstance(handle, int):
                column = self._columns[name][0]
                raise SetupError(f"column '{column}': the server does not give '{name}': {handle.name}.")

    async def history(self, known: Mapping[str, float], needed: Collection[str]) -> list[Event] | None:
        """Return what changed since the times known of each column, out of the history of the server.

        None where the server keeps no history of a column that is needed, or none that reaches back so far.
        """
        found: list[tuple[float, str, Value]] = []
        for column, since in known.items():
            if column not in self._nodes:
                continue
            values = await self._kept(self._nodes[column], since)
            if column in needed and not any(abs(each[0] - since) < SAME for each in values):
                return None
            part = self._refs[column].part
            found += [(time_, column, plain(value, part)) for time_, value in values if time_ > since + SAME]
        return _in_order(found)

    @staticmethod
    async def _kept(node: Node, since: float) -> list[tuple[float, Any]]:
        try:
            if ua.AccessLevel.HistoryRead not in await node.get_access_level():
                return []
            begin = datetime.fromtimestamp(since - 2 * SAME, UTC)
            read = await node.read_raw_history(begin, datetime.now(UTC) + timedelta(days=1))
        except ua.UaError:
            return []
        return [(_moment(each), each.Value.Value if _good(each) else None) for each in read]

    async def all_values(self) -> Event:
        """Return the first value of each node as the event that a connection was made."""
        until = time.monotonic() + FIRST
        while {column for _, column, _ in self._waiting} < set(self._nodes) and time.monotonic() < until:
            await asyncio.sleep(0.02)
        first: dict[str, list[Any]] = {}
        later = []
        for moment, column, value in self._waiting:
            if column in first:
                later.append((moment, column, value))
            else:
                first[column] = [value, moment]
        self._waiting = later
        return {"up": first}

    def beyond(self, known: Mapping[str, float], up: Event) -> Event:
        """Return the first values without those that the history went beyond, and forget such changes too."""
        self._waiting = [each for each in self._waiting if each[0] > known.get(each[1], 0.0) + SAME]
        return {"up": {c: each for c, each in up["up"].items() if each[1] >= known.get(c, 0.0)}}

    def changes(self) -> list[Event]:
        """Return the changes since the last call in the order of time; a state after what changed with it."""
        waiting, self._waiting = self._waiting, []
        return _in_order(waiting)


async def server_time(client: Client) -> float:
    """Return the time of the server; this fails where the connection is gone."""
    read = await client.get_node("i=2258").read_value()
    return _seconds(read) or time.time()
