"""The index of A + lambda B for a positive semidefinite A, as a function of lambda >= 0: exact jumps, certified bounds.

Let K = ker A and ker B in common. On a complement of K the polynomial p(lambda) = det(A + lambda B) is not zero and has
real roots only: if (A + lambda B)v = 0 for a complex lambda, then v*Av + lambda v*Bv = 0 with both forms real, so
either lambda is real or v*Av = 0, whence Av = 0 and Bv = 0. The eigenvalues of tA + B, t = 1/lambda, do not decrease in
t, and where one of them vanishes its derivative v^T A v is positive unless v lies in K. So for lambda > 0 the index
never falls, it jumps at the positive roots of p and there by their multiplicities, and ends at the index of B.

Source: own derivation.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from theory import arrays
from theory.arithmetic import BALL, RATIONAL, arithmetic_of, as_array, ball, flint, precision, rational
from theory.calculus.exact_linalg import (
    array_of,
    column_space,
    null_space,
    rational_matrix,
    solve,
    symmetric_eigenvalues,
)
from theory.calculus.inertia import inertia
from theory.errors import NotExact

BITS, LARGEST = 128, 64


@dataclass(frozen=True)
class Jump:
    """A value of lambda > 0 beyond which the index is larger by ``size``: ``fmpq``, or ``arb`` if irrational."""

    value: Any
    size: int


@dataclass(frozen=True, eq=False)
class IndexProfile:
    """The number of negative eigenvalues of A + lambda B, lambda >= 0, for a positive semidefinite A.

    Attributes
    ----------
    start : the index for all small lambda > 0 (at lambda = 0 it is 0).
    jumps : ascending; the sizes add up to limit - start.
    limit : the index of B, that of A + lambda B for all large lambda.
    common_kernel : dim K, zero eigenvalues at every lambda.
    polynomial : det(A + lambda B) on a complement of K up to a positive or negative factor (``fmpz_poly``).
    """

    start: int
    jumps: tuple[Jump, ...]
    limit: int
    common_kernel: int
    polynomial: Any

    def __call__(self, factor: Any) -> int:
        """The index at a rational lambda >= 0; it is continuous from the left.

        The limit less the roots at lambda and beyond it: the zero coefficients at the end of p(x + lambda), and by
        Descartes' rule, which is an equality for real roots, its changes of sign.
        """
        at = _number(factor, "IndexProfile")
        if at == 0:
            return 0
        lib = flint()
        shifted = lib.fmpq_poly(self.polynomial)(lib.fmpq_poly([at, 1])).coeffs()
        here = next(i for i, c in enumerate(shifted) if c != 0)
        signs = [c > 0 for c in shifted if c != 0]
        return self.limit - here - sum(s != t for s, t in pairwise(signs))

    @property
    def first(self) -> Any:
        """The infimum of all lambda with a negative eigenvalue (0, ``fmpq`` or ``arb``); None if there are none."""
        if self.start:
            return flint().fmpq(0)
        return self.jumps[0].value if self.jumps else None


def index_profile(A: Any, B: Any) -> IndexProfile:
    """The index of A + lambda B at every lambda >= 0, exactly.

    On a complement of K, p(lambda) = det(A + lambda B) is the characteristic polynomial of (A + sB)^{-1} B, reversed
    and moved by any s with p(s) != 0. For small lambda > 0 the index is the number of eigenvalues of B on ker A that
    are not positive: a zero one that does not belong to K turns negative at second order, by the Schur complement
    -lambda^2 B_21 A_11^{-1} B_12 + O(lambda^3).

    Parameters
    ----------
    A, B : symmetric rational matrices (n, n), A positive semidefinite.

    Raises
    ------
    NotExact
        For floats and balls; ``index_bounds`` takes balls.
    ValueError
        Unless both are symmetric, of one shape, and A is positive semidefinite.

    >>> index_profile([[1, 0], [0, 2]], [[-1, 0], [0, -1]]).jumps
    (Jump(value=1, size=1), Jump(value=2, size=1))
    """
    A, B = (array_of(rational_matrix(M, f"index_profile: {name}")) for name, M in (("A", A), ("B", B)))
    A, B = _same_shape(A, B, "index_profile")
    if (signs := inertia(A)).negative:
        raise ValueError(f"index_profile: needs a positive semidefinite A, got {signs}; exchange A and B, or shift A")
    limit, R = inertia(B).negative, column_space(np.hstack([A, B]))
    common = len(A) - R.shape[1]
    if common == len(A):
        return IndexProfile(0, (), 0, common, flint().fmpz_poly([1]))
    A, B = R.T @ A @ R, R.T @ B @ R
    p = _determinant(A, B)
    Z, start = null_space(A), 0
    if Z.shape[1]:
        start = Z.shape[1] - inertia(Z.T @ B @ Z).positive
    return IndexProfile(start, _positive_roots(p), limit, common, p)


def norm_bound(A: Any, B: Any) -> Any:
    """||A|| / mu with the spectral norm and -mu < 0 the least eigenvalue of B: beyond it A + lambda B is not >= 0.

    For a positive semidefinite rational A. An ``fmpq`` where both eigenvalues are rational, else an ``arb``; None if B
    has no negative eigenvalue.
    Source: petersenzech2024, section 12.3, after Proposition 12.5.
    """
    A, B = _same_shape(A, B, "norm_bound")
    values, (least, _) = symmetric_eigenvalues(A), symmetric_eigenvalues(B)[-1]
    if values[-1][0] < 0:
        raise ValueError(f"norm_bound: needs a positive semidefinite A, got the eigenvalue {values[-1][0]}")
    return values[0][0] / -least if least < 0 else None


def index_bounds(A: Any, B: Any, factor: Any) -> tuple[int, int]:
    """Proved bounds (least, most) of the index of A + lambda B at a rational lambda; equal for rational matrices.

    Parameters
    ----------
    A, B : symmetric (n, n), rationals or balls.
    """
    A, B = _same_shape(A, B, "index_bounds")
    at = _number(factor, "index_bounds")
    kinds = {arithmetic_of(M).name for M in (A, B)}
    if not kinds <= {RATIONAL, BALL}:
        raise NotExact(f"index_bounds: needs rationals or balls, got {', '.join(sorted(kinds))}; see theory.ball")
    if BALL in kinds:
        with precision(max(BITS, flint().ctx.prec)):
            signs = inertia(ball(A) + flint().arb(at) * ball(B))
    else:
        signs = inertia(A + at * B)
    return signs.negative, signs.negative + signs.undecided


def enclosed_jumps(A: Any, B: Any, bits: int = 20) -> tuple[tuple[Any, Any], ...]:
    """Rational intervals (low, high), one a jump, with index < k at low and >= k at high for k = 1, 2, ...

    For balls, whose determinants have no exact roots; A must be positive semidefinite, so that the index is monotone.
    Jumps up to 2^64 are found. An interval is halved until it is shorter than 2^-bits times its end or the sign at its
    middle is open; one that begins at 0, as for negative eigenvalues at every small lambda, ends near 2^-64.
    """
    bits, one = arrays.positive_int(bits, "enclosed_jumps", "bits"), flint().fmpq(1)
    if index_bounds(A, B, 0)[0]:
        raise ValueError("enclosed_jumps: needs a positive semidefinite A, got a negative eigenvalue")
    at_end = index_bounds(A, B, 2**LARGEST)[0]
    found = []
    for k in range(1, at_end + 1):
        low, high = 0 * one, one * 2**LARGEST
        middle = one
        while high - low > high * one / 2**bits:
            least, most = index_bounds(A, B, middle)
            if least >= k:
                high = middle
            elif most < k:
                low = middle
            else:
                break
            middle = (low + high) / 2 if low > 0 else high / 16 if high < 2**LARGEST else middle
            if high < one / 2**LARGEST:
                break
        found.append((low, high))
    return tuple(found)


def _same_shape(A: Any, B: Any, where: str) -> tuple[np.ndarray, np.ndarray]:
    A, B = (as_array(M, f"{where}: {name}") for name, M in (("A", A), ("B", B)))
    if A.ndim != 2 or A.shape != B.shape or A.shape[0] != A.shape[1]:
        raise ValueError(f"{where}: needs square matrices of one shape, got {A.shape} and {B.shape}")
    return A, B


def _number(factor: Any, where: str) -> Any:
    """A rational number of at least 0."""
    try:
        number = rational([factor])[0]
    except TypeError as error:
        raise type(error)(f"{where}: lambda: {error}") from None
    if number < 0:
        raise ValueError(f"{where}: needs lambda >= 0, got {number}")
    return number


def _determinant(A: np.ndarray, B: np.ndarray) -> Any:
    """det(A + lambda B) up to a constant factor, for a regular pencil (``fmpz_poly``)."""
    lib, n = flint(), len(A)
    for s in range(1, n + 2):
        if rational_matrix(A + s * B).det() != 0:
            break
    chi = rational_matrix(solve(A + s * B, B)).charpoly()  # det(I + xC) = (-x)^n chi(-1/x)
    reverse = lib.fmpq_poly([chi[n - k] * (-1) ** k for k in range(n + 1)])
    return reverse(lib.fmpq_poly([-s, 1])).numer()


def _positive_roots(p: Any) -> tuple[Jump, ...]:
    """The positive roots of a real-rooted integer polynomial with their multiplicities, ascending and separated."""
    lib, factors, bits = flint(), p.factor()[1], max(BITS, flint().ctx.prec)
    while True:
        with precision(bits):
            roots = [(root, k) for q, k in factors for root in _roots(q)]
            jumps = sorted((Jump(x, k) for x, k in roots if x > 0), key=lambda jump: lib.arb(jump.value).mid())
            decided = all(x > 0 or x < 0 or x == 0 for x, _ in roots)
            if decided and all(lib.arb(x.value) < lib.arb(y.value) for x, y in pairwise(jumps)):
                return tuple(jumps)
        bits *= 2


def _roots(q: Any) -> list[Any]:
    """The roots of an irreducible, real-rooted integer polynomial; the one of a linear polynomial as ``fmpq``."""
    if q.degree() == 1:
        return [flint().fmpq(-q[0], q[1])]
    return [root.real for root, _ in q.complex_roots()]
