"""Exercises: stubs, hints, and a grader that uses the theorems themselves."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from theory.exercises.exercise import Exercise

_FILES = (
    "ex_12_4",
    "ex_hessian_index",
    "ex_12_6",
    "ex_12_7",
    "ex_12_8",
    "ex_topology_merge_tree",
    "ex_linear_gradient",
    "ex_linear_critical_values",
    "ex_linear_bad_saddle",
    "ex_linear_reflection",
    "ex_linear_pivots",
    "ex_filter_direction",
    "ex_plane_three_points",
    "ex_pca_noise",
    "ex_slice_probability",
    "ex_slice_saddle",
)


def all_exercises() -> dict[str, Exercise]:
    """Every exercise by its id, in the order of the book."""
    exercises = (import_module(f"theory.exercises.{name}").EXERCISE for name in _FILES)
    return {exercise.id: exercise for exercise in exercises}
