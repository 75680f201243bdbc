"""Deep linear nets: all critical values, and how many critical maps there are.

The cases are drawn from the whole critical set of nets with rational singular vectors: any index set, free blocks,
kept vectors of ties, bases; rank-deficient X, zero and tied singular values, d_H > d_0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product as cartesian
from math import comb
from typing import Any

import numpy as np

from theory.arithmetic import is_zero, rational
from theory.calculus.exact_linalg import pinv, rank, symmetric_eigenvalues
from theory.calculus.inertia import inertia
from theory.claims.cases import Case
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.linear_data import CriticalPoint, critical_points
from theory.critical.deep_linear.normal_form import normal_form, random_critical_point
from theory.critical.deep_linear.ranks import ranks_at
from theory.critical.deep_linear.values import critical_values
from theory.models.deep_linear import DeepLinearNet


def subset_sums(squares: list[Any], floor: Any, most: int) -> set[Any]:
    """floor + the sum of what a subset of at most ``most`` positive squares leaves out."""
    values = {(0, floor + sum(squares, start=0 * floor))}
    for square in squares:
        values |= {(size + 1, value - square) for size, value in values if square > 0 and size < most}
    return {value for _, value in values}


def _squares(case: CriticalPoint) -> list[Any]:
    return [s * s for s in case.singular_values]


def _law_of_values(
    squares: Callable[[CriticalPoint], list[Any]] = _squares,
    floor: Callable[[CriticalPoint], Any] = lambda case: rational([case.floor])[0] ** 2,
    more: int = 0,
) -> Callable[[CriticalPoint], set[Any]]:
    return lambda case: subset_sums(squares(case), floor(case), case.bottleneck + more)


def _ols_squares(case: CriticalPoint) -> list[Any]:
    return [s * s / d**2 if d else s for s, d in zip(case.singular_values, rational(case.d), strict=False)]


def _check_values(case: CriticalPoint, law: Callable[[CriticalPoint], set[Any]]) -> Verdict:
    """The law lists the losses at the normal forms of all index sets, each critical, and that of the drawn point."""
    net, rows = case.net, critical_values(case.net)
    points = [normal_form(net, row.S) for row in rows]
    attained = [net.loss(theta) for theta in points]
    critical = all(is_zero(net.gradient(theta)).all() for theta in (*points, case.theta))
    listed = [row.value for row in rows] == attained
    same = law(case) == set(attained) and net.loss(case.theta) in attained
    return verdict(critical and listed and same, detail="exact losses at exact critical points, for all index sets")


_TWO = CriticalPoint((2, 2, 2), (1, 2), (3, 2), 1, (1,) * 8, (1,), (1, 0), 0)

VALUES = Claim(
    id="deep_linear.critical_values",
    title="Critical values are subset sums of squared singular values",
    statement=r"For all $X, Y$, widths and $H \ge 2$, with $\sigma_q$ the nonzero singular values of $YX^+X$ and $k = "
    r"\min(\mathrm{rank}\,X, d_1, \dots, d_H)$: the critical values are exactly $\|Y(I - X^+X)\|_F^2 + "
    r"\sum_{q \notin S}\sigma_q^2$ for $|S| \le k$.",
    source="baldihornik1989, Fact 4, in the form of; for all depths and data: own derivation",
    case_type=CriticalPoint,
    cases=critical_points(2, 3, 4),
    law=_law_of_values(),
    check=_check_values,
    hypotheses=(Hypothesis("depth", r"$H \ge 2$", lambda case: len(case.widths) >= 3),),
    counterexamples=(
        Counterexample("depth", CriticalPoint((1, 1), (1,), (1,), 0, (0,) * 8, (0,), (0, 0), 0), "only the floor"),
    ),
    false_laws={
        "without the floor": _law_of_values(floor=lambda case: rational([0])[0]),
        "one index more than the bottleneck": _law_of_values(more=1),
        "singular values, not squared": _law_of_values(lambda case: case.singular_values),
        "singular values of Y X^+": _law_of_values(_ols_squares),
    },
    examples=(_TWO, CriticalPoint((2, 1, 2), (1, 2), (3, 2), 1, (1,) * 8, (), (1, 0), 0)),
    figures=("fig_linear_ladder",),
    exercises=("linear.critical-values",),
    deviations="Baldi and Hornik have H = 2, a bottleneck and distinct positive singular values.",
)


def _check_count(case: CriticalPoint, law: Callable[[int, int], int]) -> Verdict:
    """Different maps R X among two random points for each index set."""
    net, X = case.net, rational(case.matrices[0])
    sets = [row.S for row in critical_values(net)]
    draws = [random_critical_point(net, S, np.random.default_rng(seed)) for S in sets for seed in (2, 3)]
    maps = {tuple((net.product(theta) @ X).ravel().tolist()) for theta in draws}
    n, k = sum(s > 0 for s in case.singular_values), case.bottleneck
    return verdict(len(maps) == law(n, k), detail=f"{len(maps)} different maps R X at {len(draws)} critical points")


def _distinct(case: CriticalPoint) -> bool:
    positive = [s for s in case.singular_values if s > 0]
    return len(set(positive)) == len(positive)


COUNT = Claim(
    id="deep_linear.critical_maps",
    title="Finitely many critical maps iff the singular values differ",
    statement=r"For $H \ge 2$ and $n$ distinct nonzero singular values of $YX^+X$ there are $\sum_{r \le k}\binom nr$ "
    r"different maps $RX$ at critical points; if a kept and a left out one are equal, there is a continuum.",
    source="baldihornik1989, Fact 4, in the form of; for all depths and data: own derivation",
    case_type=CriticalPoint,
    cases=lambda: critical_points(2, 3)().filter(_distinct),
    law=lambda n, k: sum(comb(n, r) for r in range(min(n, k) + 1)),
    check=_check_count,
    hypotheses=(
        Hypothesis("depth", r"$H \ge 2$", lambda case: len(case.widths) >= 3),
        Hypothesis("distinct", r"the nonzero $\sigma_q$ differ", _distinct),
    ),
    counterexamples=(
        Counterexample("depth", CriticalPoint((1, 1), (1,), (1,), 0, (0,) * 8, (0,), (0, 0), 0), "only the best map"),
        Counterexample(
            "distinct",
            CriticalPoint((2, 1, 2), (1, 1), (1, 1), 0, (0,) * 8, (0,), (0, 0), 0),
            "Y = I: any line",
        ),
    ),
    false_laws={
        "maps of the largest rank only": lambda n, k: comb(n, min(n, k)),
        "every subset": lambda n, k: 2**n,
    },
    examples=(_TWO, CriticalPoint((2, 1, 2), (1, 2), (3, 2), 1, (1,) * 8, (), (1, 0), 0)),
    uses=("deep_linear.critical_values",),
)

# -- without the normal form -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Grid(Case):
    """All weight vectors with entries -1, 0, 1 of a net."""

    widths: tuple
    X: tuple
    Y: tuple

    @property
    def net(self) -> DeepLinearNet:
        """The net."""
        return DeepLinearNet(self.widths, self.X, self.Y)

    def critical_points(self) -> list[np.ndarray]:
        """Those with zero gradient, which floats compute exactly for such small integers."""
        grid = np.array(list(cartesian((0, 1, -1), repeat=self.net.dim)), float)
        return [rational(theta.astype(int)) for theta in grid if not self.net.gradient(theta).any()]


def _grid_sets(case: Grid) -> tuple[list[Any], Any, int]:
    """(squares, floor, k) in floats' place: from the exact eigenvalues of Y X^+ X Y^T."""
    X, Y = rational(case.X), rational(case.Y)
    fit = Y @ pinv(X) @ X
    squares = [value for value, m in symmetric_eigenvalues(fit @ fit.T) for _ in range(m)]
    return squares, ((Y - fit) * (Y - fit)).sum(), min(rank(X), *case.widths[1:])


