"""A single ReLU neuron, literally: max(0, .) written as a Piecewise.

Source: petersenzech2024, Exercise 12.8.
"""

from __future__ import annotations

from typing import Any

import sympy


def loss(
    X: Any, y: Any, theta: Any, *, output_weight: bool = False, bias: bool = False, output_bias: bool = False
) -> sympy.Expr:
    """(1/m) sum_i (a max(0, w.x_i + b) + c - y_i)^2, theta = (w, b, a, c); a = 1, b = 0, c = 0 where they are fixed."""
    d, rest = len(X), list(theta[len(X) :])
    b = rest.pop(0) if bias else 0
    a = rest.pop(0) if output_weight else 1
    c = rest.pop(0) if output_bias else 0
    total = sympy.Integer(0)
    for i in range(len(y)):
        u = sympy.sympify(sum(theta[k] * X[k][i] for k in range(d)) + b)
        total += (a * sympy.Piecewise((u, u > 0), (0, True)) + c - y[i]) ** 2
    return total / len(y)
