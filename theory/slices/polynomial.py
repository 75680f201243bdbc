"""Slices of polynomial losses: the slice is interpolated exactly once, then read off by small matrix products.

Along center + x d1 + y d2 a residual of degree p is a polynomial of degree at most p in x and in y, and p + 1 Chebyshev
points on either axis determine it:

    r(x, y) = sum_ij C_ij T_i(s) T_j(t),    s, t in [-1, 1] on the window.

*Squares*: the loss |r|^2 is summed from the residuals on the grid, so that nothing cancels near a minimum and no value
is negative. On a row, r is a matrix times (T_0, ..., T_p)(s); its triangular factor gives the same norm from only
p + 1 rows.
*Expanded*: the loss itself, of degree 2p, is interpolated: two small products, one pass over the output.

Source: own derivation; interpolation at Chebyshev points as in trefethen2013, chapters 2, 3 and 15.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from theory.calculus.tolerance import rounding
from theory.models.majorants import majorant, operations
from theory.slices.window import chebyshev_matrix, chebyshev_points
from theory.slices.window import majorant as majorant_of_window

_BLOCK = 2**16  # entries of the temporaries of a row block: half a second-level cache
_PART = 2**15  # coordinates that are in work together
_MOST = 2**19  # residuals or parameters at all nodes; some ten arrays of this size exist at a time
_LEAST_GAIN = 2  # points of the grid for each node


def applies(model: Any) -> bool:
    """Whether the loss is a polynomial of known degree, with a majorant that bounds the rounding."""
    return degree(model) is not None and majorant(model) is not None


def degree(model: Any) -> int | None:
    """The total degree of the loss, None if it is not known to be a polynomial."""
    return getattr(getattr(model, "traits", None), "polynomial_degree", None)


def fill(model: Any, frame: np.ndarray, x: np.ndarray, y: np.ndarray, out: np.ndarray) -> float | None:
    """Write the losses at center + x[i] d1 + y[j] d2 to out[j, i]; from residuals where the model has them.

    Parameters
    ----------
    frame : (3, n), rows center, d1, d2.
    x, y : (nx,), (ny,).
    out : (ny, nx).

    Returns
    -------
    float or None
        A bound of the absolute error of every value. None, with nothing of use in ``out``, where the bound exceeds the
        largest modulus, as it does for long chains of layers, or where the nodes take too much memory.
    """
    return fill_squares(model, frame, x, y, out) if model.traits.squares else fill_expanded(model, frame, x, y, out)


def fill_squares(model: Any, frame: np.ndarray, x: np.ndarray, y: np.ndarray, out: np.ndarray) -> float | None:
    """The sum of the squared residuals, each with the error delta: |r|^2 is off by at most 2 |r| delta + delta^2."""
    grid, scale, moduli = _Nodes(x, y, degree(model) // 2), 0.0, majorant(model).residuals  # type: ignore[operator]
    corner = moduli(majorant_of_window(frame, x, y))
    k = corner.size
    if grid.count * max(k, frame.shape[1]) > _MOST:
        return None
    values = model.residuals(grid.points(frame))
    at_nodes = np.vecdot(values, values)
    if grid.interpolates:
        C, scale = grid.coefficients(values)

    def error(magnitude: float, largest: float) -> float:
        delta = grid.error(model, magnitude, scale, k)
        return 2 * largest**0.5 * delta + delta * delta + rounding(float, k + 2, largest)

    def refined() -> float:
        return float(np.linalg.norm(moduli(grid.sizes(frame)), axis=-1).max())

    magnitude = _least(error, float(at_nodes.max()), float(np.linalg.norm(corner)), refined)
    if magnitude is None:
        return None
    if not grid.interpolates:
        out[...] = at_nodes
    else:
        for columns, Tx in grid.across.blocks():
            for rows, Ty in grid.down.blocks():
                _squares(C, Tx, Ty, out[rows, columns])
    return error(magnitude, float(out.max()))


def _squares(C: np.ndarray, Tx: np.ndarray, Ty: np.ndarray, out: np.ndarray) -> None:
    rows = max(1, _BLOCK // (Tx.shape[1] * min(len(Tx), C.shape[-1])))
    for start in range(0, len(out), rows):
        part = slice(start, start + rows)
        B = np.tensordot(Ty[:, part], C, axes=(0, 0))  # (rows, p + 1, k): on each row the coefficients in x
        E = _short(B) @ Tx
        np.einsum("rkx,rkx->rx", E, E, out=out[part])


def fill_expanded(model: Any, frame: np.ndarray, x: np.ndarray, y: np.ndarray, out: np.ndarray) -> float | None:
    """The expanded polynomial: fastest; the error is relative to the largest value, not to each."""
    p, squares, scale = degree(model), model.traits.squares, 0.0
    assert p is not None
    grid = _Nodes(x, y, p)
    if not grid.interpolates and squares:
        return fill_squares(model, frame, x, y, out)
    if grid.count * frame.shape[1] > _MOST:
        return None
    values = model.loss(grid.points(frame))
    if grid.interpolates:
        C, scale = grid.coefficients(values[..., None])
    top = majorant(model)

    def moduli(sizes: np.ndarray) -> float:
        return float((np.square(top.residuals(sizes)).sum(-1) if squares else np.abs(top.loss(sizes))).max())

    def error(magnitude: float, largest: float) -> float:
        return grid.error(model, magnitude, scale, 1)

    corner, largest = moduli(majorant_of_window(frame, x, y)), float(np.abs(values).max())
    magnitude = _least(error, largest, corner, lambda: moduli(grid.sizes(frame)))
    if magnitude is None:
        return None
    if not grid.interpolates:
        out[...] = values
    else:
        for columns, Tx in grid.across.blocks():
            for rows, Ty in grid.down.blocks():
                np.matmul(Ty.T @ C[..., 0], Tx, out=out[rows, columns])
    return error(magnitude, largest)


def _least(error: Any, largest: float, corner: float, refined: Callable[[], float]) -> float | None:
    """The magnitude at the corner, refined where its bound is not small; None where the bound says nothing then."""
    if not error(corner, largest) > np.finfo(float).eps ** 0.5 * largest:
        return corner
    magnitude = min(corner, refined())
    return None if error(magnitude, largest) > largest else magnitude


@lru_cache(16)
def _interpolation(p: int) -> tuple[np.ndarray, np.ndarray]:
    """The Chebyshev points and their matrix, once a degree."""
    return chebyshev_points(p), chebyshev_matrix(p)


class _Axis:
    """p + 1 Chebyshev points of the window of x; one point suffices where the window is one point."""

    def __init__(self, x: np.ndarray, p: int) -> None:
        self.x, self.low, self.high = x, float(x.min()), float(x.max())
        self.p = p if self.low < self.high else 0
        points, self.matrix = _interpolation(self.p)
        self.nodes = (self.low + self.high) / 2 + (self.high - self.low) / 2 * points

    def blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Parts of x, and T_0, ..., T_p there, moved to [-1, 1]: (p + 1, .)."""
        for start in range(0, len(self.x), _PART):
            part = slice(start, start + _PART)
            x = self.x[part]
            yield part, _chebyshev(((x - self.low) - (self.high - x)) / ((self.high - self.low) or 1), self.p)


