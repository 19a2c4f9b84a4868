"""Series of battery tests: columns in Parquet beside the store, described in the graph, and their features.

import kg.series
kg.series.add("kg-store", ["cell7.041"], cell="PC-0001")
frame = kg.series.read("kg-store", "cell7.041", columns=["test_time_second", "voltage_volt"])
"""

from __future__ import annotations

from kg.series.add import Added, add, described, put
from kg.series.read import Series, export, find, listing, read, scan
from kg.series.write_features import Featured, add_features

__all__ = [
    "Added",
    "Featured",
    "Series",
    "add",
    "add_features",
    "described",
    "export",
    "find",
    "listing",
    "put",
    "read",
    "scan",
]
