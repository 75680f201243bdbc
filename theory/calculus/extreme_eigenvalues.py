"""The smallest and largest eigenvalues of many symmetric float matrices, and how many lie below a number.

LAPACK takes each matrix to a tridiagonal one. There the signs of the pivots of T - x I count the eigenvalues below x
(Sturm), for all matrices at once and one row after the other. So bisection finds both ends, and it finds *the* ends:
an iteration such as Lanczos only proves that some eigenvalue is near a Ritz value, and to show by a factorisation that
no other lies beyond costs more than what is saved here, up to several hundred rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from theory import arrays
from theory.calculus.tolerance import rounding

MATRIX_BYTES = 2**21  # of a chunk of matrices: few enough to stay in the cache, many enough to hide the calls
GROUP_BYTES = 2**24  # of the tridiagonal matrices that are bisected side by side
_BLOCKED = 100  # rows from which LAPACK's blocked reduction is the faster one
_HUGE = 2.0**1000  # of norms: sums and scales of powers of two stay finite
_TINY = 2.0**-1000  # in place of e^2 = 0 for norms near 1: no pivot is 0/0, and e changes by 2^-500


def extremes(H: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(lambda_min, lambda_max, error) of symmetric matrices; both eigenvalues are right within the error.

    Meant for many matrices: a single one has a smaller share of the calls with ``numpy.linalg.eigvalsh``.

    Parameters
    ----------
    H : (..., n, n), real floats, symmetric up to rounding; the answers are those of (H + H^T) / 2.

    Returns
    -------
    three arrays (...), in float64; the error as in ``error_bounds``

    Raises
    ------
    ValueError
        Unless the matrices are square, not empty, finite and symmetric up to rounding.
    TypeError
        For anything but real floats.

    Source: golubvanloan2013, section 8.4.1 (Sturm sequences and bisection).

    >>> smallest, largest, error = extremes([[[0.0, 1.0], [1.0, 0.0]]])
    >>> bool(abs(smallest + 1) <= error), bool(abs(largest - 1) <= error)
    (True, True)
    """
    H = _matrices(H)
    rows = H.reshape(-1, *H.shape[-2:])
    out = np.empty((3, len(rows)))
    for group in groups(len(rows), H.shape[-1]):
        block, error = rows[group], out[2, group]
        d, e = np.empty(block.shape[:2]), np.empty((len(block), H.shape[-1] - 1))
        for part in parts(len(block), block[0].nbytes):
            error[part] = error_bounds(block[part])
            d[part], e[part] = tridiagonal(block[part])
        out[:2, group] = tridiagonal_extremes(d, e)
    smallest, largest, error = out.reshape(3, *H.shape[:-2])
    return smallest[()], largest[()], error[()]


def groups(count: int, n: int, max_bytes: int = GROUP_BYTES) -> list[slice]:
    """Slices of ``count`` matrices (n, n) whose tridiagonal forms are bisected together within ``max_bytes``."""
    return parts(count, 40 * n, max_bytes)


def parts(count: int, bytes_each: int, max_bytes: int = MATRIX_BYTES) -> list[slice]:
    """Slices of ``count`` things within ``max_bytes``."""
    starts = arrays.chunks(count, bytes_each, max_bytes) if count else range(0)
    return [slice(s, min(s + starts.step, count)) for s in starts]


def error_bounds(H: np.ndarray, where: str = "extremes") -> np.ndarray:
    """A bound (...) of the error of the eigenvalues of finite symmetric float64 matrices (..., n, n).

    ``eigenvalue_error`` for the reduction by LAPACK, and once more for the counts, which are exact for off-diagonals
    changed by 5/2 u of themselves, and for the bisection, which ends at max(n / 2, 2) u ||H||. To this is added
    ||H - H^T||_F / 2, as one triangle is read, and the least normal number for what underflows.
    Source: golubvanloan2013, sections 8.1.2 and 8.3; demmel1997, Lemma 5.3, in the form of (the counts).

    Raises
    ------
    ValueError
        For entries that are not finite or norms of 2^1000 and more, and where H - H^T is more than rounding.
    """
    norm = norms(H)
    error = 2 * rounding(H.dtype, H.shape[-1], norm) + np.finfo(float).tiny
    if not (norm < _HUGE).all():
        got = "NaN, infinity or an overflow"
        raise ValueError(f"{where}: needs finite matrices, got {got}; rescale them, or take a smaller range")
    mirrored = H.swapaxes(-1, -2)
    if (H == mirrored).all():
        return error
    skew = norms(H - mirrored) / 2
    if (skew > error).any():
        got = f"an antisymmetric part of norm {skew.max():.1e}"
        raise ValueError(f"{where}: needs symmetric matrices, got {got}; pass (H + H^T) / 2")
    return error + skew


