"""A random plane shows one percent of the variance of a run of SGD as a scribble, its PCA plane 80 percent as a curve.

The same 400 steps in the space of the 192 weights of a linear net 8-8-8-8, projected on two planes through the last
point with orthonormal directions and the same window, over the loss in each plane. A random plane holds 2/192 of the
variance on average, whatever the path.

Claims: random_slices.captured_fraction
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from paper_figures.sgd_run import run
from theory.plots.slices import draw_contours, even_colours
from theory.slices.directions import principal_frame, random_frame
from theory.slices.random_directions import captured_fraction
from theory.slices.slice import Slice, cut
from theory.slices.trajectories import Projection, project

CLAIMS = ("random_slices.captured_fraction",)
SIZE = (7.0, 3.5)
LEVELS = np.array([7.5, 7.9, 8.4, 9, 10, 12, 15, 20, 30, 40, 60, 100, 200])
QUICK = {"num": 41}


@dataclass(frozen=True)
class Data:
    """The path in each plane, random first, the loss there, and what a random plane holds on average."""

    path: np.ndarray
    pieces: tuple[Slice, Slice]
    projections: tuple[Projection, Projection]
    mean: float


def data(num: int = 101) -> Data:
    """The planes on num^2 points, in the window of the path in its PCA plane."""
    model, path = run()
    frames = random_frame(model, path[-1], 2, seed=0).orthonormalised(), principal_frame(path, 2, center="last")
    projections = tuple(project(frame, path) for frame in frames)
    c = projections[1].coordinates
    middle, reach = (c.max(0) + c.min(0)) / 2, 0.62 * (c.max(0) - c.min(0)).max()
    axes = [np.linspace(m - reach, m + reach, num) for m in middle]
    pieces = tuple(cut(model, frame, *axes) for frame in frames)
    return Data(path, pieces, projections, float(captured_fraction(model.dim, 2).mean))


def plot(fig: Any, data: Data) -> None:
    """Two planes with common levels."""
    side = 0.37 * SIZE[0] / SIZE[1]
    for k, (piece, shown) in enumerate(zip(data.pieces, data.projections, strict=True)):
        ax = fig.add_axes((0.075 + 0.445 * k, 0.14, 0.37, side))
        filled = draw_contours(ax, piece, LEVELS, norm=even_colours(LEVELS))
        ax.plot(*shown.coordinates.T, color="#d1495b", linewidth=1)
        style = {"color": "#222222", "markersize": 6, "markeredgecolor": "white"}
        for t, marker, label in ((0, "o", "start"), (-1, "s", "end")):
            ax.plot(*shown.coordinates[t], marker, label=label, linestyle="none", **style)
        title = "the PCA plane: {:.1%} of the variance" if k else "a random plane: {:.1%} of the variance (mean {:.1%})"
        ax.set_title(title.format(shown.explained, data.mean), fontsize=8.5)
        ax.set(ylabel="" if k else "$y$", xticks=range(-3, 1), yticks=range(-1, 4))
    ax.legend(loc="upper right", handletextpad=0.2)
    bar = fig.colorbar(filled, cax=fig.add_axes((0.915, 0.14, 0.013, side)))
    bar.set_ticks(LEVELS, labels=[f"{level:g}" for level in LEVELS])
    bar.ax.set_title("loss", fontsize=8)
