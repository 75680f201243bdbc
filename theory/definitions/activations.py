"""The activation functions as SymPy expressions, for the definitions only."""

from __future__ import annotations

from typing import Any

import sympy


def sigma(name: str, u: Any) -> Any:
    """sigma(u) by its name; ReLU as a Piecewise, because derivatives of ``Max`` bring Dirac deltas."""
    if name == "tanh":
        return sympy.tanh(u)
    if name == "logistic":
        return 1 / (1 + sympy.exp(-u))
    if name == "softplus":
        return sympy.log(1 + sympy.exp(u))
    if name == "erf":
        return sympy.erf(u)
    if name == "relu":
        return sympy.Piecewise((u, u > 0), (0, True))
    return {"square": u * u, "identity": u}[name]
