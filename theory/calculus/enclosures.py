"""Integrals, beta functions and given numbers in real balls: what probabilities with error bounds are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from theory.arithmetic import FLOAT, arithmetic_of, as_array, ball, flint, precision

BITS = 128
GOAL = 2.0**-72


def integral(f: Callable[[Any, bool], Any], a: Any, b: Any) -> Any:
    """The integral of f from a to b in a real ball; f(z, analytic) as in ``flint.acb.integral``.

    The radius is a proved bound; the work stops at an absolute or relative radius of about ``GOAL``.
    """
    acb = flint().acb
    return acb.integral(f, acb(a), acb(b), rel_tol=GOAL, abs_tol=GOAL).real


def incomplete_beta(x: Any, a: Any, b: Any) -> Any:
    """I_x(a, b), regularised, for a ball x and rationals (flint's, or fractions) a, b."""
    lib = flint()
    a, b = (lib.acb(lib.fmpq(int(v.numerator), int(v.denominator))) for v in (a, b))
    return lib.acb(x).beta_lower(a, b, regularized=1).real


def complete_beta(a: Any, b: Any) -> Any:
    """B(a, b) for flint rationals."""
    gamma = flint().arb.gamma_fmpq
    return gamma(a) * gamma(b) / gamma(a + b)


def number_list(values: Any, where: str, name: str = "eigenvalues") -> np.ndarray:
    """A list of real numbers (n,) of one arithmetic."""
    out = as_array(values, f"{where}: {name}")
    if out.ndim != 1 or out.dtype.kind == "c":
        raise ValueError(f"{where}: {name} must be a list of real numbers, got {out.dtype} of shape {out.shape}")
    return out


def balls_of(values: Any, where: str, name: str = "eigenvalues") -> list[Any]:
    """Real numbers as balls: floats are the numbers that they are."""
    out = number_list(values, where, name)
    with precision(BITS):
        return list(ball(out.tolist() if arithmetic_of(out).name == FLOAT else out))
