"""Topology of sublevel sets: paths with certificates, components, merge trees, barriers."""
