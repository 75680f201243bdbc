"""The ratio of the extreme eigenvalues is small at a saddle with 15 negative ones and near one at a saddle with four.

Two-layer linear net 6-4-6, X = I, Y with the singular values 4, 1/4, 4/25, 1/9, 1/16, 1/25, in the plane through three
exact critical points: M, the global minimum; A, which keeps the largest singular value alone; B, which keeps the next
four. Left: the ratio that is meant to show where the landscape is not convex. Right: the true number of negative
eigenvalues, exact at M, A and B, elsewhere from eigenvalues with error bounds.

Claims: slice_probability.ratio, deep_linear.inertia, deep_linear.critical_values
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory.arithmetic import rational, to_float
from theory.critical.classify import classify
from theory.landscape import Classification
from theory.models import DeepLinearNet
from theory.plots.curvature import draw_ratio_and_index
from theory.plots.slices import mark
from theory.slices.curvature import CurvatureMap, curvature_map
from theory.slices.directions import through

CLAIMS = ("slice_probability.ratio", "deep_linear.inertia", "deep_linear.critical_values")
SIZE = (7.0, 3.15)
QUICK = {"num": 26}
ROOTS = [Fraction(p, q) for p, q in ((2, 1), (1, 2), (2, 5), (1, 3), (1, 4), (1, 5))]
KEPT = {"M": (0, 1, 2, 3), "A": (0,), "B": (1, 2, 3, 4)}
AT = {"M": (0, 0), "A": (1, 0), "B": (0, 1)}


@dataclass(frozen=True)
class Data:
    """What the three points are, exactly; their ratios, in floats; and the map."""

    found: dict[str, Classification]
    ratios: dict[str, float]
    map: CurvatureMap


def net() -> DeepLinearNet:
    """The net, in rationals."""
    return DeepLinearNet((6, 4, 6), rational(np.eye(6, dtype=int)), rational(np.diag([r * r for r in ROOTS])))


def critical_point(kept: tuple[int, ...]) -> np.ndarray:
    """The balanced point (48,) whose product keeps these singular values, one by each hidden neuron."""
    W = rational(np.zeros((4, 6), int))
    for neuron, i in enumerate(kept):
        W[neuron, i] = rational([ROOTS[i]])[0]
    return net().pack(W, W.T)


def data(num: int = 80) -> Data:
    """The map on num^2 points; num is even, so that no point lies on y = 0, where eigenvalues are zero."""
    points = {name: critical_point(kept) for name, kept in KEPT.items()}
    found = {name: classify(net(), theta) for name, theta in points.items()}
    frame = through(*(to_float(points[name]) for name in AT))
    eigenvalues = {name: np.linalg.eigvalsh(net().hessian(to_float(theta))) for name, theta in points.items()}
    span = f"-0.45:1.55:{num}"
    return Data(
        found,
        {name: abs(values[0] / values[-1]) for name, values in eigenvalues.items()},
        curvature_map(net(), *frame, span, span, quantities=("ratio", "index")),
    )


def plot(fig: Any, data: Data) -> None:
    """Two maps beside each other, with what they say at the three points."""
    side = 0.35
    axes = [
        fig.add_axes((left, 0.14, width, side * SIZE[0] / SIZE[1])) for left, width in ((0.05, 0.408), (0.56, side))
    ]
    draw_ratio_and_index(*axes, data.map)
    box = {"boxstyle": "round,pad=0.2", "facecolor": "white", "alpha": 0.85, "linewidth": 0}
    for name, at in AT.items():
        found = data.found[name]
        for ax, text in zip(axes, (f"{data.ratios[name]:.2f}", found.inertia.negative), strict=True):
            mark(ax, *at, found.kind)
            ax.annotate(f"{name}: {text}", at, (0, 8), textcoords="offset points", ha="center", fontsize=9, bbox=box)
    for ax in axes:
        ax.set(xticks=[0, 1], yticks=[0, 1])
    axes[1].set_ylabel("")
