"""Shallow nets, literally: Phi(x) = W^(1) sigma(W^(0) x + b^(0)) + b^(1) and the empirical risk.

Source: petersenzech2024, section 12.2 (the net), (12.3.1) (the risk).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from theory.definitions.activations import sigma


def square(f: Any, y: Any) -> Any:
    """(f - y)^2."""
    return (f - y) ** 2


def output(theta: Any, x: Any, width: int, activation: str, output_bias: bool = True) -> Any:
    """Phi(x) = sum_j W1_j sigma(sum_k W0_jk x_k + b0_j) + b1 with theta = (W0 row by row, b0, W1, b1)."""
    d, total = len(x), theta[-1] if output_bias else 0
    for j in range(width):
        pre = theta[width * d + j]
        for k in range(d):
            pre = pre + theta[j * d + k] * x[k]
        total = total + theta[width * d + width + j] * sigma(activation, pre)
    return total


def loss(
    width: int,
    X: Any,
    y: Any,
    theta: Any,
    activation: str = "tanh",
    output_bias: bool = True,
    output_loss: Callable[[Any, Any], Any] = square,
) -> Any:
    """(1/m) sum_i l(Phi(x_i), y_i) as a SymPy expression, or as a ring element for polynomial sigma.

    Parameters
    ----------
    width : number of hidden neurons.
    X, y : rows of numbers or symbols, samples as columns; m targets.
    theta : W0 row by row, b0, W1, b1.
    activation : name of sigma.
    output_loss : l(f, y).
    """
    m, total = len(y), 0
    for i in range(m):
        total = total + output_loss(output(theta, [row[i] for row in X], width, activation, output_bias), y[i])
    return total / m
