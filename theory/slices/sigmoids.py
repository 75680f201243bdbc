"""tanh and the logistic function as alpha + beta / (1 + exp(kappa z)), and how their roundings reach the loss."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from theory.activations import LOGISTIC, TANH
from theory.calculus.tolerance import rounding


class Sigmoid(NamedTuple):
    """s(z) = alpha + beta / (1 + exp(kappa z))."""

    alpha: float
    beta: float
    kappa: float


SIGMOIDS = {TANH: Sigmoid(1, -2, 2), LOGISTIC: Sigmoid(0, 1, -1)}

# Roundings of numpy's exp and tanh, which its own tests hold to four units in the last place.
EXP = TANH_ROUNDINGS = 8


def sigmoid_of(model: Any) -> Sigmoid | None:
    """The sigmoid that a model has as its activation, None for another activation."""
    return SIGMOIDS.get(model.activation)


def rms_to_loss(loss: Any, residual: Any, terms: int) -> Any:
    """Bounds of the errors of means of squares of computed residuals, of ``terms`` terms.

    With e - e' at most ``residual`` in the root of the mean square, | |e|^2 - |e'|^2 | <= (2 |e'| + |e - e'|) |e - e'|.
    """
    summed = rounding(float, terms + 2, loss)
    return (2 * np.sqrt(loss + summed) + residual) * residual + summed
