"""Deep linear nets, literally: L(W) = sum over samples of ||y - W_H (... (W_1 x))||^2.

Source: golikov2019, Linear nets.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any


def loss(widths: tuple[int, ...], X: Any, Y: Any, theta: Any) -> Any:
    """The loss as a SymPy expression or ring element.

    Parameters
    ----------
    widths : (d_0, ..., d_H).
    X, Y : rows of numbers or symbols, samples as columns.
    theta : the weights, layer by layer, each matrix row by row.
    """
    weights, layers = iter(theta), []
    for d_in, d_out in pairwise(widths):
        layers.append([[next(weights) for _ in range(d_in)] for _ in range(d_out)])
    total = 0
    for s in range(len(X[0])):
        signal = [row[s] for row in X]
        for layer in layers:
            signal = [sum(w * v for w, v in zip(row, signal, strict=True)) for row in layer]
        total = total + sum((Y[a][s] - signal[a]) ** 2 for a in range(widths[-1]))
    return total
