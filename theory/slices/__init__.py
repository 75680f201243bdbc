"""Slices of landscapes: frames of directions, lines and planes with their coordinates, curvature maps, trajectories.

Names load when first used.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "Frame": "frame",
    "random_frame": "directions",
    "coordinate_frame": "directions",
    "eigen_frame": "directions",
    "principal_frame": "directions",
    "through": "directions",
    "Slice": "slice",
    "line": "slice",
    "plane": "slice",
    "cut": "slice",
    "curvature_map": "curvature",
    "project": "trajectories",
}

__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'theory.slices' has no attribute {name!r}")
    value = getattr(import_module(f"theory.slices.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
