"""Machines that speak OPC UA -> runs, states and series in the store; NodeSet files -> types and machines.

import kg.opcua
kg.opcua.import_nodeset("kg-store", ["Opc.Ua.Di.NodeSet2.xml"])
"""
