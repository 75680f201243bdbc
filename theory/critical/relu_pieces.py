"""Nets with one hidden ReLU layer, off the kinks: the pattern of active neurons is fixed nearby, with its symmetries.

A neuron that is dead on all samples may move freely; one that is active on all samples is linear there, so b may be
traded for c. With the rescalings these flows leave the loss unchanged near theta and carry critical points to critical
points. If they explain the whole kernel of a semidefinite Hessian, then theta is a local minimum (Morse-Bott). Of a
``ShallowNet`` with the squared, weighted, absolute or Huber loss every rational point is decided, also at kinks
(``theory.critical.relu_minimality``).
Source: own derivation.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from theory import arrays
from theory.activations import RELU
from theory.arithmetic import RATIONAL, arithmetic_of
from theory.calculus.exact_linalg import rank
from theory.critical import generic, relu_minimality
from theory.critical.generic import Decision, Facts
from theory.critical.relu_atlas import NeuronAtlas, neuron_atlas
from theory.errors import TooLarge
from theory.landscape import Kind
from theory.losses import Absolute, Huber, Squared, Weighted
from theory.models.relu_neuron import ReluNeuron
from theory.models.shallow_net import ShallowNet


def decide(model: Any, facts: Facts) -> Decision | None:
    """A local minimum, if nothing descends, or if the local symmetries explain all zeros of a semidefinite Hessian."""
    signs = facts.inertia
    if signs is None or not signs.negative:
        try:
            if relu_minimality.applies(model, facts.theta):
                return _decide_shallow(model, facts)
        except TooLarge:
            pass
    if not facts.critical or signs is None or signs.negative or arithmetic_of(facts.theta).name != RATIONAL:
        return None
    if getattr(model, "activation", RELU) != RELU or generic.attained_minimum(model, facts) is not None:
        return None
    explained = rank(local_symmetries(model, facts.theta))
    if explained != signs.zero:
        return None
    flat = f"its {explained} zeros are symmetries of the active piece, along which the loss is constant"
    return Decision(Kind.LOCAL_MINIMUM, f"{facts.why}; the Hessian is positive semidefinite and {flat}")


def _decide_shallow(net: ShallowNet, facts: Facts) -> Decision | None:
    """A minimum, or in words why not, of a point at a kink or with a semidefinite Hessian."""
    least = generic.attained_minimum(net, facts)
    if least is not None:
        return Decision(Kind.GLOBAL_MINIMUM, f"{facts.why}; the loss is the minimum value", {"minimum": least})
    if (found := relu_minimality.descent(net, facts.theta)) is not None:
        why = f"{facts.why}; no local minimum: from points of the same loss, as near as one likes, the loss falls"
        return Decision(Kind.UNDECIDED, why, {"start": found[0], "direction": found[1]})
    why = f"{facts.why}; nothing descends: on every piece the loss is convex in c and the a_j (w_j, b_j)"
    if facts.loss == 0 and type(net.output_loss) in (Squared, Weighted, Absolute, Huber):
        return Decision(Kind.GLOBAL_MINIMUM, f"{why}; the loss is 0", {"minimum": facts.loss})
    return Decision(Kind.LOCAL_MINIMUM, why)


def atlas(net: Any) -> NeuronAtlas:
    """Local minima, valleys and barriers of a ``ReluNeuron``; see ``neuron_atlas`` for what is refused.

    Raises
    ------
    TypeError
        For nets with more than one neuron.
    """
    if not isinstance(net, ReluNeuron):
        raise TypeError(f"atlas: needs a single ReLU neuron (ReluNeuron), got {type(net).__name__}")
    return neuron_atlas(net)


def local_symmetries(model: Any, theta: np.ndarray) -> np.ndarray:
    """Tangent vectors (K, n), K >= 1, of flows that keep the loss near a theta (n,) off the kinks."""
    kind, n = arithmetic_of(theta), model.dim
    at = dict(zip((name for name, _ in model.layout), arrays.unpack(np.arange(n), model.layout), strict=True))
    E, rows = kind.eye(n), [*model.symmetry_directions(theta), kind.zeros(n)]
    c = at.pop("c", None)
    for j, active in enumerate(model.activation_pattern(theta)):
        own = {name: i if "w" in at else i[j] for name, i in at.items()}  # ReluNeuron's single neuron has no axis for j
        if not active.any():
            rows += [E[i] for i in np.concatenate([np.ravel(i) for i in own.values()])]
        if active.all() and c is not None and "b" in own:
            rows.append(E[own["b"]] - (theta[own["a"]] if "a" in own else kind.fraction(1)) * E[c])
    return np.array(rows, object)
