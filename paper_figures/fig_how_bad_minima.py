"""Local minima of one ReLU neuron spread from the best value up to the constants, and a teacher thins them out.

All connected sets of local minima below the best constant (or the zero network), enumerated exactly on random integer
data, by their value relative to the global minimum (0) and to that constant (1). Left a relu(w x + b) + c on the line,
right relu(w.x) in the plane, with random targets or those of a teacher relu(v.x). The legend gives the share of data
sets that have a spurious valley.

Claims: relu_constants.below_variance, relu_faces.first_order, relu_valleys.radial, relu_valleys.realizable
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.arithmetic import to_float
from theory.critical.relu_neuron import cone_landscape, line_landscape

CLAIMS = (
    "relu_constants.below_variance",
    "relu_faces.first_order",
    "relu_valleys.radial",
    "relu_valleys.realizable",
)
SIZE = (7.0, 3.1)
LINE_SETS, PLANE_SETS = 150, 60
COLOURS = ("#9ecae1", "#4292c6", "#08306b", "#d1495b", "#edae49", "#2e8b57")


@dataclass(frozen=True)
class Series:
    """Relative values (n,) of all sets of local minima, rationals; the share of data sets with a spurious valley."""

    label: str
    values: np.ndarray
    spurious: float


@dataclass(frozen=True)
class Data:
    """Series on the line and in the plane."""

    line: tuple[Series, ...]
    plane: tuple[Series, ...]


def data() -> Data:
    """Everything is decided in rational arithmetic; data set i with m samples has the generator of [m, i]."""
    line = tuple(_series(f"m = {m}", _on_the_line(m)) for m in (4, 8, 16))
    plane = (
        _series("random targets, m = 4", _in_the_plane(4, teacher=False)),
        _series("random targets, m = 8", _in_the_plane(8, teacher=False)),
        _series("teacher, m = 8", _in_the_plane(8, teacher=True)),
    )
    return Data(line, plane)


def _on_the_line(m: int) -> Iterator[tuple[Any, Any, list[Any], bool]]:
    """For each data set: least loss, loss of the best constant, all values below it, whether a valley is spurious."""
    for i in range(LINE_SETS):
        rng = np.random.default_rng([m, i])
        found = line_landscape(rng.integers(-20, 21, m), rng.integers(-20, 21, m))
        values = [f.value for f in (*found.floors, *found.plateaus)]
        yield found.global_value, found.best_constant, values, any(f.spurious for f in found.floors)


def _in_the_plane(m: int, *, teacher: bool) -> Iterator[tuple[Any, Any, list[Any], bool]]:
    for i in range(PLANE_SETS):
        rng = np.random.default_rng([m, i])
        X, y = rng.integers(-20, 21, (2, m)), rng.integers(-20, 21, m)
        if teacher:
            u = rng.integers(-3, 4, 2) @ X
            y = u * (u > 0)
        found = cone_landscape(X, y)
        values = [f.value for f in found.minima if f.value < found.value_at_zero]
        yield found.global_value, found.value_at_zero, values, any(f.floor and f.spurious for f in found.minima)


def _series(label: str, found: Iterator[tuple[Any, Any, list[Any], bool]]) -> Series:
    rows = list(found)
    relative = [(value - low) / (top - low) for low, top, values, _ in rows for value in values]
    return Series(label, np.array(relative, object), sum(spurious for *_, spurious in rows) / len(rows))


def plot(fig: Any, data: Data) -> None:
    """The distribution functions, one panel each."""
    left, right = fig.add_axes((0.075, 0.155, 0.42, 0.74)), fig.add_axes((0.56, 0.155, 0.42, 0.74))
    _draw(left, data.line, COLOURS[:3], "$a\\,\\mathrm{relu}(wx+b)+c$ on the line")
    _draw(right, data.plane, COLOURS[3:], "$\\mathrm{relu}(w\\cdot x)$ in the plane")
    left.set_ylabel("share of all sets of local minima")
    left.set_xlabel("value: 0 = global minimum, 1 = best constant")
    right.set_xlabel("value: 0 = global minimum, 1 = zero network")


def _draw(ax: Any, series: tuple[Series, ...], colours: tuple[str, ...], title: str) -> None:
    for one, color in zip(series, colours, strict=True):
        values = np.sort(to_float(one.values))
        share = np.arange(len(values) + 1) / len(values)
        label = f"{one.label}: {one.spurious:.0%}"
        ax.step(np.concatenate([[0], values, [1]]), [0, *share[1:], 1], where="post", color=color, label=label)
    ax.set(xlim=(-0.02, 1.02), ylim=(0, 1.03))
    ax.set_title(title)
    ax.legend(loc="lower right", handlelength=1.4, title="spurious valley in")
