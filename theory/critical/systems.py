"""Square systems whose zeros are the critical points: what Newton's method solves and Krawczyk's test certifies.

Where continuous symmetries act, critical points come in orbits and the Hessian is singular. Across an orbit they are
isolated: with the columns of N spanning a complement of the symmetry directions D(theta), the system is
N^T grad f(c + N y) = 0. Invariance gives grad f . D = 0 everywhere, so a zero at which N and D together span R^n is a
critical point; its Hessian vanishes on D, so its inertia is that of N^T H N plus a zero for each dimension of D.
On a sphere the system is grad f - lambda x = 0, |x|^2 = r^2, in the unknowns (x, lambda).
Source: own derivation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from theory.arithmetic import arithmetic_of, as_array, ball, flint, to_float
from theory.calculus.exact_linalg import array_of, ball_matrix
from theory.calculus.inertia import Inertia, inertia
from theory.calculus.krawczyk import certify_zero, krawczyk
from theory.calculus.tolerance import rounding
from theory.critical.tangent import is_flat, symmetry_directions_at, tangent_hessian
from theory.errors import Undecided
from theory.manifolds.euclidean import dot


def complement(D: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """(N, C) in floats: N (n, n - r) spans a complement of the rows of D (k, n), C D (r, n) their span, r = rank D."""
    if not len(D):
        return np.eye(n), np.empty((0, 0))
    U, s, Vt = np.linalg.svd(D.astype(float))
    r = int((s > rounding(float, max(D.shape), s.max())).sum())
    return Vt[r:].T, U[:, :r].T


def congruent(N: np.ndarray, H: np.ndarray) -> np.ndarray:
    """N^T H N in balls."""
    N_, H_ = ball_matrix(N), ball_matrix(H)
    return array_of(N_.transpose() * H_ * N_)


def signs_of(H: np.ndarray) -> Inertia:
    """The inertia, also on a tangent space of dimension 0."""
    return inertia(H) if len(H) else Inertia(0, 0, 0, method="no tangent directions")


@dataclass(frozen=True)
class Slice:
    """N^T grad f(centre + N y) = 0 in R^n; with no symmetries N is the identity."""

    model: Any
    centre: np.ndarray
    N: np.ndarray
    C: np.ndarray

    @classmethod
    def through(cls, model: Any, centre: np.ndarray) -> Slice:
        """The slice at an exact or float centre."""
        N, C = complement(symmetry_directions_at(model, to_float(centre)), len(centre))
        return cls(model, ball(centre), ball(N), C)

    @property
    def start(self) -> np.ndarray:
        """y of the centre."""
        return ball(np.zeros(self.N.shape[1]))

    def radii(self, box: np.ndarray) -> np.ndarray:
        """Radii of y for which centre + N y stays in the box around the centre."""
        rows = [(x.rad(), sum(abs(c) for c in row)) for x, row in zip(box, self.N, strict=True)]
        return np.array([min(radius / reach for radius, reach in rows if reach > 0).lower()] * self.N.shape[1], object)

    def point(self, y: np.ndarray) -> np.ndarray:
        """theta = centre + N y."""
        return self.centre + self.N @ y

    def residual(self, y: np.ndarray) -> np.ndarray:
        """N^T grad f."""
        return self.N.T @ self.model.gradient(self.point(y))

    def jacobian(self, y: np.ndarray) -> np.ndarray:
        """N^T H N."""
        return congruent(self.N, self.model.hessian(self.point(y)))

    def transversal(self, theta: np.ndarray) -> bool:
        """Whether N and D(theta) are proved to span R^n at every point of the box theta."""
        if not len(self.C):
            return True
        square = np.concatenate([self.N.T, ball(self.C) @ symmetry_directions_at(self.model, theta)])
        return not ball_matrix(square).det().contains(0)

    def signs(self, theta: np.ndarray) -> tuple[Inertia, int]:
        """The inertia at the critical points in a box where the slice is transversal; the dimension of their orbits."""
        r = len(self.C)
        if not self.N.size:
            return Inertia(0, r, 0, method="symmetries"), r
        signs = inertia(congruent(self.N, self.model.hessian(theta)))
        return replace(signs, zero=signs.zero + r), r


@dataclass(frozen=True)
class Multiplier:
    """grad f - lambda x = 0, (r^2 - |x|^2) / 2 = 0 on a sphere: y = (x, lambda)."""

    model: Any
    centre: np.ndarray

    def _multiplier(self, x: np.ndarray) -> Any:
        """lambda = <grad f, x> / |x|^2."""
        return dot(self.model.gradient(x), x) / dot(x, x)

    @property
    def start(self) -> np.ndarray:
        """The centre with its best multiplier."""
        x = ball(self.centre)
        return np.append(x, self._multiplier(x))

    def radii(self, box: np.ndarray) -> np.ndarray:
        """Those of the box, and what they let the multiplier vary."""
        return np.array([x.rad() for x in (*box, self._multiplier(box))], object)

    def point(self, y: np.ndarray) -> np.ndarray:
        """theta = x."""
        return y[:-1]

    def residual(self, y: np.ndarray) -> np.ndarray:
        """(grad f - lambda x, (r^2 - |x|^2) / 2)."""
        x, kind = y[:-1], arithmetic_of(y)
        r2 = kind.convert(as_array([self.model.manifold.radius_squared]))
        return np.concatenate([self.model.gradient(x) - y[-1] * x, kind.fraction(1, 2) * (r2 - dot(x, x))])

    def jacobian(self, y: np.ndarray) -> np.ndarray:
        """[[H - lambda I, -x], [-x^T, 0]]."""
        x, kind = y[:-1], arithmetic_of(y)
        top = np.column_stack([self.model.hessian(x) - y[-1] * kind.eye(len(x)), -x])
        return np.concatenate([top, np.append(-x, kind.zeros(1))[None]])

    def transversal(self, theta: np.ndarray) -> bool:
        """Nothing is left to prove."""
        return True

    def signs(self, theta: np.ndarray) -> tuple[Inertia, int]:
        """The inertia on the tangent space at the points of the sphere in the box; no orbit."""
        return signs_of(tangent_hessian(self.model, theta)[0]), 0


System = Slice | Multiplier


def system_at(model: Any, centre: np.ndarray) -> System:
    """The system through a centre of exact or float entries.

    Raises
    ------
    Undecided
        On manifolds other than R^n and spheres.
    """
    if is_flat(model):
        return Slice.through(model, centre)
    if not hasattr(model.manifold, "radius_squared"):
        where = f"got {model.manifold}; classify a rational theta"
        raise Undecided(f"classify: needs R^n or a sphere to certify critical points, {where}")
    return Multiplier(model, centre)


def certified_in(model: Any, box: np.ndarray) -> tuple[System, np.ndarray] | None:
    """(system, smaller box) if Krawczyk's test proves a critical point in the box theta (n,), else None."""
    system = system_at(model, np.array([x.mid() for x in box], object))
    radii = system.radii(box)
    if not all(r > 0 for r in radii):
        return None
    result = krawczyk(system.residual, system.jacobian, system.start, radii)
    found = system.point(result.image) if result.proved and result.image is not None else None
    return (system, found) if found is not None and system.transversal(found) else None


