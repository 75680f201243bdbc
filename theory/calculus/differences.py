"""Derivatives of batched float functions by differences, with error estimates: the check that knows no closed form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.arithmetic import FLOAT, arithmetic_of, as_array
from theory.calculus.tolerance import rounding
from theory.errors import NotExact

Function = Callable[[np.ndarray], np.ndarray]

HALVINGS = 3
COMPLEX_STEP = 2.0**-100


@dataclass(frozen=True, eq=False)
class Estimate:
    """A derivative and the estimated error of each entry (truncation and rounding; an estimate, not a bound)."""

    value: np.ndarray
    error: np.ndarray


@dataclass(frozen=True, eq=False)
class TaylorTest:
    """Remainders r(h) of a Taylor polynomial, the rounding floor below which they mean nothing, and their slope.

    ``slope`` is the median of log2 r(h) / r(h/2) over the smallest steps above the floor: k + 1 for k right
    derivatives, less if one is wrong, more where the next one vanishes, inf if the remainder never rises above the
    floor.
    """

    steps: np.ndarray
    remainders: np.ndarray
    floor: float
    slope: float


def gradient(loss: Function, theta: Any, *, noise: Any = None) -> Estimate:
    """The gradient of a batched function at theta by central differences and Richardson extrapolation.

    D(h) = (f(theta + h e_i) - f(theta - h e_i)) / 2h has an expansion in h^2; from D(h), D(h/2), D(h/4) the terms
    h^2 and h^4 are eliminated. All displaced points are evaluated in one call.

    Parameters
    ----------
    loss : (..., n) -> (...), or (..., n) -> (..., m) for the rows of a Jacobian.
    theta : (..., n) floats.
    noise : absolute rounding error of one value of the loss; n rounding errors of its largest value by default.

    Returns
    -------
    Estimate of shape (..., n), or (..., n, m) for a vector-valued function: entry [i, j] is d f_j / d theta_i.

    Source: nocedal2006, section 8.1 (differences); own derivation of the step, h^6 against u / h.
    """
    theta = _floats(theta)
    n, dtype = theta.shape[-1], theta.dtype
    h = 2.0 ** np.round(np.log2(np.finfo(dtype).eps) / (2 * HALVINGS + 1) + np.log2(np.maximum(1, np.abs(theta))))
    h = (h * 2.0 ** -np.arange(HALVINGS).reshape(-1, *[1] * theta.ndim)).astype(dtype)  # (3, ..., n)
    shifts = h[..., None] * np.eye(n, dtype=dtype)
    forward, backward = theta[..., None, :] + shifts, theta[..., None, :] - shifts
    f = np.asarray(loss(np.stack([forward, backward])))
    if f.shape[: theta.ndim + 2] != (2, HALVINGS, *theta.shape):
        raise ValueError(f"gradient: needs a map (..., n) -> (...), at {(2, *forward.shape)} got {f.shape}")
    trailing = (1,) * (f.ndim - h.ndim - 1)
    h, width = (a.reshape(h.shape + trailing) for a in (h, (forward - backward).diagonal(axis1=-2, axis2=-1)))
    value, truncation = _richardson((f[0] - f[1]) / width)  # the width as rounded, not 2 h
    noise = rounding(dtype, n, np.abs(f).max((0, 1))) if noise is None else noise
    return Estimate(value, truncation + 2 * noise / h[-1])


def hessian_from_gradient(gradient_of: Function, theta: Any, *, noise: Any = None) -> Estimate:
    """The Hessian (..., n, n) by differences of a batched gradient (..., n) -> (..., n), symmetrised.

    The antisymmetric part, zero for a true gradient, counts as error.
    """
    J = gradient(gradient_of, theta, noise=noise)
    if J.value.ndim != np.ndim(theta) + 1 or J.value.shape[-1] != J.value.shape[-2]:
        raise ValueError(f"hessian_from_gradient: needs a map (..., n) -> (..., n), got derivatives {J.value.shape}")
    transposed = J.value.swapaxes(-1, -2)
    error = np.maximum(J.error, J.error.swapaxes(-1, -2))
    return Estimate((J.value + transposed) / 2, error + np.abs(J.value - transposed) / 2)


def complex_step_gradient(loss: Function, theta: Any) -> np.ndarray:
    """The gradient (..., n) of an analytic loss, Im f(theta + i h e_k) / h with h = 2^-100: no cancellation, no step to
    choose.

    Source: squire1998.

    Raises
    ------
    TypeError
        When the function drops the imaginary part, so that it is not computed analytically.
    """
    theta = _floats(theta).astype(float)
    f = np.asarray(loss(theta[..., None, :] + 1j * COMPLEX_STEP * np.eye(theta.shape[-1])))
    if f.shape != theta.shape:
        raise ValueError(f"complex_step_gradient: needs a map (..., n) -> (...), got shape {f.shape} for {theta.shape}")
    if f.dtype.kind != "c":
        raise TypeError(f"complex_step_gradient: needs an analytic function, got {f.dtype} values; use gradient")
    return f.imag / COMPLEX_STEP


def taylor_slope(function: Function, theta: Any, v: Any, *derivatives: Any, noise: float | None = None) -> TaylorTest:
    """Measure the order at which the Taylor remainder vanishes: right derivatives give len(derivatives) + 1.

    r(h) = |f(theta + h v) - f(theta) - h f'(theta; v) - h^2/2 f''(theta; v, v) - ...|, h = 1, 1/2, 1/4, ...

    Parameters
    ----------
    function : (..., n) -> (...) or (..., n) -> (..., m); the largest remainder over outputs counts.
    theta, v : (n,) point and direction.
    derivatives : directional derivatives along v, of the shape of one value: grad @ v, v @ H @ v, ...
    noise : absolute rounding error of a value; (n + 8) rounding errors of the largest value by default.
    """
    theta, v = _floats(theta), _floats(v)
    if theta.ndim != 1 or v.shape != theta.shape:
        raise ValueError(f"taylor_slope: theta and v must have the same shape (n,), got {theta.shape} and {v.shape}")
    h = 2.0 ** -np.arange(np.finfo(theta.dtype).nmant // 2 + 1.0).astype(theta.dtype)
    values = np.asarray(function(np.vstack([theta, theta + h[:, None] * v]))).reshape(len(h) + 1, -1)
    remainder, term = values[1:] - values[0], np.ones_like(h)
    for k, d in enumerate(derivatives, start=1):
        term = term * h / k
        remainder = remainder - term[:, None] * np.reshape(d, -1)
    remainder = np.abs(remainder).max(1)
    terms = [np.abs(values).max(), *(float(np.abs(d).max()) for d in derivatives)]
    floor = float(rounding(theta.dtype, len(theta) + 8, max(terms))) if noise is None else 4 * noise
    return TaylorTest(h, remainder, floor, _slope(remainder, floor))


def _slope(remainder: np.ndarray, floor: float, pairs: int = 5) -> float:
    """The median local slope at the smallest steps h, h/2 whose remainders are both above 8 floors."""
    above = remainder > 8 * floor
    both = above[:-1] & above[1:]
    if not both.any():
        return np.inf
    return float(np.median(np.log2(remainder[:-1][both] / remainder[1:][both])[-pairs:]))


def _richardson(D: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(limit, error) of D(h), D(h/2), D(h/4), ... along the first axis, for an expansion in h^2."""
    previous = D[-1]
    for k in range(1, len(D)):
        previous = D[-1]
        D = (4**k * D[1:] - D[:-1]) / (4**k - 1)
    return D[0], np.abs(D[0] - previous)


def _floats(theta: Any) -> np.ndarray:
    out = as_array(theta, "differences: theta")
    if arithmetic_of(out).name != FLOAT or out.dtype.kind != "f":
        raise NotExact(f"differences: theta must be real floats, got {arithmetic_of(out).name} entries of {out.dtype}")
    if out.ndim == 0:
        raise ValueError("differences: theta needs a parameter axis (..., n), got a scalar")
    return out
