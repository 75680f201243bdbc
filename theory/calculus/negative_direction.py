"""A rational direction of negative curvature: what shows that a symmetric matrix is not positive semidefinite."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from theory.arithmetic import RATIONAL, Arithmetic, is_zero, rational, to_float


def negative_direction(H: np.ndarray) -> tuple[np.ndarray, Any] | None:
    """(v, v^T H v) with v^T H v < 0 for a symmetric rational matrix H (n, n); None if it is positive semidefinite.

    The float eigenvector, rounded as coarsely as still proves it; where rounding loses the sign, exact elimination.
    """
    largest = max(abs(H).flat)
    if largest == 0:
        return None
    values, vectors = np.linalg.eigh(to_float(H * (1 / largest)))
    v = vectors[:, 0]
    for digits in (1, 2, 4, 8, 16) if values[0] < 0 else ():
        w = rational([Fraction(round(10**digits * x), 10**digits) for x in (v / np.abs(v).max()).tolist()])
        if (curvature := w @ H @ w) < 0:
            return w, curvature
    return _by_elimination(H)


def _by_elimination(H: np.ndarray) -> tuple[np.ndarray, Any] | None:
    """Diagonalise V^T H V from the top: positive pivots are cleared away, anything else decides."""
    n, A = len(H), H.copy()
    V = Arithmetic(RATIONAL).eye(n)
    for k in range(n):
        diagonal = A.diagonal()[k:]
        for i, d in enumerate(diagonal, start=k):
            if d < 0:
                return V[:, i], d
        positive = [i for i, d in enumerate(diagonal, start=k) if d > 0]
        if not positive:  # a zero diagonal: any entry beside it has both signs
            rest = np.argwhere(~is_zero(A[k:, k:])) + k
            if not len(rest):
                return None
            a, b = rest[0]
            v = V[:, a] - V[:, b] if A[a, b] > 0 else V[:, a] + V[:, b]
            return v, v @ H @ v
        order = [positive[0], *(j for j in range(k, n) if j != positive[0])]
        A[k:, k:], V[:, k:] = A[np.ix_(order, order)].copy(), V[:, order].copy()
        factors = A[k, k + 1 :] / A[k, k]
        V[:, k + 1 :] -= np.outer(V[:, k], factors)
        A[k + 1 :, k + 1 :] -= np.outer(factors, A[k, k + 1 :])
    return None
