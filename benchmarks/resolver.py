"""Headers with right answers written by hand -> how often `kg resolve` is right, beside a plain peer.

`benchmarks/headers/NAME.tsv` holds the headers of one source with the columns header, answers (labels of
acceptable terms between `|`, or `-` where no term fits) and note. A peer that compares letters of headers
with letters of labels answers the same headers in the same run.
"""

from __future__ import annotations

import csv
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rapidfuzz import fuzz, process, utils

from kg.resolve import resolve
from kg.terms import Term, Vocabulary, vocabulary

HEADERS = Path(__file__).parent / "headers"


@dataclass(frozen=True)
class Row:
    """A header with its right answers; none of them means that no term fits."""

    source: str
    header: str
    answers: frozenset[str]


@dataclass(frozen=True)
class Answer:
    """What a resolver says of a header: labels of terms, best first, and whether it is sure."""

    names: tuple[frozenset[str], ...]
    confident: bool


@dataclass(frozen=True)
class Score:
    """How a resolver did on some headers.

    `first` and `three`: share of the headers with a term whose first, or one of whose first three
    candidates is right. `wrong`: share of all headers whose confident answer is wrong; a confident term for
    a header that has none is wrong. `silent`: share of the headers without a term that got no confident one.
    `sure`: share of all headers with a confident answer.
    """

    headers: int
    with_term: int
    first: float
    three: float
    wrong: float
    silent: float
    sure: float


def read_rows(folder: Path, source: str | None = None) -> Iterator[Row]:
    """Yield the rows of all tables of a folder."""
    for path in sorted(folder.glob("*.tsv")):
        if source not in (None, path.stem):
            continue
        with path.open(encoding="utf-8", newline="") as lines:
            for line in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
                answers = frozenset(a.strip() for a in line["answers"].split("|")) - {"-", ""}
                yield Row(line.get("source") or path.stem, line["header"], answers)


def names_of(term: Term) -> frozenset[str]:
    """Return the names under which a term may stand among the answers."""
    return frozenset({term.label, term.qualified, term.iri})


def ours(headers: Sequence[str], known: Vocabulary, *, context: bool = True) -> list[Answer]:
    """Return the answers of `kg resolve`."""
    return [
        Answer(tuple(names_of(c.term) for c in found.candidates), found.verdict == "confident")
        for found in resolve(headers, known, context=context)
    ]


def letters(headers: Sequence[str], known: Vocabulary) -> list[Answer]:
    """Return the answers of the plain peer: letters compared with letters of labels and altLabels.

    What stands in brackets is left out; it is sure from a likeness of 90 %.
    """
    terms = [t for t in known if not t.deprecated and t.kind != "unit"]
    labels = [(text, t) for t in terms for text in (t.label, *t.alt)]
    texts = [utils.default_process(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)) for text, _ in labels]
    answers = []
    for header in headers:
        asked = utils.default_process(re.sub(r"[\[(].*|_", " ", header))
        near = process.extract(asked, texts, scorer=fuzz.ratio, processor=None, limit=12, score_cutoff=60)
        found: dict[str, float] = {}
        for _, likeness, place in near:
            found.setdefault(labels[place][1].iri, likeness)
        best = sorted(found.items(), key=lambda item: -item[1])[:5]
        names = tuple(names_of(known.term(iri)) for iri, _ in best)
        answers.append(Answer(names, bool(best) and best[0][1] >= 90))
    return answers


def score(rows: Sequence[Row], answers: Sequence[Answer]) -> Score:
    """Return how answers do against the right ones."""
    right = [[bool(row.answers & names) for names in a.names] for row, a in zip(rows, answers, strict=True)]
    with_term = [r for row, r in zip(rows, right, strict=True) if row.answers]
    without = [a for row, a in zip(rows, answers, strict=True) if not row.answers]
    wrong = [a.confident and not r[0] for a, r in zip(answers, right, strict=True)]
    return Score(
        headers=len(rows),
        with_term=len(with_term),
        first=_share(any(r[:1]) for r in with_term),
        three=_share(any(r[:3]) for r in with_term),
        wrong=_share(wrong),
        silent=_share(not a.confident for a in without),
        sure=_share(a.confident for a in answers),
    )


def _share(truths: Iterable[bool]) -> float:
    found = list(truths)
    return sum(found) / len(found) if found else float("nan")


def measure(
    rows: Sequence[Row], answer: Callable[[Sequence[str]], list[Answer]]
) -> tuple[dict[str, Score], float, list[Answer]]:
    """Return the scores by source and in all, the seconds, and the answers; each source is one file."""
    by_source: dict[str, list[Row]] = {}
    for row in rows:
        by_source.setdefault(row.source, []).append(row)
    scores: dict[str, Score] = {}
    everything: list[Answer] = []
    taken = 0.0
    for source, some in by_source.items():
        start = time.perf_counter()
        answers = answer([row.header for row in some])
        taken += time.perf_counter() - start
        scores[source] = score(some, answers)
        everything += answers
    ordered = [row for some in by_source.values() for row in some]
    scores["all"] = score(ordered, everything)
    return scores, taken, everything


def waiting(rows: Iterable[Row], known: Vocabulary) -> list[str]:
    """Return the answers that no term of the vocabulary has."""
    names = frozenset().union(*(names_of(term) for term in known))
    return sorted({answer for row in rows for answer in row.answers} - names)


def report(folder: Path = HEADERS) -> Iterator[str]:
    """Yield the lines of the report."""
    known = vocabulary()
    rows = list(read_rows(folder))
    if not rows:
        yield f"no headers: {folder} holds no .tsv"
        return
    ours([rows[0].header], known)
    yield f"{'':24}{'headers':>8}{'recall@1':>10}{'recall@3':>10}{'confident':>10}{'of it':>8}{'no term':>9}"
    yield f"{'':24}{'(term)':>8}{'':>10}{'':>10}{'answers':>10}{'wrong':>8}{'kept':>9}"
    for name, answer in (
        ("kg resolve", lambda headers: ours(headers, known)),
        ("each header alone", lambda headers: ours(headers, known, context=False)),
        ("letters only", lambda headers: letters(headers, known)),
    ):
        scores, taken, _ = measure(rows, answer)
        shown = scores if name == "kg resolve" else {"all": scores["all"]}
        yield f"{name}: {1000 * taken / len(rows):.2f} s for 1,000 headers"
        for source, s in shown.items():
            count = f"{s.headers} ({s.with_term})"
            yield (
                f"  {source:20}{count:>10}{s.first:>10.3f}{s.three:>10.3f}{s.sure:>10.3f}{s.wrong:>8.3f}"
                f"{s.silent:>9.3f}"
            )
    if missing := waiting(rows, known):
        yield f"answers that no term has: {', '.join(missing)}"
