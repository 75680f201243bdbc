"""The ideal result of the lecture, model by model: which half of it holds, which fails, and the claim that shows it.

Ideal: every critical point that is no minimum has a negative eigenvalue, and every minimum is global.
Source: golikov2019, Loss landscape (Ideal result).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Half:
    """Whether one half of the ideal result holds, and the id of the claim that shows it."""

    holds: bool
    claim: str

    def __str__(self) -> str:
        return f"{'holds' if self.holds else 'fails'}: `{self.claim}`"


@dataclass(frozen=True)
class Row:
    """One model; a half is None where the book makes no claim."""

    model: str
    strict: Half | None
    minima: Half | None
    why: str


TABLE = (
    Row(
        "linear regression",
        Half(True, "quadratic.regression_convex"),
        Half(True, "quadratic.regression_convex"),
        "convex",
    ),
    Row(
        "deep linear net, two layers",
        Half(True, "deep_linear.two_layers_strict"),
        Half(True, "deep_linear.local_minima_are_global"),
        "unused hidden units or swapped singular vectors give negative curvature",
    ),
    Row(
        "deep linear net, three and more layers, $YX^T \\ne 0$",
        Half(False, "deep_linear.bad_saddles"),
        Half(True, "deep_linear.local_minima_are_global"),
        "at $W = 0$ all derivatives below order $H$ vanish",
    ),
    Row(
        "deep linear net, other convex losses",
        None,
        Half(False, "deep_linear.other_losses"),
        "a bottleneck, or a kink, makes bad minima",
    ),
    Row(
        "deep linear net, three and more layers, weight decay",
        None,
        Half(False, "regularised.bad_minima"),
        "the origin is a strict local minimum, at small decay a bad one",
    ),
    Row(
        "linear ResNet, all layers of norm below 1",
        Half(True, "linear_resnet.critical_is_global"),
        Half(True, "linear_resnet.critical_is_global"),
        "invertible layers: critical means optimal",
    ),
    Row(
        "linear ResNet, three and more layers, all weights",
        Half(False, "linear_resnet.unit_sphere"),
        Half(True, "deep_linear.local_minima_are_global"),
        "a deep linear net seen from the identity",
    ),
    Row(
        "single ReLU neuron",
        None,
        Half(False, "relu_neuron.exercise_12_8"),
        "constant networks separate the signs of the slope",
    ),
    Row(
        "spherical 2-spin glass",
        Half(True, "spin_glass.two_spin_critical_points"),
        Half(True, "spin_glass.two_spin_critical_points"),
        "two critical points of each index, and both minima have the least eigenvalue",
    ),
)


def markdown() -> str:
    """The table of the README."""
    head = ("model", "what is no minimum has a negative eigenvalue", "every minimum is global", "why")
    rows = [(r.model, *(str(half) if half else "no claim" for half in (r.strict, r.minima)), r.why) for r in TABLE]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ("---",) * 4, *rows))
