"""Deep linear nets of two layers: their critical maps are projections of the best one, and which are minima."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from theory.arithmetic import is_zero, rational
from theory.calculus.exact_linalg import pinv
from theory.claims.claim import Claim, Counterexample, Hypothesis, Necessity, Verdict, verdict
from theory.claims.deep_linear_tests import is_critical, is_global, point
from theory.claims.linear_data import CriticalPoint, critical_points
from theory.critical.deep_linear.values import critical_values
from theory.landscape import Kind


def _has_two_layers(case: CriticalPoint) -> bool:
    return len(case.widths) == 3


def _check_projection(case: CriticalPoint, law: Callable[[Any, Any], Any]) -> Verdict:
    """The law gives R from the projection on range W_2 and the best map; and the projection commutes with Sigma."""
    X, Y, _, best = case.matrices
    A = case.layers[-1]
    P = A @ pinv(A)
    Sigma = best @ rational(X) @ rational(Y).T
    commutes = is_zero(P @ Sigma - Sigma @ P).all()
    R = case.net.product(case.theta)
    return verdict(is_critical(case) and commutes and is_zero(R - law(P, best)).all(), detail="exact projections")


PROJECTION = Claim(
    id="deep_linear.two_layers_project",
    title="Two layers: the critical map is a projection of the best one",
    statement=r"For $H = 2$ and $X$ of full row rank: at a critical point $W_2W_1 = P_A\,YX^T(XX^T)^{-1}$ with $P_A$ "
    r"the projection on the range of $A = W_2$, which commutes with $\Sigma = YX^T(XX^T)^{-1}XY^T$.",
    source="baldihornik1989, Fact 3, in the form of",
    case_type=CriticalPoint,
    cases=lambda: critical_points(2)().filter(lambda case: all(case.d)),
    law=lambda P, best: P @ best,
    check=_check_projection,
    hypotheses=(
        Hypothesis("two layers", "$H = 2$", _has_two_layers),
        Hypothesis("X", r"$\mathrm{rank}\,X = d_0$", lambda case: all(case.d)),
    ),
    counterexamples=(
        Counterexample("two layers", point((1, 1, 1, 1), (1,), (1,), (), (0, 0, 1)), "R = 0, but W_3 projects on all"),
        Counterexample(
            "X", point((2, 1, 2), (1, 0), (2, 0), (), (0, 1, 0, 1)), "X does not see the second input, W_1 does"
        ),
    ),
    false_laws={"the best map itself": lambda P, best: best, "zero": lambda P, best: 0 * best},
    examples=(point((2, 1, 2), (1, 1), (2, 1), (1,)), point((2, 1, 2), (1, 1), (2, 1))),
    uses=("deep_linear.derivatives",),
)


def _check_kinds(case: CriticalPoint, law: Callable[[CriticalPoint], Kind]) -> Verdict:
    """The kind by the exact inertia and the least value, against the law and the atlas."""
    kind = Kind.GLOBAL_MINIMUM if is_global(case) else Kind.STRICT_SADDLE
    proved = (case.signs.negative > 0) == (kind == Kind.STRICT_SADDLE)
    known = {kind for row in critical_values(case.net) if row.value == case.value for kind in row.kinds}
    return verdict(
        is_critical(case) and proved and law(case) == kind and kind in known, detail="exact inertia, exact least value"
    )


def _is_simple(case: CriticalPoint) -> bool:
    s = case.singular_values
    return len(set(s)) == len(s) and all(x > 0 for x in s)


def _best_first(case: CriticalPoint) -> Kind:
    top = case.index_set == tuple(range(case.bottleneck))
    return Kind.GLOBAL_MINIMUM if top else Kind.STRICT_SADDLE


UNIQUE = Claim(
    id="deep_linear.two_layers_kinds",
    title="Two layers: the first singular vectors give the only minimum",
    statement=r"For $H = 2$, $X$ of full row rank and distinct positive singular values of $YX^+X$: the critical "
    r"points with $S = \{1, \dots, k\}$ are global minima, all others are strict saddles.",
    source="baldihornik1989, Fact 4, in the form of",
    case_type=CriticalPoint,
    cases=lambda: critical_points(2)().filter(lambda case: all(case.d) and _is_simple(case)),
    law=_best_first,
    check=_check_kinds,
    hypotheses=(
        Hypothesis(
            "X",
            r"$\mathrm{rank}\,X = d_0$",
            lambda case: all(case.d),
            Necessity.TECHNICAL,
            "only the singular values of Y X^+ X count: deep_linear.critical_values",
        ),
        Hypothesis("two layers", "$H = 2$", _has_two_layers),
        Hypothesis("simple", "the singular values are distinct and positive", _is_simple),
    ),
    counterexamples=(
        Counterexample("two layers", point((1, 1, 1, 1), (1,), (1,)), "the origin, H = 3: a non-strict saddle"),
        Counterexample("simple", point((2, 1, 2), (1, 1), (1, 1), (1,)), "Y = I: the second one is as good"),
        Counterexample("simple", point((1, 1, 1), (1,), (0,)), "Y = 0: the origin is a global minimum"),
    ),
    false_laws={
        "every point of the largest rank is a minimum": lambda case: (
            Kind.GLOBAL_MINIMUM if len(case.kept) == case.bottleneck else Kind.STRICT_SADDLE
        ),
        "the first singular vector is enough": lambda case: (
            Kind.GLOBAL_MINIMUM if 0 in case.index_set else Kind.STRICT_SADDLE
        ),
    },
    examples=(
        point((2, 1, 2), (1, 1), (2, 1), (1,)),
        point((2, 1, 2), (1, 1), (2, 1), (0,)),
        point((2, 2, 2), (1, 1), (2, 1), (0,)),
    ),
    uses=("deep_linear.two_layers_strict", "deep_linear.critical_values"),
)

CLAIMS = (PROJECTION, UNIQUE)
