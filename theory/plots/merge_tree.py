"""Disconnectivity graphs (merge trees), and the components of a sublevel set on a grid of dimension 2.

Source: beckerkarplus1997, section II (disconnectivity graphs), in the form of; here at the exact heights.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np

LINE, BACKGROUND = "#333333", "#ece5d8"


def leaf_order(deaths: Sequence[Any], parents: Sequence[int]) -> list[int]:
    """The minima from left to right such that no two lines of the graph cross.

    Every component stands beside all that join it, the first to join next to it, by turns on its left and right.

    Parameters
    ----------
    deaths, parents : (K,), as in ``MergeTree``, elder first; parent -1 for the eldest.
    """
    order: list[list[int]] = [[i] for i in range(len(parents))]
    for turn, i in enumerate(_by_death(deaths, parents)):
        parent = parents[i]
        order[parent] = order[i] + order[parent] if turn % 2 else order[parent] + order[i]
    return order[0]


def _by_death(deaths: Sequence[Any], parents: Sequence[int]) -> list[int]:
    """All but the eldest, first to end first; at equal heights the youngest first, so that children precede parents."""
    return sorted((i for i in range(len(parents)) if parents[i] >= 0), key=lambda i: (deaths[i], -i))


def branches(births: Sequence[Any], deaths: Sequence[Any], parents: Sequence[int]) -> list[tuple[Any, Any]]:
    """The lines of the graph, each as (xs, heights): where components meet, their lines end in a bar with one line up.

    The eldest is drawn up to a tenth of the range above the highest meeting.
    """
    place = {i: float(k) for k, i in enumerate(leaf_order(deaths, parents))}
    start, lines = {i: float(b) for i, b in enumerate(births)}, []
    for height, group in groupby(_by_death(deaths, parents), key=lambda i: float(deaths[i])):
        meetings: dict[int, set[int]] = {}
        for i in group:
            meetings.setdefault(int(parents[i]), {int(parents[i])}).add(i)
        for elder, met in meetings.items():
            lines += [((place[i], place[i]), (start[i], height)) for i in met]
            ends = sorted(place[i] for i in met)
            lines.append(((ends[0], ends[-1]), (height, height)))
            place[elder], start[elder] = (ends[0] + ends[-1]) / 2, height
    heights = [float(b) for b in births] + [float(deaths[i]) for i in _by_death(deaths, parents)]
    top = max(heights) + ((max(heights) - min(heights)) or 1) / 10
    return [*lines, ((place[0], place[0]), (start[0], top))]


def draw_merge_tree(
    ax: Any,
    births: Sequence[Any],
    deaths: Sequence[Any],
    parents: Sequence[int],
    *,
    colours: Sequence[str] | None = None,
) -> list[int]:
    """The disconnectivity graph: height is the level, every lower end a minimum; returns the minima from left to right.

    Parameters
    ----------
    ax : matplotlib axes.
    births, deaths, parents : (K,), of a ``MergeTree`` or from ``tree_of_barriers``, floats or rationals.
    colours : (K,), of the minima.
    """
    deaths = [None if parent < 0 else _float(death) for death, parent in zip(deaths, parents, strict=True)]
    floors = [_float(b) for b in births]
    for xs, heights in branches(floors, deaths, parents):
        ax.plot(xs, heights, color=LINE, solid_capstyle="projecting", clip_on=False)
    order = leaf_order(deaths, parents)
    for x, i in enumerate(order):
        ax.plot(x, floors[i], "o", color=colours[i] if colours else LINE, markersize=5, zorder=3, clip_on=False)
    ax.set_xticks([])
    ax.set_xlim(-0.6, len(order) - 0.4)
    return order


def draw_components(
    ax: Any, x: np.ndarray, y: np.ndarray, labels: np.ndarray, colours: Sequence[str], values: np.ndarray, levels: Any
) -> None:
    """The components of a sublevel set on a grid, filled, over the contour lines of the field.

    Parameters
    ----------
    ax : matplotlib axes.
    x, y : (nx,), (ny,), the coordinates of the nodes.
    labels : (ny, nx), from ``MergeTree.labels``; -1 is left in the background's colour.
    colours : one a label.
    values, levels : (ny, nx) and the levels of its contour lines.
    """
    from matplotlib.colors import ListedColormap

    picture = {"cmap": ListedColormap([BACKGROUND, *colours]), "vmin": -1.5, "vmax": len(colours) - 0.5}
    ax.pcolormesh(x, y, labels, shading="nearest", rasterized=True, **picture)
    ax.contour(x, y, values, levels=levels, colors=LINE, linewidths=0.5)


def _float(value: Any) -> float:
    return float(value.p) / float(value.q) if hasattr(value, "q") else float(value)
