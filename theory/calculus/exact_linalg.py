"""Exact linear algebra on whole matrices: flint at the border, arrays of rationals on both sides."""

from __future__ import annotations

import functools
from itertools import pairwise
from typing import Any

import numpy as np

from theory.arithmetic import RATIONAL, arithmetic_of, as_array, flint, precision
from theory.errors import Degenerate, NotExact


def rational_matrix(a: Any, name: str = "exact_linalg: matrix") -> Any:
    """The ``fmpq_mat`` of a 2-D array of rationals or integers, or of a flint matrix.

    Raises
    ------
    NotExact
        For balls, floats and symbols.
    ValueError
        Unless the array is 2-D.
    """
    lib = flint()
    if isinstance(a, lib.fmpq_mat):
        return a
    if isinstance(a, lib.fmpz_mat):
        return lib.fmpq_mat(a)
    a = _two_dimensional(as_array(a, name), name)
    kind = arithmetic_of(a).name
    if kind != RATIONAL:
        raise NotExact(f"{name}: needs rational entries, got {kind}; build the matrix with theory.rational")
    return lib.fmpq_mat(*a.shape, a.ravel().tolist())


def integer_matrix(a: Any) -> tuple[Any, Any]:
    """(N, d): the ``fmpz_mat`` N and the positive common denominator d with a = N / d."""
    return (a, flint().fmpz(1)) if isinstance(a, flint().fmpz_mat) else rational_matrix(a).numer_denom()


def ball_matrix(a: Any) -> Any:
    """The ``arb_mat`` of a 2-D array of balls, or of exactly representable floats."""
    lib = flint()
    if isinstance(a, lib.arb_mat):
        return a
    a = _two_dimensional(np.asarray(a), "exact_linalg: matrix")
    if arithmetic_of(a).name == RATIONAL:
        return lib.arb_mat(rational_matrix(a))
    return lib.arb_mat(*a.shape, a.ravel().tolist())


def array_of(m: Any) -> np.ndarray:
    """The object array (rows, columns) of a flint matrix: ``arb`` entries for balls, ``fmpq`` otherwise."""
    lib = flint()
    if isinstance(m, lib.fmpz_mat):
        m = lib.fmpq_mat(m)
    out = np.empty(m.nrows() * m.ncols(), object)
    out[:] = m.entries()
    return out.reshape(m.nrows(), m.ncols())


def int64_array(m: Any) -> np.ndarray | None:
    """The int64 array of a square ``fmpz_mat``, None if an entry does not fit.

    Where the row sums of |m_ij| are below 2^31 (the radii of m times a vector of balls 0 +- 1), the entries are read
    from n long integers, the rows evaluated at 2^32 (Kronecker substitution): one Python object a row, not an entry.
    """
    n = m.nrows()
    powers, shift, unit_balls = _columns(n)
    if not all(x.abs_upper() < 2**31 for x in (flint().arb_mat(m) * unit_balls).entries()):
        try:
            return np.fromiter(map(int, m.entries()), np.int64, n * n).reshape(n, n)
        except OverflowError:
            return None
    rows = b"".join([int(row).to_bytes(4 * n, "little") for row in (m * powers + shift).entries()])
    return np.frombuffer(rows, "<u4").reshape(n, n) - np.int64(2**31)


@functools.lru_cache(16)
def _columns(n: int) -> tuple[Any, Any, Any]:
    """Columns (n, 1): the powers of 2^32, the shift that adds 2^31 to each digit of a row, the balls 0 +- 1."""
    lib, shift = flint(), sum(1 << 32 * j + 31 for j in range(n))
    powers = lib.fmpz_mat(n, 1, [1 << 32 * j for j in range(n)])
    return powers, lib.fmpz_mat(n, 1, [shift] * n), lib.arb_mat(n, 1, [lib.arb(0, 1)] * n)


def rank(a: Any) -> int:
    """The rank of a rational matrix (r, c)."""
    return rational_matrix(a, "rank").rank()