def _check_grid(case: Grid, law: Callable[[int], int]) -> Verdict:
    """Every critical point has one of the listed values; the law may change the largest rank."""
    squares, floor, k = _grid_sets(case)
    values = subset_sums(squares, floor, law(k))
    points = case.critical_points()
    found = {case.net.loss(theta) for theta in points}
    signs = all(tuple(ranks_at(case.net, t).inertia) == tuple(inertia(case.net.hessian(t))) for t in points)
    return verdict(found <= values and signs, detail=f"{len(points)} critical points, exact values and inertia")


ONE, TWO_BY_TWO = ((1, 0), (0, 1)), ((1, 0), (0, 0))

GRID = Claim(
    id="deep_linear.small_critical_points",
    title="All critical points with weights -1, 0, 1 have listed values and the inertia of their ranks",
    statement=r"For the nets 2-1-1-2, 2-2-2, 2-1-2-1, 1-1-2-1-1 and 2-1-1-1-2 on small integer data, at every critical "
    r"point with weights in $\{-1, 0, 1\}$ the loss is a subset sum as in deep_linear.critical_values, and the inertia "
    r"is that of deep_linear.inertia.",
    source="own derivation",
    case_type=Grid,
    cases=(
        Grid((2, 1, 1, 2), ONE, ((2, 0), (0, 1))),
        Grid((2, 1, 1, 2), ONE, ONE),
        Grid((2, 1, 1, 2), TWO_BY_TWO, ((2, 0), (0, 1))),
        Grid((2, 2, 2), ONE, ((2, 0), (0, 1))),
        Grid((2, 1, 2, 1), ONE, ((1, 0),)),
        Grid((2, 1, 2, 1), ((1, 1), (1, 1)), ((1, 2),)),
        Grid((1, 1, 2, 1, 1), ((1,),), ((1,),)),
        Grid((2, 1, 1, 1, 2), ONE, ((2, 0), (0, 1))),
    ),
    exhaustive=True,
    law=lambda k: k,
    check=_check_grid,
    false_laws={"one index less": lambda k: k - 1, "the floor alone": lambda k: 0},
    uses=("deep_linear.critical_values",),
)

CLAIMS = (VALUES, COUNT, GRID)
