"""Is the loss monotone on the straight segment from the start to the end of training? On quadratics, exactly when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory.arithmetic import rational
from theory.calculus.unit_interval import interpolated, is_nonincreasing
from theory.claims.cases import Case
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.linear_data import Choose, chosen


def falls(loss: Callable[[np.ndarray], Any], start: np.ndarray, end: np.ndarray, degree: int) -> bool:
    """Whether a polynomial loss does not increase anywhere on the segment: from its values at degree + 1 points."""
    nodes = rational([Fraction(i, degree) for i in range(degree + 1)])
    return is_nonincreasing(interpolated(np.array([loss(start + t * (end - start)) for t in nodes], object)))


# -- gradient descent on a quadratic -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Quadratic(Case):
    """T steps of gradient descent on sum lam_i x_i^2 / 2 from x."""

    lam: tuple
    x: tuple
    eta: Any
    steps: int

    @property
    def rho(self) -> list[Fraction]:
        """1 - eta lam_i."""
        return [1 - Fraction(self.eta) * Fraction(a) for a in self.lam]

    def loss(self, x: np.ndarray) -> Any:
        """The sum."""
        return sum((a * v * v for a, v in zip(rational(self.lam), x, strict=True)), 0 * x[0]) / 2


def quadratics() -> Any:
    """One to three eigenvalues, also negative ones, eta lam up to 2; up to five steps."""

    def build(choose: Choose) -> Quadratic:
        n, eta = choose((1, 2, 3)), choose((1, 1, Fraction(1, 2), Fraction(3, 2)))
        scaled = (2, Fraction(3, 2), Fraction(5, 4), 1, Fraction(1, 2), Fraction(1, 3), 0, Fraction(-1, 2))
        lam = tuple(Fraction(choose(scaled)) / eta for _ in range(n))
        return Quadratic(lam, tuple(choose((1, 2, -1, 3, 0)) for _ in range(n)), eta, choose((1, 2, 3, 4, 5)))

    return chosen(build)


def _check_quadratic(case: Quadratic, law: Callable[[Quadratic], bool]) -> Verdict:
    """Descent step by step, then the quadratic polynomial of the segment."""
    x = start = rational(case.x)
    for _ in range(case.steps):
        x = x - rational([case.eta])[0] * rational(case.lam) * x
    monotone = falls(case.loss, start, x, 2)
    return verdict(monotone is law(case), detail=f"{'monotone' if monotone else 'not monotone'}, exactly")


def _slope(case: Quadratic, at_end: bool) -> Fraction:
    """sum lam x^2 (rho^T - 1) rho^T at the end of the segment, without the last factor at its start."""
    ends = [(Fraction(a), Fraction(v), r**case.steps) for a, v, r in zip(case.lam, case.x, case.rho, strict=True)]
    return sum((a * v * v * (q - 1) * (q if at_end else 1) for a, v, q in ends), Fraction(0))


QUADRATIC = Claim(
    id="interpolation.quadratic_descent",
    title="On a quadratic the segment is monotone or not, even where every step descends",
    statement=r"Let gradient descent run $T$ steps on $\frac12\sum_i\lambda_ix_i^2$ with $\eta\lambda_i \le 2$, "
    r"$\rho_i = 1 - \eta\lambda_i$. The loss does not increase on the segment from the start to the end if and only "
    r"if $\sum_i\lambda_i\rho_i^T(\rho_i^T - 1)x_i^2 \le 0$; so it is where all $\eta\lambda_i \le 1$, or $T$ is "
    r"even, and not always where $1 < \eta\lambda_i < 2$: for $\eta\lambda = \frac32$, $T = 1$ and "
    r"$\lambda x^2 = 1$ it falls from $\frac12$ to $0$ and rises to $\frac18$.",
    source="own derivation",
    case_type=Quadratic,
    cases=quadratics,
    law=lambda case: _slope(case, at_end=True) <= 0,
    check=_check_quadratic,
    hypotheses=(
        Hypothesis(
            "stable", r"$\eta\lambda_i \le 2$", lambda c: all(Fraction(c.eta) * Fraction(a) <= 2 for a in c.lam)
        ),
    ),
    counterexamples=(
        Counterexample(
            "stable", Quadratic((Fraction(21, 10), -1), (4, 1), 1, 2), "the segment rises first and falls at its end"
        ),
    ),
    false_laws={
        "always": lambda case: True,
        "where the loss at the end is not larger": lambda case: (
            case.loss(rational([r**case.steps * Fraction(v) for r, v in zip(case.rho, case.x, strict=True)]))
            <= case.loss(rational(case.x))
        ),
        "where it falls at the start": lambda case: _slope(case, at_end=False) <= 0,
        "for short steps only": lambda case: all(r >= 0 for r in case.rho),
        "for short steps or an even number": lambda case: case.steps % 2 == 0 or all(r >= 0 for r in case.rho),
    },
    examples=(
        Quadratic((Fraction(3, 2),), (1,), 1, 1),
        Quadratic((Fraction(3, 2),), (1,), 1, 2),
        Quadratic((Fraction(3, 2), Fraction(1, 2)), (1, 3), 1, 1),
        Quadratic((Fraction(3, 2), -1), (1, 0), 1, 3),
        Quadratic((2, Fraction(1, 2)), (1, 1), 1, 1),
    ),
)

CLAIMS = (QUADRATIC,)
