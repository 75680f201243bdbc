"""Cases for a single ReLU neuron relu(w.x) in R^d: exact losses, errors and slopes, written out literally."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory.arithmetic import is_zero, rational
from theory.calculus.cones import cells, nonnegative_solution
from theory.claims.cases import Case, Matrix, exact_tuple
from theory.claims.linear_data import Choose, chosen
from theory.critical.relu_faces import local_minima

FEW = (0, 1, -1, 2, -2, 3, -3)


@dataclass(frozen=True)
class ConeData(Case):
    """Samples (d, m) and targets of the neuron relu(w.x)."""

    X: Matrix
    y: tuple

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        return rational(self.X), rational(self.y)

    def loss(self, w: np.ndarray) -> Any:
        """(1/m) sum (max(w.x_i, 0) - y_i)^2, literally."""
        X, y = self.arrays()
        e = np.array([max(u, 0 * u) for u in w @ X], object) - y
        return (e * e).sum() * rational([Fraction(1, len(y))])[0]


@dataclass(frozen=True)
class ConePoint(ConeData):
    """With weights w."""

    w: tuple

    def errors(self) -> tuple[np.ndarray, np.ndarray]:
        """The preactivations u (m,) and the errors relu(u) - y."""
        X, y = self.arrays()
        u = rational(self.w) @ X
        return u, np.array([max(v, 0 * v) for v in u], object) - y

    def slope(self, d: np.ndarray) -> Any:
        """D(d), m/2 times the derivative of the loss at w in the direction d, literally."""
        X, _ = self.arrays()
        u, e = self.errors()
        smooth = [e_i * v for u_i, e_i, v in zip(u, e, d @ X, strict=True) if u_i > 0]
        kinks = [e_i * max(v, 0 * v) for u_i, e_i, v in zip(u, e, d @ X, strict=True) if u_i == 0]
        return sum((*smooth, *kinks), 0 * e[0])

    def is_minimum(self) -> bool:
        """Local minimality by Farkas' lemma in each cell of the kinks, where the loss is a convex quadratic.

        Its slope there, g.d, is non-negative on the cone of all d with s_i x_i.d >= 0 iff g is a non-negative
        combination of the s_i x_i.
        """
        X, _ = self.arrays()
        u, e = self.errors()
        base = (X * e)[:, u > 0].sum(1) + 0 * X[:, 0]
        kinks = (u == 0) & ~is_zero(X).all(0)
        if not kinks.any():
            return bool(is_zero(base).all())
        V, e = X[:, kinks], e[kinks]
        patterns = cells(V)
        gradients = (base + (V * e * rational(p.astype(int))).sum(1) for p in patterns)
        walls = (V * rational(np.where(p, 1, -1)) for p in patterns)
        return all(nonnegative_solution(A, g) is not None for A, g in zip(walls, gradients, strict=True))


def drawn(choose: Choose, *shapes: tuple[int, int]) -> ConeData:
    d, m = choose(shapes)
    X = tuple(tuple(choose(FEW) for _ in range(m)) for _ in range(d))
    return ConeData(X, tuple(choose(FEW) for _ in range(m)))


def cone_data(*shapes: tuple[int, int]) -> Callable[[], Any]:
    """Few values, so that zero, repeated, parallel and dependent samples are frequent."""
    return lambda: chosen(lambda choose: drawn(choose, *shapes))


def cone_points() -> Any:
    """A local minimum of the enumeration in half of the cases, or other weights from few values."""

    def build(choose: Choose) -> ConePoint:
        data = drawn(choose, (2, 3), (2, 4), (2, 3), (1, 3), (2, 2), (2, 1), (3, 3))
        w = tuple(choose(FEW) for _ in data.X)
        if choose((True, False)):
            w = exact_tuple(np.array(choose(local_minima(data.X, data.y)).w, object))
        return ConePoint(data.X, data.y, w)

    return chosen(build)


STRICT_KINK = ConePoint(((-2, 0, 1), (-1, 2, 2)), (-3, 2, 0), (Fraction(-2, 5), Fraction(4, 5)))
