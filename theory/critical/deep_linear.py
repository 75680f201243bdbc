"""Deep linear nets with the squared loss: every local minimum is global, every other critical point is a saddle.

No hypothesis on X, Y or the widths is needed. Let W be critical, R = W_H ... W_1, M = grad f(R) = 2 (R X - Y) X^T,
k = min(rank X, d_1, ..., d_H) and r = rank(R X) <= k.

- M = 0: R is the unconstrained optimum of a convex function, so W is a global minimum.
- M != 0, r < k: no local minimum, since there is a line theta + t v on which the loss is constant while its gradient
  vanishes at t = 0 only (``escape_line``).
- M != 0, r = k: the product map is open onto the matrices of rank at most k, and W is a local minimum iff R X is a best
  approximation of rank k, iff the Hessian has no negative eigenvalue.
- A local maximum exists for X = 0 only, since the loss is convex in each layer.

Source: kawaguchi2016, Theorem 2.3, under hypotheses on the data; without them our own proof.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

from theory.arithmetic import RATIONAL, Arithmetic, arithmetic_of, is_zero
from theory.calculus.exact_linalg import null_space, pinv, rank, solve
from theory.calculus.tolerance import rounding
from theory.critical import generic
from theory.critical.generic import Decision, Facts, exactly, rational_of
from theory.landscape import Kind
from theory.models.deep_linear import DeepLinearNet
from theory.models.matrix_chain import flat, partial_products, product
from theory.models.product_loss import SquaredError, SquaredMoments

THEOREM = "for squares every local minimum of a deep linear net is global and every other critical point is a saddle"


def decide(model: Any, facts: Facts) -> Decision | None:
    """The kind of a critical point of a ``DeepLinearNet``; None for other losses, or where it is open."""
    if not isinstance(model.objective, SquaredError | SquaredMoments) or not facts.critical or facts.inertia is None:
        return None
    theta = exactly(facts.theta) if facts.evidence != "numeric" else None
    net = exact_net(model) if theta is not None else None
    return _by_signs(model, facts) if theta is None or net is None else _by_rank(net, theta, facts)


def _by_rank(model: Any, theta: np.ndarray, facts: Facts) -> Decision | None:
    """The kind of an exactly known critical point of a net with rational data, from M, ranks and n-."""
    W, f = model.unpack(theta), model.objective.at(Arithmetic(RATIONAL))
    R = product(W)
    M, r, k = f.gradient(R), rank(R @ f.S), min(rank(f.S), *model.widths[1:])
    signs, ranks = facts.inertia, {"rank": r, "largest_rank": k}
    assert signs is not None
    if is_zero(M).all():
        rule = f"{facts.why}; the gradient in the product vanishes, and f is convex"
        return Decision(Kind.GLOBAL_MINIMUM, rule, ranks)
    if signs.negative:
        return Decision(Kind.STRICT_SADDLE, f"{facts.why}; the Hessian has a negative eigenvalue; {THEOREM}", ranks)
    if signs.undecided:
        return None
    if r == k:
        rule = f"{facts.why}; the product has the largest rank {k} and the Hessian no negative eigenvalue; {THEOREM}"
        return Decision(Kind.GLOBAL_MINIMUM, rule, ranks)
    rule = f"{facts.why}; no negative eigenvalue, rank {r} < {k}, the gradient in the product is not zero; {THEOREM}"
    return Decision(Kind.NON_STRICT_SADDLE, rule, {**ranks, "escape_line": escape_line(W, f.S, M)})


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


def exact_net(model: Any) -> DeepLinearNet | None:
    """The net whose data are the rationals that the model's data are, also as floats; None for balls with a radius."""
    data = [exactly(getattr(model.objective, a.name)) for a in fields(model.objective)]
    return None if any(a is None for a in data) else DeepLinearNet._of(model.widths, type(model.objective)(*data))


def near(model: Any, theta: np.ndarray) -> tuple[Any, np.ndarray] | None:
    """(exact net, exact global minimum) beside a float theta, by changing one layer; None if that does not reach one.

    R* = R - M S^+ / 2 is the optimum of the convex f, unchanged where X does not see it, and the layer W_i becomes
    W_i + A_i^+ (R* - R) B_i^+, for the i that changes least. It must change less than half of |theta|: near a saddle
    A_i or B_i is nearly singular, and what looks like a correction leads far away.
    Source: own derivation.
    """
    if not isinstance(model.objective, SquaredError | SquaredMoments):
        return None
    net, start = exact_net(model), rational_of(theta)
    if net is None:
        return None
    W, f, kind = net.unpack(start), net.objective.at(Arithmetic(RATIONAL)), Arithmetic(RATIONAL)
    (A, B), R = partial_products(W, kind), product(W)
    step = -kind.fraction(1, 2) * f.gradient(R) @ pinv(f.S)
    changes = [pinv(a) @ step @ pinv(b) for a, b in zip(A, B, strict=True)]
    reached = [i for i, V in enumerate(changes) if is_zero((A[i] @ V @ B[i] - step) @ f.S).all()]
    if not reached:
        return None
    i = min(reached, key=lambda i: (changes[i] * changes[i]).sum())
    if 4 * (changes[i] * changes[i]).sum() >= start @ start:
        return None
    return net, flat([w + changes[i] if j == i else w for j, w in enumerate(W)])


def escape_line(W: tuple[np.ndarray, ...], S: np.ndarray, M: np.ndarray) -> np.ndarray:
    """A direction v (n,) at a critical point W with rank(R X) < k, M != 0, that proves that W is no local minimum.

    The loss is constant along theta + t v, and its gradient there is not zero for t != 0. With A_l = W_H ... W_{l+1}
    and B_l = W_{l-1} ... W_1 let l be the last layer with G = M B_l^T != 0; l < H, for W is critical. If A_l p = 0,
    p != 0, then W_l + t p q^T keeps R and moves G to a later layer. Otherwise A_l is injective, z^T W_l ... W_1 X = 0
    for some z != 0, and W_H + t u w^T with w^T W_{H-1} ... W_{l+1} = z^T keeps R X and makes the gradient of W_l equal
    to t z u^T G.

    Parameters
    ----------
    W : the layers, rational. S : X X^T (d_0, d_0). M : grad f(R) (d_H, d_0).

    Source: own derivation, after the perturbations in the fibre of lukawaguchi2017.
    """
    H, kind = len(W), arithmetic_of(W[0])
    A, B = partial_products(W, kind)
    V = [kind.zeros(w.shape) for w in W]
    G, i = M, 0
    while True:
        while i < H - 1 and not is_zero(after := G @ W[i].T).all():
            G, i = after, i + 1
        if not is_zero(A[i].T @ G).all():
            return flat(V)
        kernel = null_space(A[i])
        if not kernel.size:
            break
        q = np.flatnonzero(~is_zero(G).all(0))[0]
        p = kernel[:, 0]
        V[i][:, q] = p
        G, i = np.outer(G[:, q], p), i + 1
    z = null_space((W[i] @ B[i] @ S).T)[:, 0]
    C = product(W[i + 1 : H - 1]) if i + 1 < H - 1 else kind.eye(len(z))
    V[-1][np.flatnonzero(~is_zero(G).all(1))[0]] = C @ solve(C.T @ C, z)
    return flat(V)
