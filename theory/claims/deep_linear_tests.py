"""Deep linear nets: the tests of the literature that read the kind of a critical point off a rank or a span."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from theory.arithmetic import is_zero, rational
from theory.calculus.exact_linalg import pinv, rank
from theory.claims.claim import Claim, Counterexample, Hypothesis, Necessity, Verdict, verdict
from theory.claims.linear_data import CriticalPoint, critical_points
from theory.critical.deep_linear.curves import ascent_curve
from theory.critical.deep_linear.values import critical_values
from theory.landscape import Kind


def point(widths: tuple, d: tuple, s: tuple, kept: tuple = (), weights: tuple = (), floor: Any = 0) -> CriticalPoint:
    """A case without rotations, with vanishing free blocks or the weights given."""
    return CriticalPoint(widths, d, s, floor, (0,) * 8, kept, (0, 0), 0, weights)


def _is_global(case: CriticalPoint) -> bool:
    return bool(case.value == case.minimum)


# -- the middle layers -----------------------------------------------------------------------------------------------


def _middle_rank(case: CriticalPoint) -> int:
    """rank(W_{H-1} ... W_2), of the identity for H = 2."""
    out = rational(np.eye(case.widths[1], dtype=int))
    for W in case.layers[1:-1]:
        out = W @ out
    return rank(out)


def _has_full_middle(case: CriticalPoint) -> bool:
    return _middle_rank(case) == min(case.widths[1:-1])


def _check_middle(case: CriticalPoint, law: Callable[[int, int, bool], bool]) -> Verdict:
    """The law takes the ranks of the middle layers and of R X, and whether there is negative curvature."""
    r = rank(case.net.product(case.theta) @ rational(case.matrices[0]))
    critical = is_zero(case.net.gradient(case.theta)).all()
    return verdict(critical and law(_middle_rank(case), r, case.signs.negative > 0), detail="exact inertia")


MIDDLE = Claim(
    id="deep_linear.full_middle_rank",
    title="Middle layers of full rank make every saddle strict",
    statement=r"For all $X, Y$, $H \ge 2$: at a critical point that is no global minimum, if $W_{H-1} \cdots W_2$ has "
    r"the rank $\min(d_1, \dots, d_{H-1})$, the Hessian has a negative eigenvalue. The converse is false.",
    source="kawaguchi2016, Theorem 2.3 (iv), in the form of; without hypotheses on the data: own derivation",
    case_type=CriticalPoint,
    cases=lambda: critical_points(2, 3)().filter(lambda c: not _is_global(c) and _has_full_middle(c)),
    law=lambda middle, r, negative: negative,
    check=_check_middle,
    hypotheses=(
        Hypothesis("not global", "the point is no global minimum", lambda case: not _is_global(case)),
        Hypothesis("middle rank", r"$\mathrm{rank}(W_{H-1} \cdots W_2) = \min(d_1, \dots, d_{H-1})$", _has_full_middle),
    ),
    counterexamples=(
        Counterexample("not global", point((1, 1, 1), (1,), (1,), (0,)), "w_2 w_1 = 1"),
        Counterexample("middle rank", point((1, 1, 1, 1), (1,), (1,)), "the origin, H = 3: zero Hessian"),
    ),
    false_laws={"no negative eigenvalue": lambda middle, r, negative: not negative},
    examples=(point((2, 1, 2), (1, 1), (2, 1), (1,)), point((1, 1, 1, 1), (1,), (1,), (), (0, 1, 0))),
    uses=("deep_linear.pivots",),
    deviations="Kawaguchi assumes full ranks of XX^T, XY^T, d_y <= d_x and distinct singular values. A rank above "
    "rank(R X) is enough (deep_linear.middle_rank_above).",
)

MIDDLE_ABOVE = Claim(
    id="deep_linear.middle_rank_above",
    title="Middle layers of more rank than the product are enough, and not necessary",
    statement=r"For all $X, Y$, $H \ge 2$: at a critical point that is no global minimum, if $\mathrm{rank}(W_{H-1} "
    r"\cdots W_2) > \mathrm{rank}(RX)$, the Hessian has a negative eigenvalue.",
    source="own derivation (the pivot (H, 1))",
    case_type=CriticalPoint,
    cases=lambda: critical_points(2, 3)().filter(lambda case: not _is_global(case)),
    law=lambda middle, r, negative: negative or middle <= r,
    check=_check_middle,
    hypotheses=(Hypothesis("not global", "the point is no global minimum", lambda case: not _is_global(case)),),
    counterexamples=(
        Counterexample("not global", point((2, 2, 2), (1, 1), (1, 0), (0,)), "M = 0: middle rank 2, R X of rank 1"),
    ),
    false_laws={
        "rank at least that of R X": lambda middle, r, negative: negative or middle < r,
        "necessary, too": lambda middle, r, negative: negative == (middle > r),
    },
    examples=(
        point((1, 1, 1, 1), (1,), (1,)),
        point((2, 1, 1, 2), (1, 1), (2, 1), (1,)),
    ),
    uses=("deep_linear.pivots",),
)

# -- ranks and spans of the product ----------------------------------------------------------------------------------


def _ends_rank(case: CriticalPoint) -> int:
    return min(case.widths[0], case.widths[-1])


def _is_wide(case: CriticalPoint) -> bool:
    return min(case.widths) == _ends_rank(case)


def _is_correlated(case: CriticalPoint) -> bool:
    X, Y, _, _ = case.matrices
    return rank(rational(Y) @ rational(X).T) == _ends_rank(case)


def _check_rank_test(case: CriticalPoint, law: Callable[[int, int], bool]) -> Verdict:
    R = case.net.product(case.theta)
    saddle = not _is_global(case) and ascent_curve(case.net, case.theta).leading > 0
    predicted = law(rank(R), _ends_rank(case))
    return verdict(predicted == _is_global(case) and (predicted or saddle), detail="exact rank, exact least value")


RANK_TEST = Claim(
    id="deep_linear.rank_test",
    title="Without a bottleneck a critical point is global iff the product has full rank",
    statement=r"If $\min_i d_i = \min(d_0, d_H) =: k_0$ and $YX^T$ has rank $k_0$, a critical point is a global "
    r"minimum iff $W_H \cdots W_1$ has rank $k_0$, and a saddle otherwise; for $d_0 = d_H$ iff its determinant is "
    r"not zero.",
    source="yun2018, linear nets without bottleneck, in the form of",
    case_type=CriticalPoint,
    cases=lambda: critical_points(1, 2, 3)().filter(lambda case: _is_wide(case) and _is_correlated(case)),
    law=lambda r, k0: r == k0,
    check=_check_rank_test,
    hypotheses=(
        Hypothesis("wide", r"$\min_i d_i = \min(d_0, d_H)$", _is_wide),
        Hypothesis("correlated", r"$\mathrm{rank}(YX^T) = \min(d_0, d_H)$", _is_correlated),
    ),
    counterexamples=(
        Counterexample("wide", point((2, 1, 2), (1, 1), (2, 1), (0,)), "the optimum of a bottleneck has rank 1 < 2"),
        Counterexample("correlated", point((1, 1, 1), (1,), (0,)), "Y = 0: the origin is a global minimum of rank 0"),
    ),
    false_laws={
        "any rank above zero": lambda r, k0: r > 0,
        "rank below full": lambda r, k0: r < k0,
    },
    examples=(point((2, 2, 2), (1, 1), (2, 1), (0,)), point((2, 2, 2), (1, 1), (2, 1), (0, 1))),
    uses=("deep_linear.local_minima_are_global",),
    deviations="Yun, Sra and Jadbabaie also assume XX^T invertible and distinct singular values.",
)


def _gap(case: CriticalPoint) -> bool:
    """sigma_k > sigma_{k+1} for the bottleneck k."""
    s = [*sorted(case.singular_values, reverse=True), rational([0])[0]]
    k = min(case.bottleneck, len(s) - 1)
    return bool(s[k - 1] > s[k])


def _span_test(case: CriticalPoint, of: Callable[[CriticalPoint], np.ndarray]) -> bool:
    """Whether a matrix has rank k and its columns span those of the best approximation of rank k."""
    _, _, U, _ = case.matrices
    s, k = case.singular_values, case.bottleneck
    top = U[:, sorted(range(len(s)), key=lambda i: -s[i])[:k]]
    A = of(case)
    return rank(A) == k and rank(np.concatenate([A, top], axis=1)) == k


def _seen(case: CriticalPoint) -> np.ndarray:
    return case.net.product(case.theta) @ rational(case.matrices[0])


def _check_span(case: CriticalPoint, law: Callable[[CriticalPoint], bool]) -> Verdict:
    return verdict(law(case) == _is_global(case), detail="exact spans, exact least value")


SPAN_TEST = Claim(
    id="deep_linear.span_test",
    title="With a bottleneck a critical point is global iff the product spans the top singular vectors",
    statement=r"If $\sigma_k > \sigma_{k+1}$ for $k = \min_i d_i$, a critical point is a global minimum iff $RX$ has "
    r"rank $k$ and its columns span the first $k$ left singular vectors of $YX^+X$.",
    source="yun2018, linear nets with a bottleneck, in the form of",
    case_type=CriticalPoint,
    cases=lambda: critical_points(2, 3)().filter(_gap),
    law=lambda case: _span_test(case, _seen),
    check=_check_span,
    hypotheses=(Hypothesis("gap", r"$\sigma_k > \sigma_{k+1}$", _gap),),
    counterexamples=(Counterexample("gap", point((2, 1, 2), (1, 1), (1, 1), (1,)), "Y = I: every line is optimal"),),
    false_laws={
        "R in place of R X": lambda case: _span_test(case, lambda c: c.net.product(c.theta)),
        "rank alone": lambda case: rank(_seen(case)) == case.bottleneck,
        "the span of W_H": lambda case: _span_test(case, lambda c: c.layers[-1]),
    },
    examples=(
        point((2, 1, 2), (1, 1), (2, 1), (1,)),
        point((2, 1, 2), (0, 1), (3, 1), (), (1, 0, 1, 0)),
        point((2, 1, 2), (1, 0), (3, 1), (), (0, 1, 1, 0)),
        point((2, 1, 2), (1, 1), (3, 1), (), (0, 0, 1, 0)),
    ),
    uses=("deep_linear.minimum",),
    deviations="With rank-deficient X the rank of R says nothing: the columns of R X count.",
)

# -- two layers ------------------------------------------------------------------------------------------------------


def _check_projection(case: CriticalPoint, law: Callable[[Any, Any], Any]) -> Verdict:
    """The law gives R from the projection on range W_2 and the best map; and the projection commutes with Sigma."""
    X, Y, _, best = case.matrices
    A = case.layers[-1]
    P = A @ pinv(A)
    Sigma = best @ rational(X) @ rational(Y).T
    commutes = is_zero(P @ Sigma - Sigma @ P).all()
    R = case.net.product(case.theta)
    return verdict(commutes and is_zero(R - law(P, best)).all(), detail="exact projections")


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
    hypotheses=(Hypothesis("X", r"$\mathrm{rank}\,X = d_0$", lambda case: all(case.d)),),
    counterexamples=(
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
    kind = Kind.GLOBAL_MINIMUM if _is_global(case) else Kind.STRICT_SADDLE
    proved = (case.signs.negative > 0) == (kind == Kind.STRICT_SADDLE)
    known = {kind for row in critical_values(case.net) if row.value == case.value for kind in row.kinds}
    return verdict(proved and law(case) == kind and kind in known, detail="exact inertia, exact least value")


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
        Hypothesis("simple", "the singular values are distinct and positive", _is_simple),
    ),
    counterexamples=(
        Counterexample("simple", point((2, 1, 2), (1, 1), (1, 1), (1,)), "Y = I: the second one is as good"),
        Counterexample("simple", point((1, 1, 1), (1,), (0,)), "Y = 0: the origin is a global minimum"),
    ),
    false_laws={
        "every point of the largest rank is a minimum": lambda case: (
            Kind.GLOBAL_MINIMUM if len(case.kept) == case.bottleneck else Kind.STRICT_SADDLE
        ),
    },
    examples=(point((2, 1, 2), (1, 1), (2, 1), (1,)), point((2, 1, 2), (1, 1), (2, 1), (0,))),
    uses=("deep_linear.two_layers_strict", "deep_linear.critical_values"),
)

CLAIMS = (MIDDLE, MIDDLE_ABOVE, RANK_TEST, SPAN_TEST, PROJECTION, UNIQUE)
