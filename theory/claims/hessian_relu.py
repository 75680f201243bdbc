"""ReLU nets off the kinks: H_1 = 0 where all a_j != 0; critical points are local minima or strict saddles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory.arithmetic import arithmetic_of, is_zero, rational, sign, symbols
from theory.calculus.inertia import Inertia, inertia
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.hessian_residual import CRITICAL, UNUSED, USED, Errors, errors

OFF_THE_KINKS = Hypothesis("off the kinks", "no $u_{ji} = 0$", lambda case: case.smooth)
IS_RELU = Hypothesis("relu", "the activation is ReLU", lambda case: case.activation == "relu")


@dataclass(frozen=True)
class ReluFacts:
    """What is found at a point of a ReLU net.

    Attributes
    ----------
    signs : the inertia of H_1.
    loss : at the point.
    sum_of_squares : on the active piece, loss(theta + d) = loss + (1/m) sum (f(theta + d) - f)^2 for all d.
    lower : a loss below it was found at a distance of 2^-20.
    """

    signs: Inertia
    loss: Any
    sum_of_squares: bool
    lower: bool


def _check_relu(case: Errors, law: Callable[[ReluFacts], bool]) -> Verdict:
    """The loss of the active piece as a polynomial in the step, and losses at steps along each weight."""
    net, theta = case.point
    facts = ReluFacts(inertia(case.H1), net.loss(theta), _is_sum_of_squares(case), _lower_nearby(case))
    return verdict(law(facts), detail="polynomial of the active piece in the step, exactly")


def _lower_nearby(case: Errors) -> bool:
    """Whether a step of 2^-20 along some weight lowers the loss."""
    net, theta = case.point
    E = rational(np.eye(net.dim, dtype=int)) * rational(["1/1048576"])[0]
    return bool((net.loss(np.concatenate([theta + E, theta - E])) < net.loss(theta)).any())


def _is_sum_of_squares(case: Errors) -> bool:
    """Whether sum_i e_i (f_i(theta + d) - f_i(theta)) is the zero polynomial in the step d on the active piece."""
    k, d = case.width, symbols(d=len(case.theta))
    theta, x, e = (arithmetic_of(d).convert(rational(v)) for v in (case.theta, case.x, case.e))
    u = rational(case.theta[:k])[:, None] * rational(case.x) + rational(case.theta[k : 2 * k])[:, None]
    active, moved, total = sign(u) > 0, theta + d, 0 * d[0]
    for i in range(len(x)):
        f = [
            sum((t[2 * k + j] * (t[j] * x[i] + t[k + j]) for j in np.flatnonzero(active[:, i])), start=t[-1])
            for t in (moved, theta)
        ]
        total = total + e[i] * (f[0] - f[1])
    return bool(total == 0)  # fmt: skip


def _relu_law(facts: ReluFacts) -> bool:
    return facts.signs.negative == facts.signs.positive == 0 and facts.sum_of_squares and not facts.lower


# All three neurons are active on all samples, and e is orthogonal to the lines; the loss is 9/2.
HIGH = Errors("relu", (0, 1, 2), (1, 2, 1, 1, 1, 3, 1, -1, 2, 0), (Fraction(3, 2), -3, Fraction(3, 2)))
_ALL_DEAD_AT_KINK = Errors("relu", (0, -1), (1, 0, -1, 1), (1, -1))

RELU = Claim(
    id="hessian_index.relu_has_no_residual_part",
    title="For ReLU, H_1 = 0 at differentiable critical points with all a_j != 0: local minima, whatever the loss",
    statement=r"Let $\sigma$ be ReLU, no $u_{ji} = 0$, $\theta$ critical and all $a_j \ne 0$. Then $H_1 = 0$, and near "
    r"$\theta$ the loss is $\widehat{\mathcal R}_S(\theta) + \frac1m\sum_i(\Phi(x_i) - \Phi_\theta(x_i))^2$: a local "
    r"minimum, however large the loss.",
    source="own derivation",
    case_type=Errors,
    cases=errors("relu", critical=True),
    law=_relu_law,
    check=_check_relu,
    hypotheses=(
        CRITICAL,
        USED,
        OFF_THE_KINKS,
        IS_RELU,
    ),
    counterexamples=(
        Counterexample("critical", Errors("relu", (0, 1), (1, Fraction(1, 2), 1, 0), (1, 1)), "C = (1, 2)"),
        Counterexample("used", UNUSED, "a = 0, and C = (-1/2, 1): a strict saddle"),
        Counterexample("off the kinks", _ALL_DEAD_AT_KINK, "the active piece is stationary; b + t is lower"),
        Counterexample("relu", Errors("square", (-1, 0, 1), (0, 0, 1, 0), (-1, 2, -1)), "B = diag(-8/3, 0)"),
    ),
    false_laws={
        "only with loss 0": lambda facts: facts.loss == 0,
        "H_1 has a negative eigenvalue if the loss is not 0": lambda facts: facts.loss == 0 or facts.signs.negative > 0,
        "a lower loss is nearby": lambda facts: facts.lower,
    },
    examples=(HIGH, Errors("relu", (-2, -1, 0, 1, 2, 3), (1, Fraction(1, 2), 1, 0), (1, -1, 1, -2, 1, 0))),
    uses=("hessian_index.uncoupled_critical_points",),
    deviations="The same sum shows it for every loss that is convex in the outputs, e_i being its derivative. The book "
    "assumes that H_1 has a negative eigenvalue, above all for many parameters; at these points H_1 = 0 at any loss.",
)  # fmt: skip

# -- also with a_j = 0 -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kinds:
    """What is found at a critical point of a ReLU net.

    Attributes
    ----------
    coupled : the number of neurons with C_j != 0.
    signs : the inertia of the whole Hessian.
    sum_of_squares, lower : as in ``ReluFacts``.
    """

    coupled: int
    signs: Inertia
    sum_of_squares: bool
    lower: bool


def _check_kinds(case: Errors, law: Callable[[Kinds], bool]) -> Verdict:
    """C_j from literal sums against the exact inertia of the Hessian and the polynomial of the active piece."""
    net, theta = case.point
    coupled = int((~is_zero(case.coupling)).any(1).sum())
    facts = Kinds(coupled, inertia(net.hessian(theta)), _is_sum_of_squares(case), _lower_nearby(case))
    return verdict(law(facts), detail="literal sums, inertia and polynomial, exactly")


KINDS = Claim(
    id="hessian_index.relu_critical_points",
    title="A differentiable critical point of a ReLU net is a local minimum or a strict saddle",
    statement=r"Let $\sigma$ be ReLU, no $u_{ji} = 0$, $\theta$ critical and $C_j = \frac2m\sum_{u_{ji} > 0} e_i(x_i, "
    r"1)$. If all $C_j = 0$, then $\theta$ is a local minimum, and the loss nearby exceeds its own by the mean square "
    r"of $\Phi - \Phi_\theta$. Otherwise it is a strict saddle with as many negative eigenvalues as there are neurons "
    r"with $C_j \ne 0$ (their $a_j$ are 0).",
    source="own derivation",
    case_type=Errors,
    cases=errors("relu", critical=True, outer=(0, 1, 0, -1)),
    law=lambda facts: (
        facts.signs.negative == facts.coupled
        and facts.signs.positive > 0
        and facts.sum_of_squares == (facts.coupled == 0)
        and not (facts.lower and facts.coupled == 0)
    ),
    check=_check_kinds,
    hypotheses=(CRITICAL, OFF_THE_KINKS, IS_RELU),
    counterexamples=(
        Counterexample("critical", Errors("relu", (0, 1), (1, Fraction(1, 2), 1, 0), (1, -1)), "C = (-1, 0)"),
        Counterexample("off the kinks", _ALL_DEAD_AT_KINK, "all C_j = 0, and b + t is lower"),
        Counterexample(
            "relu", Errors("square", (-1, 0, 1), (0, 0, 1, 0), (-1, 2, -1)), "all C_j = 0, and one negative"
        ),
    ),
    false_laws={
        "always a local minimum": lambda facts: facts.signs.negative == 0,
        "always a strict saddle": lambda facts: facts.signs.negative > 0,
        "two negative eigenvalues for each neuron": lambda facts: facts.signs.negative == 2 * facts.coupled,
    },
    examples=(UNUSED, HIGH),
    uses=("hessian_index.relu_has_no_residual_part",),
)

CLAIMS = (RELU, KINDS)
