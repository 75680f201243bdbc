"""Deep linear nets: the inertia of the Hessian at every critical point, from ranks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from theory.arithmetic import rational
from theory.calculus.exact_linalg import rank
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.linear_data import CriticalPoint, critical_points
from theory.critical.deep_linear.ranks import disjoint_pairs, ranks_at

TWO = CriticalPoint((2, 2, 2), (1, 2), (3, 2), 1, (1,) * 8, (1,), (1, 0), 0)


def _counts(case: CriticalPoint, pairs: Callable[[Any], int], joins: Callable[[Any], int]) -> tuple[int, int, int]:
    """(n-, n0, n+) with these numbers of pairs and joins."""
    ranks = ranks_at(case.net, case.theta)
    negative = ranks.swaps + pairs(ranks)
    positive = ranks.r * (ranks.inputs + case.widths[-1] - ranks.r) - ranks.swaps - ranks.ties
    positive += pairs(ranks) + joins(ranks)
    return negative, case.net.dim - negative - positive, positive


def _check_inertia(case: CriticalPoint, law: Callable[[CriticalPoint], tuple[int, int, int]]) -> Verdict:
    return verdict(law(case) == tuple(case.signs), detail="ranks against the exact inertia of the Hessian")


# Two strings through the gradient: one misses the second layer, the other the first, and each covers the other's gap.
CROSSED = CriticalPoint((2, 1, 1, 2), (1, 1), (2, 1), 0, (0,) * 8, (), (0, 0), 0, (1, 0, 0, 0, 1))

INERTIA = Claim(
    id="deep_linear.inertia",
    title="The inertia at every critical point, from ranks alone",
    statement=r"For all $X, Y$ and widths, at every critical point, $M = \nabla f(R)$, the numbers of negative and "
    r"positive eigenvalues are $n_- = s + p$ and $n_+ = r(\mathrm{rank}\,X + d_H - r) - s - t + p + q$. Here $s$ and "
    r"$t$ count the $(\sigma, \sigma')$, $\sigma$ kept, $\sigma'$ left out, with $\sigma' > \sigma$ and $\sigma' = "
    r"\sigma$; with $n_{ij} = \mathrm{rank}(W_{j-1} \cdots W_1M^TW_H \cdots W_{i+1})$ for $i > j$, else 0, and "
    r"$\mu_{ij} = n_{ij} - n_{i-1,j} - n_{i,j+1} + n_{i-1,j+1}$, $p = \sum_{i>j}\mu_{ij}(\mathrm{rank}(W_{i-1} \cdots "
    r"W_{j+1}) - r) - \sum_{i \le l}\mu_{ij}\mu_{kl}$; and $q = \sum_b (F_b - F_{b+1})(G_{b+1} - r)$ with $F_b = "
    r"\mathrm{rank}(W_b \cdots W_1X) - \mathrm{rank}(W_b \cdots W_1M^T)$ and $G_a = \mathrm{rank}(W_H \cdots W_{a+1}) "
    r"- \mathrm{rank}(M^TW_H \cdots W_{a+1})$.",
    source="own derivation (theory.critical.deep_linear.ranks)",
    case_type=CriticalPoint,
    cases=critical_points(2, 3, 4, saddles=True),
    law=lambda case: tuple(ranks_at(case.net, case.theta).inertia),
    check=_check_inertia,
    false_laws={
        "without pairs": lambda case: _counts(case, lambda ranks: 0, lambda ranks: ranks.joins),
        "without joins": lambda case: _counts(case, lambda ranks: ranks.pairs, lambda ranks: 0),
        "two strings that cover each other's gaps counted twice": lambda case: _counts(
            case, lambda ranks: ranks.pairs + disjoint_pairs(ranks.gaps), lambda ranks: ranks.joins
        ),
        "as with the largest rank": lambda case: _counts(case, lambda ranks: 0, lambda ranks: 0),
        "ties count as positive": lambda case: _counts(
            case, lambda ranks: ranks.pairs, lambda ranks: ranks.joins + ranks.ties
        ),
    },
    examples=(
        CROSSED,
        TWO,
        CriticalPoint((2, 3, 2), (1, 0), (1, 1), 0, (0,) * 8, (0,), (0, 0), 5),
        CriticalPoint((1, 1, 1), (1,), (0,), 0, (0,) * 8, (), (0, 0), 0, (1, 0)),  # a string that could be joined
        CriticalPoint((2, 1, 2), (1, 1), (1, 1), 0, (0,) * 8, (1,), (0, 0), 0),  # a tie
        CriticalPoint((2, 2), (1, 2), (3, 2), 1, (1,) * 8, (0, 1), (1, 0), 0),  # one layer
    ),
    uses=("deep_linear.pivots", "deep_linear.derivatives"),
)


def pure_inertia(case: CriticalPoint, swaps: Callable[[Any, Any], bool] = lambda s, q: q > s) -> tuple[int, int, int]:
    """The counts at points with rank(R X) = k."""
    s, k = case.singular_values, len(case.kept)
    s = [*s, *[rational([0])[0]] * (case.widths[-1] - len(s))]
    left = [x for i, x in enumerate(s) if i not in case.kept]
    negative = sum(swaps(s[i], x) for i in case.kept for x in left)
    ties = sum(s[i] == x for i in case.kept for x in left)
    positive = k * (sum(d != 0 for d in case.d) + case.widths[-1] - k) - negative - ties
    return negative, case.net.dim - negative - positive, positive


def _at_most_one(case: CriticalPoint) -> tuple[int, int, int]:
    negative, zero, positive = pure_inertia(case)
    return min(negative, 1), zero + max(negative - 1, 0), positive


def _largest_rank(case: CriticalPoint) -> int:
    return min(sum(d != 0 for d in case.d), *case.widths[1:])


PURE = Claim(
    id="deep_linear.inertia_of_largest_rank",
    title="Points of the largest rank: the index counts swaps",
    statement=r"For all $X, Y$ and widths, at a critical point with $\mathrm{rank}(RX) = k$: $n_- = \#\{s \in S, q "
    r"\notin S: \sigma_q > \sigma_s\}$, and $n_+ = k(\mathrm{rank}\,X + d_H - k) - n_- - \#\{\sigma_q = \sigma_s\}$.",
    source="baldihornik1989, Fact 4, in the form of (which points are saddles); the counts: own derivation",
    case_type=CriticalPoint,
    cases=lambda: critical_points(2, 3)().filter(lambda case: len(case.kept) == _largest_rank(case)),
    law=pure_inertia,
    check=_check_inertia,
    hypotheses=(
        Hypothesis("largest rank", r"$\mathrm{rank}(RX) = k$", lambda case: len(case.kept) == _largest_rank(case)),
    ),
    counterexamples=(
        Counterexample(
            "largest rank",
            CriticalPoint((1, 1, 1), (1,), (1,), 0, (0,) * 8, (), (0, 0), 0),
            "w_2 w_1 = 1 at the origin: a strict saddle without swaps",
        ),
    ),
    false_laws={
        "ties count as swaps": lambda case: pure_inertia(case, lambda s, q: q >= s),
        "one negative eigenvalue at most": lambda case: _at_most_one(case),
        "d_0 in place of rank X": lambda case: pure_inertia(replace(case, d=(1,) * len(case.d))),
    },
    examples=(
        CriticalPoint((3, 1, 3), (1, 1, 1), (3, 2, 1), 0, (0,) * 8, (2,), (0, 0), 0),
        CriticalPoint((2, 1, 2), (1, 0), (2, 0), 0, (0,) * 8, (0,), (0, 0), 0),
        CriticalPoint((2, 1, 2), (1, 2), (3, 2), 1, (1,) * 8, (1,), (1, 0), 0),
        CriticalPoint((2, 1, 2), (1, 1), (1, 1), 0, (0,) * 8, (0,), (0, 0), 0),
    ),
    uses=("deep_linear.inertia",),
)


def bare_inertia(case: CriticalPoint, depth: int = 2) -> tuple[int, int, int]:
    """The counts without free blocks: those of a shallow problem, and (d_1 - r) #left pairs for two layers."""
    negative, _, positive = pure_inertia(case)
    left = sum(s > 0 for i, s in enumerate(case.singular_values) if i not in case.kept)
    pairs = (case.widths[1] - len(case.kept)) * left if len(case.widths) - 1 <= depth else 0
    return negative + pairs, case.net.dim - negative - positive - 2 * pairs, positive + pairs