def solve(a: Any, b: Any) -> np.ndarray:
    """x with a x = b for an invertible rational a (n, n) and b (n,) or (n, k); of the shape of b.

    Raises
    ------
    Degenerate
        When a is singular.
    """
    m, b = rational_matrix(a, "solve: a"), as_array(b, "solve: b")
    n = m.nrows()
    if m.ncols() != n or b.ndim not in (1, 2) or b.shape[0] != n:
        raise ValueError(f"solve: needs a square a and b with as many rows, got ({n}, {m.ncols()}) and {b.shape}")
    try:
        return array_of(m.solve(rational_matrix(b.reshape(n, -1), "solve: b"))).reshape(b.shape)
    except ZeroDivisionError:
        raise Degenerate("solve: needs an invertible a, got a singular one; pinv(a) @ b solves least squares") from None


def null_space(a: Any) -> np.ndarray:
    """A basis of the kernel of a rational matrix (r, c) as the columns of a rational array (c, c - rank)."""
    m = rational_matrix(a, "null_space")
    reduced, pivots = _row_echelon(m)
    free = np.setdiff1d(np.arange(m.ncols()), pivots)
    basis = array_of(flint().fmpq_mat(m.ncols(), len(free)))
    basis[pivots] = -reduced[:, free]
    basis[free, np.arange(len(free))] = flint().fmpq(1)
    return basis


def column_space(a: Any) -> np.ndarray:
    """The pivot columns (r, rank) of a rational matrix (r, c), also of one without columns: a basis of its range."""
    if np.shape(a)[1:] == (0,):
        return a
    m = rational_matrix(a, "column_space")
    return array_of(m)[:, _row_echelon(m)[1]]


def pinv(a: Any) -> np.ndarray:
    """The Moore-Penrose inverse (c, r) of a rational matrix (r, c); rational again.

    a = C R with the pivot columns C and the nonzero rows R of the echelon form, and
    a^+ = R^T (C^T a R^T)^{-1} C^T.
    Source: benisrael2003, chapter 1 (MacDuffee's formula).
    """
    m = rational_matrix(a, "pinv")
    reduced, pivots = _row_echelon(m)
    if len(pivots) == 0:
        return array_of(m.transpose())
    C, R = rational_matrix(array_of(m)[:, pivots]), rational_matrix(reduced)
    return array_of(R.transpose() * (C.transpose() * m * R.transpose()).inv() * C.transpose())


def symmetric_eigenvalues(a: Any) -> list[tuple[Any, int]]:
    """The distinct eigenvalues of a symmetric rational matrix (n, n), descending, each with its multiplicity.

    A rational eigenvalue is an ``fmpq``; any other is an ``arb`` that contains this root of the characteristic
    polynomial and no other, disjoint from all other values of the list. The precision is that of flint's context,
    raised where it does not separate the roots.

    Raises
    ------
    ValueError
        Unless the matrix is square and symmetric.
    """
    N, d = integer_matrix(a)
    if N.nrows() != N.ncols() or N != N.transpose():
        raise ValueError(f"symmetric_eigenvalues: needs a symmetric matrix, got this ({N.nrows()}, {N.ncols()}) one")
    factors, bits = N.charpoly().factor()[1], flint().ctx.prec
    while True:
        with precision(bits):
            values = [(root / d, k) for p, k in factors for root in _real_roots(p)]
            values.sort(key=lambda pair: flint().arb(pair[0]).mid(), reverse=True)
            balls = [flint().arb(value) for value, _ in values]
            if all(x > y for x, y in pairwise(balls)):
                return values
        bits *= 2


def _real_roots(p: Any) -> list[Any]:
    """The roots of an irreducible, real-rooted integer polynomial; the one of a linear polynomial as ``fmpq``."""
    if p.degree() == 1:
        return [flint().fmpq(-p[0], p[1])]
    return [root.real for root, _ in p.complex_roots()]


def _row_echelon(m: Any) -> tuple[np.ndarray, np.ndarray]:
    """The nonzero rows (rank, c) of the reduced echelon form and the pivot columns (rank,)."""
    reduced, r = m.rref()
    rows = array_of(reduced)[:r]
    return rows, np.array([np.flatnonzero(row != 0)[0] for row in rows], int)


def _two_dimensional(a: np.ndarray, name: str) -> np.ndarray:
    if a.ndim != 2:
        raise ValueError(f"{name}: must be 2-D, got shape {a.shape}")
    return a
