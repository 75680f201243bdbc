"""The deeper and narrower the net, the smaller the pits around three trained points.

ReLU on the left, tanh on the right; five inputs, 200 samples, the mean squared error divided by the variance of the
targets, which the nets fit to 0.005 or better. The trained points lie at (0, 0), (1, 0), (0, 1): lengths are measured
by the distance between them. Heights are logarithms, cut off below and above.

Claims: sections.plane_coordinates
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from paper_figures.trained_planes import CORNERS, Data, data
from theory.plots.slices import LOWEST, draw_surface

__all__ = ["data"]

CLAIMS = ("sections.plane_coordinates",)
SIZE = (7.0, 8.2)
QUICK = {"num": 9}
BOTTOM, TOP = -2, 2  # powers of ten


def plot(fig: Any, data: Data) -> None:
    """Three rows of two surfaces."""
    for k, plane in enumerate(data.planes):
        row, column = divmod(k, 2)
        ax = fig.add_axes((0.04 + 0.49 * column, 0.665 - 0.33 * row, 0.45, 0.31), projection="3d")
        heights = np.log10(np.clip(plane.piece.values, 10.0**BOTTOM, 10.0**TOP))
        draw_surface(ax, replace(plane.piece, values=heights), height="loss")
        ax.plot(*zip(*CORNERS, strict=True), [BOTTOM] * 3, "o", color=LOWEST, markersize=4, zorder=10)
        ax.set(xlabel="", ylabel="", xticks=(0, 1), yticks=(0, 1), zlim=(BOTTOM, TOP), zticks=(-2, 0, 2))
        ax.set_zticklabels(["$10^{-2}$", "1", "$10^2$"])
        ax.view_init(elev=38, azim=-120)
        ax.set_box_aspect((4, 4, 3), zoom=0.97)
        ax.zaxis.labelpad = -1
        ax.set_title(plane.title, y=1.0)
