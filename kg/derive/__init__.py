"""Rules and a store -> derived graphs, one for each rule, in step with the files that they rest on."""

from __future__ import annotations

from kg.derive.refresh import Refreshed, basis, refresh
from kg.derive.rule import Rule, layers, rules
from kg.derive.state import State, states

__all__ = ["Refreshed", "Rule", "State", "basis", "layers", "refresh", "rules", "states"]
