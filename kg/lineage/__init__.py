"""A thing -> the runs and things behind it or after it."""

from kg.lineage.trace import Direction, Run, Thing, Value, as_dict, trace

__all__ = ["Direction", "Run", "Thing", "Value", "as_dict", "trace"]
