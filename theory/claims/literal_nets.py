"""Nets with one hidden layer written out sample by sample, for claims about their paths: a route of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import count, pairwise, product
from typing import Any

import numpy as np

from theory.activations import Activation
from theory.arithmetic import arithmetic_of, rational, sign
from theory.calculus.exact_linalg import pinv, rank
from theory.claims.cases import Case, Matrix, exact_tuple
from theory.models.shallow_net import ShallowNet

LITERAL: dict[str, Callable[[Fraction], Fraction]] = {
    "relu": lambda u: max(u, Fraction(0)),
    "square": lambda u: u * u,
    "identity": lambda u: u,
    "cube": lambda u: u * u * u,
    "step": lambda u: Fraction(u > 0),
    "spike": lambda u: Fraction(u == 0),
}
DEGREES = {"square": 2, "identity": 1, "cube": 3}


def _step(u: np.ndarray, order: int = 0) -> tuple[np.ndarray, ...]:
    return (arithmetic_of(u).indicator(sign(u) > 0), 0 * u, 0 * u)[: order + 1]


def _spike(u: np.ndarray, order: int = 0) -> tuple[np.ndarray, ...]:
    return (arithmetic_of(u).indicator(sign(u) == 0), 0 * u, 0 * u)[: order + 1]


def _cube(u: np.ndarray, order: int = 0) -> tuple[np.ndarray, ...]:
    return (u * u * u, 3 * u * u, 6 * u)[: order + 1]


ACTIVATIONS: dict[str, Any] = {
    "step": Activation("step", _step, smooth=False, analytic=False),
    "spike": Activation("spike", _spike, smooth=False, analytic=False),
    "cube": Activation("cube", _cube, degree=3, odd=True),
}


@dataclass(frozen=True)
class Net(Case):
    """A net of the stated width on samples (x_i, y_i) with squared loss, an output bias, and some weights.

    Attributes
    ----------
    activation : a name in ``LITERAL``.
    X : rows of inputs, samples as columns.
    theta : w_1, ..., w_k, then b, a, c.
    """

    activation: str
    width: int
    X: Matrix
    y: tuple
    theta: tuple

    def net(self) -> ShallowNet:
        """The model."""
        return ShallowNet(self.width, self.X, self.y, ACTIVATIONS.get(self.activation, self.activation))

    @property
    def samples(self) -> list[tuple]:
        """x_1, ..., x_m."""
        return list(zip(*self.X, strict=True))

    @property
    def distinct(self) -> int:
        """Number of distinct inputs."""
        return len(set(self.samples))


def weights(case: Net, theta: Any) -> tuple[list[tuple], list[Fraction], Fraction]:
    """((w_j, b_j), a_j, c) of a flat vector of rationals."""
    k, d = case.width, len(case.X)
    t = [Fraction(int(x.p), int(x.q)) for x in rational(theta)]
    rows = [(*t[j * d : (j + 1) * d], t[k * d + j]) for j in range(k)]
    return rows, t[k * d + k : k * d + 2 * k], t[-1]


def feature(case: Net, row: tuple) -> list[Fraction]:
    """(s(w.x_i + b))_i."""
    *w, b = row
    return [LITERAL[case.activation](sum((p * q for p, q in zip(w, x, strict=True)), b)) for x in case.samples]


def outputs(case: Net, theta: Any) -> list[Fraction]:
    """f(x_i) = sum_j a_j s(w_j.x_i + b_j) + c."""
    rows, a, c = weights(case, theta)
    values = [feature(case, row) for row in rows]
    return [sum((p * v[i] for p, v in zip(a, values, strict=True)), c) for i in range(len(case.y))]


def loss(case: Net, theta: Any) -> Fraction:
    """(1/m) sum_i (f(x_i) - y_i)^2."""
    return mean_square(case, outputs(case, theta))


def mean_square(case: Net, f: list[Fraction]) -> Fraction:
    """(1/m) sum_i (f_i - y_i)^2 of given outputs."""
    return sum(((p - q) ** 2 for p, q in zip(f, case.y, strict=True)), Fraction(0)) / len(case.y)


def feature_rank(case: Net, theta: Any) -> int:
    """The rank of the features of a net together with the ones."""
    return rank(rational([*(feature(case, row) for row in weights(case, theta)[0]), [1] * len(case.y)]))


def many_features(case: Net) -> np.ndarray:
    """The ones and so many features that they span all: with kinks before, between, on and behind the inputs.

    For activations that vanish on one side the kinks between make the matrix triangular; for polynomials of degree at
    most 3 of at most two inputs, four shifts along the axes and the diagonals do.
    """
    return _many_features(case.activation, case.X)[0]


def dimension(case: Net) -> int:
    """D+, as the rank of many features."""
    return _many_features(case.activation, case.X)[1]


@lru_cache(1024)
def _many_features(activation: str, X: Matrix) -> tuple[np.ndarray, int]:
    if len(X) > 2:
        raise ValueError(f"many_features: needs one or two inputs, got {len(X)}; extend the directions")
    case = Net(activation, 1, X, (0,) * len(X[0]), ())
    w, t = next(line for q in count() if len(set((line := _on_line(case, q))[1])) == case.distinct)
    t = sorted(set(t))
    kinks = [t[0] - 1, *((p + q) / 2 for p, q in pairwise(t)), t[-1] + 1, *t]
    rows = [(*(s * p for p in w), -s * kink) for s, kink in product((1, -1), kinks)]
    others = ((0,),) if len(X) == 1 else ((1, 0), (0, 1), (1, 1), (1, -1), (0, 0))
    rows += [(*v, Fraction(i)) for v, i in product(others, range(-1, 3))]
    G = rational(sorted({tuple(feature(case, row)) for row in rows} | {(Fraction(1),) * len(X[0])}))
    return G, rank(G)


def _on_line(case: Net, q: int) -> tuple[tuple[int, ...], list[Fraction]]:
    """The direction (1) or (1, q), and the samples on it."""
    w = (1, q)[: len(case.X)]
    return w, [sum((p * Fraction(z) for p, z in zip(w, x, strict=True)), Fraction(0)) for x in case.samples]


def least_loss(case: Net) -> Fraction:
    """The least loss over all outputs in the span of many features: the residual of a projection."""
    G = many_features(case)
    y = rational(case.y)
    r = y - y @ pinv(G) @ G
    return Fraction(exact_tuple(r @ r)) / len(case.y)


@dataclass(frozen=True)
class Leg:
    """One straight segment between two weight vectors: whether its outputs stay or move straight, and the losses."""

    stays: bool
    straight: bool
    start: Fraction
    end: Fraction
    slope_at_end: Fraction


def leg(case: Net, p: Any, q: Any) -> Leg:
    """What a straight segment does: hidden weights move only where a_j = 0 throughout, or only output weights move.

    In the second case the outputs are linear in t and L(t) is the quadratic with the values at t = 0, 1/2, 1.
    """
    (rows, a, c), (rows_q, a_q, c_q) = weights(case, p), weights(case, q)
    hidden_moves = [j for j in range(case.width) if rows[j] != rows_q[j]]
    hides = (a, c) == (a_q, c_q) and all(a[j] == 0 for j in hidden_moves)
    f, g = outputs(case, p), outputs(case, q)
    middle = mean_square(case, [(s + t) / 2 for s, t in zip(f, g, strict=True)])
    low, high = mean_square(case, f), mean_square(case, g)
    stays = f == g and (hides or not hidden_moves)
    return Leg(stays, not hidden_moves, low, high, low - 4 * middle + 3 * high)
