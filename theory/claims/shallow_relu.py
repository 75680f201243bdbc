"""Shallow ReLU nets: which differentiable critical points are local minima."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from theory.arithmetic import is_zero, rational
from theory.calculus.exact_linalg import null_space, pinv
from theory.calculus.inertia import inertia
from theory.claims.cases import Case, Matrix
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.linear_data import Choose, chosen
from theory.claims.shallow_relu_minima import XOR
from theory.models.shallow_net import ShallowNet

# -- which critical points are local minima --------------------------------------------------------------------------


@dataclass(frozen=True)
class CriticalNet(Case):
    """A ReLU net whose targets f - e make theta critical: e is the combination ``mix`` of the kernel of e -> J e.

    Attributes
    ----------
    X : (d, m) inputs.
    W, b, a, c : the weights, W by neurons.
    mix : coefficients of the kernel's basis, repeated as often as needed.
    """

    X: Matrix
    W: Matrix
    b: tuple
    a: tuple
    c: Any
    mix: tuple

    @cached_property
    def X1(self) -> np.ndarray:
        """The inputs with a row of ones (d + 1, m)."""
        return rational([*self.X, (1,) * len(self.X[0])])

    @cached_property
    def active(self) -> np.ndarray:
        """Indicators (k, m) of w_j.x_i + b_j > 0, literally."""
        u = rational(self.W) @ rational(self.X) + rational(self.b)[:, None]
        return rational([[int(x > 0) for x in row] for row in u])

    @cached_property
    def e(self) -> np.ndarray:
        """Errors (m,) with (2/m) sum_i e_i J_i = 0, J_i the derivatives of the active piece."""
        W1 = np.concatenate([rational(self.W), rational(self.b)[:, None]], axis=1)
        per_neuron = [[s * (w @ self.X1), *(a * s * self.X1)]
                      for s, w, a in zip(self.active, W1, rational(self.a), strict=True)]  # fmt: skip
        J = np.array([0 * self.active[0] + 1, *(row for rows in per_neuron for row in rows)], object)
        basis = null_space(J)
        return basis @ rational(np.resize(np.array(self.mix, object), basis.shape[1])) if basis.size else 0 * J[0]

    @cached_property
    def theta(self) -> np.ndarray:
        """The point (n,)."""
        return rational([*(w for row in self.W for w in row), *self.b, *self.a, self.c])

    @cached_property
    def net(self) -> ShallowNet:
        """The net on the targets f - e."""
        k, m = len(self.a), len(self.X[0])
        return ShallowNet(k, self.X, ShallowNet(k, self.X, (0,) * m, "relu").outputs(self.theta) - self.e, "relu")

    @cached_property
    def moments(self) -> np.ndarray:
        """C_j = sum of e_i (x_i, 1) over the samples on which neuron j is active: (k, d + 1)."""
        return (self.active * self.e) @ self.X1.T


def critical_nets() -> Any:
    """One or two neurons and inputs; few weights, so that a_j = 0 and dead neurons are frequent; no kinks."""
    halves = (Fraction(1, 2), Fraction(-1, 2), Fraction(3, 2), Fraction(-3, 2), Fraction(5, 2), Fraction(-5, 2))

    def build(choose: Choose) -> CriticalNet:
        k, d = choose((1, 2, 2)), choose((1, 1, 2))
        m, few = choose((4, 5, 6) if d * k < 3 else (6, 7)), (0, 1, -1, 2, -2)
        X = tuple(tuple(choose((0, 1, 2, 3, -1, -2)) for _ in range(m)) for _ in range(d))
        W = tuple(tuple(choose(few) for _ in range(d)) for _ in range(k))
        b, a = tuple(choose(halves) for _ in range(k)), tuple(choose((0, 0, 0, 1, -1)) for _ in range(k))
        return CriticalNet(X, W, b, a, choose((0, 1)), tuple(choose((0, 1, -1, 2)) for _ in range(4)))

    return chosen(build)


def _is_local_minimum(case: CriticalNet) -> bool | None:
    """False by a negative eigenvalue or by steps t = 2^-4, ..., 2^-24 that all descend; True by least squares.

    Off the kinks the outputs stay in the span of the features of the active samples, so no loss nearby is below the
    residual of y on that span.
    """
    net, theta = case.net, case.theta
    if net.smooth_at(theta):
        if inertia(net.hessian(theta)).negative:
            return False
        features = np.concatenate([0 * case.X1[:1] + 1, *(s * case.X1 for s in case.active)]).T
        rest = net.y - features @ (pinv(features) @ net.y)
        return True if net.loss(theta) * len(rest) == (rest * rest).sum() else None
    rays = np.concatenate([rational(np.eye(net.dim, dtype=int)), rational(-np.eye(net.dim, dtype=int))])
    steps = rational([Fraction(1, 2**n) for n in range(4, 25)])
    losses = net.loss(theta + steps[:, None, None] * rays)
    return False if (losses < net.loss(theta)).all(0).any() else None


def _check_criterion(case: CriticalNet, law: Callable[[CriticalNet], bool]) -> Verdict:
    critical = is_zero(case.net.gradient(case.theta)).all()
    minimum = _is_local_minimum(case)
    holds = None if minimum is None else bool(critical and law(case) == minimum)
    return verdict(holds, detail="exact inertia, or the least-squares residual of the active features attained")


def _all_vanish(case: CriticalNet) -> bool:
    return bool(is_zero(case.moments).all())


# x = 0, ..., 3 with one neuron active on 1, 2, 3; e is orthogonal to 1 and to the feature, so (w, b, a, c) is critical.
_UNUSED = CriticalNet(((0, 1, 2, 3),), ((1,),), (Fraction(-1, 2),), (0,), 0, (1,))

CRITERION = Claim(
    id="shallow_relu.differentiable_minima",
    title="ReLU: a differentiable critical point is a local minimum iff the active errors are uncorrelated with x",
    statement=r"Let $\theta$ be a critical point of $\frac1m\sum_i e_i^2$, $e_i = \sum_j a_j\,\mathrm{relu}(w_j \cdot "
    r"x_i + b_j) + c - y_i$, with $w_j \cdot x_i + b_j \ne 0$ for all $i, j$. Then $\theta$ is a local minimum iff "
    r"$\sum_{i \text{ active in } j} e_i(x_i, 1) = 0$ for every $j$, however large the loss is; otherwise some "
    r"$a_j = 0$ and the Hessian has a negative eigenvalue.",
    source="own derivation",
    case_type=CriticalNet,
    cases=critical_nets,
    law=_all_vanish,
    check=_check_criterion,
    hypotheses=(
        Hypothesis("no kinks", r"$w_j \cdot x_i + b_j \ne 0$", lambda case: bool(case.net.smooth_at(case.theta))),
    ),
    counterexamples=(
        Counterexample(
            "no kinks",
            CriticalNet(((0, 1),), ((-1,),), (0,), (1,), Fraction(1, 2), (1,)),
            "the neuron is at its kink at x = 0, where f - y < 0: with b > 0 the loss falls",
        ),
    ),
    false_laws={
        "every critical point is a local minimum": lambda case: True,
        "only a zero loss is a local minimum": lambda case: bool(is_zero(case.e).all()),
        "only neurons in use count": lambda case: bool(
            is_zero(case.moments[[j for j, a in enumerate(case.a) if a]]).all()
        ),
        "the sums of e_i x_i alone": lambda case: bool(is_zero(case.moments[:, :-1]).all()),
        "sums over all samples, active or not": lambda case: bool(is_zero(case.X1 @ case.e).all()),
    },
    examples=(
        _UNUSED,
        CriticalNet(((0, 1, 2, 3),), ((1,),), (Fraction(-3, 2),), (1,), 0, (1, 0)),
        CriticalNet(((0, 1, 2, 3),), ((1,),), (Fraction(-3, 2),), (1,), 0, (0,)),
        CriticalNet(((1, 2, -1),), ((1,),), (0,), (0,), 0, (1,)),  # the sums of e_i x_i vanish, that of e_i does not
        CriticalNet(((0, 1, 2, 3),), ((0,),), (Fraction(-1, 2),), (1,), 0, (1, 2, 0)),
        CriticalNet(((0, 1, 1, 2, 3),), ((1,), (-1,)), (Fraction(-1, 2), Fraction(1, 2)), (0, 2), 1, (1, -1)),
    ),
    deviations="At a differentiable critical point with all a_j != 0 the sums vanish: a local minimum whatever its "
    "loss, against the heuristic of section 12.3 that points of large loss are saddles.",
)

CLAIMS = (CRITERION, XOR)
