"""The sphere {x in R^N : <x, x> = r^2} with the metric of R^N."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.arithmetic import BALL, FLOAT, RATIONAL, SYMBOLIC, Arithmetic, arithmetic_of, as_array, is_zero, sign
from theory.backends import precision
from theory.constructors import ball, each
from theory.errors import Degenerate, NotExact
from theory.manifolds.euclidean import Embedded, dot, length, needs_roots


@dataclass(frozen=True)
class Sphere(Embedded):
    """The sphere of dimension N - 1 in R^N, N = ``dim``.

    Projections and Riemannian derivatives use P = I - x x^T / r^2 and no square root, so they are exact in every
    arithmetic; exp, log and distance are for floats. That x lies on the sphere is not checked: elsewhere the formulas
    are polynomials in x without this meaning.

    Parameters
    ----------
    dim : N >= 1, the ambient dimension.
    radius_squared : r^2 > 0, an int, Fraction, fmpq or float.

    Source: own derivation.

    >>> Sphere(2, 25).riemannian_gradient([3, 4], [1, 0])
    array([16/25, -12/25], dtype=object)
    """

    radius_squared: Any = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        r2 = as_array([self.radius_squared], "Sphere: radius_squared")
        if arithmetic_of(r2).name not in (FLOAT, RATIONAL) or r2.dtype.kind == "c" or not r2[0] > 0:
            raise ValueError(f"Sphere: radius_squared must be positive, rational or float, got {self.radius_squared}")

    @property
    def dimension(self) -> int:
        """Dimension N - 1 of the manifold."""
        return self.dim - 1

    @property
    def radius(self) -> float:
        """r in floats, also where r^2 is beyond them."""
        with precision(128):
            r = float(np.sqrt(ball([self.radius_squared]))[0])
        if not 0 < r < np.inf:
            raise ValueError(f"Sphere: a float radius needs to be positive and finite, got {r}; use exact points")
        return r

    def _curvature(self, kind: Arithmetic) -> Any:
        """The sectional curvature 1/r^2 in the arithmetic at hand."""
        r2 = as_array([self.radius_squared])
        return kind.convert(1 / r2)[0] if r2.dtype == object else 1 / kind.convert(r2)[0]

    def _geodesics(self, name: str, *points: Any) -> tuple[np.ndarray, ...]:
        points = self._at(*points)
        needs_roots(arithmetic_of(points[0]), f"Sphere.{name}", FLOAT)
        return points

    def projection(self, x: Any, v: Any) -> np.ndarray:
        """P v = v - <x, v> x / r^2."""
        x, v = self._at(x, v)
        return v - dot(x, v, keepdims=True) * self._curvature(arithmetic_of(x)) * x

    def exp(self, x: Any, v: Any) -> np.ndarray:
        """cos(t) x + sin(t)/t v with t = |v| / r, for a tangent vector v."""
        x, v = self._geodesics("exp", x, v)
        t = length(v) / x.dtype.type(self.radius)
        return np.cos(t) * x + np.where(t > 0, np.sin(t) / np.where(t > 0, t, 1), 1) * v

    def log(self, x: Any, y: Any) -> np.ndarray:
        """The tangent vector v of smallest norm with exp(x, v) = y.

        v = d(x, y) P(y) / |P(y)|, where P(y) = P(y - x) = P(y + x) is computed from the shorter of the two.

        Raises
        ------
        Degenerate
            At the antipode y = -x, where every direction is a shortest one.
        """
        x, y = self._geodesics("log", x, y)
        self._refuse_antipodes("log", x, y)
        u = self.projection(x, np.where(dot(x, y, keepdims=True) >= 0, y - x, y + x))
        length = np.sqrt(dot(u, u, keepdims=True))
        return u * (self.distance(x, y)[..., None] / np.where(length > 0, length, 1))

    def distance(self, x: Any, y: Any) -> np.ndarray:
        """2 r arctan(|x - y| / |x + y|), accurate to rounding near 0 and near pi r alike."""
        x, y = self._geodesics("distance", x, y)
        r = x.dtype.type(self.radius)
        near, far = (x - y) / r, (x + y) / r
        return 2 * r * np.arctan2(np.sqrt(dot(near, near)), np.sqrt(dot(far, far)))

    def transport(self, x: Any, y: Any, v: Any) -> np.ndarray:
        """v - 2 <z, v> z / <z, z>, z = x + y: parallel transport of a tangent vector v from x to y; no square root.

        The reflection in z's hyperplane takes x to -y and fixes what is orthogonal to both.

        Raises
        ------
        NotExact
            For ring elements: <z, z> has no inverse among polynomials.
        Degenerate
            At the antipode y = -x, where the shortest geodesic is not unique.
        """
        x, y, v = self._at(x, y, v)
        kind = arithmetic_of(x)
        if kind.name == SYMBOLIC and kind.parent is not None:
            raise NotExact("Sphere.transport: divides by <z, z>, got ring elements; use numbers or SymPy expressions")
        self._refuse_antipodes("transport", x, y)
        z = x + y
        if kind.name == FLOAT:
            z = z / length(z)  # its square stays within the floats
        return v - 2 * dot(z, v, keepdims=True) / dot(z, z, keepdims=True) * z

    def _refuse_antipodes(self, name: str, x: np.ndarray, y: np.ndarray) -> None:
        """Floats that are antipodes up to the rounding of their coordinates have no direction left either."""
        if arithmetic_of(x).name == FLOAT:
            lost = length(x + y)[..., 0] <= self.dim * np.finfo(x.dtype).eps * self.radius
        else:
            lost = is_zero(x + y).all(-1)
        if np.any(lost):
            raise Degenerate(f"Sphere.{name}: needs one shortest geodesic, got y = -x, the antipode; move y")

    def riemannian_gradient(self, x: Any, g: Any) -> np.ndarray:
        """P g for the Euclidean gradient g."""
        return self.projection(x, g)

    def riemannian_hessian(self, x: Any, g: Any, H: Any, out: np.ndarray | None = None) -> np.ndarray:
        """P H P - (<g, x> / r^2) P as an ambient matrix: symmetric, zero on the normal x.

        Parameters
        ----------
        x, g : (..., N), the point and the Euclidean gradient there.
        H : (..., N, N), the Euclidean Hessian, symmetric.
        out : where to write; it may be H.

        Returns
        -------
        (..., N, N), written as H - x w^T - w x^T - q I: one update of rank 2 instead of two products of matrices.
        """
        x, g = self._at(x, g)
        kind = arithmetic_of(x)
        H, out = self._hessian_at(x, g, H, out)
        c, half = self._curvature(kind), kind.fraction(1, 2)
        Hx = (H @ x[..., None])[..., 0]
        q = dot(g, x, keepdims=True) * c
        w = Hx * c - (dot(x, Hx, keepdims=True) * c + q) * (c * half) * x
        x = x + 0 * w  # the batches of g and H
        np.subtract(H, np.stack([x, w], -1) @ np.stack([w, x], -2), out=out)
        diagonal = np.einsum("...ii->...i", out)
        diagonal -= q
        return out

    def random_point(self, rng: np.random.Generator, shape: tuple[int, ...] = ()) -> np.ndarray:
        """Uniform points (*shape, N)."""
        x = rng.standard_normal((*shape, self.dim))
        return self.radius * x / np.linalg.norm(x, axis=-1, keepdims=True)

    def tangent_basis(self, x: Any) -> np.ndarray:
        """Orthonormal columns (..., N, N - 1) that span the tangent space; floats.

        Columns 2, ..., N of the reflection that takes x to the first axis: I - 2 z z^T / <z, z>, z = x +- r e_1.
        """
        (x,) = self._geodesics("tangent_basis", x)
        z = x.copy()
        z[..., 0] += np.copysign(x.dtype.type(self.radius), x[..., 0])
        w = 2 * z / dot(z, z, keepdims=True)
        return np.eye(self.dim, dtype=x.dtype)[:, 1:] - w[..., :, None] * z[..., None, 1:]

    def tangent_frame(self, x: Any) -> np.ndarray:
        """Columns x_k e_j - x_j e_k, j != k, with x_k != 0: a tangent basis (..., N, N - 1) in any arithmetic.

        For F = tangent_frame(x) the matrix F^T H F has the inertia of the Hessian on the tangent space. k is the entry
        of largest modulus, or the first that is not the zero polynomial.

        Raises
        ------
        Undecided
            When no ball in x is separated from zero.
        """
        (x,) = self._at(x)
        k, E, j = _pivot(x), arithmetic_of(x).eye(self.dim), np.arange(self.dimension)
        frame = np.take_along_axis(x, k, -1)[..., None] * E - E[k[..., 0]][..., :, None] * x[..., None, :]
        return np.take_along_axis(frame, (j + (j >= k))[..., None, :], -1)


def _pivot(x: np.ndarray) -> np.ndarray:
    """The position (..., 1) of an entry of x that is proved not to vanish."""
    name = arithmetic_of(x).name
    symbolic, middle = name == SYMBOLIC, each(lambda b: b.mid(), x) if name == BALL else x
    k = (~is_zero(x) if symbolic else abs(middle)).argmax(-1)[..., None]
    x_k = np.take_along_axis(x, k, -1)
    if (is_zero(x_k) if symbolic else sign(x_k) == 0).any():
        raise ValueError("Sphere.tangent_frame: x must lie on the sphere, got the origin; choose another point")
    return k
