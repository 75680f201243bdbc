"""From which lambda on the errors of section 12.3 are sure to give negative eigenvalues, and how late that bound is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory.arithmetic import flint, rational
from theory.calculus.exact_linalg import symmetric_eigenvalues
from theory.calculus.inertia import inertia
from theory.calculus.pencils import norm_bound
from theory.claims.cases import Case
from theory.claims.claim import Claim, Verdict, verdict
from theory.claims.hessian_index import FOUR, GRID, IDENTITY, Gram, beside, grams, index_at
from theory.critical.hessian_split import TANH_AT_LOG2, critical_errors, hessian_split, with_errors
from theory.models.shallow_net import ShallowNet

# -- the bound of the book ---------------------------------------------------------------------------------------------


def above(value: Any) -> Any:
    """A rational number beyond this positive rational or ball, by less than one part in 2^40."""
    return beside(value)[-1]


def negative_moduli(H1: np.ndarray) -> list[Any]:
    """mu_1 >= mu_2 >= ..., the moduli of the negative eigenvalues of H_1, with multiplicity."""
    return [-x for x, m in reversed(symmetric_eigenvalues(H1)) if x < 0 for _ in range(m)]


def _check_bound(case: Gram, law: Callable[[Any, list[Any], int], Any]) -> Verdict:
    """Just beyond the k-th bound, the matrix itself has at least k negative eigenvalues."""
    H0, H1 = case.parts
    norm, mu = symmetric_eigenvalues(H0)[0][0], negative_moduli(H1)
    bounds = [law(norm, mu, k) for k in range(1, len(mu) + 1)]
    points = [above(b) if b > 0 else flint().fmpq(1, 10**12) for b in bounds]
    holds = all(index_at(H0, H1, at) >= k for k, at in enumerate(points, 1))
    return verdict(holds, detail=f"exact inertia beyond {len(points)} bounds")


BOUND = Claim(
    id="hessian_index.bound",
    title="Beyond ||H_0|| / mu_k there are at least k negative eigenvalues",
    statement=r"Let $H_0 \succeq 0$ and let $-\mu_1 \le -\mu_2 \le \dots$ be the negative eigenvalues of $H_1$. For "
    r"$\lambda > \|H_0\|/\mu_k$ (spectral norm) $H_0 + \lambda H_1$ has at least $k$ negative eigenvalues: with $k = "
    r"1$ one for $\lambda > \|H_0\|/\mu$, with the last $k$ as many as $H_1$.",
    source="petersenzech2024, section 12.3, after Proposition 12.5",
    case_type=Gram,
    cases=grams,
    law=lambda norm, mu, k: norm / mu[k - 1],
    check=_check_bound,
    false_laws={
        "all at once, beyond the bound with the largest mu": lambda norm, mu, k: norm / mu[0],
        "with the sum of all mu": lambda norm, mu, k: norm / sum(mu[1:], start=mu[0]),
        "half the bound": lambda norm, mu, k: norm / (2 * mu[k - 1]),
    },
    examples=(Gram(IDENTITY, ((-1, 0), (0, -2))), Gram(((1,),), ((-1,),)), FOUR),
    uses=("hessian_index.jumps",),
    deviations="The book has k = 1, writes H_1 for H_1^0, and concludes that there is a negative eigenvalue for "
    "large lambda; its inequality says from which on. Attained for H_0 = I.",
)


def _check_small(case: Gram, law: Callable[[Any, Any], Any]) -> Verdict:
    """No eigenvalue of H_0 + lambda H_1 lies below -law(lambda, mu)."""
    H0, H1 = case.parts
    mu, one = negative_moduli(H1), rational(np.eye(len(H0), dtype=int))
    if not mu:
        return verdict(all(index_at(H0, H1, at) == 0 for at in GRID), detail="no negative eigenvalue, exactly")
    depths = [(at, above(law(at, mu[0]))) for at in rational(GRID[1:])]
    holds = all(inertia(H0 + at * H1 + depth * one).negative == 0 for at, depth in depths)
    return verdict(holds, detail=f"exact inertia at {len(depths)} values of lambda")


SMALL = Claim(
    id="hessian_index.small_eigenvalues",
    title="For small errors every negative eigenvalue is small",
    statement=r"Let $H_0 \succeq 0$ and $-\mu$ the least eigenvalue of $H_1$. If $\mu > 0$, no eigenvalue of $H_0 + "
    r"\lambda H_1$, $\lambda > 0$, is below $-\lambda\mu$; otherwise none is negative.",
    source="petersenzech2024, section 12.3, after Proposition 12.5",
    case_type=Gram,
    cases=grams,
    law=lambda at, mu: at * mu,
    check=_check_small,
    false_laws={
        "of second order in lambda": lambda at, mu: at * at * mu,
        "half as deep": lambda at, mu: at * mu / 2,
    },
    examples=(FOUR, Gram(((1,), (0,)), ((0, 1), (1, 0)))),
    uses=("hessian_index.monotone",),
)

# -- one critical point ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TanhPoint(Case):
    """A tanh net on the line with W and b in units of log 2, critical for the errors of norm max|e_i| = 1 in ker J."""

    X: tuple
    W: tuple
    b: tuple
    a: tuple
    which: int

    def at(self) -> tuple[ShallowNet, np.ndarray]:
        """The net with its targets, and theta."""
        net = ShallowNet(len(self.W), [self.X], (0,) * len(self.X), TANH_AT_LOG2)
        theta = rational([*self.W, *self.b, *self.a, 0])
        e = critical_errors(net, theta)[:, self.which]
        return with_errors(net, theta, e * (1 / max(abs(x) for x in e))), theta


EXAMPLE = TanhPoint(tuple(range(-6, 7)), (1, -1, 1), (0, 2, 1), (1, -1, 1), 0)


@dataclass(frozen=True)
class Staircase:
    """Decimal intervals of the jumps, of the bound, and how many times the bound exceeds the first jump."""

    jumps: tuple
    bound: tuple
    ratio: int


def _check_example(case: TanhPoint, law: Staircase) -> Verdict:
    """Critical; the jumps in their intervals; beyond each the inertia of the matrix itself; the ratio."""
    net, theta = case.at()
    split = hessian_split(net, theta)
    f, bound = split.profile, norm_bound(split.H0, split.H1)
    inside = len(f.jumps) == len(law.jumps) and all(
        low < jump.value < high and jump.size == 1
        for (low, high), jump in zip(rational(law.jumps), f.jumps, strict=True)
    )
    ends = rational(law.jumps)
    literal = [[index_at(split.H0, split.H1, at) for at in side] for side in ends.T]
    steps = literal == [list(range(len(ends))), list(range(1, len(ends) + 1))]
    low, high = rational(law.bound)
    holds = split.critical and inside and steps and low < bound < high and bound > law.ratio * f.jumps[0].value
    return verdict(bool(holds), "certified", "exact inertia at the ends of the intervals; the norm in balls")


def _between(*digits: tuple[int, int]) -> tuple:
    """(n, k) for the interval from n / 10^k to (n + 1) / 10^k."""
    return tuple((Fraction(n, 10**k), Fraction(n + 1, 10**k)) for n, k in digits)


_JUMPS = _between((8639, 6), (63539, 5), (20927, 3), (96987, 3), (772133, 3))

STAIRCASE = Claim(
    id="hessian_index.example",
    title="At one critical point five jumps from 0.0086 to 772, with the bound at 3727",
    statement=r"The net $\sum_j a_j\tanh(w_jx + b_j) + c$ with $w = (1, -1, 1)\log 2$, $b = (0, 2, 1)\log 2$, $a = (1, "
    r"-1, 1)$, $c = 0$ on $x = -6, \dots, 6$ is critical for an error vector $e$, $\max|e_i| = 1$. The index of "
    r"$H_0 + \lambda H_1$ is 0, 1, 2, 3, 4, 5 with jumps at 0.0086, 0.6354, 20.93, 96.99, 772.1 (rounded); the "
    r"bound $\|H_0\|/\mu$ of the first one is 3726.8, more than $431000$ times too large.",
    source="own derivation",
    case_type=TanhPoint,
    cases=(EXAMPLE,),
    law=Staircase(_JUMPS, _between((37268, 1))[0], 431000),
    check=_check_example,
    false_laws={
        "the first jump at the bound": Staircase((*_between((37268, 1)), *_JUMPS[1:]), _between((37268, 1))[0], 1),
        "one jump only": Staircase(_JUMPS[:1], _between((37268, 1))[0], 431000),
        "the bound of the right order": Staircase(_JUMPS, _between((8, 3))[0], 1),
    },
    uses=("hessian_index.jumps", "hessian_index.bound"),
    figures=("fig_hessian_index",),
)

CLAIMS = (BOUND, SMALL, STAIRCASE)
