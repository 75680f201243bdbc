"""Slices drawn: a line as a curve, a plane as filled contours or as a surface."""

from __future__ import annotations

from typing import Any

import numpy as np

from theory.arithmetic import to_float
from theory.landscape import Kind
from theory.slices.slice import Slice

COLOURS, LINE, LOWEST = "YlGnBu_r", "#333333", "#d1495b"
DRAWN = 1000  # points on a side of contours at most, more than a picture shows
_LARGEST, _LEAST = 1e200, 1e-200  # beyond, the widths, margins and reciprocals of matplotlib overflow
_LABELS = ("$x$", "$y$")
MARKS = {  # marker and colour of classified points
    Kind.GLOBAL_MINIMUM: ("o", "#2e8b57"),
    Kind.LOCAL_MINIMUM: ("s", "#d1495b"),
    Kind.STRICT_SADDLE: ("X", "#e08a00"),
    Kind.NON_STRICT_SADDLE: ("D", "#d1495b"),
    Kind.NOT_CRITICAL: ("v", "#6c5b7b"),
}


def levels_of(values: np.ndarray, count: int = 12) -> np.ndarray:
    """``count`` increasing levels, fewer where floats coincide: even, or geometric where that hides the valleys.

    That is where a fifth of all values would lie between the first two levels; a paraboloid stays even. A range of a
    few units in the last place, which rounding makes, is one colour between two levels.
    """
    low, high = float(values.min()), float(values.max())
    largest = max(abs(low), abs(high))
    if high - low <= max(4 * count * np.spacing(largest), _LEAST):
        return np.array([low - max(largest, 1) / 8, high + max(largest, 1) / 8])
    start, fifth = (float(q) - low for q in np.quantile(values, (0.05, 0.2)))
    if fifth > (high - low) / count:
        return np.unique(np.linspace(low, high, count))
    steps = np.geomspace(max(start, (high - low) * 1e-6), high - low, count - 1)
    return np.unique(np.concatenate([[low], low + steps]))


def _floats(piece: Slice, most: int | None = None) -> tuple[np.ndarray, ...]:
    """The coordinates and the values, thinned to at most ``most`` points on a side with the ends among them.

    Raises
    ------
    ValueError
        For numbers that a picture cannot hold.
    """
    keep = [_kept(len(axis), most) for axis in piece.axes]
    parts = [axis[at] for axis, at in zip(piece.axes, keep, strict=True)]
    values = piece.values if most is None else piece.values[np.ix_(*reversed(keep))]
    out = tuple(to_float(a) for a in (*parts, values))
    if largest := max((float(np.abs(a).max()) for a in out if not np.abs(a).max() <= _LARGEST), default=0):
        raise ValueError(f"plots: needs numbers up to {_LARGEST:g}, got {largest:.3g}; take a smaller window")
    return out


def _kept(count: int, most: int | None) -> Any:
    if most is None or count <= most:
        return np.arange(count)
    return np.linspace(0, count - 1, most).round().astype(int)


def is_curve(piece: Slice) -> bool:
    """A line, or a plane that is one row or column of values."""
    return min(piece.values.shape) == 1 or piece.values.ndim == 1


def draw_line(ax: Any, piece: Slice, **style: Any) -> None:
    """The loss over the coordinate of a line, or of a plane in which the other coordinate has one value."""
    if not is_curve(piece):
        raise ValueError(f"draw_line: needs a single row of values, got {piece.values.shape}; use draw_contours")
    *axes, values = _floats(piece)
    moving = int(len(axes[0]) == 1 < len(axes[-1]))
    marker = "o" if values.size == 1 else ""
    ax.plot(axes[moving], values.ravel(), **{"color": LINE, "marker": marker, **style})
    ax.set(xlabel=_LABELS[moving], ylabel="loss")
    ax.margins(x=0 if values.size > 1 else None)


def even_colours(levels: Any) -> Any:
    """A norm that gives the bands between levels colours in equal steps, however unequal the levels are."""
    from matplotlib.colors import BoundaryNorm

    return BoundaryNorm(levels, 256, extend="max")


def draw_contours(ax: Any, piece: Slice, levels: Any = None, *, mark_lowest: bool = False, **style: Any) -> Any:
    """Filled contours of a plane with thin lines; returns the filled set, for a colour bar. ``style``: of contourf.

    Grids of more than 1000 points on a side are thinned, with their ends kept.
    """
    if is_curve(piece):
        raise ValueError(f"draw_contours: needs at least 2 x 2 values, got {piece.values.shape}; use draw_line")
    x, y, values = _floats(piece, DRAWN)
    levels = levels_of(values) if levels is None else np.asarray(levels, float)
    filled = ax.contourf(x, y, values, **{"levels": levels, "cmap": COLOURS, "extend": "max", **style})
    ax.contour(x, y, values, levels=levels, colors=LINE, linewidths=0.3)
    if mark_lowest:
        ax.plot(*(float(c) for c in piece.lowest()[0]), "o", color=LOWEST, markersize=4)
    ax.set(xlabel=_LABELS[0], ylabel=_LABELS[1])
    return filled


def mark(ax: Any, x: Any, y: Any, kind: Kind, **style: Any) -> None:
    """A classified point, with the marker of its kind."""
    marker, colour = MARKS[kind]
    defaults = {"linestyle": "none", "markersize": 6, "markeredgecolor": "white", "markeredgewidth": 0.8, "zorder": 5}
    ax.plot(x, y, marker=marker, color=colour, **{**defaults, **style})


def draw_surface(ax: Any, piece: Slice, top: float | None = None, *, height: str = "loss") -> None:
    """A surface over the plane, on axes with projection="3d"; values above ``top`` are cut off."""
    x, y, values = (to_float(a) for a in (*piece.axes, piece.values))
    if top is not None:
        values = np.minimum(values, top)
    ax.plot_surface(*np.meshgrid(x, y), values, cmap=COLOURS, linewidth=0, rcount=80, ccount=80, antialiased=True)
    ax.set(xlabel=_LABELS[0], ylabel=_LABELS[1], zlabel=height)


def draw(fig: Any, piece: Slice) -> None:
    """One drawing of a slice on an empty figure: a curve, or contours with a colour bar."""
    ax = fig.add_subplot()
    if is_curve(piece):
        draw_line(ax, piece)
    else:
        levels = levels_of(to_float(piece.values))
        filled = draw_contours(ax, piece, levels, mark_lowest=True, norm=even_colours(levels))
        digits = 2 + max(1, round(np.log10(np.abs(levels).max() / np.ptp(levels))))  # so that neighbours differ
        fig.colorbar(filled, ax=ax, label="loss", format=f"%.{digits}g")
    ax.set_title(title_of(piece))


def title_of(piece: Slice) -> str:
    """What the directions are."""
    about = ", ".join(f"{key} {value}" for key, value in piece.frame.about.items() if isinstance(value, int | str))
    return f"{piece.frame.kind}, {about}" if about else piece.frame.kind
