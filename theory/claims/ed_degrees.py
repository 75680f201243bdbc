"""Weighted distances to matrices of rank one: how many complex critical points, against the plain distance."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np

from theory.arithmetic import arithmetic_of, rational, symbols
from theory.calculus.exact_linalg import rank, symmetric_eigenvalues
from theory.calculus.quotient_algebra import quotient_algebra
from theory.claims.cases import Case, Matrix, composed, matrices
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.penalised import all_minors_nonzero
from theory.definitions import deep_linear as definition
from theory.errors import Degenerate, Undecided


@dataclass(frozen=True)
class RankOneFit(Case):
    """sum_ij weights_ij (R_ij - target_ij)^2 over the matrices R of rank one: the shallow problem of a net q-1-p."""

    weights: Matrix
    target: Matrix

    @property
    def shape(self) -> tuple[int, int]:
        """(p, q)."""
        return len(self.target), len(self.target[0])

    def count(self) -> tuple[int, int] | None:
        """Complex critical points (with multiplicity, distinct), R = 0 left out; None if there are infinitely many."""
        return _count(self)


def fits(*weights: Any) -> Callable[[], Any]:
    """Shapes up to 2x3; equal weights, or entries from those given; small integer targets."""

    @composed
    def cases(draw: Any) -> RankOneFit:
        """Weights and targets from few integers."""
        from hypothesis import strategies as st

        p, q = draw(st.sampled_from(((2, 2), (2, 3), (1, 2), (2, 2))))
        entries = matrices(p, q, st.sampled_from(weights)) if weights else st.just(((2,) * q,) * p)
        return RankOneFit(draw(entries), draw(matrices(p, q, st.sampled_from((1, 2, -3, 5, 0, -1)))))

    return cases


@functools.lru_cache(512)
def _count(case: RankOneFit) -> tuple[int, int] | None:
    """The sum over strata u = (0, ..., 0, 1, *, ..., *) of the shorter factor: R = u v^T for one such u and one v != 0.

    Solutions with v = 0, where w o Y has not full rank, are left out by an unknown z with z (v_1 + 2 v_2 + ...) = 1.
    """
    if case.shape[0] > case.shape[1]:
        case = RankOneFit(tuple(zip(*case.weights, strict=True)), tuple(zip(*case.target, strict=True)))
    total = np.zeros(2, int)
    try:
        for first in range(case.shape[0]):
            equations, v = _equations(case, first)
            zeros, algebra = quotient_algebra([*equations, *v]).distinct(), quotient_algebra(equations)
            if zeros:
                rest = quotient_algebra(_equations(case, first, invert=True)[0])
                if rest.distinct() + zeros != algebra.distinct():
                    raise Undecided("rank_one: a critical point has v_1 + 2 v_2 + ... = 0; choose another target")
                algebra = rest
            total += algebra.dimension, algebra.distinct()
    except Degenerate:
        return None
    return int(total[0]), int(total[1])


def _equations(case: RankOneFit, first: int, invert: bool = False) -> tuple[list[Any], np.ndarray]:
    """(the partial derivatives in u and v of the literal loss, v), with u_first = 1 and zeros before.

    The loss is a weighted sum over the entries of literal losses of scalar nets with layers v_j, u_i. ``invert`` adds
    z (v_1 + 2 v_2 + ...) - 1.
    """
    p, q = case.shape
    u, v, z = symbols(u=p, v=q, z=1)
    kind = arithmetic_of(u)
    w, Y = kind.convert(rational(case.weights)), kind.convert(rational(case.target))
    one, entries = [[kind.fraction(1)]], np.ndindex(p, q)
    L = sum(w[i, j] * definition.loss((1, 1, 1), one, [[Y[i, j]]], [v[j], u[i]]) for i, j in entries)
    known = [(u[i], int(i == first)) for i in range(first + 1)]
    equations = [L.diff(x) for x in (*u, *v)]
    if invert:
        equations.append(z[0] * sum(j * x for j, x in enumerate(v, start=1)) - 1)
    else:
        known.append((z[0], 0))
    return [e.evaluate(known) for e in equations], np.array([x.evaluate(known) for x in v], object)


def generic_count(p: int, q: int) -> int:
    """sum_i (-1)^i (2^{n+1-i} - 1) deg c_i of P^{p-1} x P^{q-1} in its Segre embedding, n = p + q - 2.

    c = (1 + a)^p (1 + b)^q with a^p = b^q = 0; deg c_i = sum_{s+t=i} C(p, s) C(q, t) C(n - i, p - 1 - s).
    """
    n = p + q - 2

    def degree(i: int) -> int:
        shares = ((s, i - s) for s in range(min(i, p - 1) + 1) if i - s <= q - 1)
        return sum(comb(p, s) * comb(q, t) * comb(n - i, p - 1 - s) for s, t in shares)

    return sum((-1) ** i * (2 ** (n + 1 - i) - 1) * degree(i) for i in range(n + 1))


def _check(case: RankOneFit, law: Callable[[int, int], int]) -> Verdict:
    count = case.count()
    if count is None:
        return verdict(False, detail="infinitely many critical points")
    return verdict(count[1] == law(*case.shape), detail=f"{count[1]} complex critical points of rank one")


def _full_rank(case: RankOneFit) -> bool:
    return rank(rational(case.weights) * rational(case.target)) == min(case.shape)


def _simple(case: RankOneFit) -> bool:
    count = case.count()
    return count is not None and count[0] == count[1]


_NINE = RankOneFit(((1, 2, 3), (5, 7, 11), (13, 4, 9)), ((1, 2, -1), (0, 3, 1), (2, 0, -2)))

WEIGHTED = Claim(
    id="rank_one.weighted_count",
    title="A generic weighted square has many more critical points on rank one than the Frobenius one",
    statement=r"If no minor of $w \in \mathbb R^{p \times q}$ vanishes, $w \circ Y$ has full rank and all critical "
    r"points are nondegenerate, then $\sum_{ij} w_{ij}(R_{ij} - Y_{ij})^2$ has on the matrices of rank one "
    r"$\sum_i (-1)^i(2^{n+1-i} - 1)\deg c_i(\mathbb P^{p-1} \times \mathbb P^{q-1})$ complex critical points, "
    r"$n = p + q - 2$: 6 for $2 \times 2$, 10 for $2 \times 3$, 39 for $3 \times 3$, where equal weights give 2, 2, 3.",
    source="draisma2016, Theorem 5.8, in the form of; ottaviani2014, in the form of; the minors: own derivation",
    case_type=RankOneFit,
    cases=fits(1, 2, 3, 5, 7, 11, 13, 17, 19),
    law=generic_count,
    check=_check,
    hypotheses=(
        Hypothesis(
            "generic weights", "no minor of $w$ vanishes", lambda case: all_minors_nonzero(rational(case.weights))
        ),
        Hypothesis("full rank", r"$\mathrm{rank}(w \circ Y) = \min(p, q)$", _full_rank),
        Hypothesis("nondegenerate", "all critical points are simple", _simple),
    ),
    counterexamples=(
        Counterexample(
            "generic weights", RankOneFit(((1, 1), (1, 1)), ((2, 1), (0, 1))), "equal weights: 2 points, by the SVD"
        ),
        Counterexample(
            "full rank", RankOneFit(((1, 2), (3, 1)), ((6, 3), (2, 6))), "5 points: the sixth has gone to R = 0"
        ),
        Counterexample(
            "nondegenerate",
            RankOneFit(((1, 2), (3, 1)), ((0, -3), (-1, 0))),
            "two points of multiplicity 2: 4 distinct",
        ),
    ),
    false_laws={
        "as for the Frobenius distance": min,
        "one for each pair of indices": lambda p, q: p * q,
        "without the Chern classes": lambda p, q: (2 ** (p + q - 1) - 1) * comb(p + q - 2, p - 1),
    },
    examples=(_NINE, RankOneFit(((1, 2, 3), (5, 7, 11)), ((1, 2, -1), (0, 3, 1)))),
)


def _distinct_values(case: RankOneFit) -> bool:
    Y = rational(case.target)
    gram = Y @ Y.T if case.shape[0] <= case.shape[1] else Y.T @ Y
    return all(multiplicity == 1 and value != 0 for value, multiplicity in symmetric_eigenvalues(gram))


FROBENIUS = Claim(
    id="rank_one.frobenius_count",
    title="The Frobenius distance has min(p, q) critical points on rank one",
    statement=r"If $w$ is constant and $Y \in \mathbb R^{p \times q}$ has distinct positive singular values, "
    r"$\sum_{ij} w_{ij}(R_{ij} - Y_{ij})^2$ has $\min(p, q)$ complex critical points on the matrices of rank one: the "
    "terms of the singular value decomposition.",
    source="eckartyoung1936, the theorem; draisma2016, in the form of",
    case_type=RankOneFit,
    cases=fits(),
    law=min,
    check=_check,
    hypotheses=(
        Hypothesis(
            "constant", "all $w_{ij}$ are equal", lambda case: len({x for row in case.weights for x in row}) == 1
        ),
        Hypothesis("distinct singular values", r"$\sigma_1 > \sigma_2 > \dots > 0$", _distinct_values),
    ),
    counterexamples=(
        Counterexample("constant", RankOneFit(((1, 2), (3, 1)), ((1, 3), (1, 9))), "6 critical points instead of 2"),
        Counterexample(
            "distinct singular values",
            RankOneFit(((1, 1), (1, 1)), ((1, 0), (0, 1))),
            "Y = I: a curve of critical points",
        ),
    ),
    false_laws={"max(p, q)": max, "p q": lambda p, q: p * q, "as for generic weights": generic_count},
    examples=(
        RankOneFit(((1,) * 3,) * 3, ((1, 2, -1), (0, 3, 1), (2, 0, -2))),
        RankOneFit(((1,) * 3,) * 2, ((1, 2, -1), (0, 3, 1))),
    ),
)

CLAIMS = (WEIGHTED, FROBENIUS)
