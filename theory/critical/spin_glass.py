"""Spin glasses whose signs decide everything: linear and quadratic forms on the sphere, and the zero Hamiltonian."""

from __future__ import annotations

from typing import Any

from theory.arithmetic import is_zero
from theory.critical.generic import Decision, Facts
from theory.landscape import Kind


def decide(model: Any, facts: Facts) -> Decision | None:
    """For p <= 2 a critical point with n- = 0 is a global minimum, one with n+ = 0 a maximum; None for p >= 3.

    p = 2: for s^T A s the point is an eigenvector of A, of eigenvalue l, and the Hessian is 2 (A - l I) on its
    complement: no negative sign means that l is the least eigenvalue and N l the least value, however often repeated.
    A single spin has no tangent directions: for odd p the other point of the sphere {-1, 1} has the opposite value.
    """
    signs = facts.inertia
    if not facts.critical or signs is None or signs.undecided or (signs.negative and signs.positive):
        return None
    if is_zero(model.coefficients).all():
        return Decision(Kind.GLOBAL_MINIMUM, f"{facts.why}; the Hamiltonian is zero")
    if model.N == 1 and model.p % 2:
        rule = f"{facts.why}; a single spin, and the other point has the opposite value"
        return Decision(Kind.GLOBAL_MINIMUM, rule) if facts.loss < 0 else None
    if model.p > 2:
        return None
    if signs.negative:
        return Decision(Kind.LOCAL_MAXIMUM, f"{facts.why}; a form of degree {model.p} at its largest eigenvalue")
    return Decision(Kind.GLOBAL_MINIMUM, f"{facts.why}; a form of degree {model.p} at its least eigenvalue")
