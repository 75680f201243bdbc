"""The loss rises on the segment between two equal minima, and even on the one from start to end of a gradient flow.

Left: two-layer linear net 2-2-2, X = I, Y = diag(2, 1), segments from the exact global minimum W_1 = I, W_2 = Y to its
copy with swapped neurons, in another component of the minima (every path there rises to sigma_2^2 = 1 at least), and
to its copy with the signs changed, in the same one. Middle and right: ||a b^T - diag(1, 1/2)||^2 / 2 with one hidden
unit, gradient flow from a = b = (1/100, 1/2) to the global minimum (1, 0). The plane a = b holds the flow and the
segment, on which the loss rises from 106235001/200000000 to 0.535370529391114 and falls to 1/8.

Claims: deep_linear.fibre_components, deep_linear.minimum, interpolation.linear_bottleneck_peak,
interpolation.linear_bottleneck
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from theory.arithmetic import rational, to_float
from theory.critical.classify import classify
from theory.critical.nearest import nearest
from theory.dynamics.flow import gradient_flow
from theory.landscape import Kind
from theory.models import DeepLinearNet
from theory.plots.slices import draw_contours, even_colours, mark
from theory.slices.frame import Frame
from theory.slices.slice import Slice, cut, line

CLAIMS = (
    "deep_linear.fibre_components", "deep_linear.minimum", "interpolation.linear_bottleneck_peak",
    "interpolation.linear_bottleneck",
)  # fmt: skip
SIZE = (7.0, 2.75)
QUICK = {"num": 41}
SQUARE = DeepLinearNet((2, 2, 2), [[1, 0], [0, 1]], [[2, 0], [0, 1]])
MINIMA = ((1, 0, 0, 1, 2, 0, 0, 1), (0, 1, 1, 0, 0, 2, 1, 0), (-1, 0, 0, -1, -2, 0, 0, -1))
NARROW = DeepLinearNet((2, 1, 2), [[1, 0], [0, 1]], [[1, 0], [0, "1/2"]])
START, END, SADDLE = ("1/100", "1/2"), (1, 0), (0, 0.5**0.5)
PATH, SEGMENT, OTHER = "#d1495b", "#1b6ca8", "#6c5b7b"


@dataclass(frozen=True)
class Data:
    """Losses on exact segments, along the flow, and in the plane a = b; what its points are in the whole landscape.

    ``segments`` : to the swapped and to the negative minimum; ``kinds`` : of the three minima.
    ``ends`` : (2, 2), those of the segment as a = b.
    ``flow`` : (T, 2), the points a = b of the flow, with ``losses`` (T,).
    ``points`` : the end and the saddle beside it, as (a_1, a_2, kind).
    """

    segments: tuple[Slice, Slice]
    kinds: tuple[Kind, ...]
    segment: Slice
    ends: np.ndarray
    flow: np.ndarray
    losses: np.ndarray
    plane: Slice
    points: tuple[tuple[float, float, Kind], ...]


def doubled(a: Any) -> np.ndarray:
    """The weights a = b as a point of the net."""
    return np.concatenate([a, a], axis=-1)


def half(piece: Slice) -> Slice:
    """Half of the loss of the net, as in the claim."""
    return replace(piece, values=piece.values / 2)


def data(num: int = 121) -> Data:
    """Segments on num points, exactly; the plane on num^2."""
    minima = [rational(theta) for theta in MINIMA]
    flow = gradient_flow(NARROW, doubled(to_float(rational(START))), np.geomspace(0.01, 16, 400) - 0.01)
    plane = Frame(np.zeros(4), doubled(np.eye(2)))
    axes = np.linspace(-0.3, 1.3, num), np.linspace(-0.3, 1.05, num)
    found = classify(NARROW, doubled(rational(END))), nearest(NARROW, doubled(SADDLE))
    return Data(
        (line(SQUARE, minima[0], minima[1], num), line(SQUARE, minima[0], minima[2], num)),
        tuple(classify(SQUARE, theta).kind for theta in minima),
        half(line(NARROW, doubled(rational(START)), doubled(rational(END)), num)),
        to_float(rational([START, END])),
        flow[:, :2],
        NARROW.loss(flow) / 2,
        half(cut(NARROW, plane, *axes)),
        tuple((*map(float, at), f.kind) for at, f in zip((END, SADDLE), found, strict=True)),
    )


def progress(path: np.ndarray) -> np.ndarray:
    """The share of its length at every point of a path (T, n)."""
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=-1))])
    return length / length[-1]


def plot(fig: Any, data: Data) -> None:
    """Two profiles and the plane."""
    ax = fig.add_axes((0.055, 0.17, 0.265, 0.72))
    texts = (("neurons\nswapped", 2.2, "top"), ("signs changed", 5.12, "bottom"))
    for piece, colour, (text, y, va) in zip(data.segments, (SEGMENT, OTHER), texts, strict=True):
        ax.plot(to_float(piece.x), to_float(piece.values), color=colour)
        ax.annotate(text, (0.5, y), ha="center", va=va, fontsize=8, color=colour)
    ax.axhline(1, color=SEGMENT, linewidth=0.9, linestyle=(0, (4, 3)))
    ax.annotate("every path: 1 or more", (0.5, 0.9), ha="center", va="top", fontsize=7, color=SEGMENT)
    mark(ax, [0, 1], [0, 0], data.kinds[0], clip_on=False)
    ax.set(xlabel="share of the segment", ylabel="loss", title="between two minima", xlim=(0, 1), ylim=(0, 5.8))
    ax = fig.add_axes((0.39, 0.17, 0.235, 0.72))
    ax.plot(to_float(data.segment.x), to_float(data.segment.values), color=SEGMENT, label="segment")
    ax.plot(progress(data.flow), data.losses, color=PATH, label="gradient flow")
    ax.axhline(data.losses[0], color="#444444", linewidth=0.7, linestyle=(0, (4, 3)), zorder=0)
    mark(ax, 1, data.losses[-1], data.points[0][2], clip_on=False)
    ax.set(xlabel="share of the way", title="start to end of training", xlim=(0, 1), ylim=(0.1, 0.56))
    ax.legend(loc="lower left")
    ax = fig.add_axes((0.715, 0.17, 0.275, 0.72))
    levels = np.linspace(0.125, 0.725, 13)
    draw_contours(ax, data.plane, levels, norm=even_colours(levels))
    ax.plot(*data.ends.T, color=SEGMENT)
    ax.plot(*data.flow.T, color=PATH)
    ax.plot(*data.ends[0], "o", color="#222222", markersize=5, markeredgecolor="white", zorder=6)
    ax.annotate("start", data.ends[0], (-5, -2), textcoords="offset points", ha="right", va="top", fontsize=8)
    for x, y, kind in data.points:
        mark(ax, x, y, kind)
    ax.annotate(
        "strict saddle", data.points[1][:2], (0, 6), textcoords="offset points", ha="left", va="bottom", fontsize=8
    )
    below = {"xytext": (8, -6), "textcoords": "offset points", "ha": "right", "va": "top"}
    ax.annotate("global minimum", data.points[0][:2], **below, fontsize=8, color="white")
    ax.set(xlabel="$a_1=b_1$", ylabel="$a_2=b_2$", title="both in their plane")
    ax.yaxis.labelpad = 1
