"""Shapes -> screens over columns, and pySHACL for what no screen clears.

`shapes` compiles a shapes graph, `columns` turns triples into columns of numbers, `screens` finds the focus
nodes that may break a rule, `judge` asks pySHACL about those and no others.
A screen clears only what surely keeps a rule, so the findings are those of pySHACL.
`rows` does the same for a table before it is turned into triples.
"""
