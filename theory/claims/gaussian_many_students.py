r"""k students and k orthonormal teachers as k grows: k times the loss as an analytic function of 1/sqrt(k).

E relu(w.x) relu(z.x) = |w| |z| J(rho) / (2 pi) with J = 1 + pi rho/2 + rho^2/2 + T(rho), T even and of order rho^4. The
first three terms sum up to squares of S_0 = sum |w_i| - k, S_1 = sum w_i - sum e_j, S_2 = sum w_i w_i^T/|w_i| - I:

    2 pi E g^2 = S_0^2 + (pi/2) |S_1|^2 + (1/2) |S_2|^2 + sum over signed pairs of |w| |z| T(rho).

At students with the entries (a, b, c, d, e) let s = k^(-1/2), x = s^2 and, with the unknowns z = (alpha, mu, sigma,
delta, eta),

    a = 1 + alpha x^2,  d = delta x,  e = -1 + eta x,  (k - 1) c + e - 1 = sigma x,  a + (k - 2) b + d - 1 = mu x.

Then k F = G(x alpha, mu, x sigma, delta, x eta; s) + x H(z; s), with G and H analytic near s = 0: no division by x is
left. The gradient in z, divided by (x, 1, x, 1, x), is analytic too, and its zeros for s > 0 are the critical points of
this form.
Source: own derivation.
"""

from __future__ import annotations

from functools import cache
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from theory.arithmetic import flint
from theory.errors import Undecided

TERMS = 24
FAST = (1, 3)  # mu and delta act at once, the other unknowns with a factor x


class _Shape(NamedTuple):
    """b = beta x^2, c = gamma x, the entries a and e, and the lengths of the first students and of the last one."""

    beta: Any
    gamma: Any
    a: Any
    e: Any
    r: Any
    R: Any


def _shape(z: Any, s: Any) -> _Shape:
    """From (x alpha, mu, x sigma, delta, x eta)."""
    alpha, mu, sigma, delta, eta = z
    x = s * s
    beta, gamma = (mu - alpha - delta) / (1 - 2 * x), (2 - eta + sigma) / (1 - x)
    a, e = 1 + alpha * x, eta - 1
    r = (a * a + (1 - 2 * x) * beta * beta * x * x * x + gamma * gamma * x * x).sqrt()
    return _Shape(beta, gamma, a, e, r, ((1 - x) * delta * delta * x + e * e).sqrt())


def leading(z: Any, s: Any) -> Any:
    """G(z; s): the terms of S_1, of the last row and column of S_2, and of the pairs of a student and its teacher."""
    f, pi, x = _shape(z, s), flint().arb.pi(), s * s
    mu, delta, q = z[1], z[3], 1 - x
    C = f.gamma * (f.a + (1 - 2 * x) * f.beta * x) / f.r + delta * f.e / f.R
    m2 = f.gamma * f.gamma + (1 - 2 * x) * f.beta * f.beta * x
    first = m2 * _lost(m2.sqrt() * x / f.r, f.a / f.r) / f.r
    last = delta * delta * _lost(q.sqrt() * delta * s / f.R, -f.e / f.R) / f.R
    return q * (pi / 2 * mu * mu + C * C + 2 * first + 2 * last) / (4 * pi)


def remaining(z: Any, s: Any) -> Any:
    """H(z; s): all other terms, divided by x."""
    alpha, mu, sigma, delta, eta = z
    x, pi = s * s, flint().arb.pi()
    q, most, two = 1 - x, 1 - 2 * x, pi / 2 - flint().arb(3) / 2
    f = _shape((x * alpha, mu, x * sigma, delta, x * eta), s)
    b, c, d = f.beta, f.gamma, delta
    longer = (2 * alpha + alpha * alpha * x * x + most * b * b * x + c * c) / (f.r + 1)  # (r - 1)/x^2
    last = (q * d * d - 2 * eta + eta * eta * x) / (f.R + 1)  # (R - 1)/x
    A = longer - c * c / f.r + d * d / f.R
    shared = 2 * b * f.a + (1 - 3 * x) * b * b * x
    B = shared / f.r + d * d / f.R
    D = q * c * c / f.r + last - q * d * d / f.R
    S0 = q * longer + last
    squares = S0 * S0 + pi / 2 * sigma * sigma + (q * x * A * A + q * most * B * B + D * D) / 2
    lengths = two * (q * x * longer * longer + last * last)
    inner = d * f.a + most * b * d * x + c * f.e
    r, R = f.r, f.R
    far = _quartic((shared + c * c) / (r * r), x * x) * r * r - 2 * _quartic(b / r, x * x) * r
    near = _quartic(inner / (r * R), x) * r * R - _quartic(c / r, x) * r - _quartic(d / R, x) * R
    far, near = q * most * far * x * x * x * x, 2 * q * near * x
    return (squares + lengths + far + near) / (4 * pi)


