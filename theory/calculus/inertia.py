"""Inertia of a symmetric matrix: how many eigenvalues are negative, zero and positive, in every arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.arithmetic import BALL, FLOAT, RATIONAL, SYMBOLIC, arithmetic_of, as_array, flint, precision
from theory.calculus.ball_inertia import ball_signs
from theory.calculus.exact_inertia import integer_inertia
from theory.calculus.exact_linalg import ball_matrix, int64_array, integer_matrix
from theory.calculus.tolerance import eigenvalue_error, frobenius
from theory.errors import NotExact

INTEGER = "integer"


@dataclass(frozen=True)
class Inertia:
    """Numbers of negative, zero, positive and undecided eigenvalues; unpacks to (n-, n0, n+).

    Attributes
    ----------
    negative, zero, positive : eigenvalues of this sign, proved for exact matrices and for balls.
    undecided : eigenvalues whose sign is not decided; 0 for exact matrices.
    method : what decided.
    bound : floats: eigenvalues of modulus at most this are undecided; 0 where every counted sign is proved.
    """

    negative: int
    zero: int
    positive: int
    undecided: int = 0
    method: str = ""
    bound: float = 0.0

    def __iter__(self) -> Iterator[int]:
        return iter((self.negative, self.zero, self.positive))

    def __str__(self) -> str:
        counts = f"{self.negative} negative, {self.zero} zero, {self.positive} positive"
        open_ones = f", {self.undecided} undecided" if self.undecided else ""
        return f"{counts}{open_ones} ({self.method}{f', bound {self.bound:.1e}' if self.bound else ''})"


def inertia(matrix: Any, *, error: float = 0.0) -> Inertia:
    """The inertia (n-, n0, n+) of a symmetric matrix H.

    Integers and rationals are decided exactly. Balls: every counted sign is proved, zero is claimed only if all entries
    are exact, and what is not proved is undecided. Floats: the computed eigenvalues are compared with the bound of
    Weyl's theorem for rounding plus ``error``, and those within it are undecided.

    Parameters
    ----------
    matrix : (n, n) array-like of any arithmetic but the symbolic, or a flint matrix.
    error : for floats, a bound of the spectral norm of what is wrong with the entries.

    Returns
    -------
    Inertia

    Raises
    ------
    ValueError
        Unless the matrix is square, symmetric (floats: up to rounding and ``error``; balls: up to overlap) and finite.
    NotExact
        For symbols, which have no sign.

    >>> print(inertia([[0, 1], [1, 0]]))
    1 negative, 0 zero, 1 positive (exact congruence)
    """
    if not 0 <= error < np.inf:
        raise ValueError(f"inertia: error must be a finite number of at least 0, got {error!r}")
    H = _square(matrix)
    kind = _kind(H)
    if error and kind != FLOAT:
        raise ValueError(f"inertia: error belongs to float matrices, got {error} with {kind} entries; use balls")
    if kind == FLOAT:
        return _float_inertia(H, float(error))
    if kind == BALL:
        return _ball_inertia(ball_matrix(H))
    if kind == RATIONAL:
        N = integer_matrix(H)[0]
        H = N if (words := int64_array(N)) is None else words
    if not (H == H.T).all() if isinstance(H, np.ndarray) else H != H.transpose():
        raise ValueError("inertia: needs a symmetric matrix, got one that differs from its transpose; pass H + H.T")
    negative, zero, positive, method = integer_inertia(H)
    return Inertia(negative, zero, positive, method=method)


def _square(matrix: Any) -> Any:
    """The matrix as an int64, float or object array (n, n), or as the flint matrix that it is."""
    if hasattr(matrix, "nrows"):
        lib = flint()
        if not isinstance(matrix, lib.fmpz_mat | lib.fmpq_mat | lib.arb_mat):
            raise TypeError(f"inertia: needs rationals or real balls, got a flint {type(matrix).__name__}")
        shape, H = (matrix.nrows(), matrix.ncols()), matrix
    else:
        short = type(matrix) is np.ndarray and matrix.size and np.can_cast(matrix.dtype, np.int64)
        H = matrix.astype(np.int64) if short and matrix.dtype != bool else as_array(matrix, "inertia")
        shape = H.shape
    if len(shape) != 2 or shape[0] != shape[1] or shape[0] == 0:
        raise ValueError(f"inertia: needs a square matrix (n, n) with n >= 1, got shape {shape}")
    return H


def _kind(H: Any) -> str:
    if not isinstance(H, np.ndarray):
        return BALL if isinstance(H, flint().arb_mat) else RATIONAL
    if H.dtype == np.int64:
        return INTEGER
    kind = arithmetic_of(H).name
    if kind == SYMBOLIC:
        raise NotExact("inertia: needs numbers, got symbols, which have no sign; evaluate at numbers first")
    if H.dtype.kind == "c":
        raise TypeError("inertia: needs a real symmetric matrix, got complex entries; pass its real form")
    return kind


def _float_inertia(H: np.ndarray, error: float) -> Inertia:
    """Eigenvalues against eigenvalue_error(H) + ||H - H^T||_F / 2 + error."""
    rounding, asymmetry = eigenvalue_error(H), frobenius(H - H.T) / 2
    if asymmetry > rounding + error:
        raise ValueError(
            f"inertia: needs a symmetric matrix, got an antisymmetric part of norm {asymmetry:.1e} where rounding "
            f"explains {rounding:.1e}; pass (H + H.T) / 2, or state the error of the entries as error="
        )
    H = H.astype(float)
    eigenvalues = np.linalg.eigvalsh(H / 2 + H.T / 2)
    bound = rounding + asymmetry + error
    negative, positive = int((eigenvalues < -bound).sum()), int((eigenvalues > bound).sum())
    undecided = len(H) - negative - positive
    return Inertia(negative, 0, positive, undecided, "float eigenvalues, Weyl bound", bound)


def _ball_inertia(H: Any) -> Inertia:
    """Exact balls are dyadic rationals and are decided as such; others at the precision in force, at least 128 bits."""
    n, entries = H.nrows(), np.array(H.entries(), object).reshape(H.nrows(), H.ncols())
    if not all(x.is_finite() for x in entries.flat):
        raise ValueError("inertia: entries must be finite, got an unbounded ball")
    if not all(x.overlaps(y) for x, y in zip(entries.flat, entries.T.flat, strict=True)):
        raise ValueError("inertia: needs a symmetric matrix, got balls that do not meet those of the transpose")
    if all(x.is_exact() for x in entries.flat):
        return inertia(flint().fmpq_mat(n, n, [x.fmpq() for x in entries.flat]))
    with precision(max(128, flint().ctx.prec)):
        negative, positive = ball_signs(H)
    return Inertia(negative, 0, positive, n - negative - positive, "Gershgorin discs in balls")
