"""Fully connected nets, literally: the recursion of the realization map and the empirical risk with squared errors.

Source: petersenzech2024, Definitions 12.1 and 12.2.
"""

from __future__ import annotations

from typing import Any

from theory.definitions.activations import sigma


def loss(widths: tuple[int, ...], X: Any, Y: Any, theta: Any, activation: str = "tanh") -> Any:
    """(1/m) sum_i ||Phi(x_i) - y_i||^2 as a SymPy expression, or as a ring element for polynomial sigma.

    Parameters
    ----------
    widths : (d_0, ..., d_L).
    X, Y : rows of numbers or symbols, samples as columns.
    theta : layer by layer, each matrix row by row and then its bias.
    activation : name of sigma, applied after every layer but the last.
    """
    L, m, total = len(widths) - 1, len(X[0]), 0
    for i in range(m):
        numbers = iter(theta)
        signal = [row[i] for row in X]
        for layer in range(1, L + 1):
            W = [[next(numbers) for _ in range(widths[layer - 1])] for _ in range(widths[layer])]
            signal = [sum((w * v for w, v in zip(row, signal, strict=True)), next(numbers)) for row in W]
            if layer < L:
                signal = [sigma(activation, u) for u in signal]
        total = total + sum((signal[p] - Y[p][i]) ** 2 for p in range(widths[-1]))
    return total / m
