"""Flat space R^n, and what its submanifolds inherit from it: the metric of the ambient space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.arithmetic import BALL, FLOAT, Arithmetic, arithmetic_of
from theory.arrays import points, positive_int
from theory.errors import NotExact


@dataclass(frozen=True)
class Embedded:
    """A submanifold of R^dim with the induced metric.

    Points and vectors are arrays (..., dim) in ambient coordinates; leading axes are a batch and broadcast. The
    arithmetic is that of the point x, into which the vectors are converted.
    """

    dim: int

    def __post_init__(self) -> None:
        positive_int(self.dim, type(self).__name__, "dim")

    def _at(self, x: Any, *vectors: Any) -> tuple[np.ndarray, ...]:
        """x and the vectors, checked, in the arithmetic of x."""
        name = type(self).__name__
        x = points(x, self.dim, name, "x")
        kind = arithmetic_of(x)
        return x, *(kind.convert(points(v, self.dim, name, "each vector")) for v in vectors)

    def metric(self, x: Any) -> np.ndarray:
        """The Gram matrix (dim, dim) of the ambient coordinates at x: the identity."""
        (x,) = self._at(x)
        return arithmetic_of(x).eye(self.dim)

    def inner(self, x: Any, u: Any, v: Any) -> np.ndarray:
        """<u, v> at x, shape (...)."""
        x, u, v = self._at(x, u, v)
        return dot(u, v)

    def norm(self, x: Any, v: Any) -> np.ndarray:
        """|v| at x, shape (...), in floats or balls."""
        x, v = self._at(x, v)
        needs_roots(arithmetic_of(x), f"{type(self).__name__}.norm", FLOAT, BALL)
        return np.sqrt(dot(v, v))


def dot(u: np.ndarray, v: np.ndarray, keepdims: bool = False) -> np.ndarray:
    """sum_i u_i v_i over the last axis, bilinear also for complex vectors."""
    return (u * v).sum(-1, keepdims=keepdims)


def needs_roots(kind: Arithmetic, where: str, *allowed: str) -> None:
    """Refuse an arithmetic in which square roots or angles have no value; a complex point lies on no real manifold."""
    if kind.name not in allowed:
        raise NotExact(f"{where}: needs {' or '.join(allowed)} points, got {kind.name} ones; convert them first")
    if kind.name == FLOAT and kind.parent.kind == "c":
        raise TypeError(f"{where}: needs real points, got {kind.parent}")


@dataclass(frozen=True)
class Euclidean(Embedded):
    """R^dim with its standard metric.

    >>> Euclidean(2).distance([0.0, 0.0], [3.0, 4.0])
    np.float64(5.0)
    """

    @property
    def dimension(self) -> int:
        """Dimension of the manifold."""
        return self.dim

    def projection(self, x: Any, v: Any) -> np.ndarray:
        """v: every vector is tangent."""
        x, v = self._at(x, v)
        return v + 0 * x

    def exp(self, x: Any, v: Any) -> np.ndarray:
        """x + v."""
        x, v = self._at(x, v)
        return x + v

    def log(self, x: Any, y: Any) -> np.ndarray:
        """y - x."""
        x, y = self._at(x, y)
        return y - x

    def distance(self, x: Any, y: Any) -> np.ndarray:
        """|y - x|, shape (...), in floats or balls."""
        return self.norm(x, self.log(x, y))

    def transport(self, x: Any, y: Any, v: Any) -> np.ndarray:
        """v: parallel transport from x to y is the identity."""
        x, y, v = self._at(x, y, v)
        return v + 0 * (x + y)

    def riemannian_gradient(self, x: Any, g: Any) -> np.ndarray:
        """g: the Euclidean gradient itself."""
        return self.projection(x, g)

    def riemannian_hessian(self, x: Any, g: Any, H: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """H (..., dim, dim): the Euclidean Hessian itself; ``out`` may be H."""
        out = np.empty_like(H) if out is None else out
        out[...] = H
        return out

    def random_point(self, rng: np.random.Generator, shape: tuple[int, ...] = ()) -> np.ndarray:
        """Standard normal points (*shape, dim)."""
        return rng.standard_normal((*shape, self.dim))

    def tangent_basis(self, x: Any) -> np.ndarray:
        """Orthonormal columns (..., dim, dim): the identity."""
        return self.tangent_frame(x)

    def tangent_frame(self, x: Any) -> np.ndarray:
        """Columns (..., dim, dim) that span the tangent space, in the arithmetic of x: the identity."""
        (x,) = self._at(x)
        return np.broadcast_to(self.metric(x), (*x.shape, self.dim))
