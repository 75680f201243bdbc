"""Flat space R^n, and what its submanifolds inherit from it: the metric of the ambient space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from theory.arithmetic import BALL, FLOAT, Arithmetic, arithmetic_of, as_array
from theory.arrays import batch_matrix, batch_of, points, positive_int
from theory.errors import NotExact


@dataclass(frozen=True)
class Embedded:
    """A submanifold of R^dim with the induced metric.

    Points and vectors are arrays (..., dim) in ambient coordinates; leading axes are a batch and broadcast. The
    arithmetic is that of the point x, into which the vectors are converted. ``is_flat`` says that it is R^dim itself.
    """

    dim: int
    is_flat: ClassVar[bool] = False

    def __post_init__(self) -> None:
        positive_int(self.dim, type(self).__name__, "dim")

    def _at(self, x: Any, *vectors: Any) -> tuple[np.ndarray, ...]:
        """x and the vectors, checked, in the arithmetic of x."""
        name = type(self).__name__
        named = {f"vector {i}" if i else "x": v for i, v in enumerate((x, *vectors))}
        x, *others = (points(v, self.dim, name, key) for key, v in named.items())
        batch_of(name, {key: v.shape[:-1] for key, v in zip(named, (x, *others), strict=True)})
        return x, *map(arithmetic_of(x).convert, others)

    def _hessian_at(self, x: np.ndarray, g: np.ndarray, H: Any, out: Any) -> tuple[np.ndarray, np.ndarray]:
        """The Hessians H, checked, in the arithmetic of x, and the array to write to."""
        where = f"{type(self).__name__}.riemannian_hessian"
        H = as_array(H, f"{where}: H")
        if H.ndim < 2 or H.shape[-2:] != (self.dim, self.dim):
            raise ValueError(f"{where}: H needs shape (..., {self.dim}, {self.dim}), got {H.shape}")
        batch = batch_of(where, {"x": x.shape[:-1], "g": g.shape[:-1], "H": H.shape[:-2]})
        return arithmetic_of(x).convert(H), batch_matrix(out, (*batch, self.dim, self.dim), x.dtype, where)

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
        return length(v)[..., 0][()]  # a number for a single vector


def length(v: np.ndarray) -> np.ndarray:
    """|v| over the last axis, which is kept; for floats without overflow or underflow of the squares."""
    if v.dtype == object:
        return np.sqrt(dot(v, v, keepdims=True))
    scale = abs(v).max(-1, keepdims=True)
    scale = np.where(scale > 0, scale, 1)
    return scale * np.sqrt(dot(v / scale, v / scale, keepdims=True))


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

    is_flat = True

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

    def riemannian_hessian(self, x: Any, g: Any, H: Any, out: np.ndarray | None = None) -> np.ndarray:
        """H (..., dim, dim): the Euclidean Hessian itself; ``out`` may be H."""
        x, g = self._at(x, g)
        H, out = self._hessian_at(x, g, H, out)
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
