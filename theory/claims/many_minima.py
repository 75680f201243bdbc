"""Exponentially many local minima of a single neuron with a bounded loss, exactly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from theory.arithmetic import rational
from theory.claims.cases import Case
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.linear_data import Choose, chosen
from theory.critical.many_minima import blocks_of, clip_minima, geometric_inputs, on_axes, products

HALF = Fraction(1, 2)


def fraction(v: Any) -> Fraction:
    """The Fraction of an exact rational."""
    return Fraction(int(v.p), int(v.q))


# -- the clip neuron on the line -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Clip(Case):
    """n samples r^(n-i) with targets 1/2."""

    n: int
    ratio: Any


def clip_error(x: list[Fraction], w: Fraction) -> Fraction:
    """sum_i (min(max(w x_i, 0), 1) - 1/2)^2, literally."""
    return sum(((min(max(w * v, Fraction(0)), Fraction(1)) - HALF) ** 2 for v in x), Fraction(0))


def parabola_vertices(x: list[Fraction]) -> list[tuple[Fraction, Fraction]]:
    """(w, E(w)) of all strict local minima, from three values of E on each piece: E is a parabola there.

    A kink is a strict minimum where the parabolas fall towards it on both sides.
    """
    ends = [Fraction(0), *sorted(1 / v for v in x)]
    ends = [ends[0] - 1, *ends, ends[-1] + 1]
    found, slopes = [], []
    for lo, hi in pairwise(ends):
        h = (hi - lo) / 2
        left, middle, right = (clip_error(x, lo + k * h) for k in range(3))
        bend = left - 2 * middle + right
        at_lo, at_hi = (-3 * left + 4 * middle - right) / 2, (left - 4 * middle + 3 * right) / 2
        slopes.append((at_lo, at_hi))
        if at_lo < 0 < at_hi:
            w = lo + h * (-at_lo / bend)
            found.append((w, clip_error(x, w)))
    for w, (before, after) in zip(ends[1:-1], pairwise(slopes), strict=True):
        if before[1] < 0 < after[0]:
            found.append((w, clip_error(x, w)))
    return sorted(found)


def _check_clip(case: Clip, law: Callable[[int], int]) -> Verdict:
    """The strict minima, and that the first one alone is global; the pieces from literal values."""
    x = geometric_inputs(case.n, case.ratio)
    bottoms = clip_minima(x, [HALF] * case.n)
    strict = [(fraction(m.lo), fraction(m.value)) for m in bottoms if m.is_strict]
    literal = parabola_vertices([fraction(v) for v in x])
    values = [value for _, value in literal]
    one_global = values.count(min(values)) == 1 and values[0] == min(values) and len(bottoms) == len(strict)
    return verdict(strict == literal and one_global and len(strict) == law(case.n), detail="all pieces, exactly")


def _clip_case(choose: Choose) -> Clip:
    return Clip(choose(range(1, 7)), choose((3, 4, Fraction(5, 2), Fraction(21, 10), 7, 100)))


CLIP = Claim(
    id="many_minima.clip_neuron",
    title="A clip neuron with one weight can have as many strict minima as samples",
    statement=r"Let $\phi(u) = \min(\max(u, 0), 1)$, $x_i = r^{n-i}$ with $r > 2$ and $y_i = 1/2$. Then $\sum_i "
    r"(\phi(w x_i) - y_i)^2$ has exactly $n$ strict local minima, and no other valleys; only the one nearest to 0 is "
    r"global.",
    source="auer1996, minima of a single neuron with a bounded loss, in the form of; this neuron: own derivation",
    case_type=Clip,
    cases=lambda: chosen(_clip_case),
    law=lambda n: n,
    check=_check_clip,
    hypotheses=(Hypothesis("ratio", "$r > 2$", lambda case: rational([case.ratio])[0] > 2),),
    counterexamples=(
        Counterexample("ratio", Clip(3, 2), "x = (4, 2, 1): the last parabola has its vertex on the kink, 2 minima"),
    ),
    false_laws={
        "one minimum, as for a convex loss": lambda n: 1,
        "one minimum less than samples": lambda n: n - 1,
        "one more than samples": lambda n: n + 1,
    },
    examples=(Clip(1, 4), Clip(3, 4), Clip(2, Fraction(21, 10))),
)

# -- products over the axes ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Axes(Case):
    """n samples, spread over d axes."""

    n: int
    d: int


def clip_errors(X: np.ndarray, w: np.ndarray) -> np.ndarray:
    """sum_i (clip(w.x_i) - 1/2)^2 in Fractions at points w (..., d), literally."""
    return _clip_terms(w @ X).sum(-1)


_fractions = np.frompyfunc(fraction, 1, 1)
_clip_terms = np.frompyfunc(lambda u: (min(max(u, Fraction(0)), Fraction(1)) - HALF) ** 2, 1, 1)


def _check_axes(case: Axes, law: Callable[[int, int], int]) -> Verdict:
    """The loss is a sum over the axes, and each product point lies at the vertex of a parabola along each of them."""
    sizes = blocks_of(case.n, case.d)
    X, _ = on_axes([(geometric_inputs(size), [HALF] * size) for size in sizes])
    axes = [[m.lo for m in clip_minima(geometric_inputs(size), [HALF] * size) if m.is_strict] for size in sizes]
    X, W = _fractions(X), _fractions(products(*axes))
    zero, steps = np.full(case.d, Fraction(0)), np.diag([Fraction(1, 10**6)] * case.d)
    values = clip_errors(X, W)
    alone = clip_errors(X, W[:, None] * np.eye(case.d, dtype=int))  # (N, d): w_k e_k
    additive = bool((values == alone.sum(-1) - (case.d - 1) * clip_errors(X, zero)).all())
    up, down = (clip_errors(X, W[:, None] + sign * steps) for sign in (1, -1))
    strict = bool((up == down).all() and (up > values[:, None]).all())
    one_global = int((values == values.min()).sum()) == 1
    holds = additive and strict and one_global and len({tuple(w) for w in W}) == law(case.n, case.d)
    return verdict(holds, detail="every minimum, exactly")


AXES = Claim(
    id="many_minima.bounded_products",
    title="Bounded losses: the number of strict minima grows exponentially in the dimension",
    statement=r"For all $n \ge d \ge 1$ there are $n$ samples in $\mathbb{R}^d$ on which the clip neuron has at least "
    r"$\lfloor n/d \rfloor^d$ strict local minima: with $n_1, ..., n_d$ geometric inputs on the axes, as equal as "
    r"possible, there are exactly $n_1 \cdots n_d$, and only one of them is global.",
    source="auer1996, the theorem on floor(n/d)^d minima, in the form of",
    case_type=Axes,
    cases=tuple(Axes(n, d) for n in range(1, 8) for d in range(1, min(n, 4) + 1)),
    law=lambda n, d: (n // d + 1) ** (n % d) * (n // d) ** (d - n % d),
    check=_check_axes,
    false_laws={
        "exactly the lower bound": lambda n, d: (n // d) ** d,
        "one for each sample": lambda n, d: n,
        "n samples on every axis": lambda n, d: n**d,
    },
    uses=("many_minima.clip_neuron",),
    deviations="The bound is printed for a class of losses with bounded range; with d not a divisor of n this choice "
    "has more minima than it. Exact for the clip neuron; the logistic neuron is many_minima.logistic_neuron.",
)

CLAIMS = (CLIP, AXES)
