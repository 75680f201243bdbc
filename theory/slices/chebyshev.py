"""Slices of analytic losses by interpolation: evaluated at Chebyshev points, read off by two matrix products.

The numbers of points follow from the decay of the coefficients on a few lines, and the interpolant is compared with the
loss itself at random points of the window and of the grid, one in a thousand. What this knows about the error is an
estimate that was checked, no proof: a feature that is narrower than the nodes and is missed by all lines and all points
stays unseen.

Source: trefethen2013, chapters 3, 4 and 8, for functions of one variable; own derivation of the check.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from theory.calculus.tolerance import rounding
from theory.slices import deep, direct, separable
from theory.slices.window import chebyshev_matrix, chebyshev_points

_LINES = (0.0, 1.0)  # of the window: where the decay of the coefficients is read
_FIRST, _MOST, _TRIES = 24, 2**10, 3  # degrees
_IN_WINDOW, _ON_GRID, _PER_CHECK = 50, 100, 1000  # checks; on the grid at least so many, and one for so many points
_PART = 2**20  # entries of the polynomials that are in work together
_LEAST_GAIN = 2  # points of the grid for each point of the interpolation

Fill = Callable[..., Any]


def applies(model: Any) -> bool:
    """Whether the loss says that it is analytic."""
    return bool(getattr(getattr(model, "traits", None), "analytic", False))


def fill(model: Any, frame: np.ndarray, x: np.ndarray, y: np.ndarray, out: np.ndarray, tol: float) -> float | None:
    """Write interpolated losses at center + x[i] d1 + y[j] d2 to out[j, i], where that takes less than half the points.

    Parameters
    ----------
    frame : (3, n), rows center, d1, d2.
    x, y : (nx,), (ny,), in any order.
    out : (ny, nx).
    tol : the error that is allowed, relative to the largest modulus at the Chebyshev points.

    Returns
    -------
    float or None
        An estimate of the largest absolute error, no bound: twice the largest one at 50 random points of the window
        and at random rows and columns of the grid, at least 100 and one in a thousand of its points, plus the last
        coefficients and the rounding. None, with nothing of use in ``out``, where interpolation does not pay or does
        not reach ``tol``.
    """
    exact = _exact(model)

    def evaluate(xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
        values = np.empty((len(ys), len(xs)))
        exact(frame, xs, ys, values)
        return values

    center, d1, d2 = frame
    degree_x = _degree(lambda t: model.loss(center + _lines(y)[:, None, None] * d2 + t[:, None] * d1), x, tol)
    degree_y = _degree(lambda t: model.loss(center + _lines(x)[:, None, None] * d1 + t[:, None] * d2), y, tol)
    for _ in range(_TRIES):
        across, down = _Axis(x, degree_x), _Axis(y, degree_y)
        if _LEAST_GAIN * len(across.nodes) * len(down.nodes) > out.size:
            return None
        V = evaluate(across.nodes, down.nodes)
        C = down.coefficients(across.coefficients(V.T).T)
        error = max(_estimate(model, frame, across, down, C), 2 * _on_grid(evaluate, across, down, C))
        if error <= tol * np.abs(V).max():
            for j in down.parts():
                rows = C[j] if degree_y is None else down.at(y[j]) @ C
                for i in across.parts():
                    if degree_x is None:
                        out[j, i] = rows[:, i]
                    else:
                        np.matmul(rows, across.at(x[i]).T, out=out[j, i])
            return error
        degree_x, degree_y = (d and d + max(2, d // 4) for d in (degree_x, degree_y))
    return None


def _exact(model: Any) -> Fill:
    """The fastest way that does not interpolate."""
    for module in (separable, deep):
        if module.applies(model):
            return lambda *arguments: module.fill(model, *arguments)
    return lambda *arguments: direct.fill(model.loss, *arguments)


def _lines(x: np.ndarray) -> np.ndarray:
    low, high = x.min(), x.max()
    return np.unique([low + part * (high - low) for part in _LINES])


def _degree(sample: Callable[[np.ndarray], np.ndarray], x: np.ndarray, tol: float) -> int | None:
    """The degree at which the coefficients of ``sample`` (p + 1,) -> (lines, p + 1) have decayed below tol.

    None where that takes as many points as the coordinates x are: then these serve.
    """
    p = _FIRST
    while p + 1 < min(len(x), _MOST):
        axis = _Axis(x, p)
        V = sample(axis.nodes)
        tails = np.cumsum(np.abs(axis.coefficients(V.T)).max(1)[::-1])[::-1]
        small = np.flatnonzero(tails <= tol * np.abs(V).max() / 16)
        if len(small) and small[0] <= 3 * p // 4:
            return int(small[0]) + 1
        p *= 2
    return None


class _Axis:
    """Chebyshev points of the window of some coordinates; for degree None the coordinates themselves."""

    def __init__(self, x: np.ndarray, degree: int | None) -> None:
        self.x, self.degree = x, degree
        self.low, self.high = float(x.min()), float(x.max())
        half = (self.high - self.low) / 2
        self.nodes = x if degree is None else (self.low + self.high) / 2 + half * chebyshev_points(degree)

    def scaled(self, x: np.ndarray) -> np.ndarray:
        """The window moved to [-1, 1]."""
        return np.clip(((x - self.low) - (self.high - x)) / (self.high - self.low), -1, 1)

    def coefficients(self, V: np.ndarray) -> np.ndarray:
        """Those of T_0, ..., T_p, from values at the nodes (p + 1, ...)."""
        if self.degree is None:
            return V
        return chebyshev_matrix(self.degree) @ V

    def parts(self) -> list[slice]:
        """The coordinates, cut so that the polynomials there take little memory."""
        size = _PART // len(self.nodes) + 1
        return [slice(i, i + size) for i in range(0, len(self.x), size)]

    def at(self, x: np.ndarray) -> np.ndarray:
        """What multiplies the coefficients at points of the window, (k, p + 1)."""
        assert self.degree is not None
        return _polynomials(self.scaled(x), self.degree).T

    def of_grid(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
        """``count`` coordinates, at random in as many parts of x, and what multiplies the coefficients, (k, p + 1)."""
        at = ((np.arange(count) + rng.random(count)) * (len(self.x) / count)).astype(int).clip(max=len(self.x) - 1)
        x = self.x[at]
        return x, np.equal(at[:, None], np.arange(len(self.x))).astype(float) if self.degree is None else self.at(x)

    def sample(self, rng: np.random.Generator, ends: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """Random points (k,) of the window, and what multiplies the coefficients there, (k, p + 1).

        First come the low (0) and high (1) ends; the others crowd there like the nodes, as the error does.
        """
        if self.degree is None:
            at = rng.integers(len(self.x), size=_IN_WINDOW)
            at[: len(ends)] = [(int(self.x.argmin()), int(self.x.argmax()))[end] for end in ends]
            return self.x[at], np.equal(at[:, None], np.arange(len(self.x))).astype(float)
        s = np.cos(np.pi * rng.random(_IN_WINDOW))
        s[: len(ends)] = [2 * end - 1 for end in ends]
        points = self.low + (self.high - self.low) / 2 * (1 + s)
        return points, self.at(points)


def _polynomials(s: np.ndarray, p: int) -> np.ndarray:
    """T_0, ..., T_p at points s of [-1, 1]: (p + 1, k)."""
    return np.cos(np.arange(p + 1)[:, None] * np.arccos(s))


def _estimate(model: Any, frame: np.ndarray, across: _Axis, down: _Axis, C: np.ndarray) -> float:
    """Twice the largest error at random points and corners, the last two coefficients there, the rounding of sums."""
    rng = np.random.default_rng(0)
    (xs, Wx), (ys, Wy) = across.sample(rng, (0, 0, 1, 1)), down.sample(rng, (0, 1, 0, 1))
    center, d1, d2 = frame
    along_x, along_y = Wy @ C, Wx @ C.T
    seen = np.abs((along_x * Wx).sum(1) - model.loss(center + xs[:, None] * d1 + ys[:, None] * d2)).max()
    last = sum(
        float(np.abs(coefficients[:, -2:]).sum(1).max())
        for axis, coefficients in ((across, along_x), (down, along_y))
        if axis.degree is not None
    )
    return 2 * float(seen) + last + float(rounding(float, sum(C.shape), np.abs(C).sum()))


def _on_grid(evaluate: Callable[..., np.ndarray], across: _Axis, down: _Axis, C: np.ndarray) -> float:
    """The largest error at random rows and columns of the grid."""
    rng, shape = np.random.default_rng(1), (len(across.x), len(down.x))
    checks = max(_ON_GRID, math.prod(shape) // _PER_CHECK)
    few = min(*shape, math.isqrt(checks))
    counts = (few if n == min(shape) else min(checks // few, n) for n in shape)
    (xs, Wx), (ys, Wy) = (axis.of_grid(rng, n) for axis, n in zip((across, down), counts, strict=True))
    return float(np.abs(evaluate(xs, ys) - Wy @ C @ Wx.T).max())
