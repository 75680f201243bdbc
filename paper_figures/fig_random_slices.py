"""Random slices through a strict saddle look like those through a global minimum: both look like a bowl.

A linear net with one hidden unit, 60 inputs X = I and two outputs, Y = U diag(2, 1) (e_1, e_2)^T. Above its global
minimum, which fits the singular value 2, below the saddle that fits 1 instead; both are exactly critical, and the
saddle has one direction of negative curvature (exact inertia). Left: the loss above its value at the center along
random filter-normalised lines, and along the eigenvector of the least eigenvalue other than the 0 of rescaling. Right:
a random filter-normalised plane, with the share of bowls among many such planes.

Claims: slice_honesty.saddle, slice_honesty.filter_normalised
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from theory.arithmetic import rational, to_float
from theory.claims.slice_honesty import HiddenSaddle
from theory.critical.classify import classify
from theory.landscape import Classification
from theory.models import DeepLinearNet
from theory.plots.slices import LINE, LOWEST, draw_contours
from theory.slices.directions import eigen_frame, normalised, random_frame
from theory.slices.frame import Frame
from theory.slices.slice import Slice, cut

CLAIMS = ("slice_honesty.saddle", "slice_honesty.filter_normalised")
SIZE = (7.0, 5.4)
QUICK = {"num": 41, "planes": 200}
INPUTS, SEED, LINES = 60, 0, 8
STYLES: dict[str, dict[str, Any]] = {
    "random": {"color": "#1b6ca8", "linewidth": 0.8},
    "eigen": {"color": LOWEST, "linestyle": (0, (4, 2))},
}


@dataclass(frozen=True)
class View:
    """What is seen around one critical point (n,), loss minus its value there; ``bowls`` among ``planes`` planes."""

    name: str
    theta: np.ndarray
    classification: Classification
    lines: tuple[Slice, ...]
    least: Slice
    plane: Slice
    bowls: int
    planes: int


@dataclass(frozen=True)
class Data:
    """The global minimum, and the saddle."""

    views: tuple[View, View]


def data(num: int = 81, planes: int = 2000) -> Data:
    """Kinds exactly, slices in floats."""
    case = HiddenSaddle(INPUTS, 2, "1/2")
    exact, (u1, _) = case.net, case.rotation
    minimum = np.concatenate([rational(np.eye(INPUTS, dtype=int))[0], 2 * u1])
    net = DeepLinearNet(exact.widths, np.eye(INPUTS), to_float(np.asarray(exact.Y)))
    points = (("global minimum", minimum), ("strict saddle", case.theta))
    views = [_view(name, net, theta, classify(exact, theta), num, planes) for name, theta in points]
    return Data((views[0], views[1]))


def _view(name: str, net: DeepLinearNet, theta: np.ndarray, found: Classification, num: int, planes: int) -> View:
    center, t = to_float(theta), np.linspace(-1, 1, num)

    def above(frame: Frame, *spans: np.ndarray) -> Slice:
        piece = cut(net, frame, *spans)
        return replace(piece, values=piece.values - net.loss(center))

    frame = random_frame(net, center, 2 * LINES, normalise="filter", seed=SEED)
    lines = tuple(above(Frame(center, d[None], "filter"), t) for d in frame.directions[:LINES])
    least = above(eigen_frame(net, center, 0 if found.inertia.negative else 1), t)
    plane = above(random_frame(net, center, 2, normalise="filter", seed=SEED), t, t)
    return View(name, theta, found, lines, least, plane, bowl_count(net, center, planes), planes)


def bowl_count(net: DeepLinearNet, theta: np.ndarray, planes: int) -> int:
    """How many of random filter-normalised planes have a positive definite Hessian."""
    raw = np.random.default_rng(SEED).standard_normal((planes, 2, len(theta)))
    D = normalised(raw, theta, net.layout, "filter")
    (a, b), (_, c) = np.moveaxis(D @ net.hessian(theta) @ D.swapaxes(-1, -2), 0, -1)
    return int(((a > 0) & (a * c > b * b)).sum())


def plot(fig: Any, data: Data) -> None:
    """One row for each point, each on its own scale."""
    for k, view in enumerate(data.views):
        bottom = 0.58 - 0.495 * k
        left, right = fig.add_axes((0.09, bottom, 0.46, 0.34)), fig.add_axes((0.67, bottom, 0.29, 0.34))
        for i, line in enumerate(view.lines):
            left.plot(line.x, line.values, **STYLES["random"], label=None if i else "random lines")
        left.plot(view.least.x, view.least.values, **STYLES["eigen"], label="direction of least curvature")
        left.axhline(0, color=LINE, linewidth=0.5)
        top = float(np.median([line.values.max() for line in view.lines]))
        left.set(xlim=(-1, 1), ylim=(-0.35 * top, 1.15 * top), xticks=(-1, -0.5, 0, 0.5, 1))
        left.set(xlabel="$x$", ylabel="loss above the center", title=f"{view.name}, random lines")
        left.legend(loc="upper center", handlelength=1.6)
        draw_contours(right, view.plane, np.linspace(0, np.quantile(view.plane.values, 0.9), 11))
        right.plot(0, 0, "o" if k == 0 else "X", color=LOWEST, markersize=6, markeredgecolor="white")
        share = f"{view.name}, a random plane\n({view.bowls} of {view.planes} are bowls)"
        right.set(title=share, xticks=(-1, 0, 1), yticks=(-1, 0, 1))
