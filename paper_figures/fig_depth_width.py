"""Around the same minimum filter-normalised slices grow rough with depth for plain weights and flat for residual ones.

Linear nets and linear ResNets with X = I, Y = I + N, N^2 = 0, at the exact global minimum whose layers are all I + N/H.
Their landscapes are translates of each other, with plain weights I + N/H where the residual ones are N/H: only the
lengths of the filters differ, and with them those of the random directions (same seed). Width makes the pictures
rounder. Losses are divided by that of the zero map, levels are common to all pictures; kappa is the mean curvature
along a direction, sum_b |theta_b|^2 tr(H_bb) / n_b over the filters b, in the same unit.

Claims: slices.mean_normalised_curvature, deep_linear.minimum, linear_resnet.critical_is_global
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.arithmetic import arithmetic_of, rational, to_float
from theory.landscape import Kind
from theory.models import DeepLinearNet, LinearResNet
from theory.plots.slices import draw_contours, even_colours, mark
from theory.slices.directions import random_frame
from theory.slices.normalisation import blocks
from theory.slices.slice import Slice, cut

CLAIMS = ("slices.mean_normalised_curvature", "deep_linear.minimum", "linear_resnet.critical_is_global")
SIZE = (7.0, 3.1)
QUICK = {"num": 31}
SHAPES = ((2, 4), (4, 4), (8, 4), (16, 4), (8, 8), (8, 16))  # depth, width
LEVELS = np.concatenate([[0], np.logspace(-3, 4, 15)])


@dataclass(frozen=True)
class Panel:
    """A slice through an exact global minimum theta (n,) in units of the loss of the zero map; its mean curvature."""

    depth: int
    residual: bool
    model: Any
    theta: np.ndarray
    piece: Slice
    curvature: float


def square_zero(width: int) -> np.ndarray:
    """A dense rational matrix N (width, width) with N^2 = 0, of rank width / 2, whose singular values are 0 and 1."""
    rng, P = np.random.default_rng(width), rational(np.eye(width, dtype=int))
    for _ in range(2):
        w = rational(rng.choice([-3, -2, -1, 1, 2, 3], width))
        P = P - np.outer(P @ w, 2 * w) / (w @ w)  # a reflection
    return P[:, : width // 2] @ P[:, width // 2 :].T


def panel(depth: int, width: int, residual: bool, num: int) -> Panel:
    """The slice of one net on num^2 points."""
    N = square_zero(width)
    one = arithmetic_of(N).eye(width)
    layers = np.stack([N / depth + (0 if residual else 1) * one] * depth)
    model = LinearResNet(depth, one, one + N) if residual else DeepLinearNet((width,) * (depth + 1), one, one + N)
    theta, scale = model.pack(*layers), float(((one + N) ** 2).sum())
    start = to_float(theta)
    frame = random_frame(model, start, 2, normalise="filter", seed=0)
    piece = cut(lambda points: model.loss(points) / scale, frame, f"-1:1:{num}", f"-1:1:{num}")
    block = blocks(model.layout, "filter")
    lengths, traces = (np.bincount(block, v) for v in (start**2, np.diagonal(model.hessian(start))))
    return Panel(depth, residual, model, theta, piece, float((lengths * traces / np.bincount(block)).sum()) / scale)


def data(num: int = 61) -> tuple[tuple[Panel, ...], ...]:
    """Two rows, plain and residual, with the nets of ``SHAPES`` in their columns."""
    return tuple(tuple(panel(*shape, residual, num) for shape in SHAPES) for residual in (False, True))


def plot(fig: Any, data: tuple[tuple[Panel, ...], ...]) -> None:
    """Contours in two rows, depth to the left and width to the right, and a colour bar."""
    size, gap = 0.133, lambda i: 0.143 * i + (0.018 if i > 3 else 0)
    for j, row in enumerate(data):
        for i, ((depth, width), p) in enumerate(zip(SHAPES, row, strict=True)):
            ax = fig.add_axes((0.035 + gap(i), 0.495 - 0.41 * j, size, size * SIZE[0] / SIZE[1]))
            filled = draw_contours(ax, p.piece, LEVELS, norm=even_colours(LEVELS))
            mark(ax, 0, 0, Kind.GLOBAL_MINIMUM, markersize=4)
            ax.set(xticks=[], yticks=[], ylabel=("residual", "plain")[j == 0] if i == 0 else "")
            ax.set_xlabel(f"$\\kappa$ = {p.curvature:#.2g}".rstrip("."), fontsize=8)
            if j == 0:
                ax.set_title(f"depth {depth}" if i < 4 else f"width {width}", pad=3)
    for at, text in ((gap(1.5) + size / 2, "width 4"), (gap(4) + size, "depth 8")):
        fig.text(0.035 + at, 0.915, text, ha="center", va="center", fontsize=10)
    bar = fig.colorbar(filled, cax=fig.add_axes((0.925, 0.085, 0.013, 0.7)))
    bar.set_ticks([0, *(10.0**k for k in range(-3, 5))], labels=["0", *(f"$10^{{{k}}}$" for k in range(-3, 5))])
    bar.ax.minorticks_off()
    fig.text(0.93, 0.865, "loss", va="center", fontsize=8)