def _lost(sin: Any, cos: Any) -> Any:
    """(T(1) - T(cos)) / sin^2 at an angle below pi/2."""
    pi = flint().arb.pi()
    return pi / 2 / (1 + cos) - flint().arb(1) / 2 - sin * _powers(_wedge(), sin * sin)


def _quartic(y: Any, unit: Any) -> Any:
    """T(y unit) / unit^4."""
    rho = y * unit
    return y * y * y * y * _powers(_tail(), rho * rho)


def _powers(coefficients: tuple[Any, ...], y: Any) -> Any:
    """sum c_n y^n, |y| <= 1/4, for a ball or a power series up to order 2; later c_n lie in [0, 1].

    What is left out of the j-th derivative over j!, j <= 2, is at most sum n^2 |y|^(n-2) <= 2 N^2 |y|^(N-2).
    """
    lib, N = flint(), len(coefficients)
    series = isinstance(y, lib.arb_series)
    at = y[0] if series else lib.arb(y)
    size = at.abs_upper()
    if not size <= lib.arb(1) / 4:
        raise Undecided(f"gaussian_many_students: needs |y| <= 1/4, got {size.str(5)}; take more students")
    rest = lib.arb(0, (2 * N * N * size ** (N - 2)).upper())
    value, first, second = lib.arb(0), lib.arb(0), lib.arb(0)
    for c in reversed(coefficients):
        value, first, second = value * at + lib.arb(c), first * at + value, second * at + first
    if not series:
        return value + rest
    step = y - at
    return value + rest + (first + rest) * step + (second + rest) * step * step


@cache
def _tail() -> tuple[Any, ...]:
    """T(rho) / rho^4 in powers of rho^2: the coefficients of sqrt(1 - rho^2) + rho asin(rho) from rho^4 on."""
    q, out = flint().fmpq, [flint().fmpq(1)]
    for n in range(TERMS + 2):
        out.append(out[-1] * q((2 * n - 1) ** 2, 2 * (2 * n + 1) * (n + 1)))
    return tuple(out[2 : TERMS + 2])


@cache
def _wedge() -> tuple[Any, ...]:
    """(sin - angle cos) / sin^3 in powers of sin^2: c_n / (2n + 3), c_n = c_(n-1) 2n / (2n + 1), c_0 = 1."""
    q, c, out = flint().fmpq, flint().fmpq(1), []
    for n in range(TERMS):
        c = c * q(2 * n, 2 * n + 1) if n else c
        out.append(c * q(1, 2 * n + 3))
    return tuple(out)


def scaled(k: int, entries: Any) -> np.ndarray:
    """z = (alpha, mu, sigma, delta, eta) of the entries (a, b, c, d, e)."""
    a, b, c, d, e = entries
    return np.array([k * k * (a - 1), k * (a + (k - 2) * b + d - 1), k * ((k - 1) * c + e - 1), k * d, k * (e + 1)])


def loss_times_k(z: Any, s: Any) -> Any:
    """k F = G(x alpha, mu, x sigma, delta, x eta; s) + x H(z; s)."""
    x = s * s
    return leading(_weighted(z, x), s) + x * remaining(z, s)


def slopes(z: np.ndarray, s: Any) -> np.ndarray:
    """The gradient of k F in z over (x, 1, x, 1, x): of G in its own unknowns, and of H times (1, x, 1, x, 1)."""
    first, E = _weighted(z, s * s), np.eye(5, dtype=int)
    return np.array(
        [_along(leading, first, v, s)[1] + (s * s if i in FAST else 1) * _along(remaining, z, v, s)[1]
         for i, v in enumerate(E)], object)  # fmt: skip


def curvature(z: np.ndarray, s: Any) -> np.ndarray:
    """The derivative (5, 5) of ``slopes``."""
    x, first = s * s, _weighted(z, s * s)
    G, H = _second(leading, first, s), _second(remaining, z, s)
    one = flint().arb(1)
    weights = np.array([one if j in FAST else x for j in range(5)], object)
    return G * weights + H * np.array([x if i in FAST else one for i in range(5)], object)[:, None]


def _weighted(z: Any, x: Any) -> np.ndarray:
    """(x alpha, mu, x sigma, delta, x eta)."""
    return np.array([v if i in FAST else x * v for i, v in enumerate(z)], object)


def _along(function: Any, z: np.ndarray, direction: Any, s: Any) -> Any:
    """The power series of function(z + t direction) up to t^2."""
    line = flint().arb_series
    return function([line([v, int(w)], prec=3) for v, w in zip(z, direction, strict=True)], s)


def _second(function: Any, z: np.ndarray, s: Any) -> np.ndarray:
    """Second derivatives (5, 5): with q the coefficients of t^2, q(e_i + e_j) - q(e_i) - q(e_j) = H_ij."""
    E = np.eye(5, dtype=int)
    q = [_along(function, z, e, s)[2] for e in E]
    H = np.diag(np.array([2 * v for v in q], object))
    for i, j in combinations(range(5), 2):
        H[i, j] = H[j, i] = _along(function, z, E[i] + E[j], s)[2] - q[i] - q[j]
    return H
