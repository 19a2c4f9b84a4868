"""`/influences` over a socket tells what the records show, with the numbers behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import Served, serving

from kg.influence.combine import as_dict, influences
from kg.store import Store


@pytest.fixture(scope="module")
def server(line_store: Path) -> Iterator[Served]:
    with serving(line_store) as served:
        yield served


@pytest.mark.parametrize("on", [None, "KAL-1"])
def test_the_answer_is_that_of_the_command_down_to_the_rows(
    on: str | None, server: Served, line_store: Path
) -> None:
    params = {"of": "Porosity", "rows": "true"} | ({"on": on} if on else {})
    reply = server.get("/influences", "application/json", **params)
    here = as_dict(influences(Store.open(line_store), "Porosity", on, what="both"), rows=True)
    assert (reply.status, json.loads(reply.body)) == (200, json.loads(json.dumps(here)))
    first = here["entries"][0]
    assert (first["title"], first["verdict"], first["sign"]) == ("LineLoad", "both", -1)


def test_a_property_that_nothing_bears_is_told_as_a_problem(server: Served) -> None:
    reply = server.get("/influences", "application/json", of="Porositty")
    assert (reply.status, reply.media) == (400, "application/problem+json")
    assert "Porosity" in json.loads(reply.body)["detail"]
