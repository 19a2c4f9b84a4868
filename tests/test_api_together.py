"""Readers and a loader at one time: every answer is that of a state that was."""

from __future__ import annotations

import http.client
import json
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from conftest import CALENDERING
from serving import serving

from kg.load import Loader

READERS = 50
VERSIONS = 3
ROWS = 40
VALUES = """SELECT (COUNT(*) AS ?n) (MIN(?v) AS ?low) (MAX(?v) AS ?high) {
  GRAPH <https://example.org/line/file/kal.csv> {
    ?q a term:LineLoad ; term:hasNumericalPart/term:hasNumberValue ?v
  }
}"""
WHOLE = """SELECT ?g (COUNT(*) AS ?n) {
  GRAPH ?g { ?q a term:LineLoad . ?run term:hasProcessParameter ?q }
} GROUP BY ?g"""


def write(folder: Path, name: str, version: int) -> None:
    lines = [f"{name}-{row};R-{row};01.03.2026 10:00;{100 + version};50;;x" for row in range(ROWS)]
    text = "\n".join(["Nr;Rolle;Beginn;Last;Dicke;Text;Schicht", *lines])
    (folder / f"{name}.csv").write_text(text + "\n", encoding="utf-8")


def test_fifty_readers_get_right_answers_while_files_are_loaded(tmp_path: Path):
    records, store = tmp_path / "records", tmp_path / "store"
    records.mkdir()
    mapping = tmp_path / "kal.yaml"
    mapping.write_text(CALENDERING, encoding="utf-8")

    def load(version: int) -> None:
        write(records, "kal", version)
        write(records, f"kal-{version}", version)
        told = Loader(store, [mapping]).load([records])
        assert {"loaded", "unchanged"} >= {one.outcome for one in told}, told

    load(0)
    loaded = [0]
    wrong: list[str] = []
    answers = [0] * READERS
    done = threading.Event()

    with serving(store, readers=3) as server:

        def ask(connection: http.client.HTTPConnection, query: str) -> list[dict[str, Any]]:
            connection.request("GET", "/sparql?" + urlencode({"query": query}))
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == 200, body
            rows: list[dict[str, Any]] = json.loads(body)["results"]["bindings"]
            return rows

        def read(number: int) -> None:
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
            seen = 0
            try:
                while not done.is_set() or answers[number] < 1:
                    before = loaded[-1]
                    row = ask(connection, VALUES)[0]
                    n, low, high = (float(row[name]["value"]) for name in ("n", "low", "high"))
                    version = int(low - 100)
                    if (n, low) != (ROWS, high) or version < max(before, seen) or version > VERSIONS:
                        wrong.append(f"{row} after version {before}, and {seen} seen")
                    seen = version
                    counts = [float(one["n"]["value"]) for one in ask(connection, WHOLE)]
                    if set(counts) != {float(ROWS)} or len(counts) < 2 + before:
                        wrong.append(f"{counts} after version {before}")
                    answers[number] += 1
            except Exception as error:
                wrong.append(repr(error))
            finally:
                connection.close()

        threads = [threading.Thread(target=read, args=(number,)) for number in range(READERS)]
        for thread in threads:
            thread.start()
        try:
            for version in range(1, VERSIONS + 1):
                load(version)
                loaded.append(version)
        finally:
            done.set()
            for thread in threads:
                thread.join()

    assert wrong == []
    assert min(answers) >= 1
