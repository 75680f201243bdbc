"""ReLU students and teachers under Gaussian inputs, literally: expectations as integrals in polar coordinates.

x ~ N(0, I_d) is rotation invariant, so that E relu(w.x) relu(z.x) is an integral over the plane of w and z: the radius
has E r^2 = 2 and is independent of the direction, which is uniform.

Source: safran2018, equation (1), in the form of; brutzkus2017, section 3, in the form of (patches).
"""

from __future__ import annotations

from functools import cache
from typing import Any

import sympy

_ANGLE, _PHI, _S = sympy.Symbol("t", real=True), sympy.Symbol("phi", real=True), sympy.Symbol("s", positive=True)


@cache
def _overlap() -> sympy.Expr:
    """E relu(cos) relu(cos) for directions at the angle t in [0, pi]: both are positive for t - pi/2 < phi < pi/2."""
    weight = sympy.integrate(_S**3 * sympy.exp(-(_S**2) / 2), (_S, 0, sympy.oo)) / (2 * sympy.pi)
    product = sympy.expand(sympy.cos(_PHI) * sympy.expand_trig(sympy.cos(_PHI - _ANGLE)))
    return weight * sympy.integrate(product, (_PHI, _ANGLE - sympy.pi / 2, sympy.pi / 2))


def _dot(w: Any, z: Any) -> sympy.Expr:
    return sympy.sympify(sum(a * b for a, b in zip(w, z, strict=True)))


def second_moment(w: Any, z: Any) -> sympy.Expr:
    """E relu(w.x) relu(z.x) for w, z other than 0."""
    r, s = sympy.sqrt(_dot(w, w)), sympy.sqrt(_dot(z, z))
    return r * s * _overlap().subs(_ANGLE, sympy.acos(_dot(w, z) / (r * s)))


def mean(w: Any) -> sympy.Expr:
    """E relu(w.x)."""
    density = sympy.exp(-(_S**2) / 2) / sympy.sqrt(2 * sympy.pi)
    return sympy.sqrt(_dot(w, w)) * sympy.integrate(_S * density, (_S, 0, sympy.oo))


def loss(n: int, V: Any, theta: Any, patches: int = 1) -> sympy.Expr:
    """1/2 E (1/p sum_q g(x_q))^2 with g(x) = sum_i relu(w_i.x) - sum_j relu(v_j.x), written out pair by pair."""
    d = len(V[0])
    signed = [(1, list(theta[i * d : (i + 1) * d])) for i in range(n)] + [(-1, list(v)) for v in V]
    square = sum(c * e * (_dot(w, w) / 2 if w == z else second_moment(w, z)) for c, w in signed for e, z in signed)
    first = sum(c * mean(w) for c, w in signed)
    total = sum(square if q == r else first**2 for q in range(patches) for r in range(patches))
    return sympy.sympify(total) / (2 * patches**2)
