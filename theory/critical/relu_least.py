"""The least values of a ReLU neuron on all faces of its arrangement, in rational arithmetic.

L(w) = (1/m) ||P (relu(X^T w) - y)||^2 is a convex quadratic on every closed face of {w : x_i.w = 0}; P = I, or P
subtracts the mean (the best output bias has been put in).

1. A minimiser over a closed face lies inside some smaller face and solves least squares on its span; faces are pointed
   cones (modulo what no sample sees), so the set of minimisers has a vertex, where that solution is unique. The least
   values on all closed faces are thus minima over the faces whose unique least-squares solution lies inside.
2. The minimisers over a closed face meet its inside iff the signs of the smaller faces and the rays that they meet
   compose to those of the face.

Source: own derivation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from theory.arithmetic import flint
from theory.calculus.arrangement import Arrangement, signs_of
from theory.calculus.exact_linalg import array_of, rational_matrix
from theory.critical.relu_profile import mean

FACES_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class LeastValues:
    """Least values and minimisers on the closed faces; ``centred`` if P subtracts the mean."""

    arrangement: Arrangement
    y: np.ndarray
    centred: bool

    def project(self, v: np.ndarray) -> np.ndarray:
        """P v for vectors (..., m)."""
        return v - v.sum(-1, keepdims=True) * flint().fmpq(1, v.shape[-1]) if self.centred else v

    @cached_property
    def at_zero(self) -> Any:
        """L(0)."""
        return mean(self.project(self.y) ** 2)

    @cached_property
    def unique(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Faces (K,) whose least-squares solution is unique and inside, the solutions (K, r), their values (K,)."""
        A, zero = self.arrangement, np.array([flint().fmpq(0)] * self.arrangement.rank, object)
        faces, points, values = [0], [zero], [self.at_zero]
        for on_flat, basis in A.flats():
            if basis.ncols():
                for face, point, value in self._least_squares(on_flat, basis):
                    faces.append(face)
                    points.append(point)
                    values.append(value)
        out = np.empty(len(values), object)
        out[:] = values
        return np.array(faces), np.array(points, object).reshape(len(faces), A.rank), out

    def _least_squares(self, faces: np.ndarray, basis: Any) -> list[tuple[int, np.ndarray, Any]]:
        """Of faces with one span: those with a unique solution inside, the solution, its value.

        With z = B^T x_i on the active samples, u solves (sum z z^T - s s^T / m) u = sum z (P y), s = sum z if P != I.
        """
        A, k, lib, m = self.arrangement, basis.ncols(), flint(), len(self.y)
        Z = array_of(basis.transpose() * rational_matrix(A.reduced))
        targets = self.project(self.y)
        total = (targets * targets).sum()
        active = lib.fmpq_mat(lib.fmpz_mat((A.signs[faces] > 0).astype(int).tolist()))
        sums = [Z[a] * Z[b] for a in range(k) for b in range(k)] + [Z[a] * targets for a in range(k)] + list(Z)
        S = array_of(active * rational_matrix(np.array(sums, object)).transpose())
        G, right, s = S[:, : k * k], S[:, k * k : k * k + k], S[:, k * k + k :]
        if self.centred:
            G = G - (s[:, :, None] * s[:, None, :]).reshape(len(faces), k * k) * lib.fmpq(1, m)
        solved, solutions = [], []
        for i in range(len(faces)):
            try:
                u = lib.fmpq_mat(k, k, G[i].tolist()).solve(lib.fmpq_mat(k, 1, right[i].tolist()))
            except ZeroDivisionError:
                continue
            solved.append(i)
            solutions += u.entries()
        if not solved:
            return []
        U = lib.fmpq_mat(len(solved), k, solutions)
        W = U * basis.transpose()
        inside = (signs_of(W * rational_matrix(A.reduced)) == A.signs[faces[solved]]).all(1)
        points, u = array_of(W), array_of(U)
        values = (total - (right[solved] * u).sum(1)) * lib.fmpq(1, m)
        return [(int(faces[solved[i]]), points[i], values[i]) for i in np.flatnonzero(inside)]

    @cached_property
    def levels(self) -> tuple[tuple[Any, ...], np.ndarray]:
        """The different values of the unique solutions, increasing, and the position of each solution's among them."""
        levels = tuple(sorted(set(self.unique[2])))
        position = {value: i for i, value in enumerate(levels)}
        return levels, np.array([position[value] for value in self.unique[2]])

    @cached_property
    def least(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """For every face the position of the least value on its closure, and where the minimisers meet its inside.

        The latter as faces (N,) and points (N, r) inside, one on each.
        """
        A, (faces, points, _), heights = self.arrangement, self.unique, self.levels[1]
        small, rays = A.signs[faces].astype(np.float32), A.ray_signs.astype(np.float32)
        vectors, away = A.rays, self._line_direction()
        least, inside, found = [], [], []
        for start in range(0, len(A.signs), FACES_AT_ONCE):
            big = A.signs[start : start + FACES_AT_ONCE].astype(np.float32)
            under = is_below(small, big)
            height = np.where(under, heights[:, None], len(A.signs)).min(0)
            lowest = under & (heights[:, None] == height)
            flat = is_below(rays, big) & ~overlap(rays != 0, (big > 0).T)
            met = overlap(lowest.T, small != 0) | overlap(flat.T, rays != 0) | (big == 0)
            straight = np.full(len(big), away is not None)
            straight &= (big > 0).all(1)
            for i in np.flatnonzero(met.all(1) | straight):
                center = points[lowest[:, i]].sum(0) * flint().fmpq(1, int(lowest[:, i].sum()))
                center = center + vectors[flat[:, i]].sum(0) if flat[:, i].any() else center
                inside.append(start + i)
                found.append(center + away if straight[i] else center)
            least.append(height)
        return np.concatenate(least), np.array(inside), np.array(found, object).reshape(len(inside), A.rank)

    def _line_direction(self) -> np.ndarray | None:
        """The z with x_i.z = 1 for all i, along which c can be traded; None where there is none or no c."""
        A = self.arrangement
        if not self.centred or not A.rank:
            return None
        V = rational_matrix(A.reduced)
        one = flint().fmpq_mat(V.ncols(), 1, [1] * V.ncols())
        z = (V * V.transpose()).solve(V * one)
        return array_of(z)[:, 0] if V.transpose() * z == one else None


def is_below(small: np.ndarray, big: np.ndarray) -> np.ndarray:
    """(n, N): which faces of signs (n, m) lie in the closures of those of signs (N, m), float32 for a fast product."""
    with np.errstate(invalid="ignore"):  # some BLAS raise the flag on what they read beyond small matrices
        return small @ big.T == np.abs(small).sum(1)[:, None]


def overlap(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The boolean product of boolean matrices."""
    with np.errstate(invalid="ignore"):
        return a.astype(np.float32) @ b.astype(np.float32) > 0
