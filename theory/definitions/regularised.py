"""Regularised deep linear nets, literally: the loss of the net and, for every entry, Lambda times its square.

Source: mehta2022, generalised L2 regularisation, in the form of; without their factor 1/2.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from theory.definitions import deep_linear


def penalty(widths: tuple[int, ...], Lambda: Any, theta: Any) -> Any:
    """sum_i sum_ab Lambda_i[a][b] W_i[a][b]^2 for theta layer by layer, each matrix row by row."""
    weights, total = iter(theta), 0
    for (d_in, d_out), L in zip(pairwise(widths), Lambda, strict=True):
        for a in range(d_out):
            for b in range(d_in):
                total = total + L[a][b] * next(weights) ** 2
    return total


def loss(widths: tuple[int, ...], X: Any, Y: Any, Lambda: Any, theta: Any) -> Any:
    """The loss as a SymPy expression or ring element.

    Parameters
    ----------
    widths : (d_0, ..., d_H).
    X, Y : rows of numbers or symbols, samples as columns.
    Lambda : one array of rows for each layer, of its shape.
    theta : the weights, layer by layer, each matrix row by row.
    """
    return deep_linear.loss(widths, X, Y, theta) + penalty(widths, Lambda, theta)
