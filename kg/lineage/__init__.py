"""A thing, a run or a machine -> what is behind it, or what came of it, in every form that is asked for."""

from kg.lineage.graph import Direction, Gap, Run, Span, Step, Thing, Trace, Value
from kg.lineage.jsonld import as_jsonld
from kg.lineage.positions import words
from kg.lineage.recall import Reached, Recall, recall
from kg.lineage.rows import Row, as_csv, as_dict, rows, shown
from kg.lineage.svg import svg
from kg.lineage.trace import metres, moment, trace
from kg.lineage.tree import Branch, Twig, tree

__all__ = [
    "Branch",
    "Direction",
    "Gap",
    "Reached",
    "Recall",
    "Row",
    "Run",
    "Span",
    "Step",
    "Thing",
    "Trace",
    "Twig",
    "Value",
    "as_csv",
    "as_dict",
    "as_jsonld",
    "metres",
    "moment",
    "recall",
    "rows",
    "shown",
    "svg",
    "trace",
    "tree",
    "words",
]
