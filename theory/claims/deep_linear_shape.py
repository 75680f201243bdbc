"""Deep linear nets: not convex, not concave; when the shallow problem is convex; losses with bad local minima."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.arithmetic import is_zero, rational
from theory.calculus.exact_linalg import rank
from theory.claims.cases import Case
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.deep_linear_saddles import Origin, origins
from theory.claims.linear_points import KINK, WEIGHTED, LossPoint, is_global_minimum, is_local_minimum
from theory.models.deep_linear import DeepLinearNet

# -- neither convex nor concave --------------------------------------------------------------------------------------


def _bump(net: DeepLinearNet, a: np.ndarray, b: np.ndarray) -> Any:
    """L at the midpoint minus the mean of L at the ends: positive values exclude convexity, negative ones concavity."""
    half = rational(["1/2"])[0]
    return net.loss((a + b) * half) - (net.loss(a) + net.loss(b)) * half


def _bumps(case: Origin) -> list[Any]:
    """Midpoints between elementary points: the first two layers of either sign, or one of them zero.

    Let the other layers lead a unit vector from one input to one output. If YX^T != 0 some product of the two signs has
    a smaller loss than 0, while the midpoint of (A, B) and (-A, -B) has the loss of the origin; if YX^T = 0 the points
    (A, 0) and (0, B) are global minima and their midpoint is none. Along one layer the loss is a convex quadratic.
    """
    net = DeepLinearNet(case.widths, case.X, case.Y)
    out = []
    for e in range(case.widths[-1]):
        for f in range(case.widths[0]):
            W = [rational(np.zeros(shape, int)) for _, shape in net.layout]
            for i, w in enumerate(W):
                w[e if i == len(W) - 1 else 0, f if i == 0 else 0] += 1
            for t in rational(["1/64", "-1/64", "8"]):
                A, rest = W[0] * t, W[1:]
                low, high = net.pack(A, *rest), net.pack(-A, *rest)
                out.append(_bump(net, low, high))
                if rest:
                    out.append(_bump(net, low, net.pack(-A, -rest[0], *rest[1:])))
                    out.append(_bump(net, net.pack(A, 0 * rest[0], *rest[1:]), net.pack(0 * A, *rest)))
    return out


def _check_shape(case: Origin, law: Callable[[bool, bool], bool]) -> Verdict:
    bumps = _bumps(case)
    return verdict(law(max(bumps) > 0, min(bumps) < 0), detail="losses at midpoints, exactly")


SHAPE = Claim(
    id="deep_linear.not_convex_not_concave",
    title="Neither convex nor concave",
    statement=r"For $H \ge 2$, $X \ne 0$ and any $Y$ the loss $\|Y - W_H \cdots W_1X\|_F^2$ is neither convex nor "
    r"concave.",
    source="kawaguchi2016, Theorem 2.3 (i), in the form of; golikov2019, Non-convex due to weight-space symmetries",
    case_type=Origin,
    cases=lambda: origins(2, 3)().filter(lambda case: not is_zero(rational(case.X)).all()),
    law=lambda not_convex, not_concave: not_convex and not_concave,
    check=_check_shape,
    hypotheses=(
        Hypothesis("depth", r"$H \ge 2$", lambda case: len(case.widths) >= 3),
        Hypothesis("X", r"$X \ne 0$", lambda case: not is_zero(rational(case.X)).all()),
    ),
    counterexamples=(
        Counterexample("depth", Origin((1, 1), ((1,),), ((1,),)), "linear regression is convex"),
        Counterexample("X", Origin((1, 1, 1), ((0,),), ((1,),)), "X = 0: a constant is convex and concave"),
    ),
    false_laws={
        "convex": lambda not_convex, not_concave: not not_convex,
        "concave": lambda not_convex, not_concave: not not_concave,
    },
    examples=(Origin((1, 1, 1), ((1,),), ((0,),)), Origin((1, 1, 1), ((1,),), ((1,),))),
    deviations="Kawaguchi assumes full ranks; X != 0 and two layers are enough, and necessary.",
)

# -- the shallow problem ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sizes(Case):
    """Matrices (p, q) of rank at most k."""

    p: int
    q: int
    k: int


def _check_convex(case: Sizes, law: Callable[[int, int, int], bool]) -> Verdict:
    """Two matrices of rank k whose midpoint has rank k + 1, or no such matrix because k is the largest rank."""
    k, largest = case.k, min(case.p, case.q)
    A, B = (rational(np.eye(case.p, case.q, dtype=int)) for _ in range(2))
    for M, gone in ((A, k), (B, 0)):
        for i in range(largest):
            if i == gone or i > k:
                M[i, i] = 0 * M[i, i]
    allowed = rank(A) <= k and rank(B) <= k
    broken = k < largest and allowed and rank(A + B) > k
    return verdict(law(case.p, case.q, k) == (not broken), detail="exact ranks at a midpoint")


CONVEX = Claim(
    id="deep_linear.shallow_problem_convex",
    title="The shallow problem is convex iff there is no bottleneck",
    statement=r"The set $\{R \in \mathbb R^{d_H \times d_0}: \mathrm{rank}\,R \le k\}$, $k \ge 1$, over which "
    r"$\|Y - RX\|_F^2$ is minimised, is convex iff $k \ge \min(d_0, d_H)$.",
    source="golikov2019, Linear nets (the shallow problem)",
    case_type=Sizes,
    cases=tuple(Sizes(p, q, k) for p in range(1, 5) for q in range(1, 5) for k in range(1, 5)),
    law=lambda p, q, k: k >= min(p, q),
    check=_check_convex,
    false_laws={
        "iff the matrices are not square": lambda p, q, k: p != q,
        "iff k >= max(d_0, d_H)": lambda p, q, k: k >= max(p, q),
        "never": lambda p, q, k: False,
    },
)

# -- other losses ----------------------------------------------------------------------------------------------------


def _check_bad(case: LossPoint, law: Callable[[bool, bool], bool]) -> Verdict:
    local = is_local_minimum(case)
    return verdict(None if local is None else law(local, is_global_minimum(case)), detail="exact proof, better point")


OTHER_LOSSES = Claim(
    id="deep_linear.other_losses",
    title="Other convex losses have bad local minima",
    statement=r"There are deep linear nets with bad local minima: with weighted squares (2-1-2, the point of value 1 "
    r"beside $1/4$) and with the absolute loss (1-1-2, the point of value 1 beside 0).",
    source="own derivation",
    case_type=LossPoint,
    cases=(WEIGHTED, KINK),
    exhaustive=True,
    law=lambda local, least: local and not least,
    check=_check_bad,
    false_laws={
        "they are global": lambda local, least: least,
        "they are no minima": lambda local, least: not local,
    },
    uses=("deep_linear.derivatives",),
)

CLAIMS = (SHAPE, CONVEX, OTHER_LOSSES)
