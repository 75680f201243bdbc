"""Linear ResNets are deep linear nets seen from the identity: same kinds, same certificates."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from theory.arithmetic import arithmetic_of
from theory.critical import deep_linear
from theory.critical.generic import Decision, Facts


def decide(model: Any, facts: Facts) -> Decision | None:
    """The decision for the net at theta + vec(I)."""
    identity = arithmetic_of(facts.theta).eye(model.net.widths[0]).ravel()
    return deep_linear.decide(model.net, replace(facts, theta=facts.theta + np.tile(identity, model.depth)))
