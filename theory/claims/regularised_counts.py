"""Regularised deep linear nets on one sample: how many critical points there are over the complex numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import comb

import numpy as np

from theory.arithmetic import rational
from theory.calculus.exact_linalg import rational_matrix
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, erratum, verdict
from theory.claims.penalised import Penalised, all_minors_nonzero, all_positive, isotropic, kappa, penalised, simple

# -- one sample, two layers --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CountLaw:
    """Numbers of complex critical points from (d, p): all, and those without a zero weight."""

    total: Callable[[int, int], int]
    torus: Callable[[int, int], int]


def strata(d: int, p: int) -> int:
    """sum_r 4^r C(d, r) C(p, r): r active hidden units, 2^r signs, 2^r C(p, r) solutions for the squares."""
    return sum(4**r * comb(d, r) * comb(p, r) for r in range(d + 1))


def _check_two_layers(case: Penalised, law: CountLaw) -> Verdict:
    algebra, (_, d, p) = case.algebra(), case.widths
    if algebra is None:
        return verdict(False, detail="infinitely many critical points")
    everywhere = 1
    for t in case.gradient()[0].ring.gens:
        everywhere = everywhere * t
    counts = algebra.distinct(), algebra.distinct(everywhere)
    holds = counts == (law.total(d, p), law.torus(d, p))
    return verdict(holds, detail=f"{counts[0]} points, {counts[1]} without zeros")


def _generic(case: Penalised) -> bool:
    """No minor of [M, 1] or of [M; 1/kappa] vanishes, M_ki = 1 / Lambda_2,ki."""
    if not all_positive(case) or any(entry == 0 for entry in kappa(case)):
        return False
    k, M = kappa(case), 1 / rational(case.Lambda[1])
    one = rational(np.ones((len(M), 1), int))
    return all_minors_nonzero(np.hstack([M, one])) and all_minors_nonzero(np.vstack([M, 1 / k]))


def _one_sample(*widths: int, x: tuple, y: tuple, Lambda: tuple) -> Penalised:
    return Penalised(widths, tuple((v,) for v in x), tuple((v,) for v in y), Lambda)


def _torus(d: int, p: int) -> int:
    return 4**d * comb(p, d)


TWO_LAYERS = Claim(
    id="regularised.two_layer_count",
    title="One sample, two layers: how many complex critical points",
    statement=r"For $\Lambda_{i,ab} > 0$ let $M_{ki} = 1/\Lambda_{2,ki}$ and $\kappa_i = \sum_j x_j^2/\Lambda_{1,ij}$. "
    r"If no minor of $[M, \mathbf 1]$ or $[M; \kappa^{-1}]$ vanishes, $x$ and $y$ have no zero entry and all critical "
    r"points are nondegenerate, then $\|y - W_2W_1x\|^2 + \sum_i \langle\Lambda_i, W_i \circ W_i\rangle$ with $d$ "
    r"hidden units and $p$ outputs has $\sum_r 4^r \binom dr \binom pr$ complex critical points, whatever $d_0$; "
    r"$4^d \binom pd$ of them have no zero weight. Checked for $dp \le 4$.",
    source="bharadwajhosten2023, Table 3.1, whose counts it gives; the formula: own derivation",
    case_type=Penalised,
    cases=penalised((1, 1, 1), (1, 2, 1), (2, 1, 1), (1, 1, 2), (2, 1, 2)),
    law=CountLaw(strata, _torus),
    check=_check_two_layers,
    hypotheses=(
        Hypothesis(
            "generic penalties",
            r"$\Lambda_{i,ab} > 0$, no minor of $[M, \mathbf 1]$ or $[M; \kappa^{-1}]$ vanishes",
            _generic,
        ),
        Hypothesis(
            "nonzero data",
            r"all $x_j \ne 0$ and $y_k \ne 0$",
            lambda case: all(v != 0 for rows in (case.X, case.Y) for row in rows for v in row),
        ),
        Hypothesis("nondegenerate", r"$\det \nabla^2 L \ne 0$ at all complex critical points", simple),
    ),
    counterexamples=(
        Counterexample(
            "generic penalties",
            _one_sample(1, 1, 2, x=(1,), y=(1, 2), Lambda=(((1,),), ((1,), (1,)))),
            "equal penalties of both outputs: 5 points instead of 9",
        ),
        Counterexample(
            "nonzero data",
            _one_sample(2, 1, 1, x=(1, 0), y=(2,), Lambda=(((1, 2),), ((1,),))),
            "x_2 = 0: no critical point without a zero weight",
        ),
        Counterexample(
            "nondegenerate",
            _one_sample(1, 1, 1, x=(1,), y=(1,), Lambda=isotropic((1, 1, 1), 1, 1)),
            "x^2 y^2 = Lambda_1 Lambda_2: two points fall into the origin",
        ),
    ),
    false_laws={
        "the printed bounds (1 + 4p)^d and (4p)^d": CountLaw(lambda d, p: (1 + 4 * p) ** d, lambda d, p: (4 * p) ** d),
        "all units active, and the origin": CountLaw(lambda d, p: 1 + _torus(d, p), _torus),
        "2^r solutions instead of 2^r C(p, r)": CountLaw(
            lambda d, p: sum(4**r * comb(d, r) for r in range(min(d, p) + 1)), _torus
        ),
    },
    examples=(
        _one_sample(1, 2, 2, x=(1,), y=(2, 3), Lambda=(((1,), (2,)), ((1, 5), (3, 2)))),
        _one_sample(1, 3, 1, x=(2,), y=(1,), Lambda=(((1,), (2,), (5,)), ((1, 3, 4),))),
        _one_sample(1, 1, 3, x=(1,), y=(1, -1, 2), Lambda=(((2,),), ((1,), (3,), (7,)))),
    ),
    uses=("deep_linear.derivatives",),
    deviations="The literature has generic penalties and numerical counts; here genericity is a condition on minors. "
    "Under it no solution tends to infinity as the data vary, so the count with multiplicity is constant.",
)

# -- one sample, chains and three layers -------------------------------------------------------------------------------


def _check_total(case: Penalised, law: Callable[[tuple], int]) -> Verdict:
    algebra = case.algebra()
    if algebra is None:
        return verdict(False, detail="infinitely many critical points")
    return verdict(algebra.distinct() == law(case.widths), detail=f"{algebra.distinct()} complex critical points")


def chain_count(widths: tuple) -> int:
    """1 + 2^H (H - 1) p."""
    H = len(widths) - 1
    return 1 + 2**H * (H - 1) * widths[-1]


_SCALAR = Penalised((1, 1, 1, 1), ((1,),), ((2,),), isotropic((1, 1, 1, 1), 1, 2, 3))
_DEGENERATE = Penalised((1, 1, 1, 1), ((1,),), ((4,),), isotropic((1, 1, 1, 1), 3, 3, 3))

CHAINS = Claim(
    id="regularised.chain_count",
    title="One sample, hidden layers of width one: how many complex critical points",
    statement=r"For widths $(d_0, 1, \dots, 1, p)$, $H \ge 2$, one sample $x \ne 0$ and positive penalties, distinct "
    r"for the $p$ outputs: if all critical points of $\|y - W_H \cdots W_1x\|^2 + \sum_i \langle\Lambda_i, W_i \circ "
    r"W_i\rangle$ are nondegenerate, there are $1 + 2^H(H-1)p$ over the complex numbers. Checked for $H \le 4$, "
    r"$p \le 2$.",
    source="bharadwajhosten2023, Tables 3.1 and 3.2, whose counts it gives; the formula: own derivation",
    case_type=Penalised,
    cases=penalised((1, 1, 1), (1, 1, 2), (2, 1, 1), (2, 1, 2), (1, 1, 1, 1)),
    law=chain_count,
    check=_check_total,
    hypotheses=(
        Hypothesis("positive", r"all $\Lambda_{i,ab} > 0$", all_positive),
        Hypothesis("input", r"$x \ne 0$", lambda case: any(v != 0 for row in case.X for v in row)),
        Hypothesis(
            "distinct outputs",
            r"$\Lambda_{H,k}$ distinct",
            lambda case: len({Fraction(row[0]) for row in case.Lambda[-1]}) == case.widths[-1],
        ),
        Hypothesis("nondegenerate", r"$\det \nabla^2 L \ne 0$ at all complex critical points", simple),
    ),
    counterexamples=(
        Counterexample(
            "positive",
            Penalised((1, 1, 1), ((1,),), ((1,),), isotropic((1, 1, 1), 1, 0)),
            "no penalty on the second layer: the origin alone",
        ),
        Counterexample(
            "input", Penalised((1, 1, 1), ((0,),), ((1,),), isotropic((1, 1, 1), 1, 2)), "x = 0: the origin alone"
        ),
        Counterexample(
            "distinct outputs",
            _one_sample(1, 1, 2, x=(1,), y=(1, 2), Lambda=(((1,),), ((1,), (1,)))),
            "equal penalties of both outputs: 5 points instead of 9",
        ),
        Counterexample("nondegenerate", _DEGENERATE, "saddles and minima meet at (+-1, +-1, +-1)"),
    ),
    false_laws={
        "without the origin": lambda widths: chain_count(widths) - 1,
        "independent of p": lambda widths: chain_count((*widths[:-1], 1)),
        "2^{H-1} sign patterns too few": lambda widths: 1 + (chain_count(widths) - 1) // 2,
    },
    examples=(
        _SCALAR,
        _one_sample(2, 1, 1, 1, x=(1, 2), y=(3,), Lambda=(((1, 2),), ((3,),), ((4,),))),
        Penalised((1, 1, 1, 1, 1), ((1,),), ((2,),), isotropic((1,) * 5, 1, 2, 3, 4)),
        _one_sample(1, 1, 1, 2, x=(2,), y=(1, 3), Lambda=(((1,),), ((2,),), ((1,), (3,)))),
    ),
    uses=("deep_linear.derivatives",),
)

TABLE_ERRATUM = erratum(
    "regularised.printed_complex_count",
    "The scalar net with three layers has 17 complex critical points, not 16",
    statement=r"Printed: for one sample and generic penalties the net of widths $(1, 1, 1, 1)$ has $N_{\mathbb C} = "
    "16$ critical points.",
    source="bharadwajhosten2023, Table 3.2, row 1 (numbering of the first author's thesis)",
    corrects=CHAINS,
    printed=lambda widths: chain_count(widths) - 1,
    witness=_SCALAR,
    hypotheses=CHAINS.hypotheses,
    deviations="The origin is missing: the signs of pairs of layers move all other points, four at a time, so the "
    "count is 1 modulo 4 (regularised.parity).",
)


def _borders(case: Penalised) -> bool:
    """No minor of [M, Lambda_3^T] or [M; 1/kappa] vanishes, M_ji = 1 / Lambda_2,ji."""
    if not all_positive(case) or any(entry == 0 for entry in kappa(case)):
        return False
    k, M = kappa(case), 1 / rational(case.Lambda[1])
    last = rational(case.Lambda[2]).T
    return all_minors_nonzero(np.hstack([M, last])) and all_minors_nonzero(np.vstack([M, 1 / k]))


def _separate(case: Penalised) -> bool:
    """c != 0 and 256 c != 27 y^4 for all invertible submatrices M_BA, c = kappa_A^{-1} M_BA^{-1} Lambda_3B.

    E^4 + y E^3 + c has a double root iff c^2 (256 c - 27 y^4) = 0.
    """
    k, M, last, y = kappa(case), 1 / rational(case.Lambda[1]), rational(case.Lambda[2])[0], rational(case.Y)[0, 0]
    rows, columns = map(range, M.shape)
    for r in range(1, min(M.shape) + 1):
        for B in combinations(rows, r):
            for A in combinations(columns, r):
                square = rational_matrix(M[np.ix_(B, A)])
                if square.det() == 0:
                    continue
                c = (1 / k[list(A)]) @ np.array(square.solve(rational_matrix(last[list(B)][:, None])).entries(), object)
                if c == 0 or 256 * c == 27 * y**4:
                    return False
    return True


def three_layer_count(widths: tuple) -> int:
    """1 + 4 sum_{r >= 1} 4^r C(d_1, r) C(d_2, r)."""
    _, d1, d2, _ = widths
    return 1 + 4 * (strata(d1, d2) - 1)


THREE_LAYERS = Claim(
    id="regularised.three_layer_count",
    title="One sample, three layers, one output: how many complex critical points",
    statement=r"For $\Lambda_{i,ab} > 0$ let $M_{ji} = 1/\Lambda_{2,ji}$ and $\kappa_i = \sum_j x_j^2/\Lambda_{1,ij}$. "
    r"If no minor of $[M, \Lambda_3^T]$ or $[M; \kappa^{-1}]$ vanishes and $E^4 + yE^3 + c$ has four distinct roots "
    r"for $c = \kappa_A^{-1}M_{BA}^{-1}\Lambda_{3,B}$ and all invertible $M_{BA}$, then $(y - W_3W_2W_1x)^2 + \sum_i "
    r"\langle\Lambda_i, W_i \circ W_i\rangle$ has $1 + 4\sum_{r \ge 1} 4^r \binom{d_1}r \binom{d_2}r$ complex critical "
    r"points. Checked for $d_1d_2 \le 2$.",
    source="bharadwajhosten2023, Table 3.2, whose counts it gives; the formula: own derivation",
    case_type=Penalised,
    cases=penalised((1, 1, 1, 1)),
    law=three_layer_count,
    check=_check_total,
    hypotheses=(
        Hypothesis(
            "generic penalties",
            r"$\Lambda_{i,ab} > 0$, no minor of $[M, \Lambda_3^T]$ or $[M; \kappa^{-1}]$ vanishes",
            _borders,
        ),
        Hypothesis("distinct roots", r"$c(256c - 27y^4) \ne 0$ for all invertible $M_{BA}$", _separate),
    ),
    counterexamples=(
        Counterexample(
            "generic penalties",
            Penalised((1, 2, 1, 1), ((1,),), ((2,),), isotropic((1, 2, 1, 1), 1, 1, 1)),
            "two equal units: infinitely many critical points, an orbit of rotations",
        ),
        Counterexample("distinct roots", _DEGENERATE, "256 c = 27 y^4: 13 points instead of 17"),
    ),
    false_laws={
        "without the origin": lambda widths: three_layer_count(widths) - 1,
        "that of two layers": lambda widths: strata(*widths[1:3]),
        "one active pair of units": lambda widths: 17,
    },
    examples=(
        _one_sample(2, 1, 1, 1, x=(1, 2), y=(3,), Lambda=(((1, 2),), ((3,),), ((4,),))),
        Penalised((1, 2, 1, 1), ((1,),), ((2,),), (((1,), (3,)), ((1, 2),), ((1,),))),
        Penalised((1, 1, 2, 1), ((1,),), ((2,),), (((2,),), ((1,), (3,)), ((1, 5),))),
    ),
    uses=("deep_linear.derivatives",),
    deviations="Active units A, B of the two hidden layers must be equally many; the squares of the weights then solve "
    "two linear systems, the residual E a quartic, and the signs are free.",
)

CLAIMS = (TWO_LAYERS, CHAINS, TABLE_ERRATUM, THREE_LAYERS)
