"""The value table: every number of the store in columns, with the lineage of what bears it.

The graph in the store is the truth; the table is made from it, or beside it while a file is loaded.
"""

from kg.values.beside import Beside
from kg.values.part import LINK_NAMES, LINKS, VALUES
from kg.values.table import Values, is_complete
from kg.values.table import open_ as open

__all__ = ["LINKS", "LINK_NAMES", "VALUES", "Beside", "Values", "is_complete", "open"]
