"""One module for each group of routes; each has a `router`, and the application finds them here."""
