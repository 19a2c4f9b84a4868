"""Machines that speak OPC UA -> runs, states, series; NodeSet files -> types and machines."""
