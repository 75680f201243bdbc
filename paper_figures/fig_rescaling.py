"""Filter normalisation undoes a rescaling of whole layers of a ReLU net, but not one of single neurons.

A ReLU net with two hidden layers of 20 at a global minimum (it generates its targets, exactly), and the same function
with other weights: those of the first layer times 4 and of the last one divided by 4, or the weights into each neuron
times 4 or 1/4 and those out of it divided by that, by turns. The planes have the same random directions, plain or
scaled filter by filter like the weights, and the same levels. The factors are powers of two, so that they add no
rounding: the first two planes below are equal to the last bit.

Claims: slices.layerwise_rescaling, slices.sharpness_is_not_unitwise
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from theory.models import DeepNet
from theory.plots.slices import COLOURS, LINE, LOWEST
from theory.slices.directions import random_frame
from theory.slices.slice import Slice, cut

CLAIMS = ("slices.layerwise_rescaling", "slices.sharpness_is_not_unitwise")
SIZE = (7.0, 4.9)
QUICK = {"num": 31}
WIDTHS, SAMPLES, SEED = (5, 20, 20, 1), 100, 1
NAMES = ("the weights", "layers rescaled", "neurons rescaled")


@dataclass(frozen=True)
class Data:
    """The weights (3, n) of one function, and the planes around them: plain and filter-normalised."""

    net: DeepNet
    weights: np.ndarray
    plain: tuple[Slice, ...]
    filters: tuple[Slice, ...]


def data(num: int = 61) -> Data:
    """Planes of num^2 points, all from the same raw directions."""
    net, theta = teacher()
    whole = [np.full(width, 4.0) for width in WIDTHS[1:-1]]
    single = [4.0 ** np.resize([1, -1], width) for width in WIDTHS[1:-1]]
    weights = np.stack([theta, rescaled(net, theta, whole), rescaled(net, theta, single)])
    x = np.linspace(-1, 1, num)
    planes = [
        tuple(cut(net, random_frame(net, w, 2, normalise=by, seed=SEED), x, x) for w in weights)
        for by in (None, "filter")
    ]
    return Data(net, weights, planes[0], planes[1])


def teacher() -> tuple[DeepNet, np.ndarray]:
    """A net with random weights and the loss that compares with its own outputs.

    All numbers are multiples of 1/16, so that the outputs are exact in floats and the loss is 0.
    """
    rng = np.random.default_rng(SEED)
    X = _rounded(rng.standard_normal((WIDTHS[0], SAMPLES)))
    blank = DeepNet(WIDTHS, X, np.zeros((1, SAMPLES)), "relu")
    shapes = [shape for _, shape in blank.layout]
    layers = [rng.standard_normal(s) * np.sqrt(2 / s[1]) if len(s) == 2 else rng.standard_normal(s) / 4 for s in shapes]
    theta = _rounded(blank.pack(*layers))
    return DeepNet(WIDTHS, X, blank.outputs(theta), "relu"), theta


def _rounded(a: np.ndarray) -> np.ndarray:
    return np.round(16 * a) / 16


def rescaled(net: DeepNet, theta: np.ndarray, factors: Sequence[np.ndarray]) -> np.ndarray:
    """W_l -> D_l W_l D_{l-1}^{-1}, b_l -> D_l b_l with D_l = diag(factors_l) > 0: the same function."""
    ones = [np.ones(net.widths[0]), *factors, np.ones(net.widths[-1])]
    layers = list(net.unpack(theta))
    for k, (before, after) in enumerate(pairwise(ones)):
        layers[2 * k] = after[:, None] * layers[2 * k] / before
        layers[2 * k + 1] = after * layers[2 * k + 1]
    return net.pack(*layers)


def plot(fig: Any, data: Data) -> None:
    """Plain planes above, filter-normalised ones below."""
    levels = np.linspace(-1.5, 2.5, 17)  # powers of ten
    for row, (planes, title) in enumerate(zip((data.plain, data.filters), ("plain", "filter-normalised"), strict=True)):
        for k, (piece, name) in enumerate(zip(planes, NAMES, strict=True)):
            ax = fig.add_axes((0.09 + 0.272 * k, 0.555 - 0.47 * row, 0.25, 0.357))
            heights = np.log10(np.maximum(piece.values, 10.0 ** levels[0] / 2))
            filled = ax.contourf(piece.x, piece.y, heights, levels=levels, cmap=COLOURS, extend="both")
            ax.contour(piece.x, piece.y, heights, levels=levels, colors=LINE, linewidths=0.3, linestyles="solid")
            ax.plot(0, 0, "o", color=LOWEST, markersize=5, markeredgecolor="white")
            ax.set(xticks=(-1, 0, 1) if k == 0 else (0, 1), yticks=(-1, 0, 1) if k == 0 else (), aspect="equal")
            if row == 0:
                ax.set_title(name)
            if k == 0:
                ax.set_ylabel(title)
    bar = fig.colorbar(filled, cax=fig.add_axes((0.905, 0.2, 0.018, 0.6)), ticks=(-1, 0, 1, 2))
    bar.ax.set_yticklabels(["0.1", "1", "10", "100"])
    bar.ax.set_title("loss", fontsize=8)
