"""Drawings of the critical values of deep linear nets, and of the loss along curves that start at a critical point."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from theory.arithmetic import ball, to_float
from theory.landscape import Kind

COLOURS = {Kind.GLOBAL_MINIMUM: "#2e8b57", Kind.STRICT_SADDLE: "#1b6ca8", Kind.NON_STRICT_SADDLE: "#d1495b"}
LINE = "#333333"


def draw_ladder(ax: Any, rows: Sequence[Any]) -> None:
    """Critical values against the index: a bar from the least to the largest one, ends coloured by kind.

    Parameters
    ----------
    ax : matplotlib axes.
    rows : from ``theory.critical.deep_linear.critical_values``.
    """
    for row, y in zip(rows, heights(rows), strict=True):
        least, most = row.index
        if most > least:
            ax.plot([least, most], [y, y], color=COLOURS[row.kinds[-1]], linewidth=1.2, zorder=2)
            ax.plot(most, y, "o", color=COLOURS[row.kinds[-1]], markersize=5, zorder=3)
        ax.plot(least, y, "o", color=COLOURS[row.kinds[0]], markersize=5, zorder=4)
    ax.set_xlim(-0.8, max(row.index[1] for row in rows) + 0.8)


def label_rows(ax: Any, rows: Sequence[Any]) -> None:
    """The kept singular values, in turn below on the right and above on the left of each row's first point."""
    for i, (row, y) in enumerate(zip(rows, heights(rows), strict=True)):
        kept = ",".join(f"\\sigma_{q + 1}" for q in row.S)
        text = f"$\\{{{kept}\\}}$" if row.S else "$\\varnothing$"
        (dx, dy), (ha, va) = ((4, -3), ("left", "top")) if i % 2 == 0 else ((-4, 3), ("right", "bottom"))
        ax.annotate(text, (row.index[0], y), (dx, dy), textcoords="offset points", ha=ha, va=va, fontsize=7)


def heights(rows: Iterable[Any]) -> list[float]:
    """The critical values as floats."""
    return [float(to_float(ball([row.value]))[0]) for row in rows]


def draw_curve(ax: Any, curve: Any, s: np.ndarray, **style: Any) -> None:
    """The change of the loss along a ``Curve`` of ``theory.critical.deep_linear`` at the parameters s (k,)."""
    ax.plot(s, np.polynomial.Polynomial([float(c.p) / float(c.q) for c in curve.change])(s), **style)
