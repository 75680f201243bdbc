"""Deep linear nets: every local minimum is global, nothing is a local maximum, and what these theorems need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from theory.arithmetic import is_zero, rational
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.linear_data import CriticalPoint, critical_points
from theory.claims.linear_points import (
    ABSOLUTE,
    DIFFERENCE,
    KINK,
    SADDLE,
    SQUARED,
    WEIGHTED,
    LossPoint,
    below_largest_rank,
    follows,
    is_global_minimum,
    is_local_minimum,
    is_shallow_minimum,
    slope,
    squared_points,
    with_two_zero_layers,
)
from theory.critical.deep_linear.curves import ascent_curve, escape_line
from theory.errors import Degenerate

ORIGIN = LossPoint((1, 1, 1), ((1,),), ((1,),), SQUARED, (0, 0))
# WEIGHTED with a layer more between W_1 and W_2.
DEEPER = replace(WEIGHTED, widths=(2, 1, 1, 2), theta=(*WEIGHTED.theta[:2], 1, *WEIGHTED.theta[2:]))
BAD = LossPoint((1, 1, 1, 1), ((1,),), ((1,),), SQUARED, (0, 0, 0))
FITTED = LossPoint((1, 1, 1), ((1,),), ((1,),), SQUARED, (1, 1))

# -- local minima ----------------------------------------------------------------------------------------------------


def _check_global(case: LossPoint, law: Callable[[bool, bool], bool]) -> Verdict:
    local = is_local_minimum(case)
    detail = "a curve on which the loss falls, exactly, or the least value"
    return verdict(None if local is None else law(local, is_global_minimum(case)), detail=detail)


LOCAL = Claim(
    id="deep_linear.local_minima_are_global",
    title="Every local minimum is global",
    statement=r"For all $X, Y$, depths and widths: every local minimum of $\|Y - W_H \cdots W_1X\|_F^2$ is a global "
    r"one. Checked on critical points from the whole critical set: where the value is not the least one, a polynomial "
    r"curve leads down.",
    source="kawaguchi2016, Theorem 2.3 (ii); lukawaguchi2017, Theorem 2.3; golikov2019, Corollary",
    case_type=LossPoint,
    cases=squared_points(1, 2, 3, 4),
    law=lambda local, least: least or not local,
    check=_check_global,
    hypotheses=(Hypothesis("squared", "the loss is the squared Frobenius norm", lambda case: case.is_squared),),
    counterexamples=(
        Counterexample("squared", KINK, "absolute loss, 1-1-2: a local minimum of value 1, the global one is 0"),
        Counterexample("squared", WEIGHTED, "weighted squares, 2-1-2: a local minimum of value 1 > 1/4"),
    ),
    false_laws={
        "critical points are global minima": lambda local, least: least,
        "no point is a local minimum": lambda local, least: not local,
    },
    examples=(ORIGIN, BAD, FITTED),
    uses=("deep_linear.critical_values", "deep_linear.minimum"),
    figures=("fig_bad_saddle_descent",),
    deviations="Kawaguchi, and Lu and Kawaguchi, assume ranks of X, Y and YX^T; none is needed.",
)

# -- Theorem A -------------------------------------------------------------------------------------------------------


def _moves_along_the_fibre(case: LossPoint) -> bool:
    """Whether there is a line on which the loss is constant (more points than its degree) and the gradient is not 0."""
    net, theta = case.net, case.point
    S = rational(case.X) @ rational(case.X).T if case.is_squared else rational(np.eye(case.widths[0], dtype=int))
    try:
        v = escape_line(net.unpack(theta), S, slope(case).reshape(case.widths[-1], -1))
    except Degenerate:
        return False
    degree = 2 * net.depth  # of a square in t; what holds at more points holds on the line
    steps = [*rational(range(1, degree + 1)), *rational(["-1/8", "1/1024"])]
    same = all(case.value_at(theta + v * t) == case.value_at(theta) for t in steps)
    return same and not any(is_zero(net.gradient(theta + v * t)).all() for t in steps[-2:])


def _check_fibre(case: LossPoint, law: Callable[[bool, bool], bool]) -> Verdict:
    """Not local if a line leads to a gradient; else decided by a curve, the inertia, or the corners of a box."""
    optimal = is_global_minimum(case) if case.loss == ABSOLUTE else bool(is_zero(slope(case)).all())
    moves = case.loss != ABSOLUTE and not optimal and _moves_along_the_fibre(case)
    local = False if moves else optimal or is_local_minimum(case)
    detail = "points of the same loss and non-zero gradient, exactly"
    return verdict(None if local is None else law(bool(local), optimal), detail=detail)


def _fibre_cases() -> Any:
    from hypothesis import strategies as st

    below = squared_points(2, 3, 4, where=lambda case: len(case.kept) < case.bottleneck)()
    return st.one_of(below, with_two_zero_layers()).filter(below_largest_rank)


FIBRE = Claim(
    id="deep_linear.fibre_certificate",
    title="Below the largest rank only optima of f are local minima",
    statement=r"For every differentiable $f$ and all widths, $k = \min_i d_i$: a local minimum $W$ of $f(W_H \cdots "
    r"W_1)$ with $\mathrm{rank}(W_H \cdots W_1) < k$ has $\nabla f(W_H \cdots W_1) = 0$; from every other critical "
    r"point of such a rank a line starts on which the loss is constant and the gradient is not zero.",
    source="lukawaguchi2017, Theorem 2.2, in the form of; laurent2018, the theorem, in the form of; own derivation",
    case_type=LossPoint,
    cases=_fibre_cases,
    law=lambda local, optimal: optimal or not local,
    check=_check_fibre,
    hypotheses=(
        Hypothesis("differentiable", "$f$ is differentiable", lambda case: case.loss != ABSOLUTE),
        Hypothesis("rank", r"$\mathrm{rank}(RX) < k$ ($\mathrm{rank}\,R < k$ for other losses)", below_largest_rank),
    ),
    counterexamples=(
        Counterexample("differentiable", KINK, "absolute loss: a local minimum with R = 0 and f(R) = 1 > 0"),
        Counterexample(
            "rank",
            LossPoint((2, 1, 2), ((1, 0), (0, 1)), ((2, 0), (0, 1)), SQUARED, (2, 0, 1, 0)),
            "the bottleneck's optimum: a global minimum with M != 0",
        ),
    ),
    false_laws={
        "all critical points are optima of f": lambda local, optimal: optimal,
        "none is": lambda local, optimal: not optimal,
    },
    examples=(ORIGIN, BAD, LossPoint((1, 2, 1), ((1,),), ((0,),), SQUARED, (0, 0, 0, 0))),
    uses=("deep_linear.derivatives",),
)


def _check_shallow(case: LossPoint, law: Callable[[bool, bool], bool]) -> Verdict:
    deep, shallow = is_local_minimum(case), is_shallow_minimum(case)
    detail = "exact curves and inertia, of the net and of two layers with the same product"
    return verdict(None if deep is None or shallow is None else law(deep, shallow), detail=detail)


DEEP_TO_SHALLOW = Claim(
    id="deep_linear.deep_to_shallow",
    title="Depth creates no local minima",
    statement=r"For every convex differentiable $f$ and all widths, $k = \min_i d_i$: if $W$ is a local minimum of "
    r"$f(W_H \cdots W_1)$, then $R = W_H \cdots W_1$ is a local minimum of $f$ under $\mathrm{rank}\,R \le k$. "
    r"Checked for squares and weighted squares.",
    source="lukawaguchi2017, Theorem 2.2, in the form of; golikov2019, Theorem 1 (Lu and Kawaguchi, 2017)",
    case_type=LossPoint,
    cases=squared_points(2, 3),
    law=lambda deep, shallow: shallow or not deep,
    check=_check_shallow,
    hypotheses=(
        Hypothesis("differentiable", "$f$ is differentiable", lambda case: case.loss != ABSOLUTE),
        Hypothesis("convex", "$f$ is convex", lambda case: case.loss != DIFFERENCE),
    ),
    counterexamples=(
        Counterexample("differentiable", KINK, "absolute loss: R = 0 is no local minimum of |R_1| + |R_2 - 1|"),
        Counterexample("convex", SADDLE, "R_1^2 - R_2^2: R = 0 is a saddle"),
    ),
    false_laws={
        "every critical point leads to a shallow minimum": lambda deep, shallow: shallow,
        "no critical point does": lambda deep, shallow: not shallow,
        "local minima of the net never do": lambda deep, shallow: not deep or not shallow,
    },
    examples=(ORIGIN, BAD, FITTED, WEIGHTED, DEEPER),
    uses=("deep_linear.local_minima_are_global", "deep_linear.fibre_certificate"),
    deviations="Lu and Kawaguchi assume full row ranks of X and Y; the lecture assumes nothing, rightly.",
)

# -- the shallow problem ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ShallowLaw:
    """Changes of the loss: u_s turned towards u_q (sin^2 of the angle), and P_S Y X^+ + t u_q u_q^T Y X^+ (t)."""

    turn: Callable[[Any, Any, Any], Any]
    grow: Callable[[Any, Any], Any]


def _check_swap(case: CriticalPoint, law: ShallowLaw) -> Verdict:
    """The loss at rotated and at larger projections of Y X^+, literally."""
    _, _, U, best = case.matrices
    s = [*case.singular_values, *[rational([0])[0]] * case.widths[-1]]
    left = [q for q in range(case.widths[-1]) if q not in case.kept]
    kept = U[:, list(case.kept)]
    right = True
    for t in rational(["1/2", "1/64"]):
        for q in left:
            grown = kept @ kept.T @ best + t * np.outer(U[:, q], U[:, q] @ best)
            right &= case.shallow_loss(grown) == case.value + law.grow(s[q], t)
            for k, i in enumerate(case.kept):
                turned = kept.copy()
                turned[:, k] = (U[:, i] * (1 - t * t) + U[:, q] * (2 * t)) / (1 + t * t)
                sine2 = 4 * t * t / (1 + t * t) ** 2
                right &= case.shallow_loss(turned @ turned.T @ best) == case.value + law.turn(s[i], s[q], sine2)
    return verdict(bool(right), detail="the loss along rational rotations and growing projections, exactly")


TRUE_CHANGES = ShallowLaw(lambda s, q, sine2: (s * s - q * q) * sine2, lambda q, t: -q * q * (2 * t - t * t))

SHALLOW = Claim(
    id="deep_linear.shallow_local_minima",
    title="From a critical map of the shallow problem that is not the best one the loss falls",
    statement=r"For all $X, Y$: from $R = P_SYX^+$ turning $u_s$ by the angle $\varphi$ towards $u_q$, $s \in S$, $q "
    r"\notin S$, changes $\|Y - RX\|_F^2$ by $(\sigma_s^2 - \sigma_q^2)\sin^2\varphi$, and adding $t u_qu_q^TYX^+$ "
    r"by $-\sigma_q^2(2t - t^2)$. So no such $R$ is a local minimum under $\mathrm{rank}\,R \le k$ unless it is a "
    r"best approximation of rank $k$, hence a global one.",
    source="lukawaguchi2017, Theorem 2.3, in the form of; golikov2019, Theorem 2; the curves: own derivation",
    case_type=CriticalPoint,
    cases=lambda: critical_points(2, saddles=True)().filter(lambda case: len(case.kept) < case.widths[-1]),
    law=TRUE_CHANGES,
    check=_check_swap,
    false_laws={
        "opposite sign": replace(TRUE_CHANGES, turn=lambda s, q, sine2: (q * q - s * s) * sine2),
        "singular values, not squared": replace(TRUE_CHANGES, turn=lambda s, q, sine2: (s - q) * sine2),
        "growth at first order only": replace(TRUE_CHANGES, grow=lambda q, t: -2 * q * q * t),
    },
    examples=(CriticalPoint((2, 1, 2), (1, 2), (3, 2), 1, (1,) * 8, (1,), (1, 0), 0),),
    uses=("deep_linear.minimum", "deep_linear.two_layers_project"),
    deviations="Weighted squares have bad local minima under a bottleneck: deep_linear.other_losses.",
)

# -- maxima ----------------------------------------------------------------------------------------------------------


def _check_maxima(case: LossPoint, law: Callable[[bool], bool]) -> Verdict:
    if is_zero(rational(case.X)).all():
        constant = case.value_at(case.point) == case.value_at(case.point + rational([1] * len(case.theta)))
        return verdict(law(not constant), detail="X = 0: the loss is constant, every point a local maximum")
    up = ascent_curve(case.net, case.point)
    return verdict(law(follows(case, up) and bool(up.leading > 0)), detail="a line on which the loss rises, exactly")


MAXIMA = Claim(
    id="deep_linear.no_local_maxima",
    title="No critical point is a local maximum",
    statement=r"For all $Y$, widths and $X \ne 0$: from every critical point of $\|Y - W_H \cdots W_1X\|_F^2$ a line "
    r"starts on which the loss rises.",
    source="own derivation (the loss is convex in each layer)",
    case_type=LossPoint,
    cases=squared_points(1, 2, 3, 4, where=lambda case: any(case.d)),
    law=lambda rises: rises,
    check=_check_maxima,
    hypotheses=(Hypothesis("X", r"$X \ne 0$", lambda case: not is_zero(rational(case.X)).all()),),
    counterexamples=(
        Counterexample("X", LossPoint((1, 1, 1), ((0,),), ((1,),), SQUARED, (0, 0)), "X = 0: the loss is constant"),
    ),
    false_laws={"every critical point is a local maximum": lambda rises: not rises},
    examples=(ORIGIN, BAD, FITTED),
    uses=("deep_linear.derivatives",),
)

CLAIMS = (LOCAL, FIBRE, DEEP_TO_SHALLOW, SHALLOW, MAXIMA)
