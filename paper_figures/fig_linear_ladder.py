"""Depth keeps the critical values of a linear net and takes the negative curvature from the best of each rank.

Fisher's irises in linear nets 5-3-3 (two layers) and 5-3-3-3-3 (four): every critical value against the number of
negative eigenvalues that its critical points can have. Braces hold the singular values that the product keeps.

Claims: deep_linear.critical_values, deep_linear.inertia, deep_linear.two_layers_strict
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from theory.critical.deep_linear import CriticalValue, critical_values
from theory.io.tables import iris
from theory.models import DeepLinearNet
from theory.plots.deep_linear import COLOURS, draw_ladder, label_rows

CLAIMS = ("deep_linear.critical_values", "deep_linear.inertia", "deep_linear.two_layers_strict")
SIZE = (7.0, 3.4)


@dataclass(frozen=True)
class Data:
    """The critical values of both nets, ascending."""

    two_layers: tuple[CriticalValue, ...]
    four_layers: tuple[CriticalValue, ...]


def data() -> Data:
    """Exact values, or balls."""
    X, Y = iris()
    return Data(*(critical_values(DeepLinearNet((5, *(3,) * H), X, Y)) for H in (2, 4)))


def plot(fig: Any, data: Data) -> None:
    """Two ladders beside each other, on one scale of losses."""
    left, right = fig.subplots(1, 2, sharey=True)
    fig.subplots_adjust(left=0.075, right=0.985, top=0.83, bottom=0.13, wspace=0.08)
    for ax, rows, title in ((left, data.two_layers, "two layers"), (right, data.four_layers, "four layers")):
        draw_ladder(ax, rows)
        ax.set(title=title, xlabel="index (negative eigenvalues of the Hessian)")
    label_rows(left, data.two_layers)
    left.set(ylabel="loss", ylim=(30, 158))
    for kind, color in COLOURS.items():
        left.plot([], [], "o", color=color, markersize=5, label=str(kind))
    fig.legend(*left.get_legend_handles_labels(), loc="upper center", ncols=3)
