"""Points at which a loss is not smooth: there the derivatives are those of one piece and say nothing."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from theory.arithmetic import BALL, FLOAT, RATIONAL, arithmetic_of, ball, flint
from theory.calculus.tolerance import rounding
from theory.critical.generic import Facts, rational_of, with_certificate
from theory.critical.tangent import loss_at
from theory.errors import NotExact, TooLarge, Undecided


def kink_facts(model: Any, theta: np.ndarray) -> Facts | None:
    """The facts of a point at which the loss is not smooth, or not known to be; None where it is smooth."""
    if _is_smooth(model):
        return None
    if not hasattr(model, "smooth_at"):
        return _no_derivatives(model, theta, "the model is not smooth everywhere and does not say where (smooth_at)")
    try:
        if model.smooth_at(theta):
            return None
    except Undecided:
        return _no_derivatives(model, theta, "the box meets a kink of the loss")
    try:
        stationary = bool(model.clarke_stationary(theta))
    except (AttributeError, NotExact, TooLarge):
        return _no_derivatives(model, theta, "the loss has a kink here")
    why = f"the loss has a kink here, and 0 {'lies' if stationary else 'does not lie'} in its Clarke subdifferential"
    return with_certificate(_no_derivatives(model, theta, why), clarke_stationary=stationary)


def float_kink_facts(model: Any, theta: np.ndarray) -> Facts | None:
    """``kink_facts`` of the dyadic numbers that floats are: in floats, rounding may hide a kink or invent one."""
    if _is_smooth(model):
        return None
    for same in (rational_of(theta), ball(theta)):
        try:
            return kink_facts(model, same)
        except (TypeError, ValueError, AttributeError):
            continue  # the model does not compute in this arithmetic
    return kink_facts(model, theta)


def meets_kink(model: Any, theta: np.ndarray) -> bool:
    """Whether a float evaluation at theta may see another piece of the loss than the one that theta lies in."""
    if _is_smooth(model):
        return False
    relative = rounding(float, len(theta))
    box = np.array([flint().arb(x, relative * abs(x)) for x in theta.tolist()], object)
    try:
        return not model.smooth_at(box)
    except Undecided:
        return True
    except (TypeError, ValueError, AttributeError):
        return False  # a model for floats only: its own answer at theta has to do


def _is_smooth(model: Any) -> bool:
    """Whether the loss is smooth everywhere, by the model's traits or because nothing else is said."""
    return getattr(getattr(model, "traits", None), "smooth", not hasattr(model, "smooth_at"))


def _no_derivatives(model: Any, theta: np.ndarray, why: str) -> Facts:
    evidence = {RATIONAL: "exact", BALL: "certified", FLOAT: "numeric"}[arithmetic_of(theta).name]
    return Facts(theta, loss_at(model, theta), None, why, math.inf, evidence)