def norms(H: np.ndarray) -> np.ndarray:
    """Frobenius norms (...) of matrices (..., n, n), without overflow or underflow of the squares."""
    scale = np.maximum(H.max((-2, -1), initial=0), -H.min((-2, -1), initial=0))
    safe = np.where(scale > 0, scale, 1)
    if ((1e-100 < safe) & (safe < 1e100)).all():
        return np.sqrt(np.einsum("...ij,...ij->...", H, H))
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = H / safe[..., None, None]
        return scale * np.sqrt(np.einsum("...ij,...ij->...", scaled, scaled))


def _matrices(H: Any) -> np.ndarray:
    H = np.asarray(H)
    if H.dtype.kind != "f":
        raise TypeError(f"extremes: needs real floats, got {H.dtype}; exact matrices have an inertia")
    if H.ndim < 2 or H.shape[-1] != H.shape[-2] or not H.shape[-1]:
        raise ValueError(f"extremes: needs square matrices (..., n, n) with n >= 1, got shape {H.shape}")
    return H.astype(float, copy=False)


def tridiagonal(H: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Diagonals (b, n) and off-diagonals (b, n - 1) of orthogonally similar tridiagonal matrices; H (b, n, n)."""
    from scipy.linalg.lapack import dsytrd, dsytrd_lwork

    b, n, _ = H.shape
    d, e = np.empty((b, n)), np.empty((b, n - 1))
    room = n if n < _BLOCKED else int(dsytrd_lwork(n)[0])
    for k, matrix in enumerate(H):  # LAPACK takes one at a time
        _, d[k], off, *_ = dsytrd(matrix.T, lower=1, lwork=room)
        e[k] = off[: n - 1]
    return d, e


def tridiagonal_extremes(d: np.ndarray, e: np.ndarray) -> np.ndarray:
    """(2, b): the smallest and largest eigenvalues of tridiagonal matrices with d (b, n) and e (b, n - 1).

    The largest is minus the smallest of -T. All pivots of T - x I are positive if and only if x is below the spectrum.
    """
    d, squares, scale, reach = _scaled(d, e)
    ends = np.stack([d, -d], axis=1)  # (n, 2, b)
    eps = np.finfo(float).eps
    rounded = 4 * eps * (reach.max(0) > 0)
    low, high = (ends - reach[:, None]).min(0) - rounded, ends.min(0)  # Gershgorin, and a Rayleigh quotient
    width = eps * max(len(d) / 2, 2)
    while True:
        x = (low + high) / 2
        q = ends[0] - x
        least, shifted = q.copy(), np.empty_like(q)
        with np.errstate(divide="ignore", over="ignore"):
            for diagonal, square in zip(ends[1:], squares, strict=True):
                np.divide(square, q, out=q)
                np.subtract(diagonal, x, out=shifted)
                np.subtract(shifted, q, out=q)
                np.minimum(least, q, out=least)
        beyond = least < 0
        low, high = np.where(beyond, low, x), np.where(beyond, x, high)
        if (high - low <= width * np.maximum(np.maximum(-low, high), 0.5)).all():
            return (low + high) / 2 * np.array([[1], [-1]]) * scale


def count_below(d: np.ndarray, e: np.ndarray, x: np.ndarray) -> np.ndarray:
    """How many eigenvalues of the tridiagonal matrices d (b, n), e (b, n - 1) are less than x (b,): integers (b,)."""
    d, squares, scale, _ = _scaled(d, e)
    x = x / scale
    q = d[0] - x
    count = (q < 0).astype(np.int32)
    with np.errstate(divide="ignore", over="ignore"):
        for diagonal, square in zip(d[1:], squares, strict=True):
            q = diagonal - x - square / q
            count += q < 0
    return count


def _scaled(d: np.ndarray, e: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """d (n, b) and e^2 (n - 1, b) divided by powers of two (b,), which make the norms about 1, and the discs' radii."""
    d, e = d.T, e.T
    largest = np.maximum(np.abs(d).max(0), np.abs(e).max(0, initial=0))
    scale = np.ldexp(1.0, np.frexp(np.maximum(largest, 2.0**-1000))[1])
    d, e = d / scale, np.abs(e) / scale
    radius = np.zeros_like(d)
    radius[1:] += e
    radius[:-1] += e
    return d, np.maximum(e * e, _TINY), scale, radius
