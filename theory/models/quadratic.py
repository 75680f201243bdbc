"""Quadratic landscapes theta^T A theta / 2 + b . theta + c: where every question has a textbook answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from theory import arrays
from theory.arithmetic import arithmetic_of, as_array, is_zero
from theory.errors import Degenerate
from theory.landscape import Kind, Model, Point, Traits


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
        if not is_zero(A - A.T).all():
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
        y = arithmetic_of(X).convert(arrays.vector(y, "Quadratic.regression", "y", X.shape[1]))
        return cls(2 * (X @ X.T), -2 * (X @ y), y @ y)

    @cached_property
    def layout(self) -> arrays.Layout:
        return (("theta", (len(self.A),)),)

    def _constants(self) -> tuple[np.ndarray, ...]:
        return self.A, self.b, as_array([self.c], "Quadratic: c")

    def loss(self, theta: Any) -> np.ndarray:
        """(..., n) -> (...)."""
        theta = self._points(theta)
        kind = arithmetic_of(theta)
        A, b, c = self._in(kind)
        return (theta * (theta @ A * kind.fraction(1, 2) + b)).sum(-1) + c[0]

    def gradient(self, theta: Any) -> np.ndarray:
        """A theta + b: (..., n) -> (..., n)."""
        theta = self._points(theta)
        A, b, _ = self._in(arithmetic_of(theta))
        return theta @ A + b

    def hessian(self, theta: Any, out: np.ndarray | None = None) -> np.ndarray:
        """A at every point: (..., n) -> (..., n, n)."""
        theta = self._points(theta)
        out = arrays.batch_matrix(out, (*theta.shape, self.dim), theta.dtype, "Quadratic.hessian")
        out[...] = self._in(arithmetic_of(theta))[0]
        return out

    def hvp(self, theta: Any, v: Any) -> np.ndarray:
        """A v; theta and v broadcast."""
        theta = self._points(theta)
        Av = self._directions(v, theta) @ self._in(arithmetic_of(theta))[0]
        return Av + arithmetic_of(theta).zeros(theta.shape)

    def stationary_point(self) -> np.ndarray:
        """The solution of A theta = -b for invertible A, in the arithmetic of the data.

        Raises
        ------
        Degenerate
            If A is singular: the critical points are then empty or an affine space.
        """
        from theory.calculus.exact_linalg import rank, solve

        if self.A.dtype != object:
            return np.linalg.solve(self.A, -self.b)
        if rank(self.A) < self.dim:
            raise Degenerate("Quadratic: A is singular, so the critical points form no single point; see null_space(A)")
        return solve(self.A, -self.b[:, None])[:, 0]

    def minimum_value(self) -> Any:
        """The minimum for exact A: at any critical point; None if unbounded below, or for float data."""
        from theory.calculus.exact_linalg import pinv
        from theory.calculus.inertia import inertia

        if self.A.dtype != object or inertia(self.A).negative:
            return None
        best = -(pinv(self.A) @ self.b)
        return self.loss(best) if is_zero(self.gradient(best)).all() else None

    def known_points(self) -> Iterable[Point]:
        """The stationary point of an invertible exact A, with the kind that the signs of A give."""
        from theory.calculus.inertia import inertia

        if self.A.dtype != object:
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
