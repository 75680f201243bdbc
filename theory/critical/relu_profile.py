"""The profile h(t) of a ReLU neuron on the line: the least loss with kink t and given signs of (a, w).

For the networks a relu(w x + b) + c with t = -b/w, z_t = relu(sign(w) (x - t)) and V = Var(y),
h(t) = V - Cov(y, z_t)^2 / Var(z_t) where sign(a) Cov(y, z_t) > 0, and h(t) = V elsewhere. Between two data points Cov
is linear and Var quadratic in t, so h is monotone between finitely many rational nodes. All in rational arithmetic.

Source: own derivation.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, pairwise
from typing import Any

import numpy as np

from theory.arithmetic import flint, rational


def mean(values: np.ndarray) -> Any:
    """(1/m) sum_i v_i of rationals (m,)."""
    return values.sum() * flint().fmpq(1, len(values))


@dataclass(frozen=True)
class Interval:
    """An interval of kinks; ``None`` is the infinite end, ``closed`` says which ends belong to it."""

    lo: Any
    hi: Any
    closed: tuple[bool, bool]

    def __contains__(self, t: Any) -> bool:
        left = self.lo is None or self.lo < t or (self.closed[0] and self.lo == t)
        return left and (self.hi is None or t < self.hi or (self.closed[1] and t == self.hi))

    def __str__(self) -> str:
        lo, hi = "-oo" if self.lo is None else self.lo, "oo" if self.hi is None else self.hi
        return f"{'(['[self.closed[0]]}{lo}, {hi}{')]'[self.closed[1]]}"

    def mirrored(self, sign: int) -> Interval:
        """The interval of the t with sign * t in this one."""
        if sign > 0:
            return self
        lo, hi = (None if end is None else -end for end in (self.hi, self.lo))
        return Interval(lo, hi, self.closed[::-1])

    @property
    def inner(self) -> Any:
        """A rational point of the interval, in its interior if it has one."""
        if self.lo is None:
            return self.hi - 1
        return self.lo + 1 if self.hi is None else (self.lo + self.hi) * flint().fmpq(1, 2)


@dataclass(frozen=True)
class Cell:
    """Kinks between two data points: C = m Cov(y, z_t) = l0 + l1 t and Q = m^2 Var(z_t) = q0 + q1 t + q2 t^2."""

    k: int
    s1: Any
    l0: Any
    l1: Any
    q0: Any
    q1: Any
    q2: Any

    def C(self, t: Any) -> Any:
        return self.l0 + self.l1 * t

    def Q(self, t: Any) -> Any:
        return self.q0 + (self.q1 + self.q2 * t) * t

    def turning_points(self, lo: Any, hi: Any) -> list[Any]:
        """The kinks strictly between lo and hi where C^2 / Q turns: the root of C, and the root of 2 C' Q - C Q'."""
        l0, l1, q0, q1, q2 = self.l0, self.l1, self.q0, self.q1, self.q2
        fractions = (-l0, l1), (l0 * q1 - 2 * l1 * q0, l1 * q1 - 2 * q2 * l0)
        roots = {p / q for p, q in fractions if q != 0}
        return sorted(t for t in roots if lo < t < hi)


def _cells(x: np.ndarray, y: np.ndarray) -> tuple[tuple[Any, ...], tuple[Cell, ...]]:
    """Distinct x in increasing order, and cell j: the kinks at which all but the j smallest of them are active."""
    m, zero = len(x), flint().fmpq(0)
    ybar = mean(y)
    k, s1, s2, r0, r1 = 0, zero, zero, zero, zero
    knots, cells = [], []
    for u, group in groupby(sorted(zip(x, y, strict=True), reverse=True), key=lambda pair: pair[0]):
        for _, v in group:
            k, s1, s2, r0, r1 = k + 1, s1 + u, s2 + u * u, r0 + (v - ybar), r1 + u * (v - ybar)
        knots.append(u)
        cells.append(Cell(k, s1, r1, -r0, m * s2 - s1 * s1, -2 * (m - k) * s1, zero + k * (m - k)))
    return tuple(knots[::-1]), tuple(cells[::-1])


@dataclass(frozen=True, eq=False)
class Profile:
    """h(t), the least loss of a network with kink t whose a and w have the given signs (capped at V = Var(y)).

    Inside, the quadrant is reflected to a, w > 0: there z_u = relu(u_i - u) with u_i = sign(w) x_i, u = sign(w) t.
    """

    sign_a: int
    sign_w: int
    mean: Any
    variance: Any
    knots: tuple[Any, ...]
    cells: tuple[Cell, ...]

    @classmethod
    def of(cls, x: np.ndarray, y: np.ndarray, sign_a: int, sign_w: int) -> Profile:
        ybar = mean(y)
        return cls(sign_a, sign_w, ybar, mean((y - ybar) * (y - ybar)), *_cells(sign_w * x, sign_a * y))

    def __call__(self, t: Any) -> Any:
        """h(t) at a rational t."""
        return self._h(self.sign_w * rational([t])[0])

    def _h(self, u: Any) -> Any:
        if u >= self.knots[-1]:
            return self.variance
        cell = self.cells[bisect_right(self.knots, u)]
        C = cell.C(u)
        return self.variance - C * C / cell.Q(u) if C > 0 else self.variance

    @cached_property
    def _nodes(self) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Where the direction of h may change, and h there; h is constant on both sides until the neuron dies."""
        spans = zip(pairwise(self.knots), self.cells[1:], strict=True)
        nodes = tuple(u for (lo, hi), cell in spans for u in (lo, *cell.turning_points(lo, hi)))
        return nodes, tuple(self._h(u) for u in nodes)

    @property
    def breakpoints(self) -> tuple[Any, ...]:
        """The data points, minima and ends of h = V, increasing in t; h is monotone between neighbours."""
        nodes = (*self._nodes[0], self.knots[-1])
        return tuple(sorted(self.sign_w * u for u in nodes))

    @property
    def edge(self) -> tuple[Any, Any]:
        """The kink at which the neuron dies, and the limit of h there from the live side."""
        return self.sign_w * self.knots[-1], self._nodes[1][-1] if len(self.knots) > 1 else self.variance

    def highest(self, t1: Any, t2: Any) -> Any:
        """The maximum of h between two kinks: by monotony it is at one of the two or at a node between."""
        u1, u2 = sorted(self.sign_w * t for t in (t1, t2))
        nodes, values = self._nodes
        return max(self._h(u1), self._h(u2), *values[bisect_left(nodes, u1) : bisect_right(nodes, u2)])

    def bottoms(self) -> Iterator[tuple[Interval, Any]]:
        """The maximal intervals on which h is constant, below V, and lower than just outside; with the value."""
        return ((kinks, value) for kinks, value, is_bottom in self._flats() if is_bottom)

    def shelves(self) -> Iterator[tuple[Interval, Any]]:
        """The maximal intervals of more than a point with h constant, below V, and h smaller just outside; the value.

        An end belongs to the shelf if h is larger beyond it.
        """
        return ((kinks, value) for kinks, value, is_bottom in self._flats() if not is_bottom)

    def _flats(self) -> Iterator[tuple[Interval, Any, bool]]:
        """The kinks at which h has a local minimum below V, as maximal intervals; is it lower than just outside?"""
        nodes, values = self._nodes
        runs = [list(run) for _, run in groupby(range(len(nodes)), key=values.__getitem__)]
        levels = [self.variance, *(values[run[0]] for run in runs), self.variance]
        for run, (before, value, after) in zip(runs, zip(levels, levels[1:], levels[2:], strict=False), strict=True):
            outer = run[0] == 0, run[-1] == len(nodes) - 1
            if before > value < after or (value < self.variance and (len(run) > 1 or any(outer))):
                lo, hi = None if outer[0] else nodes[run[0]], self.knots[-1] if outer[1] else nodes[run[-1]]
                closed = not outer[0] and before > value, not outer[1] and after > value
                yield Interval(lo, hi, closed).mirrored(self.sign_w), value, before > value < after

    def best(self, t: Any) -> tuple[Any, Any]:
        """(a|w|, c) of the best network with kink t, for a t with h(t) < V."""
        u, m = self.sign_w * t, self.cells[0].k
        cell = self.cells[bisect_right(self.knots, u)]
        slope = self.sign_a * m * cell.C(u) / cell.Q(u)
        return slope, self.mean - slope * (cell.s1 - cell.k * u) * flint().fmpq(1, m)
