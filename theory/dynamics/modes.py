"""One mode of a deep linear net under gradient flow: u = w_H ... w_1 learns the singular value s, in closed form.

On whitened data (X X^T = I), from layers aligned with the singular vectors of Y X^T, gradient flow of the loss
||Y - W_H ... W_1 X||^2 keeps the layers aligned, and each singular value of the product follows an equation of its own.
If the layers are balanced too (all |w_i| equal), it is du/dt = 2 H u^{2-2/H} (s - u).

The functions take numbers and arrays that broadcast. Floats are answered by floats; integers, fractions, strings "p/q"
and balls by balls, which enclose the exact value at the precision in force. Saxe et al. take 1/2 of the loss and a time
constant tau: their time is 2 tau times ours.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from theory.arithmetic import FLOAT, Arithmetic, flint, sign
from theory.arrays import positive_int
from theory.constructors import each
from theory.dynamics.real_numbers import elementary, real_numbers, require, root


def mode_velocity(u: Any, s: Any, depth: int, decay: Any = 0) -> Any:
    """du/dt = 2 H (u^2)^{1-1/H} (s - u) - 2 H lam u for balanced layers, with weight decay lam ||W||^2.

    Each layer follows dw/dt = 2 (s - w^H) w^{H-1} - 2 lam w.

    Parameters
    ----------
    u, s, decay : (...), broadcast.
    depth : H >= 1.

    Returns
    -------
    (...).

    Source: saxe2014, dynamics of deep linear networks, in the form of; the weight decay: own derivation.
    """
    H = positive_int(depth, "mode_velocity", "depth")
    _, shape, u, s, lam = real_numbers("mode_velocity", u=u, s=s, decay=decay)
    power = np.abs(u) ** (2 - 2 / H) if u.dtype != object else root(u * u, H) ** (H - 1)
    return (2 * H * (power * (s - u) - lam * u)).reshape(shape)[()]


def two_layer_mode(t: Any, s: Any, u0: Any, c: Any = 0) -> Any:
    """u(t) for two layers: du/dt = 2 (s - u) sqrt(c^2 + 4 u^2) with the conserved c = w_2^2 - w_1^2.

    For c = 0 it is s / (1 + (s / u0 - 1) e^{-4st}). In general P = (w_1 + w_2)^2 and Q = (w_2 - w_1)^2 obey
    P' = 4 s P - P^2 + c^2 and Q' = -4 s Q - Q^2 + c^2, logistic equations of rate 2 sqrt(c^2 + 4 s^2), and
    u = (P - Q) / 4. In floats digits cancel in this difference only: the error is some roundings of |u| + |c|.
    Under weight decay lam the imbalance stays 0 only if it is 0, and then s - lam takes the place of s.

    Parameters
    ----------
    t : times (...), at least 0.
    s : (...) of any sign, not 0 together with c.
    u0 : (...), the start. Balanced layers (c = 0) never reach or leave 0: below it they stay below.
    c : (...), 0 for balanced layers; its sign does not matter.

    Returns
    -------
    (...).

    Source: saxe2014, dynamics of shallow linear networks, in the form of; c != 0: own derivation.

    >>> float(two_layer_mode(0.0, 2.0, 0.5))
    0.5
    """
    where = "two_layer_mode"
    kind, shape, t, s, u0, c = real_numbers(where, t=t, s=s, u0=u0, c=c)
    balanced = sign(c) == 0
    require(where, "t >= 0", sign(t) >= 0, "the flow is followed forwards", t=t)
    require(where, "s or c other than 0", (sign(s) != 0) | ~balanced, "there u = u0 / (1 + 4 |u0| t)", s=s, c=c)
    up, down = _square(s, c), _square(-s, c)
    x = -(up + down) * t
    with np.errstate(under="ignore"):
        e, d = elementary("exp", x), -elementary("expm1", x)

        def at(start: np.ndarray, up: np.ndarray, down: np.ndarray) -> np.ndarray:
            above, below = start * (up + down * e) + c * c * d, start * d + up * e + down
            return above / below if kind.name != FLOAT else _quotient(above, below)

        P, Q = at(_square(u0, c), up, down), at(_square(-u0, c), down, up)
    return ((P - Q) * kind.fraction(1, 4)).reshape(shape)[()]


def two_layer_passage_time(s: Any, u0: Any, u1: Any, c: Any = 0) -> Any:
    """The time in which two layers with w_2^2 - w_1^2 = c learn a mode from u0 to u1.

    It is the increase of (1 / 2r) log (P + N) / (S - P) with r = sqrt(c^2 + 4 s^2), P = 2u + sqrt(c^2 + 4 u^2),
    S = r + 2s, N = r - 2s: partial fractions of dP / ((S - P)(P + N)).

    Parameters
    ----------
    s, u0, u1, c : (...), u0 <= u1 < s, and 0 < u0 where c = 0.

    Returns
    -------
    (...), for floats with an error of some roundings of the logarithms over 2r.

    Source: own derivation.
    """
    where = "two_layer_passage_time"
    _, shape, s, u0, u1, c = real_numbers(where, s=s, u0=u0, u1=u1, c=c)
    require(where, "u0 > 0 where c = 0", (sign(u0) > 0) | (sign(c) != 0), "balanced layers never leave 0", u0=u0, c=c)
    _require_rise(where, s, u0, u1)
    S, N = _square(s, c), _square(-s, c)

    def log_odds(u: np.ndarray) -> np.ndarray:
        """log (P + N) / (S - P), where S - P = 2 (s - u) (S + P) / (S + P - 2s - 2u)."""
        P = _square(u, c)
        return elementary("log", (P + N) * (S + P - 2 * s - 2 * u) / (2 * (s - u) * (S + P)))

    return ((log_odds(u1) - log_odds(u0)) / (S + N)).reshape(shape)[()]


def passage_time(s: Any, u0: Any, u1: Any, depth: int) -> Any:
    """The time in which balanced layers learn a mode from u0 to u1: the integral of du / (2 H u^{2-2/H} (s - u)).

    With v = u^{1/H} the integrand is v^{1-H} dv / (2 (s - v^H)) = (v^{1-H} + v / (s - v^H)) dv / (2s), so the time is
    the increase of (1/2s) [v^{2-H} / (2 - H) + s^{2/H-1} F(v / s^{1/H})], F(x) = -(1/H) sum_{w^H=1} w^2 log(1 - x/w),
    with log v in the first place for H = 2; and of -(1/2) log(s - u) for H = 1.

    Parameters
    ----------
    s, u0, u1 : (...), 0 < u0 <= u1 < s.
    depth : H >= 1.

    Returns
    -------
    (...), for floats with an error of some roundings of the terms at either end.

    Source: saxe2014, dynamics of deep linear networks (the equation), in the form of; the integral: own derivation.

    >>> bool(passage_time(1.0, 0.25, 0.5, 1) == np.log(1.5) / 2)
    True
    """
    where = "passage_time"
    H = positive_int(depth, where, "depth")
    kind, shape, s, u0, u1 = real_numbers(where, s=s, u0=u0, u1=u1)
    require(where, "s > 0", sign(s) > 0, "only positive values are learned", s=s)
    require(where, "u0 > 0", sign(u0) > 0, "balanced layers never leave 0", u0=u0)
    _require_rise(where, s, u0, u1)

    def antiderivative(u: np.ndarray) -> np.ndarray:
        if H == 1:
            return -s * elementary("log", s - u)
        v, size = root(u, H), root(s, H)
        power = elementary("log", v) if H == 2 else v ** (2 - H) * kind.fraction(1, 2 - H)
        return power + size * size / s * _fractions(v / size, _gap(u, s, H), H, kind)

    return ((antiderivative(u1) - antiderivative(u0)) / (2 * s)).reshape(shape)[()]


def _require_rise(where: str, s: np.ndarray, u0: np.ndarray, u1: np.ndarray) -> None:
    require(where, "u0 <= u1", ~(u1 < u0), "a mode rises towards s", u0=u0, u1=u1)
    require(where, "u1 < s", sign(s - u1) > 0, "s itself is never reached", u1=u1, s=s)


def _square(u: np.ndarray, c: np.ndarray) -> np.ndarray:
    """(w_1 + w_2)^2 = 2u + sqrt(c^2 + 4u^2) where w_1 w_2 = u and w_2^2 - w_1^2 = c; for u < 0 without cancellation."""
    if u.dtype == object:
        far = elementary("sqrt", c * c + 4 * u * u)
        rows = zip(u, c, far, strict=True)
        return np.array([y * y / (r - 2 * x) if x < 0 else r + 2 * x for x, y, r in rows], object)
    far = 2 * np.abs(u) + np.hypot(c, 2 * u)
    return np.where(u >= 0, far, _quotient(c * c, far))


def _quotient(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """above / below for floats, 0 where both are."""
    above, below = np.broadcast_arrays(above, below)
    return np.divide(above, below, out=np.zeros_like(above), where=above != 0)


def _gap(u: np.ndarray, s: np.ndarray, H: int) -> np.ndarray:
    """1 - (u/s)^{1/H}, for floats without cancellation near u = s."""
    if u.dtype == object:
        return 1 - root(u / s, H)
    near = -np.expm1(np.log1p(np.maximum((u - s) / s, -0.5)) / H)
    return np.where(2 * u > s, near, 1 - root(u / s, H))


def _fractions(x: np.ndarray, gap: np.ndarray, H: int, kind: Arithmetic) -> np.ndarray:
    """The integral of x / (1 - x^H) from 0 to x < 1, H >= 2: -(1/H) sum_{w^H=1} w^2 log(1 - x/w), gap = 1 - x."""
    if kind.name == FLOAT:
        w = np.exp(2j * np.pi / H * np.arange(1, H)).astype(np.result_type(kind.parent, np.complex64))
        others = (w * w * np.log(1 - x[..., None] / w)).sum(-1).real
    else:
        acb, fmpq = flint().acb, flint().fmpq
        w = [acb(fmpq(2 * k, H)).exp_pi_i() for k in range(1, H)]
        others = each(lambda entry: sum(z * z * (1 - entry / z).log() for z in w).real, x)
    return -(elementary("log", gap) + others) * kind.fraction(1, H)
