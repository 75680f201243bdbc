"""Quadratic landscapes theta^T A theta / 2 + b . theta + c: where every question has a textbook answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from theory import arrays
from theory.arithmetic import BALL, FLOAT, RATIONAL, Arithmetic, arithmetic_of, as_array, common_arithmetic, is_zero
from theory.errors import Degenerate
from theory.landscape import Kind, Model, Point, Traits, batched, written


@dataclass(frozen=True, eq=False)
class Quadratic(Model):
    """theta^T A theta / 2 + b . theta + c.

    Parameters
    ----------
    A : (n, n), symmetric.
    b : (n,), zero by default.
    c : a number, zero by default.

    >>> Quadratic([[2, 0], [0, 4]]).loss([1, 1])
    3
    """

    A: Any
    b: Any = None
    c: Any = None
    traits = Traits(polynomial_degree=2, has_samples=False)
    loss_normalisation = "theta^T A theta / 2 + b.theta + c"

    def __post_init__(self) -> None:
        A = arrays.matrix(self.A, "Quadratic", "A")
        A = arrays.matrix(A, "Quadratic", "A", len(A), len(A))
        if not _is_symmetric(A):
            raise ValueError("Quadratic: A must be symmetric; use (A + A^T)/2, which has the same loss")
        zero = arithmetic_of(A).zeros(len(A))
        b = arrays.vector(zero if self.b is None else self.b, "Quadratic", "b", len(A))
        c = arrays.vector(zero[:1] if self.c is None else [self.c], "Quadratic", "c", 1)
        for name, value in {"A": A, "b": b, "c": c[0]}.items():
            object.__setattr__(self, name, value)

    @classmethod
    def regression(cls, X: Any, y: Any) -> Quadratic:
        """Linear regression ||y - theta X||^2 for X (d, m), y (m,): A = 2 X X^T, b = -2 X y, c = y.y."""
        X = arrays.matrix(X, "Quadratic.regression", "X")
        y = arithmetic_of(X).convert(arrays.targets(y, X, "Quadratic.regression"))
        return cls(2 * (X @ X.T), -2 * (X @ y), y @ y)

    @cached_property
    def layout(self) -> arrays.Layout:
        return (("theta", (len(self.A),)),)

    def _constants(self) -> tuple[np.ndarray, ...]:
        return self.A, self.b, as_array([self.c], "Quadratic: c")

    @cached_property
    def _data(self) -> tuple[Arithmetic, np.ndarray, np.ndarray]:
        """The arithmetic that A, b and c share or can be brought into; A and b in it."""
        kind = common_arithmetic(*self._constants())
        return kind, *self._in(kind)[:2]

    @batched
    def loss(self, theta: Any) -> np.ndarray:
        """(..., n) -> (...)."""
        kind = arithmetic_of(theta)
        A, b, c = self._in(kind)
        return (theta * (theta @ A * kind.fraction(1, 2) + b)).sum(-1) + c[0]

    @batched
    def gradient(self, theta: Any) -> np.ndarray:
        """A theta + b: (..., n) -> (..., n)."""
        A, b, _ = self._in(arithmetic_of(theta))
        return theta @ A + b

    @written
    def hessian(self, theta: Any, out: Any = None) -> None:
        """A at every point: (..., n) -> (..., n, n)."""
        out[...] = self._in(arithmetic_of(theta))[0]

    @batched
    def hvp(self, theta: Any, v: Any) -> np.ndarray:
        """A v; theta and v broadcast."""
        kind = arithmetic_of(theta)
        return v @ self._in(kind)[0] + kind.zeros(theta.shape)

    def stationary_point(self) -> np.ndarray:
        """The solution of A theta = -b for invertible A, in the arithmetic of the data.

        Raises
        ------
        Degenerate
            If A is singular: the critical points are then empty or an affine space.
        """
        from theory.calculus.exact_linalg import rank, solve

        kind, A, b = self._data
        if kind.name == FLOAT:
            return np.linalg.solve(A, -b)
        if rank(A) < self.dim:
            raise Degenerate("Quadratic: A is singular, so the critical points form no single point; see null_space(A)")
        return solve(A, -b[:, None])[:, 0]

    def minimum_value(self) -> Any:
        """The minimum for rational data: at any critical point; None if unbounded below, or for other data."""
        from theory.calculus.exact_linalg import pinv
        from theory.calculus.inertia import inertia

        kind, A, b = self._data
        if kind.name != RATIONAL or inertia(A).negative:
            return None
        best = -(pinv(A) @ b)
        return self.loss(best) if is_zero(self.gradient(best)).all() else None

    def known_points(self) -> Iterable[Point]:
        """For rational data the stationary point of an invertible A, with the kind that the signs of A give."""
        from theory.calculus.inertia import inertia

        if self._data[0].name != RATIONAL:
            return
        signs = inertia(self.A)
        if signs.zero:
            return
        if signs.positive == self.dim:
            kind = Kind.GLOBAL_MINIMUM
        else:
            kind = Kind.LOCAL_MAXIMUM if signs.negative == self.dim else Kind.STRICT_SADDLE
        best = self.stationary_point()
        yield Point("stationary point", best, kind, self.loss(best))

    @classmethod
    def instances(cls) -> Iterable[tuple[str, Quadratic]]:
        """Minimum, saddle, maximum, dimension 1, singular A with and without critical points, regression."""
        yield "minimum", cls([[2, 1], [1, 3]], [1, -1], "1/2")
        yield "saddle", cls([[1, 2], [2, 1]])
        yield "maximum, one parameter", cls([[-1]], [1])
        yield "flat valley", cls([[1, 1], [1, 1]], [1, 1])
        yield "unbounded below", cls([[1, 0], [0, 0]], [0, 1])
        yield "zero", cls([[0, 0], [0, 0]])
        yield "floats", cls(np.array([[1.5, 0.25], [0.25, -1.0]]), np.array([0.5, 1.0]), 0.125)
        yield "regression", cls.regression([[1, 2, 0], [0, 1, 1]], [1, "1/2", 3])


def _is_symmetric(A: np.ndarray) -> bool:
    """A = A^T; a ball beside its mirror image stands for the same number if midpoint and radius agree."""
    if arithmetic_of(A).name == BALL:
        return all(x.mid() == y.mid() and x.rad() == y.rad() for x, y in zip(A.flat, A.T.flat, strict=True))
    return bool(is_zero(A - A.T).all())