def certified_near(model: Any, theta: np.ndarray) -> tuple[System, np.ndarray]:
    """(system, box) around the critical point that Newton's method finds from a float theta (n,).

    Raises
    ------
    Undecided
        When none can be proved, or it is farther than half of |theta|, or of 1 for a shorter theta.
    """
    system = system_at(model, theta)
    try:
        image = certify_zero(system.residual, system.jacobian, system.start, bits=flint().ctx.prec).image
    except Undecided as error:
        raise Undecided(
            "nearest: needs a critical point isolated across the symmetry orbits, none near theta could be proved; "
            "train further, or theta is near a larger family of critical points, for which the model needs a theory"
        ) from error
    assert image is not None
    found = system.point(image)
    if not system.transversal(found):
        raise Undecided("nearest: Newton's method left the slice across the symmetry orbits; train further")
    far, limit = distance(found, theta), reach(theta)
    if not far <= limit:
        raise Undecided(
            f"nearest: needs a critical point within {limit:.3g} of theta (half of |theta|, at least 1/2), got one at "
            f"distance {far:.3g}, to which Newton's method has led; train further"
        )
    return system, found


def reach(theta: np.ndarray) -> float:
    """How far a critical point may lie from a float theta and be called near: half of |theta|, at least 1/2."""
    return max(float(np.linalg.norm(theta)), 1.0) / 2


def distance(x: np.ndarray, y: np.ndarray) -> float:
    """An upper bound of |x - y| for every point of the box x, in floats."""
    squares = [(a - b).abs_upper() ** 2 for a, b in zip(ball(x), ball(y), strict=True)]
    return math.nextafter(float(sum(squares, flint().arb(0)).sqrt().upper()), math.inf)
