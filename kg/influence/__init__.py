"""Which parameter moves which property: what published work states, and what the loaded records show."""
