"""A mean of squared errors as a sum of squares."""

from __future__ import annotations

from typing import Any

import numpy as np

from theory.arithmetic import FLOAT, arithmetic_of
from theory.errors import NotExact


def roots(model: Any, errors: np.ndarray) -> np.ndarray:
    """errors / sqrt(m) for errors (..., m), whose squares add up to their mean square.

    Raises
    ------
    NotExact
        For another loss than the squared one, and for errors that are no floats: sqrt(m) is irrational in general.
    """
    if not (model.traits.squares and arithmetic_of(errors).name == FLOAT):
        raise NotExact(f"{type(model).__name__}.residuals: needs the squared loss and float theta; use the loss itself")
    return errors / errors.shape[-1] ** 0.5