class _Nodes:
    """The nodes of a grid; or the grid itself, nothing to interpolate, where it has not ``_LEAST_GAIN`` times more."""

    def __init__(self, x: np.ndarray, y: np.ndarray, p: int) -> None:
        self.p, self.across, self.down = p, _Axis(x, p), _Axis(y, p)
        self.x, self.y = self.across.nodes, self.down.nodes
        self.interpolates = _LEAST_GAIN * self.x.size * self.y.size < x.size * y.size
        if not self.interpolates:
            self.x, self.y = x, y
        self.count = self.x.size * self.y.size

    def points(self, frame: np.ndarray) -> np.ndarray:
        """The parameters at the nodes: (ny, nx, n)."""
        center, d1, d2 = frame
        return center + self.x[:, None] * d1 + self.y[:, None, None] * d2

    def coefficients(self, values: np.ndarray) -> tuple[np.ndarray, float]:
        """C (py, px, k) from values (py, px, k) at the nodes, and the sum of the norms of its rows."""
        C = np.tensordot(self.down.matrix, self.across.matrix @ values, axes=1)
        return C, float(np.linalg.norm(C, axis=-1).sum())

    def sizes(self, frame: np.ndarray) -> np.ndarray:
        """Where a majorant M bounds the errors at the nodes, (ny, nx, n): smaller than at the corner of the window.

        Parameters theta are off by three roundings u of |center| + |x d1| + |y d2| = T. With nonnegative coefficients M
        is convex along T, so that for h >= 3 u

            M(|theta| + 3 u T) - M(|theta|) <= (3 u / h) M(|theta| + h T),    h = 1 / (8 p).
        """
        c, d1, d2 = np.abs(frame)
        T = c + np.abs(self.x)[:, None] * d1 + np.abs(self.y)[:, None, None] * d2
        return np.abs(self.points(frame)) + T / (8 * max(self.p, 1))

    def error(self, model: Any, magnitude: float, scale: float, k: int) -> float:
        """The rounding at the nodes, times the Lebesgue constants of both axes, and that of sums of coefficients."""
        at_nodes = float(rounding(float, operations(model) + 24 * self.p, magnitude))
        if not self.interpolates:
            return at_nodes
        lebesgue = (2 / np.pi * np.log(self.p + 1) + 1) ** 2
        return float(lebesgue) * at_nodes + float(rounding(float, (self.p + 4) * (k + 4), scale))


def _chebyshev(s: np.ndarray, p: int) -> np.ndarray:
    """T_0, ..., T_p at points s of [-1, 1]: (p + 1, k)."""
    T = np.empty((p + 1, len(s)))
    T[0], T[1:2] = 1, s
    for i in range(2, p + 1):
        np.multiply(T[i - 1], s, out=T[i])
        T[i] *= 2
        T[i] -= T[i - 2]
    return T


def _short(B: np.ndarray) -> np.ndarray:
    """For B (rows, q, k), matrices (rows, min(q, k), q) with |. v| = |B^T v| for all v: R of B^T = QR, by Householder.

    Vectorised over the grid's rows; q is the number of coefficients in x.
    """
    q, k = B.shape[1:]
    if k <= q:
        return B.swapaxes(1, 2)
    A = np.ascontiguousarray(np.moveaxis(B, 0, -1))  # (q, k, rows): columns of B^T, the grid's rows last
    for j in range(q):
        v = A[j, j:].copy()
        norm = np.sqrt((v * v).sum(0))
        v[0] += np.where(v[0] < 0, -norm, norm)
        square = (v * v).sum(0)
        factor = 2 / np.where(square == 0, 1, square)
        A[j:, j:] -= ((A[j:, j:] * v).sum(1) * factor)[:, None] * v
    return np.ascontiguousarray(A[:, :q].transpose(2, 1, 0))
