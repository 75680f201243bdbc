"""Linear ResNets are deep linear nets seen from the identity: same kinds, same certificates."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from theory.arithmetic import arithmetic_of
from theory.critical import deep_linear
from theory.critical.generic import Decision, Facts, rational_of
from theory.critical.inherited import is_unchanged
from theory.models.deep_linear import DeepLinearNet
from theory.models.linear_resnet import LinearResNet


def decide(model: Any, facts: Facts) -> Decision | None:
    """The decision for the net at theta + vec(I); a descent curve is brought back."""
    if not is_unchanged(model.net, DeepLinearNet):
        return None
    decision = deep_linear.decide(model.net, replace(facts, theta=facts.theta + _identity(model, facts.theta)))
    if decision is None or "descent_curve" not in decision.certificate:
        return decision
    rows = decision.certificate["descent_curve"].copy()
    rows[0] = facts.theta
    return replace(decision, certificate={**decision.certificate, "descent_curve": rows})


def atlas(model: Any) -> Any:
    """The critical values of the net, which the layers I + W_k reach as well."""
    return deep_linear.atlas(model.net)


def near(model: Any, theta: np.ndarray) -> tuple[Any, Facts] | None:
    """(ResNet with exact data, facts of the critical point beside a float theta), from the net at theta + vec(I)."""
    if not is_unchanged(model.net, DeepLinearNet):
        return None
    exact = rational_of(theta)
    found = deep_linear.near(model.net, exact + _identity(model, exact))
    if found is None:
        return None
    net, facts = found
    there = facts.theta - _identity(model, facts.theta)
    box = {"box": there} if "box" in facts.certificate else {}
    return LinearResNet._of(net), replace(facts, theta=there, certificate={**facts.certificate, **box})


def _identity(model: Any, theta: np.ndarray) -> np.ndarray:
    """vec(I) for every layer, in the arithmetic of theta."""
    return np.tile(arithmetic_of(theta).eye(model.net.widths[0]).ravel(), model.depth)
