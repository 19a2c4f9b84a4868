"""What the graph knows of a battery, a machine or a run -> Asset Administration Shells."""
