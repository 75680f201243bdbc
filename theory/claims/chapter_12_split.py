"""Chapter 12: equal logistic neurons at a local minimum that is not global, however many neurons there are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from theory.arithmetic import arithmetic_of, ball, flint, is_zero, precision, rational
from theory.calculus.exact_linalg import rank, solve
from theory.calculus.inertia import inertia
from theory.claims.cases import Case
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, erratum, verdict
from theory.claims.linear_data import Choose, chosen
from theory.critical.hessian_split import LOGISTIC_AT_LOG2
from theory.models.shallow_net import ShallowNet


@dataclass(frozen=True)
class Copies(Case):
    """Logistic neurons s(x ln 2) with output weights a, sum a = 1, c = 0, on seven integer inputs.

    The targets s - e are those for which sum e_i (1, s, s', s'x)_i = 0 and sum e_i s''_i (x^2, x, 1)_i = ``curvature``.
    """

    x: tuple
    a: tuple
    curvature: tuple

    @property
    def e(self) -> np.ndarray:
        """The errors (7,)."""
        x = rational(self.x)
        s, s1, s2 = LOGISTIC_AT_LOG2.jet(x, 2)
        return solve(
            np.stack([x * 0 + 1, s, s1, s1 * x, s2 * x * x, s2 * x, s2]), rational([0] * 4 + [*self.curvature])
        )

    @property
    def y(self) -> np.ndarray:
        """The targets (7,)."""
        return LOGISTIC_AT_LOG2(rational(self.x)) - self.e

    def net(self, activation: Any) -> ShallowNet:
        """The net with that activation."""
        return ShallowNet(len(self.a), (self.x,), self.y, activation)


def copies() -> Any:
    """Two to seven copies with positive weights of sum 1; positive definite curvature."""

    def build(choose: Choose) -> Copies:
        k, start = choose((2, 3, 4, 7)), choose((-2, -1, 0))
        parts = [choose((1, 2, 3)) for _ in range(k)]
        p, r, q = choose((1, 2, 3)), choose((1, 2)), choose((0, 1, -1))
        a = tuple(Fraction(part, sum(parts)) for part in parts)
        scale = choose((1, Fraction(1, 10_000)))
        return Copies(tuple(range(start, start + 7)), a, ((p + 1) * scale, q * scale, r * scale))

    return chosen(build)


def _check_copies(case: Copies, law: Callable[[tuple[int, ...], int], bool]) -> Verdict:
    proved, signs = _facts(case)
    holds = proved and law(signs, len(case.a))
    return verdict(holds, detail="inertia and kernel, exactly; Hessian in the balls of the logistic net")


@lru_cache(256)
def _facts(case: Copies) -> tuple[bool, tuple[int, ...]]:
    """Whether theta is critical with the stated kernel, in the balls at w = ln 2 and not global; exact inertia.

    The kernel is tangent to {sum a_j = 1}, on which the net is the same.
    """
    k, net = len(case.a), case.net(LOGISTIC_AT_LOG2)
    theta = rational([*[1] * k, *[0] * k, *case.a, 0])
    H, critical = net.hessian(theta), is_zero(net.gradient(theta)).all()
    differences = rational(np.eye(k, dtype=int)[1:] - np.eye(k, dtype=int)[:1])
    flat = is_zero(H[:, 2 * k : 3 * k] @ differences.T).all()
    with precision(128):
        point = ball(["0"] * (3 * k + 1))
        point[:k] = flint().arb.const_log2()
        point[2 * k : 3 * k] = arithmetic_of(point).convert(rational(case.a))
        boxes = case.net("logistic").hessian(point)
        same = all(box.overlaps(flint().arb(h)) for box, h in zip(boxes.flat, H.flat, strict=True))
    worse = net.loss(theta) > 0 and rank(_features(case)) == len(case.x)
    return bool(critical and flat and same and worse), tuple(inertia(H))


def _features(case: Copies) -> np.ndarray:
    """Logistic features at (w, b) = ln 2 (p, q): at rank m, as many neurons fit every target."""
    x = rational(case.x)
    pairs = [(p, q) for p in (1, 2) for q in range(-4, 5)]
    return np.stack([LOGISTIC_AT_LOG2(p * x + q) for p, q in pairs])


def _definite(case: Copies) -> bool:
    p, q, r = case.curvature
    return p > 0 and p * r > q * q


COPIES = Claim(
    id="valleys.split_neuron_minimum",
    title="A split logistic neuron is a local minimum that is not global, however many neurons there are",
    statement=r"Let $\sigma$ be logistic, $\theta$ consist of $d_1$ equal neurons $\sigma(wx)$, $w = \ln 2$, with "
    r"$\sum a_j = 1$, and let the errors satisfy $\sum e_i(1, \sigma, \sigma', \sigma'x)_i = 0$. If all $a_j > 0$ and "
    r"$\sum e_i\sigma''_i(x_i, 1)(x_i, 1)^T \succ 0$, the Hessian has $d_1 - 1$ zero eigenvalues and else positive "
    r"ones, and its kernel is tangent to the critical manifold $\sum a_j = 1$: $\theta$ is a local minimum, of "
    r"positive loss; for $d_1 \ge m$ the global minimum is 0.",
    source="own derivation",
    case_type=Copies,
    cases=copies,
    law=lambda signs, k: signs == (0, k - 1, 2 * k + 2),
    check=_check_copies,
    hypotheses=(
        Hypothesis("positive weights", "$a_j > 0$", lambda case: all(a > 0 for a in case.a)),
        Hypothesis("curvature", r"$\sum e_i\sigma''_i(x_i, 1)(x_i, 1)^T \succ 0$", _definite),
    ),
    counterexamples=(
        Counterexample("positive weights", Copies(tuple(range(-2, 5)), (2, -1), (1, 0, 1)), "a saddle"),
        Counterexample("curvature", Copies(tuple(range(-2, 5)), (Fraction(1, 2),) * 2, (1, 0, -1)), "a saddle"),
    ),
    false_laws={
        "a strict minimum": lambda signs, k: signs == (0, 0, 3 * k + 1),
        "a strict saddle, as the loss is positive": lambda signs, k: signs[0] > 0,
        "one direction of flatness": lambda signs, k: signs == (0, 1, 3 * k),
    },
    examples=(
        Copies(tuple(range(-2, 5)), (Fraction(1, 7),) * 7, (Fraction(1, 10_000), 0, Fraction(1, 10_000))),
        Copies(tuple(range(-1, 6)), (Fraction(1, 3), Fraction(1, 6), Fraction(1, 2)), (2, 1, 1)),
    ),
)

COPIES_ERRATUM = erratum(
    "valleys.no_spurious_minima_analytic",
    "Non-global local minima exist for analytic activations and as many neurons as samples",
    statement=r"Printed before Proposition 12.4: spurious local minima do not exist for shallow overparameterized "
    r"networks: no critical point of positive loss with $d_1 \ge m$ is a local minimum.",
    source="petersenzech2024, section 12.2, the sentence before Proposition 12.4",
    corrects=COPIES,
    printed=lambda signs, k: signs != (0, k - 1, 2 * k + 2),
    witness=COPIES.examples[0],
    hypotheses=(Hypothesis("wide", r"$d_1 \ge m$", lambda case: len(case.a) >= len(case.x)),),
    deviations="Seven neurons, seven samples, inertia (0, 6, 16): the kernel is the tangent space of the critical "
    "manifold, so no direction descends.",
)

CLAIMS = (COPIES, COPIES_ERRATUM)