BARE = Claim(
    id="deep_linear.inertia_without_free_blocks",
    title="Without free blocks: two layers add a pair for each unused unit, more layers add nothing",
    statement=r"For all $X, Y$, widths and $H \ge 2$, at a critical point of rank $r$ whose free blocks vanish (each "
    r"layer has rank $r$), the numbers of negative and positive eigenvalues are those of the shallow problem at "
    r"$P_SYX^+$, both larger by $(d_1 - r)\#\{q \notin S: \sigma_q > 0\}$ for $H = 2$ and by nothing for $H \ge 3$.",
    source="own derivation",
    case_type=CriticalPoint,
    cases=lambda: critical_points(2, 3, 4, saddles=True)().map(lambda case: replace(case, seed=0)),
    law=bare_inertia,
    check=_check_inertia,
    hypotheses=(
        Hypothesis("bare", "all layers have the rank $r$", lambda c: {rank(W) for W in c.layers} == {len(c.kept)}),
    ),
    counterexamples=(
        Counterexample(
            "bare",
            CriticalPoint((1, 1, 1, 1), (1,), (1,), 0, (0,) * 8, (), (0, 0), 0, (0, 1, 0)),
            "w_2 = 1 alone: inertia (1, 1, 1)",
        ),
    ),
    false_laws={
        "more layers like two": lambda case: bare_inertia(case, depth=4),
        "nothing for two layers": lambda case: bare_inertia(case, depth=1),
    },
    examples=(
        CriticalPoint((1, 1, 1), (1,), (1,), 0, (0,) * 8, (), (0, 0), 0),
        CriticalPoint((1, 1, 1, 1), (1,), (1,), 0, (0,) * 8, (), (0, 0), 0),
    ),
    uses=("deep_linear.inertia",),
)

CLAIMS = (INERTIA, PURE, BARE)
