r"""Local minimality is as hard as subset sum and as graph stability: the reductions, executable, with oracles.

1. Subset sum as a box problem. For positive integers d_i and an integer s let f(x) = (d.x - s)^2 + sum_i x_i (1 - x_i)
   on [0, 1]^n. f >= 0, and f(x) = 0 iff x is 0-1 with d.x = s. On a face with at least two free coordinates f is
   concave along v with d.v = 0, so its minimum lies on vertices and edges. At vertices f is an integer. On an edge of
   the coordinate i, with c the value of d.x - s at its end x_i = 0, f = (c + d_i x_i)^2 + x_i (1 - x_i). For d_i = 1
   this is linear. Else its vertex x_i = -(2 c d_i + 1) / (2 (d_i^2 - 1)) lies in the open edge iff c = -j with
   1 <= j <= d_i - 1, with the value (4 j (d_i - j) - 1) / (4 (d_i^2 - 1)) >= (4 d_i - 5) / (4 (d_i^2 - 1)). This bound
   falls as d_i >= 2 grows: its derivative has the sign of -(2 d_i - 1) (d_i - 2). So without a solution
   min f >= (4 D - 5) / (4 (D^2 - 1)), D = max d_i, and >= 1 for D = 1; the one number D with s = 1 attains it.
2. Local minimality of a quadratic program. On the cone {0 <= x_i <= t} let F(x, t) = 4 D^2 ((d.x - s t)^2 + sum_i x_i
   (t - x_i)) - t^2 = t^2 (4 D^2 f(x/t) - 1). The origin is a local minimum iff F >= 0 on the cone, iff f >= 1 / (4 D^2)
   on the box, iff s is no subset sum of d, since D^2 (4 D - 5) >= D^2 - 1 for D > 1. F has integer coefficients of
   polynomial length: deciding local minimality is co-NP-hard. (That s is a subset sum has a certificate, a point (x, 1)
   with F < 0: not being a local minimum is in NP.)
3. Local minimality of a polynomial without constraints. The origin is a local minimum of sum_ij M_ij u_i^2 u_j^2 iff
   x^T M x >= 0 for all x >= 0, M is copositive. For a graph with adjacency matrix A and gamma > 0, M = gamma (I + A) -
   J has the least value gamma / alpha - 1 on the simplex, alpha the stability number: M is copositive iff gamma >=
   alpha.

Source: murtykabadi1987, for 1 and 2 in the form of (their quadratic program differs); motzkinstraus1965, Theorem 1, for
3 in the form of; the constants: own derivation.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

from theory import arrays
from theory.arithmetic import RATIONAL, arithmetic_of, flint, is_zero, rational
from theory.calculus.exact_linalg import rank, solve
from theory.errors import NotExact, TooLarge

MAX_ITEMS = 16
MAX_ORDER = 12


def subset_sum(d: Sequence[int], s: int) -> tuple[int, ...] | None:
    """The indices of some d_i with sum s, or None; all subsets are tried.

    >>> subset_sum([2, 3], 5), subset_sum([2, 3], 4)
    ((0, 1), None)
    """
    d, s = _instance(d, s, "subset_sum")
    parts = (part for size in range(len(d) + 1) for part in combinations(range(len(d)), size))
    return next((part for part in parts if sum(d[i] for i in part) == s), None)


def box_loss(d: Sequence[int], s: int, x: Any) -> Any:
    """(d.x - s)^2 + sum_i x_i (1 - x_i) at rational x (..., n): (...)."""
    d, s = _instance(d, s, "box_loss")
    x = arrays.points(rational(x), len(d), "box_loss", "x")
    e = x @ rational(d) - s
    return e * e + (x * (1 - x)).sum(-1)


def box_minimum(d: Sequence[int], s: int) -> tuple[Any, np.ndarray]:
    """The least value of ``box_loss`` on [0, 1]^n and a point where it is attained: all vertices and edges are tried.

    >>> box_minimum([2, 3], 4)
    (7/32, array([1, 11/16], dtype=object))
    """
    d, s = _instance(d, s, "box_minimum")
    n, q = len(d), flint().fmpq
    corners = np.array(list(np.ndindex(*(2,) * n)), object)  # Python integers: products do not wrap
    residuals = corners @ np.array(d, object) - s
    best = int(np.argmin(residuals * residuals))
    value, point = q(int(residuals[best]) ** 2), rational(corners[best])
    for i in range(n):
        if d[i] == 1:
            continue  # linear along these edges
        edges = np.flatnonzero(corners[:, i] == 0)
        for k in edges:
            c = int(residuals[k])
            x, least = q(-2 * c * d[i] - 1, 2 * (d[i] ** 2 - 1)), q(-4 * c * c - 4 * c * d[i] - 1, 4 * (d[i] ** 2 - 1))
            if 0 < x < 1 and least < value:
                value, point = least, rational(corners[k])
                point[i] = x
    return value, point


def local_minimality_program(d: Sequence[int], s: int) -> np.ndarray:
    """The integer matrix Q (n + 1, n + 1) of F(x, t) = z^T Q z, z = (x, t), on the cone 0 <= x_i <= t."""
    d, s = _instance(d, s, "local_minimality_program")
    v = np.array([*d, -s], object)
    Q = np.multiply.outer(v, v) * 2
    n = len(d)
    Q[range(n), range(n)] -= 2
    Q[n, :n] += 1
    Q[:n, n] += 1
    Q *= 2 * max(d) ** 2
    Q[n, n] -= 1
    return rational(Q)


def origin_is_local_minimum(d: Sequence[int], s: int) -> bool:
    """Whether the origin is a local minimum of the program on its cone, by the minimum over the box."""
    return bool(box_minimum(d, s)[0] * (4 * max(d) ** 2) >= 1)


# -- copositivity ----------------------------------------------------------------------------------------------------


def stability_matrix(A: Any, gamma: Any) -> np.ndarray:
    """gamma (I + A) - J for the adjacency matrix A (n, n) of a graph and a rational gamma."""
    A = _symmetric(A, "stability_matrix", "A")
    if not all(a in (0, 1) for a in A.flat) or not is_zero(np.diagonal(A)).all():
        raise ValueError("stability_matrix: A must be an adjacency matrix: entries 0 and 1, zeros on the diagonal")
    return rational([gamma])[0] * (A + arithmetic_of(A).eye(len(A))) - 1


def stability_number(A: Any) -> int:
    """The largest number of vertices without an edge between them; all subsets are tried."""
    A = _symmetric(A, "stability_number", "A")
    if not is_zero(np.diagonal(A)).all():
        raise ValueError("stability_number: needs an adjacency matrix with zero diagonal, got a loop")
    n = len(A)
    sets = (list(part) for size in range(n, 0, -1) for part in combinations(range(n), size))
    return len(next(part for part in sets if is_zero(A[np.ix_(part, part)]).all()))


def simplex_minimum(M: Any) -> tuple[Any, np.ndarray]:
    """The least value of x^T M x on {x >= 0, sum x = 1} and a point where it is attained, exactly.

    A minimum with the smallest support F solves M_FF x_F = value 1, sum x_F = 1 uniquely: otherwise the value would be
    constant along a line through it to a smaller face. All supports are tried.

    Parameters
    ----------
    M : (n, n) symmetric, integers or rationals, n <= MAX_ORDER.
    """
    M = _symmetric(M, "simplex_minimum", "M")
    kind, n = arithmetic_of(M), len(M)
    best = None
    for size in range(1, n + 1):
        bordered = kind.zeros((size + 1, size + 1))
        bordered[size, :size], bordered[:size, size] = kind.fraction(1), kind.fraction(-1)
        for support in map(list, combinations(range(n), size)):
            bordered[:size, :size] = M[np.ix_(support, support)]
            if rank(bordered) <= size:
                continue
            *x, value = solve(bordered, kind.eye(size + 1)[size])
            if all(v >= 0 for v in x) and (best is None or value < best[0]):
                point = kind.zeros(n)
                point[support] = x
                best = value, point
    assert best is not None  # single vertices are supports
    return best


def is_copositive(M: Any) -> bool:
    """Whether x^T M x >= 0 for all x >= 0: iff the origin is a local minimum of ``quartic``."""
    return bool(simplex_minimum(M)[0] >= 0)


def quartic(M: Any, u: Any) -> Any:
    """sum_ij M_ij u_i^2 u_j^2 at rational u (..., n): (...)."""
    M = _symmetric(M, "quartic", "M")
    x = arrays.points(rational(u), len(M), "quartic", "u") ** 2
    return ((x @ M) * x).sum(-1)


def _instance(d: Any, s: Any, where: str) -> tuple[list[int], int]:
    try:
        values = [arrays.positive_int(v, where, "each of d") for v in d]
    except TypeError:
        raise TypeError(f"{where}: d must be a list of positive integers, got {d!r}") from None
    if not values:
        raise ValueError(f"{where}: d must have at least one item, got none")
    if len(values) > MAX_ITEMS:
        raise TooLarge(f"{where}: tries 2^n subsets, n <= {MAX_ITEMS}, got {len(values)}; use fewer items")
    if isinstance(s, bool) or not isinstance(s, int | np.integer):
        raise ValueError(f"{where}: s must be an integer, got {s!r}")
    return values, int(s)


def _symmetric(M: Any, where: str, name: str) -> np.ndarray:
    out = arrays.matrix(M, where, name)
    if arithmetic_of(out).name != RATIONAL:
        raise NotExact(f"{where}: {name} must be rational, got {arithmetic_of(out).name} entries; use theory.rational")
    if out.shape[0] != out.shape[1] or (out != out.T).any():
        raise ValueError(f"{where}: {name} must be square and symmetric, got a matrix of shape {out.shape} that is not")
    if len(out) > MAX_ORDER:
        raise TooLarge(f"{where}: tries 2^n supports, n <= {MAX_ORDER}, got {len(out)}; use a smaller matrix")
    return out
