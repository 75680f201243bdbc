"""At the origin two linear layers have a strict saddle, three a saddle without curvature, three residual ones a slope.

Width one, x = 1, y = 2. Left: (2 - w_1 w_2)^2; the Hessian of the origin has one negative eigenvalue. Middle:
(2 - w_1 w_2 w_3)^2 in the plane w_1 + w_2 + w_3 = 0; the Hessian of the origin is zero, and the loss falls along three
valleys to the global minima (2, -1, -1), ... Right: the same networks by (2 - (1 + w_1)(1 + w_2)(1 + w_3))^2, in the
plane of the global minimum (1/3, 1/4, 1/5) and (1, 1, -2); where all |w_k| < 1 only global minima are critical. Below,
the same planes from above, with points that are classified in exact arithmetic in the whole landscape.

Claims: deep_linear.origin, deep_linear.two_layers_strict, deep_linear.bad_saddles, linear_resnet.critical_is_global
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.arithmetic import rational, to_float
from theory.critical.classify import classify
from theory.landscape import Classification, Kind
from theory.models import DeepLinearNet, LinearResNet
from theory.plots.slices import COLOURS, draw_contours, even_colours, mark
from theory.slices.frame import Frame
from theory.slices.slice import Slice, cut

CLAIMS = (
    "deep_linear.origin", "deep_linear.two_layers_strict", "deep_linear.bad_saddles",
    "linear_resnet.critical_is_global",
)  # fmt: skip
SIZE = (7.0, 4.7)
QUICK = {"num": 61}
LEVELS = np.arange(0, 16) ** 2 / 16  # the residual in steps of 1/4
TOP = 12.0
ORIGIN = {
    Kind.STRICT_SADDLE: "origin: one negative eigenvalue",
    Kind.NON_STRICT_SADDLE: "origin: the Hessian is zero",
    Kind.NOT_CRITICAL: "origin: a slope to the minimum",
}


@dataclass(frozen=True)
class Panel:
    """A landscape in an orthonormal plane through the origin, and what points of the plane are in the whole landscape.

    ``disc`` is the surface over a disc, (3, radii, angles).
    """

    title: str
    model: Any
    piece: Slice
    disc: np.ndarray
    points: np.ndarray
    found: tuple[Classification, ...]


def panel(title: str, model: Any, directions: Any, reach: float, radius: float, points: Any, num: int) -> Panel:
    """The square of half-width reach, and the disc."""
    frame = Frame(np.zeros(model.dim), np.asarray(directions, float)).orthonormalised()
    r, angle = np.meshgrid(np.linspace(0, radius, num // 3), np.linspace(0, 2 * np.pi, 2 * num), indexing="ij")
    x, y = r * np.cos(angle), r * np.sin(angle)
    disc = np.stack([x, y, model.loss(frame.points(np.stack([x, y], axis=-1)))])
    axis, points = f"{-reach}:{reach}:{num}", rational(points)
    return Panel(title, model, cut(model, frame, axis, axis), disc, points, tuple(classify(model, p) for p in points))


def data(num: int = 161) -> tuple[Panel, ...]:
    """Two layers, three layers, three residual layers; of the points the origin comes first."""
    x, y, near = [[1]], [[2]], ["1/3", "1/4", "1/5"]
    minima = [[2, -1, -1], [-1, 2, -1], [-1, -1, 2]]
    return (
        panel("two layers", DeepLinearNet((1, 1, 1), x, y), [[1, 0], [0, 1]], 2.3, 1.7,
              [[0, 0], [1, 2], [2, 1], [-1, -2], [-2, -1]], num),
        panel("three layers", DeepLinearNet((1, 1, 1, 1), x, y), [[2, -1, -1], [0, 1, -1]], 2.8, 2.25,
              [[0, 0, 0], *minima], num),
        panel("three residual layers", LinearResNet(3, x, y), [to_float(rational(near)), [1, 1, -2]], 0.9, 0.9,
              [[0, 0, 0], near], num),
    )  # fmt: skip


def plot(fig: Any, data: tuple[Panel, ...]) -> None:
    """Surfaces above on one scale of losses, contours below with common levels."""
    for k, p in enumerate(data):
        ax = fig.add_axes((0.335 * k - 0.005, 0.49, 0.335, 0.43), projection="3d")
        ax.plot_surface(*p.disc, cmap=COLOURS, vmin=0, vmax=8, rcount=60, ccount=90, linewidth=0, rasterized=True)
        ax.view_init(elev=38, azim=-68)
        ax.set_box_aspect((1, 1, 0.8), zoom=1.2)
        ax.set(zlim=(0, TOP))
        ax.set_axis_off()
        fig.text(0.19 + 0.335 * k, 0.965, p.title, ha="center", va="center", fontsize=10)
        fig.text(0.19 + 0.335 * k, 0.925, ORIGIN[p.found[0].kind], ha="center", va="center", fontsize=8)
        ax = fig.add_axes((0.065 + 0.335 * k, 0.135, 0.245, 0.365))
        draw_contours(ax, p.piece, LEVELS, norm=even_colours(LEVELS))
        coordinates = p.piece.frame.coordinates(to_float(p.points))
        for (x, y), found in zip(coordinates, p.found, strict=True):
            mark(ax, x, y, found.kind)
        ax.set(aspect="equal", ylabel="" if k else "$y$")
    names = {Kind.STRICT_SADDLE: "strict saddle", Kind.NON_STRICT_SADDLE: "saddle, not strict",
             Kind.NOT_CRITICAL: "not critical", Kind.GLOBAL_MINIMUM: "global minimum"}  # fmt: skip
    for kind, name in names.items():
        mark(ax, [], [], kind, label=name)
    fig.legend(*ax.get_legend_handles_labels(), loc="lower center", ncols=4, borderaxespad=0.1)
