"""SymPy numbers as balls, for comparing derivatives of definitions with models."""

import numpy as np
import sympy

from theory.arithmetic import flint


def to_ball(e):
    """A SymPy number as a ball, by walking through its expression."""
    lib = flint()
    if e.is_Rational:
        return lib.arb(lib.fmpq(int(e.p), int(e.q)))
    if e in (sympy.pi, sympy.E):
        return lib.arb.pi() if e == sympy.pi else lib.arb.const_e()
    parts = [to_ball(a) for a in e.args if not (e.is_Pow and a is e.exp)]
    if e.is_Add:
        return sum(parts[1:], parts[0])
    if e.is_Mul:
        return np.prod(np.array(parts, object))
    if e.is_Pow:
        return parts[0].sqrt() ** int(2 * e.exp) if e.exp.q == 2 else parts[0] ** int(e.exp)
    return getattr(parts[0], e.func.__name__)()
