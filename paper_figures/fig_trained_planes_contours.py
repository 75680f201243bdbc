"""The deeper and narrower the net, the smaller the regions of low loss around three trained points.

ReLU on the left, tanh on the right; five inputs, 200 samples, the mean squared error divided by the variance of the
targets, which the nets fit to 0.005 or better. The trained points lie at (0, 0), (1, 0), (0, 1): lengths are measured
by the distance between them. Red lines surround the losses below half the variance; their share of the window is
given. No two points are joined by such losses within the plane.

Claims: sections.plane_coordinates
"""

from __future__ import annotations

from typing import Any

import numpy as np

from paper_figures.trained_planes import CORNERS, LEVEL, Data, data
from theory.plots.slices import COLOURS, LOWEST

__all__ = ["data"]

CLAIMS = ("sections.plane_coordinates",)
SIZE = (7.0, 8.2)
QUICK = {"num": 9}
LEVELS = np.linspace(-2, 2, 17)  # powers of ten


def plot(fig: Any, data: Data) -> None:
    """Three rows of two planes with the same colours."""
    for k, plane in enumerate(data.planes):
        row, column = divmod(k, 2)
        ax = fig.add_axes((0.05 + 0.42 * column, 0.715 - 0.315 * row, 0.38, 0.255))
        x, y, heights = plane.piece.x, plane.piece.y, np.log10(plane.piece.values)
        filled = ax.contourf(x, y, heights, levels=LEVELS, cmap=COLOURS, extend="both")
        ax.contour(x, y, heights, levels=[np.log10(LEVEL)], colors=LOWEST, linestyles="solid", linewidths=1.2)
        ax.plot(*zip(*CORNERS, strict=True), "o", color="white", markersize=3.5, markeredgecolor=LOWEST)
        ax.set(xticks=(0, 1), yticks=(0, 1), aspect="equal")
        ax.set_title(f"{plane.title}: {plane.low_share:.1%}")
    fig.text(
        0.46, 0.025, "red: the loss 1/2; beside the nets: the share of the window below it", ha="center", fontsize=8
    )
    bar = fig.colorbar(filled, cax=fig.add_axes((0.885, 0.3, 0.02, 0.4)), ticks=(-2, -1, 0, 1, 2))
    bar.ax.set_yticklabels(["0.01", "0.1", "1", "10", "100"])
    bar.set_label("loss (1: best constant)")
