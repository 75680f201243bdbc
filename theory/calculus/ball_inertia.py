"""Proved signs of eigenvalues of a symmetric matrix of balls: float congruence, Gershgorin discs, Schur complements."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from theory.arithmetic import flint
from theory.calculus.tolerance import rounding


def gershgorin_signs(M: np.ndarray, radius: np.ndarray | float = 0.0) -> np.ndarray:
    """Proved signs (k,), row by row, of a symmetric matrix known as M +- radius; 0 where nothing is proved.

    Row i is proved if |M_ii| d_i > sum_{j != i} |M_ij| d_j for some d > 0: the rows proved form a principal block that
    is strictly diagonally dominant after scaling by D, so it has the inertia of its diagonal. Here d_i = |M_ii|^{-1/2},
    which lets small eigenvalues stand beside large ones. Each side is computed with a relative error below gamma_{k+4},
    which is taken off. Rows whose diagonal is lost in rounding are left out.
    """
    k = len(M)
    if k == 0:
        return np.zeros(0, int)
    A, gamma = np.abs(M) + radius, rounding(float, k + 4)
    diagonal = np.abs(M.diagonal()) - np.broadcast_to(radius, M.shape).diagonal()
    kept = diagonal > gamma * diagonal.max(initial=0)
    d = np.zeros(k)
    d[kept] = diagonal[kept] ** -0.5
    np.fill_diagonal(A, 0)
    proved = diagonal * d * (1 - gamma) > A @ d * (1 + gamma)
    return np.where(proved, np.sign(M.diagonal()), 0).astype(int)


def ball_signs(H: Any) -> tuple[int, int]:
    """Proved lower bounds of (n-, n+) for every symmetric matrix in the ``arb_mat`` H, at the precision in force.

    With V the float eigenvectors of the midpoints, M = V^T H V is nearly diagonal and n+-(H) >= n+-(M) for any V. The
    rows s whose discs avoid zero are proved; the others u go on as the Schur complement M_uu - M_us M_ss^{-1} M_su,
    whose inertia adds to that of M_ss (Haynsworth). Every round sees some 15 decimal digits further down the spectrum.
    Source: haynsworth1968 (additivity); golubvanloan2013, theorem 8.1.3 (discs).
    """
    negative = positive = 0
    while H.nrows():
        H, middle, _ = _scaled(H)
        V = _block(np.linalg.eigh((middle + middle.T) / 2)[1])
        M, middle, radius = _scaled(V.transpose() * H * V)
        signs = gershgorin_signs(middle, radius)
        if not signs.any():
            break
        negative, positive = negative + int((signs < 0).sum()), positive + int((signs > 0).sum())
        s, u = np.flatnonzero(signs), np.flatnonzero(signs == 0)
        m = np.array(M.entries(), object).reshape(len(signs), -1)
        try:
            X = _block(m[np.ix_(s, s)]).solve(_block(m[np.ix_(s, u)]))
        except ZeroDivisionError:  # too few bits to enclose the inverse
            break
        H = _block(m[np.ix_(u, u)]) - _block(m[np.ix_(u, s)]) * X
    return negative, positive


def _block(a: np.ndarray) -> Any:
    return flint().arb_mat(*a.shape, a.ravel().tolist())


def _scaled(H: Any) -> tuple[Any, np.ndarray, np.ndarray]:
    """(2^-e H, its float midpoints, bounds of the distance to them) with entries of modulus at most about 1."""
    shape, entries = (H.nrows(), H.ncols()), H.entries()
    mantissa, exponent = max(x.abs_upper() for x in entries).man_exp()
    H = H * flint().arb((1, -int(exponent) - int(mantissa).bit_length()))
    middle = [float(x.mid()) for x in H.entries()]
    distance = [float((x - m).abs_upper()) for x, m in zip(H.entries(), middle, strict=True)]
    return H, np.reshape(middle, shape), np.nextafter(np.reshape(distance, shape), math.inf)
