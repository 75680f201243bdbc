"""Derived tolerances: eps times scale times dimension, so that no test invents a literal."""

from __future__ import annotations

from typing import Any

import numpy as np


def rounding(dtype: Any, terms: int, scale: Any = 1.0) -> Any:
    """A bound of the rounding error of a sum of ``terms`` products of modulus at most ``scale``.

    The classical gamma_n = n u / (1 - n u) of a dot product, doubled for the error of the entries; for n u >= 1 there
    is no bound, and the answer is infinite.
    Source: higham2002, section 3.1.
    """
    u = np.finfo(dtype).eps / 2
    if terms * u >= 1:
        return np.full(np.shape(scale), np.inf)[()]
    return 2 * terms * u / (1 - terms * u) * scale


def frobenius(a: np.ndarray) -> float:
    """||a||_F without overflow or underflow of the squares."""
    scale = float(np.abs(a).max())
    return scale * float(np.linalg.norm(np.asarray(a, float) / scale)) if scale else 0.0


def eigenvalue_error(H: np.ndarray) -> float:
    """A bound of the error of the computed eigenvalues of a symmetric float matrix (n, n).

    Weyl: |lambda_i(H + E) - lambda_i(H)| <= ||E||_2, where E is the backward error of the solver, of the order
    u ||H||_2, plus the rounding of the entries; together ``rounding(dtype, n, ||H||_F)``, which is not a worst case
    over all rounding patterns (that has n^2) but exceeds what LAPACK attains.
    Source: golubvanloan2013, section 8.1.2 (Weyl) and section 8.3 (backward error).
    """
    return float(rounding(H.dtype, len(H), frobenius(H)))
