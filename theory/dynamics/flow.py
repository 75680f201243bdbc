"""Gradient flow and gradient descent of any model that has a gradient, with weight decay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from theory import arrays, memory
from theory.arithmetic import FLOAT, RATIONAL, arithmetic_of, as_array, sign, to_float


def gradient_flow(
    model: Any, theta: Any, t: Any, *, decay: float = 0.0, rtol: float = 1e-12, atol: float = 1e-12
) -> np.ndarray:
    """The solution of d theta / dt = -grad L(theta) - 2 decay theta at the times t.

    Parameters
    ----------
    model : any model with ``dim`` and ``gradient``; the loss should be smooth along the flow.
    theta : (..., n) floats, the starts. A batch is integrated as one system, with common steps.
    t : times (...), each at least 0, in any order.
    decay : lam of the penalty lam ||theta||^2.
    rtol, atol : bounds of the root mean square error of one step of DOP853, relative and absolute. The error at time t
        is larger by what the flow itself amplifies: about 1e-10 for flows that converge.

    Returns
    -------
    (*t.shape, *theta.shape) in double precision, the points at these times.

    Raises
    ------
    ValueError
        For negative times, and where the flow cannot be followed up to the last time.
    TypeError
        For exact entries, of which no flow is computed, and for models without a gradient.
    """
    from scipy.integrate import solve_ivp

    where = "gradient_flow"
    start, times = start_of(model, theta, where), as_array(t, f"{where}: t")
    if start.dtype.kind != "f" or arithmetic_of(times).name not in (FLOAT, RATIONAL) or times.dtype.kind == "c":
        kinds = [a.dtype if a.dtype != object else arithmetic_of(a).name for a in (start, times)]
        raise TypeError(
            f"{where}: needs real floats, got {kinds[0]} theta, {kinds[1]} t; to_float rounds exact entries"
        )
    start, times = start.astype(float), to_float(times).astype(float)
    if (times < 0).any():
        raise ValueError(f"{where}: needs times of at least 0, got {times.min():g}; the flow is followed forwards")
    instants, position = np.unique(times, return_inverse=True)
    if instants[-1] == 0:
        return np.broadcast_to(start, times.shape + start.shape).copy()

    def velocity(_: float, y: np.ndarray) -> np.ndarray:
        points = y.reshape(start.shape)
        return -(model.gradient(points) + 2 * decay * points).ravel()

    span = (0.0, instants[-1])
    done = solve_ivp(velocity, span, start.ravel(), "DOP853", t_eval=instants, rtol=rtol, atol=atol)
    if not done.success:
        raise ValueError(
            f"{where}: needs a flow that exists up to t = {instants[-1]:g}, got steps that vanish after "
            f"{len(done.t)} of {len(instants)} times; stop earlier, or give a smooth loss that is bounded below"
        )
    return done.y.T[position.ravel()].reshape(times.shape + start.shape)


def gradient_descent(model: Any, theta: Any, eta: Any, steps: int, *, decay: Any = 0) -> np.ndarray:
    """theta - eta (grad L(theta) + 2 decay theta), so many times, from each start of a batch.

    Parameters
    ----------
    model : any model with ``dim`` and ``gradient``.
    theta : (..., n), the starts; they choose the arithmetic.
    eta : the learning rate, positive: a number, or one a start (...).
    steps : how many steps; 0 gives the starts.
    decay : lam of the penalty lam ||theta||^2.

    Returns
    -------
    (steps + 1, ..., n), the trajectories with their starts. Floats round at every step; rationals are exact, and have
    about (degree of the loss - 1) times as many digits after every step.

    Raises
    ------
    ValueError
        For rates that are not positive, negative steps, and steps that overflow.
    NotExact
        For a float rate with exact starts.
    """
    where = "gradient_descent"
    start = start_of(model, theta, where)
    kind = arithmetic_of(start)
    rate, lam = learning_rate(eta, start, where), kind.convert(as_array(decay, f"{where}: decay"))

    def step(theta: np.ndarray) -> np.ndarray:
        return theta - rate * (model.gradient(theta) + 2 * lam * theta)

    return recorded(step, start, steps, 1, where)


def learning_rate(eta: Any, start: np.ndarray, where: str) -> np.ndarray:
    """A positive rate for starts (..., n), as an array that multiplies their gradients."""
    rate = arithmetic_of(start).convert(as_array(eta, f"{where}: eta"))
    if (sign(rate) <= 0).any():
        raise ValueError(f"{where}: needs eta > 0, got {eta}; descent steps against the gradient")
    if rate.ndim and rate.shape != start.shape[:-1]:
        raise ValueError(f"{where}: eta must be a number or have the batch {start.shape[:-1]}, got shape {rate.shape}")
    return rate[..., None]


def recorded(
    step: Callable[[np.ndarray], np.ndarray], start: np.ndarray, steps: int, record: int, where: str
) -> np.ndarray:
    """The points (steps // record + 1, ..., n) after 0, record, 2 record, ... steps theta -> step(theta)."""
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 0:
        raise ValueError(f"{where}: steps must be an integer of at least 0, got {steps!r}")
    path = memory.new((int(steps) // record + 1, *start.shape), start.dtype, where)
    path[0] = theta = start
    with np.errstate(over="ignore", invalid="ignore"):
        for k in range(steps):
            theta = step(theta).astype(start.dtype, copy=False)
            if theta.dtype != object and not np.isfinite(theta).all():
                raise ValueError(f"{where}: needs steps that stay finite, got infinity at step {k + 1}; lower eta")
            if (k + 1) % record == 0:
                path[(k + 1) // record] = theta
    return path


def start_of(model: Any, theta: Any, where: str) -> np.ndarray:
    """theta as an array (..., n) of a model with a gradient."""
    if not (hasattr(model, "dim") and callable(getattr(model, "gradient", None))):
        raise TypeError(f"{where}: needs a model with dim and gradient, got {type(model).__name__}")
    return arrays.points(theta, model.dim, where)
