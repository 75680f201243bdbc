"""The residual part H_1 of the Hessian: what couples a weight with its neuron, and why nothing does at most minima."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from theory.activations import Activation, named
from theory.arithmetic import is_zero, rational
from theory.calculus.inertia import Inertia, inertia
from theory.claims.cases import Case, exact_tuple
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.linear_data import Choose, chosen
from theory.critical.hessian_split import LOGISTIC_AT_LOG2, TANH_AT_LOG2, critical_errors, with_errors
from theory.models.shallow_net import ShallowNet

AT_LOG2 = {activation.name: activation for activation in (LOGISTIC_AT_LOG2, TANH_AT_LOG2)}


def activation_named(name: str) -> Activation:
    """The activation, also those with rational values at multiples of log 2."""
    return AT_LOG2.get(name) or named(name)


@dataclass(frozen=True)
class Errors(Case):
    """A net on the line with weights theta = (w, b, a, c) and the errors e that its targets leave.

    For the activations at log 2 the weights w and b count in units of log 2.
    """

    activation: str
    x: tuple
    theta: tuple
    e: tuple

    @property
    def width(self) -> int:
        """k."""
        return (len(self.theta) - 1) // 3

    @cached_property
    def point(self) -> tuple[ShallowNet, np.ndarray]:
        """The net with its targets, and theta."""
        theta = rational(self.theta)
        net = ShallowNet(self.width, [self.x], (0,) * len(self.x), activation_named(self.activation))
        return with_errors(net, theta, self.e), theta

    @cached_property
    def H1(self) -> np.ndarray:
        """The residual part of the Hessian."""
        net, theta = self.point
        return net.hessian_parts(theta)[1]

    @cached_property
    def coupling(self) -> np.ndarray:
        """C_j = (2/m) sum_i e_i s'(u_ji) (x_i, 1), sample by sample: (k, 2)."""
        return self._summed(1, lambda z: z)

    @cached_property
    def curvature(self) -> np.ndarray:
        """B_j = (2/m) a_j sum_i e_i s''(u_ji) (x_i, 1)(x_i, 1)^T, sample by sample: (k, 2, 2)."""
        return self._summed(2, lambda z: np.outer(z, z)) * self.weights[:, None, None]

    def _summed(self, order: int, moment: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """(2/m) sum_i e_i s^(order)(u_ji) moment((x_i, 1)) for each neuron."""
        k, theta, e, x = self.width, rational(self.theta), rational(self.e), rational(self.x)
        s, sums = activation_named(self.activation), []
        for j in range(k):
            terms = [
                e[i] * s.jet(theta[j : j + 1] * x[i] + theta[k + j], order)[order][0] * moment(rational([x[i], 1]))
                for i in range(len(x))
            ]
            sums.append(sum(terms, start=0 * terms[0]) * 2 / len(x))
        return np.array(sums, object)

    @property
    def weights(self) -> np.ndarray:
        """a (k,)."""
        return rational(self.theta[2 * self.width : 3 * self.width])

    @property
    def critical(self) -> bool:
        """Whether the gradient vanishes."""
        net, theta = self.point
        return bool(is_zero(net.gradient(theta)).all())

    @property
    def smooth(self) -> bool:
        """Whether no kink is met."""
        net, theta = self.point
        return bool(net.smooth_at(theta))


def _drawn(choose: Choose, names: tuple[str, ...], critical: bool, outer: tuple[int, ...] = (1, -1, 2)) -> Errors:
    """Width 1 or 2 on up to 8 points; the errors random, or a random vector of ker J; a_j from ``outer``."""
    k, name = choose((1, 2)), choose(names)
    x = choose((tuple(range(-3, 5)), (-2, -1, 0, 1, 2, 3, 3), (-4, -3, -1, 0, 1, 2), (0, 1, 2, 3, 4, 5, 6)))
    w, a = (tuple(choose(values) for _ in range(k)) for values in ((1, -1, 2), outer))
    b = tuple(choose((0, 1, -1, 2) if name in AT_LOG2 else ("1/2", "3/2", "-1/3", "20")) for _ in range(k))
    theta = exact_tuple(rational((*w, *b, *a, choose((0, 1)))))
    few = (0, 1, -1, 2)
    if not critical:
        return Errors(name, x, theta, tuple(choose(few) for _ in x))
    net = ShallowNet(k, [x], (0,) * len(x), activation_named(name))
    basis = critical_errors(net, rational(theta))
    e = basis @ rational([choose(few) for _ in basis.T]) if basis.shape[1] else rational([0] * len(x))
    return Errors(name, x, theta, exact_tuple(e))


def errors(*names: str, critical: bool, outer: tuple[int, ...] = (1, -1, 2)) -> Callable[[], Any]:
    """A callable that gives the strategy."""
    return lambda: chosen(lambda choose: _drawn(choose, names, critical, outer))


NAMES = ("relu", "square", "logistic at log 2", "tanh at log 2")

# -- coupled neurons ---------------------------------------------------------------------------------------------------


def _check_coupled(case: Errors, law: Callable[[Inertia, int], bool]) -> Verdict:
    """The inertia of H_1 against the number of neurons with C_j != 0."""
    count = int((~is_zero(case.coupling)).any(1).sum())
    return verdict(law(inertia(case.H1), count), detail="inertia of H_1 and literal sums, exactly")


COUPLED = Claim(
    id="hessian_index.coupled_neurons",
    title="Each neuron with C_j != 0 gives H_1 an eigenvalue of either sign",
    statement=r"Let $C_j = \frac2m\sum_i e_i\sigma'(u_{ji})(x_i, 1)$. $H_1$ has at least as many negative and at least "
    r"as many positive eigenvalues as there are neurons with $C_j \ne 0$: so it is indefinite if there is one.",
    source="own derivation",
    case_type=Errors,
    cases=errors(*NAMES, critical=False),
    law=lambda signs, count: signs.negative >= count and signs.positive >= count and (count == 0 or signs.negative > 0),
    check=_check_coupled,
    false_laws={
        "two of each sign": lambda signs, count: signs.negative >= 2 * count,
        "only negative ones": lambda signs, count: signs.positive == 0,
        "no others": lambda signs, count: signs.negative == count,
    },
    examples=(
        Errors("relu", (0, 1), (1, Fraction(1, 2), 1, 0), (1, 1)),
        Errors("square", (0, 1, 2), (1, 0, -1, 0), (1, 2, 1)),
    ),
)


def _check_uncoupled(case: Errors, law: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Verdict:
    """C_j = 0, literally, and the whole of H_1 against the blocks that the law makes of B_j and a_j."""
    k, said = case.width, rational(np.zeros((len(case.theta),) * 2, int))
    for j, block in enumerate(law(case.curvature, case.weights[:, None, None])):
        said[np.ix_([j, k + j], [j, k + j])] = block
    zero = is_zero(case.coupling).all() and is_zero(case.H1 - said).all()
    return verdict(bool(zero), detail="literal sums over the samples against H_1, exactly")


CRITICAL = Hypothesis("critical", r"$\nabla \widehat{\mathcal R}_S = 0$", lambda case: case.critical)
USED = Hypothesis("used", "all $a_j \\ne 0$", lambda case: bool((case.weights != 0).all()))
UNUSED = Errors("relu", (-1, 0, 1, 2), (1, Fraction(1, 2), 0, 0), (-2, 3, -1, 0))

UNCOUPLED = Claim(
    id="hessian_index.uncoupled_critical_points",
    title="At a critical point with all a_j != 0, H_1 consists of the blocks of (w_j, b_j)",
    statement=r"If $\theta$ is critical and all $a_j \ne 0$, then $C_j = 0$ for all $j$, and $H_1$ is block-diagonal "
    r"with the blocks $B_j = \frac2m a_j\sum_i e_i\sigma''(u_{ji})(x_i, 1)(x_i, 1)^T$ of $(w_j, b_j)$ and zeros.",
    source="own derivation",
    case_type=Errors,
    cases=errors(*NAMES, critical=True),
    law=lambda B, a: B,
    check=_check_uncoupled,
    hypotheses=(CRITICAL, USED),
    counterexamples=(
        Counterexample("critical", Errors("relu", (0, 1), (1, Fraction(1, 2), 1, 0), (1, 1)), "C = (1, 2)"),
        Counterexample("used", UNUSED, "a = 0, and C = (-1/2, 1)"),
    ),
    false_laws={
        "H_1 = 0": lambda B, a: 0 * B,
        "B_j without a_j": lambda B, a: B / a,
        "B_j for e / m": lambda B, a: B / 2,
    },
    examples=(
        Errors("relu", (0, 1, 2), (1, 1, 1, 0), (1, -2, 1)),
        Errors("square", (-1, 0, 1), (0, 0, 2, 0), (-1, 2, -1)),
    ),
)

CLAIMS = (COUPLED, UNCOUPLED)
