"""Drawings of the landscape of a single ReLU neuron on the line: its valleys, and its networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from theory.activations import RELU
from theory.arithmetic import rational, to_float
from theory.critical.relu_neuron import Floor, LineLandscape, Quadrant

# The quadrants (sign_a, sign_w) on a round walk: the wall to the next one is a = 0, w = 0, a = 0, w = 0.
ROUND = ((1, 1), (-1, 1), (-1, -1), (1, -1))
WALLS = ("$w=0$", "$a=0$", "$w=0$", "$a=0$", "$w=0$")

EARTH, WALL, LINE, GLOBAL, SPURIOUS = "#ece5d8", "#d5d8dc", "#333333", "#2e8b57", "#d1495b"


@dataclass(frozen=True)
class Section:
    """h over a range of kinks in one quadrant: an exact polyline, with both values where the neuron dies."""

    quadrant: Quadrant
    kinks: tuple[Any, ...]
    heights: tuple[Any, ...]
    floors: tuple[Floor, ...]


def sections(landscape: LineLandscape, pieces: int = 40) -> tuple[Section, ...]:
    """The four quadrants on a round walk, each over the data and two thirds of their width on both sides."""
    lo, hi = min(landscape.x), max(landscape.x)
    margin = 2 * (hi - lo) / 3 if hi > lo else rational([1])[0]
    return tuple(_section(landscape, quadrant, lo - margin, hi + margin, pieces) for quadrant in ROUND)


def _section(landscape: LineLandscape, quadrant: Quadrant, left: Any, right: Any, pieces: int) -> Section:
    h = landscape.profiles[quadrant]
    steps = rational([Fraction(i, pieces) for i in range(pieces)])
    stops = (left, *h.breakpoints, right)
    kinks = [t for lo, hi in pairwise(stops) for t in lo + (hi - lo) * steps] + [right]
    points = [(t, h(t)) for t in kinks]
    dead = kinks.index(h.edge[0])
    points.insert(dead if h.sign_w > 0 else dead + 1, h.edge)
    floors = tuple(f for f in landscape.floors if f.quadrant == quadrant)
    return Section(quadrant, tuple(t for t, _ in points), tuple(height for _, height in points), floors)


def draw_valleys(ax: Any, landscape: LineLandscape, walk: Sequence[Section]) -> tuple[tuple[float, float], ...]:
    """The quadrants side by side, separated by the constant networks; returns the range of each on the x axis.

    Parameters
    ----------
    ax : matplotlib axes.
    landscape, walk : the landscape, and its ``sections``.
    """
    V, lowest = _float(landscape.best_constant), _float(landscape.global_value)
    left, right = _float(walk[0].kinks[0]), _float(walk[0].kinks[-1])
    width, base = right - left, lowest - ((V - lowest) or 1) / 3
    wall = width / 8
    starts = [wall + i * (width + wall) for i in range(len(walk))]
    ticks = sorted({_float(u) for u in landscape.x})
    for start, section in zip(starts, walk, strict=True):
        _draw_section(ax, section, start - left, base, V)
    for start, name in zip([*starts, starts[-1] + width + wall], WALLS, strict=True):
        ax.fill_between([start - wall, start], base, V, color=WALL, linewidth=0)
        ax.text(start - wall / 2, (base + V) / 2, name, rotation=90, ha="center", va="center")
    ax.axhline(V, color=LINE, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1, clip_on=False)
    note = f"the best constant networks, loss {landscape.best_constant}: every path to another quadrant climbs up here"
    _annotate(ax, note, (starts[-1] + width + wall) / 2, V, above=True)
    ax.set_xticks([start + t - left for start in starts for t in ticks], [f"{t:g}" for _ in starts for t in ticks])
    ax.set_yticks([lowest, V], [str(landscape.global_value), str(landscape.best_constant)])
    ax.set_xlim(0, starts[-1] + width + wall)
    ax.set_ylim(base, V)
    return tuple((start, start + width) for start in starts)


def _draw_section(ax: Any, section: Section, shift: float, base: float, V: float) -> None:
    t, h = shift + _floats(section.kinks), _floats(section.heights)
    ax.fill_between(t, base, h, color=EARTH, linewidth=0)
    ax.plot(t, h, color=LINE, zorder=3, clip_on=False)
    if section.floors:
        color = SPURIOUS if all(f.spurious for f in section.floors) else GLOBAL
        ax.fill_between(t, h, V, color=color, alpha=0.18, linewidth=0)
    else:
        _annotate(ax, "no valley", (t[0] + t[-1]) / 2, V)
    for floor in section.floors:
        on_floor = np.array([u in floor.kinks for u in section.kinks])
        color = SPURIOUS if floor.spurious else GLOBAL
        ax.plot(t[on_floor], h[on_floor], color=color, linewidth=3, zorder=4, solid_capstyle="butt")
        lo, hi = t[on_floor][[0, -1]]
        # A floor that runs out of the picture is named at its visible end, away from the wall.
        at, side = (lo, "left") if lo == t[0] else (hi, "right") if hi == t[-1] else ((lo + hi) / 2, "center")
        label = f"{'spurious' if floor.spurious else 'global'}\n{floor.value}"
        _annotate(ax, label, at, _float(floor.value), ha=side, color=color)


def _annotate(
    ax: Any, text: str, x: float, y: float, *, above: bool = False, ha: str = "center", color: str = LINE
) -> None:
    """A text some points above or below (x, y), and as far inwards from an edge on its left or right."""
    offset = {"left": 3, "right": -3, "center": 0}[ha], 5 if above else -5
    style = {"va": "bottom" if above else "top", "multialignment": "center", "color": color, "ha": ha}
    ax.annotate(text, (x, y), offset, textcoords="offset points", **style)


def draw_network(ax: Any, landscape: LineLandscape, theta: Any, color: str = LINE) -> None:
    """The data and the network theta = (w, b, a, c), with its residuals."""
    x, y = to_float(landscape.x), to_float(landscape.y)
    w, b, a, c = to_float(rational(theta))
    margin = (x.max() - x.min() or 1) / 4
    stops = [x.min() - margin, x.max() + margin] + ([-b / w] if w else [])
    u = np.array(sorted(s for s in stops if x.min() - margin <= s <= x.max() + margin))
    at_data = a * RELU(w * x + b) + c
    ax.vlines(x, np.minimum(y, at_data), np.maximum(y, at_data), color="#999999", linewidth=0.8)
    ax.plot(u, a * RELU(w * u + b) + c, color=color)
    ax.plot(x, y, "o", color=LINE, markersize=3.5, zorder=3)


def _float(value: Any) -> float:
    return float(to_float(rational([value]))[0])


def _floats(values: Sequence[Any]) -> np.ndarray:
    return to_float(rational(list(values)))
