"""The sign of a polynomial on [0, 1], decided exactly."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from theory.arithmetic import rational
from theory.calculus.exact_linalg import solve


def is_nonnegative(coefficients: Any) -> bool:
    """Whether p(t) = sum_k c_k t^k >= 0 for all t in [0, 1].

    p changes its sign exactly at the roots of odd multiplicity: none of the odd square-free factors may have a root
    inside (counted by Sturm sequences), and one value inside must be positive.

    Parameters
    ----------
    coefficients : (c_0, c_1, ...), integers or rationals.
    """
    p = _polynomial(coefficients)
    if p.is_zero:
        return True
    odd = [factor for factor, multiplicity in p.sqf_list()[1] if multiplicity % 2]
    if any(f.count_roots(0, 1) - (f.eval(0) == 0) - (f.eval(1) == 0) for f in odd):
        return False
    values = (p.eval(_rational(Fraction(1, n))) for n in range(2, p.degree() + 3))
    return bool(next(value for value in values if value != 0) > 0)


def is_positive(coefficients: Any) -> bool:
    """Whether p(t) > 0 for all t in [0, 1]."""
    p = _polynomial(coefficients)
    return bool(p.eval(0) > 0 and (p.degree() <= 0 or p.count_roots(0, 1) == 0))


def is_nonincreasing(coefficients: Any) -> bool:
    """Whether p does not increase anywhere on [0, 1]."""
    return is_nonnegative([-k * c for k, c in enumerate(rational(list(coefficients)))][1:] or [0])


def interpolated(values: np.ndarray) -> np.ndarray:
    """Coefficients (n + 1,) of the polynomial of degree at most n with these rational values at 0, 1/n, ..., 1."""
    n = len(values) - 1
    nodes = rational([Fraction(i, max(n, 1)) for i in range(n + 1)])
    return solve(nodes[:, None] ** np.arange(n + 1), values)


def _polynomial(coefficients: Any) -> Any:
    import sympy

    exact = [_rational(Fraction(int(c.p), int(c.q))) for c in rational(list(coefficients))]
    return sympy.Poly.from_list(exact[::-1], sympy.Symbol("t"), domain="QQ")


def _rational(value: Fraction) -> Any:
    import sympy

    return sympy.Rational(value.numerator, value.denominator)
