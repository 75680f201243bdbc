"""Exact inertia of integer matrices, proved at the speed of floating-point matrix products.

What proves it, for symmetric H (n, n) and any V (n, k):

- n+(H) >= n+(V^T H V) and n-(H) >= n-(V^T H V), because V maps a subspace on which V^T H V is positive definite
  one-to-one to a subspace on which H is positive definite;
- a strictly diagonally dominant V^T H V has the signs of its diagonal (Gershgorin);
- so p positive and q negative discs prove the inertia as soon as p + q = n, or p + q = rank H, computed exactly.

V holds float eigenvectors rounded to integers. It only has to be good enough: the product V^T H V is exact.
"""

from __future__ import annotations

import functools
import math
from itertools import islice, pairwise
from typing import Any

import numpy as np

from theory.arithmetic import flint, precision
from theory.calculus.ball_inertia import ball_signs, gershgorin_signs
from theory.calculus.tolerance import eigenvalue_error

WORD = 53
PRECISIONS = (128, 512, 2048)


def integer_inertia(H: Any) -> tuple[int, int, int, str]:
    """(n-, n0, n+, method) of a symmetric integer matrix (n, n), an int64 array or else an ``fmpz_mat``; always exact.

    Three methods, each falling back on the next: float congruence in exact integer words (entries of up to about 35
    bits, spectra of condition up to about 1e9), balls of growing precision, and Descartes' rule.
    """
    short = isinstance(H, np.ndarray)
    n = len(H) if short else H.nrows()
    negative, positive = congruence_signs(H) if short else (0, 0)
    if negative + positive == n:
        return negative, 0, positive, "exact congruence"
    N = flint().fmpz_mat(n, n, H.ravel().tolist()) if short else H
    if short and rank_at_most(N, negative + positive):
        return negative, n - negative - positive, positive, "exact congruence and rank"
    for bits in PRECISIONS:
        with precision(bits):
            negative, positive = ball_signs(flint().arb_mat(N))
        if rank_at_most(N, negative + positive):
            return negative, n - negative - positive, positive, "Gershgorin discs in balls and exact rank"
    return *descartes(N), "characteristic polynomial, Descartes' rule"


def congruence_signs(H: np.ndarray) -> tuple[int, int]:
    """Proved lower bounds of (n-, n+) of a symmetric int64 matrix (n, n); (0, 0) if its entries are too long.

    With row sums sum_j |H_ij| < 2^b and |V_ij| <= 2^s, every partial sum of W = H V is an integer below 2^(b+s) <=
    2^53, which float64 holds exactly. W = W_0 + 2^k W_1 with |W_0| <= 2^(k-1); the columns of V have 1-norms below
    2^(s+c), so those of V^T W_0 and V^T W_1 are exact as well if k + s + c <= 53 and b + s - k <= k.
    """
    n = len(H)
    if int(H.max()) >= 2**WORD or int(H.min()) <= -(2**WORD):
        return 0, 0
    A = H.astype(float)
    b = math.frexp(np.abs(A).sum(1).max())[1] + 1
    c = math.frexp(math.sqrt(n) + 1)[1]
    s = min(WORD - b, (2 * (WORD - c) - b) // 3)
    if s < c + 4:  # too coarse for dominance
        return 0, 0
    eigenvalues, Q = np.linalg.eigh(A)
    V = np.rint(2.0**s * Q[:, np.abs(eigenvalues) > eigenvalue_error(A)])
    size, k = np.abs(V), WORD - s - c
    if not (size.max(initial=0) <= 2.0**s and size.sum(0).max(initial=0) <= 2.0 ** (s + c)):
        return 0, 0  # never seen, but the proof must not rest on the eigenvectors
    W = A @ V
    W1 = np.rint(W * 2.0**-k)
    M = V.T @ (W - 2.0**k * W1) + 2.0**k * (V.T @ W1)  # one rounding, covered by the margin of the discs
    signs = gershgorin_signs(M)
    return int((signs < 0).sum()), int((signs > 0).sum())


def rank_at_most(N: Any, r: int) -> bool:
    """Whether the symmetric ``fmpz_mat`` N (n, n) has rank at most r; exact.

    Its minors of order r + 1 are bounded by the product of the r + 1 largest row norms (Hadamard), whose squares are
    the diagonal of N N. They vanish if the rank is at most r modulo primes whose product exceeds that.
    """
    n, square = N.nrows(), N * N
    bits = sorted((int(square[i, i]).bit_length() for i in range(n)), reverse=True)[: r + 1]
    return r >= n or all(flint().nmod_mat(N, p).rank() <= r for p in _primes(sum(bits) // 126 + 1))


@functools.lru_cache(64)
def _primes(count: int) -> tuple[int, ...]:
    """The largest ``count`` primes below 2^64; each exceeds 2^63."""
    below = (p for p in range(2**64 - 1, 2**63, -2) if flint().fmpz(p).is_prime())
    return tuple(islice(below, count))


def descartes(N: Any) -> tuple[int, int, int]:
    """(n-, n0, n+) from the signs of the characteristic polynomial, which has real roots only.

    For such a polynomial Descartes' rule is an equality: n+ is the number of sign changes of its coefficients.
    Source: own derivation: n+ and n- are at most the sign changes of p(x) and p(-x), and these add up to at most the
    degree of p(x) / x^n0, which is n+ + n-.
    """
    coefficients = N.charpoly().coeffs()
    n, signs = len(coefficients) - 1, [1 if c > 0 else -1 for c in coefficients if c != 0]
    zero = next(i for i, c in enumerate(coefficients) if c != 0)
    positive = sum(s != t for s, t in pairwise(signs))
    return n - zero - positive, zero, positive
