"""`term:Label` in a query -> the IRI of that term, before the query runs."""

from __future__ import annotations

import re

from kg.errors import KgError
from kg.terms import AmbiguousTermError, Vocabulary

# Strings, IRIs and comments pass untouched; a dot qualifies a label: term:bvco.Binder, term:"Line load".
_TOKEN = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"""'
    r"|'''(?:[^'\\]|\\.|'(?!''))*'''"
    r'|(?P<term>\bterm:(?:"(?P<quoted>[^"\n]*)"|(?P<name>[A-Za-z0-9_][A-Za-z0-9_.-]*[A-Za-z0-9_]|[A-Za-z0-9_])))'
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'(?:[^'\\\n]|\\.)*'"
    r"|<[^<>\s]*>"
    r"|\#[^\n]*"
)


def expand(query: str, vocabulary: Vocabulary) -> str:
    """Return the query with the IRI in the place of each `term:Label`.

    Raises KgError for a label that is unknown or names several terms.
    """

    def replace(match: re.Match[str]) -> str:
        if match["term"] is None:
            return match[0]
        label = match["quoted"] if match["quoted"] is not None else match["name"].replace(".", ":", 1)
        try:
            return f"<{vocabulary.resolve(label).iri}>"
        except AmbiguousTermError as error:
            choices = ", ".join(f"term:{name.replace(':', '.', 1)}" for name in error.candidates)
            line = query.count("\n", 0, match.start()) + 1
            text = f"line {line}: '{label}' is the name of several terms. Type one of: {choices}"
            raise KgError(text) from None
        except KgError as error:
            line = query.count("\n", 0, match.start()) + 1
            raise KgError(f"line {line}: {error}") from None

    return _TOKEN.sub(replace, query)
