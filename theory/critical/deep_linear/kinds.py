"""Deep linear nets with the squared loss: every local minimum is global, every other critical point is a saddle.

No hypothesis on X, Y or the widths is needed. Let W be critical, R = W_H ... W_1, M = grad f(R) = 2 (R X - Y) X^T,
k = min(rank X, d_1, ..., d_H) and r = rank(R X) <= k.

- M = 0: R is the unconstrained optimum of a convex function, so W is a global minimum.
- M != 0, r < k: no local minimum, since there is a line theta + t v on which the loss is constant while its gradient
  vanishes at t = 0 only (``fibre_certificate``), and from it a curve on which the loss falls (``descent_curve``).
- M != 0, r = k: the product map is open onto the matrices of rank at most k, and W is a local minimum iff R X is a best
  approximation of rank k.
- A local maximum exists for X = 0 only, since the loss is convex in each layer (``ascent_curve``).

Strict saddles are told from others in two ways that must agree: by the exact inertia of the Hessian, and by the ranks
of partial products (``ranks``).
Source: kawaguchi2016, Theorem 2.3, under hypotheses on the data; without them our own proof.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from theory.calculus.tolerance import rounding
from theory.critical import generic
from theory.critical.deep_linear.curves import descent_curve, fibre_certificate
from theory.critical.deep_linear.ranks import ranks_of
from theory.critical.deep_linear.spectrum import exact_net
from theory.critical.generic import Decision, Facts, exactly
from theory.landscape import Kind
from theory.models.product_loss import SquaredError, SquaredMoments

THEOREM = "for squares every local minimum of a deep linear net is global and every other critical point is a saddle"


def decide(model: Any, facts: Facts) -> Decision | None:
    """The kind of a critical point of a ``DeepLinearNet``; None for other losses, or where it is open.

    Raises
    ------
    ValueError
        When the ranks and the Hessian contradict each other, which no theorem allows.
    """
    if not isinstance(model.objective, SquaredError | SquaredMoments) or not facts.critical or facts.inertia is None:
        return None
    if (ranks := facts.certificate.get("ranks")) is not None:  # a box that ``near`` has found
        return Decision(ranks.kind, f"{facts.why}; {ranks.rule}; {THEOREM}")
    theta = exactly(facts.theta) if facts.evidence != "numeric" else None
    net = exact_net(model) if theta is not None else None
    return _by_signs(model, facts) if theta is None or net is None else _by_ranks(net, theta, facts)


def _by_ranks(net: Any, theta: np.ndarray, facts: Facts) -> Decision:
    """The kind of an exactly known critical point of a net with rational data."""
    ranks, signs = ranks_of(net, theta), facts.inertia
    if signs is not None and not signs.undecided and tuple(signs) != tuple(ranks.inertia):
        raise ValueError(f"classify: ranks say {ranks.inertia}, the Hessian {signs}; its closed form is wrong here")
    certificate: dict[str, Any] = {"rank": ranks.r, "largest_rank": ranks.largest}
    if ranks.kind == Kind.NON_STRICT_SADDLE:
        line, down = fibre_certificate(net, theta), descent_curve(net, theta)
        certificate |= {"escape_line": line.direction, "descent_curve": down.coefficients, "descent": down.change}
    return Decision(ranks.kind, f"{facts.why}; {ranks.rule}; {THEOREM}", certificate)


def _by_signs(model: Any, facts: Facts) -> Decision | None:
    """The kind of a point known up to a box or up to rounding."""
    signs, decision = facts.inertia, generic.decide(model, facts)
    assert signs is not None
    if signs.negative:
        return Decision(Kind.STRICT_SADDLE, f"{facts.why}; the Hessian has a negative eigenvalue; {THEOREM}")
    if decision.kind == Kind.LOCAL_MINIMUM:
        return Decision(Kind.GLOBAL_MINIMUM, f"{decision.rule}; {THEOREM}")
    if facts.evidence == "numeric" and _attains_minimum(model, facts):
        return Decision(Kind.GLOBAL_MINIMUM, f"{facts.why}; the loss is the minimum value up to rounding")
    return None


def _attains_minimum(model: Any, facts: Facts) -> bool:
    """Whether a float loss exceeds the minimum by no more than the rounding of sums of squares of size ||Y||^2."""
    minimum, scale = generic.minimum_value_of(model), float(model.loss(np.zeros(model.dim)))
    return minimum is not None and float(facts.loss) - float(minimum) <= rounding(facts.theta.dtype, model.dim, scale)
