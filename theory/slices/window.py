"""The window of a slice: moved to its middle, the largest moduli of its parameters, and its Chebyshev points."""

from __future__ import annotations

import numpy as np


def middle(x: np.ndarray) -> float:
    """The middle of the interval that the coordinates (nx,) span."""
    return float(x.min() / 2 + x.max() / 2)


def centred(frame: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same slice with coordinates about the middle of its window: frame (3, n), t (nx,), s (ny,).

    center + x d1 + y d2 = (center + x0 d1 + y0 d2) + t d1 + s d2. Relative to ``majorant``, each parameter is off by at
    most five roundings: three in the new center, and one in t and in s.
    """
    center, d1, d2 = frame
    x0, y0 = middle(x), middle(y)
    return np.stack([center + x0 * d1 + y0 * d2, d1, d2]), x - x0, y - y0


CENTRING = 5


def chebyshev_points(p: int) -> np.ndarray:
    """The p + 1 Chebyshev points of [-1, 1]."""
    return np.cos((np.arange(p + 1) + 0.5) * np.pi / (p + 1))


def chebyshev_matrix(p: int) -> np.ndarray:
    """The matrix (p + 1, p + 1) from values at these points to the coefficients of T_0, ..., T_p."""
    A = np.cos(np.arange(p + 1)[:, None] * ((np.arange(p + 1) + 0.5) * np.pi / (p + 1))) * (2 / (p + 1))
    A[0] /= 2
    return A


def majorant(frame: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """|center| + |x| |d1| + |y| |d2| at the largest moduli of x and y: a bound of |theta_k| in the window, (n,)."""
    return np.array([1, np.abs(x).max(), np.abs(y).max()]) @ np.abs(frame)


def even(count: int, most: int) -> int:
    """The size of as few parts as there can be of at most this size, cut evenly."""
    parts = -(-count // max(1, most))
    return -(-count // parts)
