r"""Proved statements about the sublevel sets of a continuous function, from bounds on the cells of a grid.

Let f be continuous on a box of dimension 1, 2 or 3 that is cut into closed boxes, the cells of a grid, with
lower <= f <= upper on every cell. The barrier b(x, y) is the infimum of the maximum of f over all paths in the box from
x to y, x in the cell p and y in the cell q. M(g; p, q) is the minimum over cell paths from p to q of the largest g;
M_axis where the steps go to cells that share a face (2, 4, 6 neighbours), M_full where they share at least a point.

1. M_axis(lower; p, q) <= b(x, y). The cells that a connected set meets are connected by faces: if they fell into two
   classes without a common face, the set would, being connected, have a point in a cell of each class; but all cells
   around a point are met, and they are connected by faces. On each of them f takes a value of at least lower.
2. b(x, y) <= M_full(upper; p, q): cells are convex and successive ones share a point, so a cell path holds a path.
3. If M_axis(lower; p, q) > c, no component of {f <= c} meets both cells (1 holds for connected sets, not only paths).
4. If M_full(upper; p, q) <= c, both cells lie in one component of {f <= c}.
5. {f <= c} has at least as many components as there are axis-connected components of {lower <= c} with a cell on which
   f <= c is known at some point. Such data bound the number from below only: a narrow valley may hide in one cell.

All of this is about the box: paths that leave it may be lower. With rational bounds everything is exact; floats are
compared as they are, so the rounding errors of computed values must be part of the bounds.

Source: own derivation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from theory.arithmetic import BALL, FLOAT, RATIONAL, arithmetic_of, as_array, rational
from theory.topology import grids
from theory.topology.grids import Node
from theory.topology.merge_tree import MergeTree, merge_tree


@dataclass(frozen=True, eq=False)
class Enclosure:
    """lower <= f <= upper on each closed cell of a grid, and f <= known at some point of it.

    Made by ``interval_enclosure``, ``ball_enclosure``, ``variation_enclosure`` or ``lipschitz_enclosure``.
    """

    lower: np.ndarray
    upper: np.ndarray
    known: np.ndarray

    @cached_property
    def _trees(self) -> tuple[MergeTree, MergeTree]:
        axis, full = grids.CONNECTIVITIES[self.lower.ndim]
        return merge_tree(self.lower, axis), merge_tree(self.upper, full)

    def barrier(self, p: Node, q: Node) -> tuple[Any, Any]:
        """Proved bounds of the barrier between any point of the cell p and any point of the cell q."""
        lower, upper = self._trees
        return lower.barrier(p, q), upper.barrier(p, q)

    def separated(self, p: Node, q: Node, level: Any) -> bool | None:
        """Whether the cells lie apart in {f <= level}.

        True: proved that no component meets both (also where the level is below f on one of them). False: proved that
        one component holds both. None: neither is proved, a finer grid may decide.
        """
        lower, upper = self.barrier(p, q)
        c = self._trees[0].field.level(level, "separated")
        return True if lower > c else False if upper <= c else None

    def least_count(self, level: Any) -> int:
        """A proved lower bound of the number of components of {f <= level} in the box (0 where none is proved)."""
        tree = self._trees[0]
        c = tree.field.level(level, "least_count")
        return len(np.unique(tree.labels(c)[self.known <= c])) if c >= tree.births[0] else 0


def interval_enclosure(lower: Any, upper: Any, known: Any = None) -> Enclosure:
    """From proved bounds on each cell: arrays of one shape, floats or rationals, lower <= known <= upper.

    ``known`` bounds f from above at one point of each cell, the centre or a corner say; ``upper`` if not given.
    """
    lo, up = (_exact(a, "interval_enclosure") for a in (lower, upper))
    mid = up if known is None else _exact(known, "interval_enclosure")
    kinds = {(a.shape, a.dtype == object) for a in (lo, mid, up)}
    if len(kinds) > 1 or (lo > mid).any() or (mid > up).any():
        raise ValueError(
            "interval_enclosure: needs lower <= known <= upper of one shape, all floats or all rationals, got shapes "
            f"{lo.shape}, {mid.shape}, {up.shape} of {lo.dtype}, {mid.dtype}, {up.dtype}"
        )
    return Enclosure(lo, up, mid)


def _exact(values: Any, where: str) -> np.ndarray:
    """A field of floats or rationals."""
    a = grids.field(values, where=where).values
    return rational(a) if a.dtype.kind in "iu" else a


def variation_enclosure(values: Any, variation: Any) -> Enclosure:
    """From values at the nodes and a bound of |f(x) - f(node)| for x in the cell around each node.

    Parameters
    ----------
    values : the exact values f(node), rational; or floats whose errors are part of the variation.
    variation : one bound for all cells, or an array of the shape of ``values``; non-negative.

    With floats the bounds are rounded outwards.
    """
    f, v = _exact(values, "variation_enclosure"), as_array(variation, "variation_enclosure: variation")
    kinds = tuple(arithmetic_of(a).name for a in (f, v))
    if kinds == (FLOAT, RATIONAL):
        v = _above(v)
    elif kinds not in ((FLOAT, FLOAT), (RATIONAL, RATIONAL)):
        raise TypeError("variation_enclosure: {} values need a rational variation, got {} entries".format(*kinds))
    if v.shape not in ((), f.shape) or (v < 0).any():
        raise ValueError(f"variation_enclosure: needs a non-negative number or array of shape {f.shape}, got {v.shape}")
    if f.dtype.kind == "f":
        return Enclosure(np.nextafter(f - v, -np.inf), np.nextafter(f + v, np.inf), np.nextafter(f + v, np.inf))
    return Enclosure(f - v, f + v, f)


def _above(v: np.ndarray) -> np.ndarray:
    """Floats that are at least these rationals."""
    return np.nextafter(np.array([int(x.p) / int(x.q) for x in v.flat]).reshape(v.shape), np.inf)


def lipschitz_enclosure(values: Any, spacing: Sequence[Any], constants: Sequence[Any]) -> Enclosure:
    """From values at equidistant nodes and |f(x) - f(y)| <= sum_k L_k |x_k - y_k|, L_k = ``constants[k]``.

    The cell around a node reaches half a spacing to each side, so f varies by at most sum_k L_k spacing_k / 2 there. A
    Lipschitz constant for the Euclidean norm may be given for every axis; otherwise L_k bounds the k-th derivative.
    The box holds all nodes and reaches at most half a spacing beyond the outer ones; the constants must hold on it.

    Parameters
    ----------
    values : as in ``variation_enclosure``.
    spacing, constants : a non-negative number for each axis, in the order of the axes of ``values``.
    """
    f = grids.field(values, where="lipschitz_enclosure").values
    h, L = (as_array(a, f"lipschitz_enclosure: {name}") for a, name in ((spacing, "spacing"), (constants, "constants")))
    if h.shape != (f.ndim,) or L.shape != (f.ndim,) or (h < 0).any() or (L < 0).any():
        raise ValueError(
            f"lipschitz_enclosure: needs {f.ndim} non-negative numbers for spacing and for constants, one an axis, got "
            f"shapes {h.shape} and {L.shape} or a negative entry"
        )
    if all(arithmetic_of(a).name == RATIONAL for a in (h, L)):
        return variation_enclosure(f, (h * L).sum() * rational(["1/2"])[0])
    h, L = (_above(a) if a.dtype == object else a for a in (h, L))
    # Each rounding of the sum of at most three products is undone by one step of a relative eps.
    return variation_enclosure(f, float((h * L).sum()) / 2 * (1 + 8 * np.finfo(float).eps))


def ball_enclosure(balls: Any) -> Enclosure:
    """From balls that enclose f on each cell: ``model.loss`` evaluated at balls for the parameters that fill a cell."""
    a = as_array(balls, "ball_enclosure")
    if arithmetic_of(a).name != BALL:
        raise TypeError(f"ball_enclosure: needs balls, got {arithmetic_of(a).name} entries; use theory.ball")
    lower = np.array([float(x.lower()) for x in a.flat]).reshape(a.shape)
    upper = np.array([float(x.upper()) for x in a.flat]).reshape(a.shape)
    return interval_enclosure(np.nextafter(lower, -np.inf), np.nextafter(upper, np.inf))
