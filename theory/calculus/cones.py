"""Exact linear feasibility: non-negative solutions, convex hulls, and the cells of a central arrangement."""

from __future__ import annotations

from math import comb
from typing import Any

import numpy as np

from theory.arithmetic import Arithmetic, arithmetic_of
from theory.errors import NotExact, TooLarge

MAX_CELLS = 1024


def nonnegative_solution(A: np.ndarray, b: np.ndarray) -> np.ndarray | None:
    """Some x >= 0 with A x = b, or None if there is none; decided exactly.

    Phase one of the simplex method with Bland's rule, which ends, in rational arithmetic.

    Parameters
    ----------
    A : (r, n) rationals.
    b : (r,) rationals.

    Returns
    -------
    (n,) rationals, at most r of them non-zero, or None.

    Raises
    ------
    NotExact
        For floats and balls, whose zeros are not zeros.

    Source: bland1977 (termination of this pivoting rule).
    """
    kind = _rationals(A, b)
    r, n = A.shape
    T = np.concatenate([A, b[:, None]], axis=1)
    T[b < 0] *= -1
    basis = list(range(n, n + r))  # artificial variables: they leave and never come back
    gain = T.sum(0)
    while entering := [j for j in range(n) if gain[j] > 0]:
        j = entering[0]
        rows = [i for i in range(r) if T[i, j] > 0]
        i = min(rows, key=lambda i: (T[i, -1] / T[i, j], basis[i]))
        T[i] = T[i] / T[i, j]
        others = np.arange(r) != i
        T[others] -= np.multiply.outer(T[others, j], T[i])
        gain = gain - gain[j] * T[i]
        basis[i] = j
    if gain[-1] != 0:
        return None
    x = kind.zeros(n + r)
    x[basis] = T[:, -1]
    return x[:n]


def convex_weights(P: np.ndarray) -> np.ndarray | None:
    """Weights t >= 0, sum t = 1, with P t = 0: 0 as a convex combination of the columns of P (d, N), or None."""
    kind = _rationals(P)
    ones = kind.zeros((1, P.shape[1])) + kind.fraction(1)
    return nonnegative_solution(np.concatenate([P, ones]), kind.eye(len(P) + 1)[-1])


def cells(V: np.ndarray, max_cells: int = MAX_CELLS) -> np.ndarray:
    """Sign patterns of the open cells of the arrangement {d : v_i.d = 0}: which v_i.d are positive.

    Hyperplanes are added one by one; a pattern survives iff no convex combination of its signed normals is 0 (Gordan).

    Parameters
    ----------
    V : (d, k) rationals, non-zero columns; repeated and opposite columns are allowed.

    Returns
    -------
    (cells, k) booleans.

    Raises
    ------
    TooLarge
        When the bound 2 sum_{j < d} C(k-1, j) on the number of cells exceeds ``max_cells``.
    """
    kind = _rationals(V)
    d, k = V.shape
    bound = 2 * sum(comb(k - 1, j) for j in range(d))
    if bound > max_cells:
        raise TooLarge(f"cells: at most {max_cells}, got up to {bound} ({k} planes in dimension {d}); use fewer kinks")
    patterns: list[list[int]] = [[]]
    for _ in range(k):
        longer = [[*p, sign] for p in patterns for sign in (1, -1)]
        patterns = [p for p in longer if convex_weights(V[:, : len(p)] * _as_rationals(p, kind)) is None]
    return np.array(patterns) > 0


def _as_rationals(integers: list[int], kind: Arithmetic) -> np.ndarray:
    out = kind.zeros(len(integers))
    out[:] = [kind.fraction(i) for i in integers]
    return out


def _rationals(*matrices: np.ndarray) -> Arithmetic:
    kinds: Any = [arithmetic_of(a) for a in matrices]
    if any(kind.name != "rational" for kind in kinds):
        raise NotExact(f"cones: needs rationals, got {', '.join(k.name for k in kinds)}; use theory.rational")
    return kinds[0]
