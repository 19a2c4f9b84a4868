"""`term:Label` in a query becomes an IRI, and nothing else in the query changes."""

from __future__ import annotations

import pytest

from kg.errors import KgError
from kg.labels import expand
from kg.terms import vocabulary

LINE_LOAD = "<https://w3id.org/battery-kg/bvco-ext#LineLoad>"


def iri(label: str) -> str:
    return f"<{vocabulary().resolve(label).iri}>"


@pytest.mark.parametrize(
    "written", ["term:LineLoad", 'term:"Line load"', 'term:"Linienlast"', "term:bvcox.LineLoad"]
)
def test_a_label_becomes_the_iri_of_its_term(written: str) -> None:
    assert expand(f"SELECT ?q {{ ?q a {written} . }}", vocabulary()) == f"SELECT ?q {{ ?q a {LINE_LOAD} . }}"


def test_a_label_may_stand_before_any_sign() -> None:
    text = "?a term:emmo.hasInput/term:emmo.hasOutput* ?b;term:hasPart?c.?d a term:LineLoad."

    hops = f"{iri('emmo:hasInput')}/{iri('emmo:hasOutput')}*"
    assert expand(text, vocabulary()) == f"?a {hops} ?b;{iri('hasPart')}?c.?d a {LINE_LOAD}."


@pytest.mark.parametrize(
    "text",
    [
        '"term:LineLoad"',
        "'term:LineLoad'",
        '"""a "quoted" term:LineLoad"""',
        "'''term:LineLoad'''",
        r'"\" term:LineLoad"',
        "<https://example.org/term:LineLoad>",
        "# term:LineLoad\n",
        "PREFIX term: <https://example.org/>",
        "myterm:LineLoad",
        "FILTER(?a < 1 && ?b > 2)",
    ],
)
def test_texts_iris_comments_and_other_prefixes_stay(text: str) -> None:
    assert expand(text, vocabulary()) == text


def test_a_label_after_a_comparison_or_an_iri_with_a_fragment_is_found() -> None:
    text = 'FILTER(?a < 1) ?x a term:LineLoad ; <https://a.b/#c> "#" , term:LineLoad .'

    assert expand(text, vocabulary()).count(LINE_LOAD) == 2


def test_an_unknown_label_is_told_with_its_line() -> None:
    with pytest.raises(KgError) as error:
        expand("SELECT ?q {\n  ?q a term:LinLoad .\n}", vocabulary())

    assert str(error.value) == (
        "line 2: no term is called 'LinLoad'. Near: 'LineLoad'. To add one: docs/how-to/add-a-term.md"
    )


def test_an_ambiguous_label_is_told_with_what_to_type() -> None:
    with pytest.raises(KgError, match=r"^line 1: 'Binder' is the name of several terms\. Type one of: "):
        expand("?q a term:Binder", vocabulary())
