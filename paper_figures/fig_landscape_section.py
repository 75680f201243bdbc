"""Two sharp global minima lie behind a wide spurious valley and two saddle points, in a section that keeps gradients.

Three scalar layers with weight decay, (w_3 w_2 w_1 - 1)^2 + 3/10 (w_1^2 + w_2^2 + w_3^2). Swapping w_2 and w_3 changes
no loss, so at the points of the plane w_2 = w_3 the gradient lies in it: critical points of the section are critical
points of the landscape. They come from the complete list of all nine real ones, and their kinds are those in all three
directions. Curvature is the largest eigenvalue of the Hessian.

The wide valley is spurious in the whole landscape. On the sphere |w| = sqrt(3) s through the saddles (s, +-s, +-s) the
product is at most s^3 < 1, by the inequality of the means, so the loss is at least that of the saddles; a path from the
origin to a lower point must cross the sphere. The straight way through a saddle rises up to it and falls from there.
Red: inside the sphere and below the saddles.

Claims: regularised.bad_minima, regularised.bifurcation
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory.arithmetic import to_float
from theory.critical.regularised import chain_critical_points
from theory.landscape import Kind
from theory.models import DeepLinearNet
from theory.models.regularised import RegularisedNet
from theory.plots.slices import LINE, draw_contours, draw_surface
from theory.slices.frame import Frame
from theory.slices.slice import Slice, cut

CLAIMS = ("regularised.bad_minima", "regularised.bifurcation")
SIZE = (7.0, 3.5)
QUICK = {"num": 61}
DECAY, TOP = Fraction(3, 10), 1.7
RISE = np.geomspace(0.04, 0.7, 9)  # levels above the saddles
STYLES = {  # marker, colour
    Kind.GLOBAL_MINIMUM: ("o", "#2e8b57"),
    Kind.LOCAL_MINIMUM: ("s", "#d1495b"),
    Kind.STRICT_SADDLE: ("X", "#e08a00"),
}
NAMES = {
    Kind.GLOBAL_MINIMUM: "global minimum, sharp:\ncurvature {:.1f}",
    Kind.LOCAL_MINIMUM: "spurious\nvalley, wide:\ncurvature {:.1f}",
    Kind.STRICT_SADDLE: "saddle point",
}


@dataclass(frozen=True)
class Critical:
    """A critical point: coordinates (x, y) in the section, loss, kind and largest curvature in the landscape."""

    at: tuple[float, float]
    theta: np.ndarray
    loss: Any
    kind: Kind
    curvature: float


@dataclass(frozen=True)
class Data:
    """The section, and all critical points in it."""

    section: Slice
    points: tuple[Critical, ...]

    def level(self, kind: Kind) -> float:
        """The loss of the critical points of a kind."""
        return float(to_float(np.array([next(p.loss for p in self.points if p.kind is kind)], object))[0])

    def inside(self) -> np.ndarray:
        """Which points of the section lie inside the sphere: of those, all below the saddles are in the valley."""
        w1, w2 = np.meshgrid(*self.section.axes)
        saddle = next(p for p in self.points if p.kind is Kind.STRICT_SADDLE)
        return w1**2 + 2 * w2**2 < 3 * saddle.at[0] ** 2


def landscape() -> RegularisedNet:
    """The three scalar layers."""
    return RegularisedNet(DeepLinearNet((1, 1, 1, 1), [[1]], [[1]]), DECAY)


def data(num: int = 161) -> Data:
    """The section on num^2 points; critical points exact or in balls."""
    model = landscape()
    frame = Frame(np.zeros(3), np.array([[1.0, 0, 0], [0, 1, 1]]), "symmetric")
    section = cut(model, frame, np.linspace(-0.5, 1.4, num), np.linspace(-1.3, 1.3, num))
    return Data(section, tuple(_critical(model, p) for p in chain_critical_points(model) if _in_the_plane(p.theta)))


def _in_the_plane(theta: np.ndarray) -> bool:
    """Whether w_2 = w_3: every other point of the list has w_2 = -w_3, not zero."""
    return bool(to_float(theta[1:2] * theta[2:])[0] >= 0)


def _critical(model: RegularisedNet, point: Any) -> Critical:
    theta = to_float(point.theta)
    curvature = float(np.linalg.eigvalsh(model.hessian(theta))[-1])
    return Critical((float(theta[0]), float(theta[1])), point.theta, point.loss, point.kind, curvature)


def plot(fig: Any, data: Data) -> None:
    """The surface on the left, contours with named points on the right."""
    left, right = fig.add_axes((0.02, 0.0, 0.53, 1.0), projection="3d"), fig.add_axes((0.6, 0.13, 0.39, 0.84))
    draw_surface(left, data.section, TOP)
    low, saddle = data.level(Kind.GLOBAL_MINIMUM), data.level(Kind.STRICT_SADDLE)
    draw_contours(right, data.section, np.concatenate([np.linspace(low, saddle, 7), saddle + RISE]))
    valley = np.where(data.inside(), data.section.values, 2 * saddle)
    right.contourf(*data.section.axes, valley, levels=[0, saddle], colors=[STYLES[Kind.LOCAL_MINIMUM][1]], alpha=0.7)
    for point in data.points:
        marker, colour = STYLES[point.kind]
        style = {"marker": marker, "color": colour, "markersize": 6, "markeredgecolor": "white", "linestyle": "none"}
        left.plot(*([c] for c in (*point.at, to_float(np.array([point.loss]))[0])), zorder=10, **style)
        right.plot(*point.at, **style)
        _name(right, point)
    left.set(zlim=(0.7, TOP), zlabel="loss", xlabel="$w_1$", ylabel="$w_2=w_3$", zticks=(1, 1.5))
    left.set(xticks=(0, 1), yticks=(-1, 0, 1))
    left.zaxis.labelpad = -2
    left.view_init(elev=42, azim=-158)
    left.set_box_aspect((1, 1.3, 0.8), zoom=0.9)
    right.set(xlabel="$w_1$", ylabel="$w_2=w_3$", xticks=(-0.5, 0, 0.5, 1), yticks=(-1, -0.5, 0, 0.5, 1))


def _name(ax: Any, point: Critical) -> None:
    (x, y), text = point.at, NAMES[point.kind].format(point.curvature)
    up = -1 if y < 0 else 1
    shift, ha, va = {
        Kind.GLOBAL_MINIMUM: ((0, 9 * up), "center", "bottom" if up > 0 else "top"),
        Kind.LOCAL_MINIMUM: ((-27, -62), "center", "top"),
        Kind.STRICT_SADDLE: ((8, 0), "left", "center"),
    }[point.kind]
    line = {"arrowstyle": "-", "linewidth": 0.8, "color": LINE} if point.kind is Kind.LOCAL_MINIMUM else None
    box = {"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 1}
    ax.annotate(
        text, (x, y), shift, textcoords="offset points", ha=ha, va=va, fontsize=7, color=LINE, bbox=box, arrowprops=line
    )
