"""Deep linear nets: the tests of the literature that read the kind of a critical point off a rank or a span."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from theory.arithmetic import is_zero, rational
from theory.calculus.exact_linalg import rank
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.linear_data import CriticalPoint, critical_points
from theory.critical.deep_linear.curves import ascent_curve


def point(widths: tuple, d: tuple, s: tuple, kept: tuple = (), weights: tuple = (), floor: Any = 0) -> CriticalPoint:
    """A case without rotations, with vanishing free blocks or the weights given."""
    return CriticalPoint(widths, d, s, floor, (0,) * 8, kept, (0, 0), 0, weights)


def is_global(case: CriticalPoint) -> bool:
    return bool(case.value == case.minimum)


def is_critical(case: CriticalPoint) -> bool:
    """Whether the gradient vanishes and the loss is the critical value that the case says."""
    return bool(is_zero(case.net.gradient(case.theta)).all() and case.net.loss(case.theta) == case.value)


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
    return verdict(is_critical(case) and law(_middle_rank(case), r, case.signs.negative > 0), detail="exact inertia")


MIDDLE = Claim(
    id="deep_linear.full_middle_rank",
    title="Middle layers of full rank make every saddle strict",
    statement=r"For all $X, Y$, $H \ge 2$: at a critical point that is no global minimum, if $W_{H-1} \cdots W_2$ has "
    r"the rank $\min(d_1, \dots, d_{H-1})$, the Hessian has a negative eigenvalue.",
    source="kawaguchi2016, Theorem 2.3 (iv), in the form of; without hypotheses on the data: own derivation",
    case_type=CriticalPoint,
    cases=lambda: critical_points(2, 3, saddles=True)().filter(lambda c: not is_global(c) and _has_full_middle(c)),
    law=lambda middle, r, negative: negative,
    check=_check_middle,
    hypotheses=(
        Hypothesis("not global", "the point is no global minimum", lambda case: not is_global(case)),
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
    r"\cdots W_2) > \mathrm{rank}(RX)$, the Hessian has a negative eigenvalue; "
    r"the converse is false.",
    source="own derivation (the pivot (H, 1))",
    case_type=CriticalPoint,
    cases=lambda: critical_points(2, 3, 4, saddles=True)().filter(lambda case: not is_global(case)),
    law=lambda middle, r, negative: negative or middle <= r,
    check=_check_middle,
    hypotheses=(Hypothesis("not global", "the point is no global minimum", lambda case: not is_global(case)),),
    counterexamples=(Counterexample("not global", point((2, 2, 2), (1, 1), (1, 0), (0,)), "M = 0"),),
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
    saddle = not is_global(case) and ascent_curve(case.net, case.theta).leading > 0
    predicted = law(rank(R), _ends_rank(case))
    right = predicted == is_global(case) and (predicted or saddle)
    return verdict(is_critical(case) and right, detail="exact rank, exact least value")


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
    return verdict(is_critical(case) and law(case) == is_global(case), detail="exact spans, exact least value")


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
        "rank alone": lambda case: rank(_seen(case)) == case.bottleneck,
        "the span of W_H": lambda case: _span_test(case, lambda c: c.layers[-1]),
    },
    examples=(
        point((2, 1, 2), (1, 1), (2, 1), (1,)),
        point((2, 1, 1, 2), (1, 1), (3, 1), (), (0, 0, 0, 1, 0)),
    ),
    uses=("deep_linear.minimum",),
    deviations="Yun, Sra and Jadbabaie assume X of full row rank and test R; with a gap R may stand for R X.",
)

CLAIMS = (MIDDLE, MIDDLE_ABOVE, RANK_TEST, SPAN_TEST)
