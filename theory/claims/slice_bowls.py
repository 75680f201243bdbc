"""Bowls: what a slice with a minimum shows of the surface, and which surfaces have such slices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from theory.arithmetic import rational
from theory.calculus.inertia import Inertia, inertia
from theory.claims.claim import Claim, Hypothesis, Verdict, erratum, verdict
from theory.claims.linear_data import Choose, chosen
from theory.claims.slice_convexity import SADDLE, Slice, any_slices

# -- more curvature --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OrderLaw:
    """Differences H' - H for n parameters, and what bowls of H and H' are like."""

    differences: Callable[[int], list[np.ndarray]]
    relation: Callable[[bool, bool], bool]


def _semidefinite(n: int) -> list[np.ndarray]:
    """Of rank one, with a growing eigenvalue, of rank one in general position, of rank n, and 0."""
    a, b, one = np.arange(1, n + 1), (-2) ** np.arange(n), np.eye(n, dtype=int)
    return [np.outer(a, a), np.outer(b, b), *(9 * np.outer(e, e) for e in one), one, np.outer(a, a) + 2 * one, 0 * one]


def _of_positive_trace(n: int) -> list[np.ndarray]:
    """diag(2n, -1, ..., -1)."""
    return [np.diag([2 * n, *[-1] * (n - 1)])]


def _check_order(case: Slice, law: OrderLaw) -> Verdict:
    """H and several H': a bowl of the first slice and of the others."""
    H, D = rational(case.H), rational(case.D)
    matrices = [H, *(H + rational(d) for d in law.differences(len(H)))]
    before, *after = (inertia(D @ S @ D.T).positive == len(D) for S in matrices)
    holds = all(law.relation(before, bowl) for bowl in after)
    return verdict(holds, detail=f"a bowl before: {before}; after: {after}, exactly")


ORDER = Claim(
    id="slice_bowls.order",
    title="More curvature keeps every bowl",
    statement=r"If $H \le H'$ (that is, $H' - H$ is positive semidefinite), then every slice that is a bowl of $H$ is "
    r"one of $H'$; so the probability that a random slice is a bowl does not fall where an eigenvalue grows.",
    source="own derivation",
    case_type=Slice,
    cases=lambda: chosen(any_slices),
    law=OrderLaw(_semidefinite, lambda before, after: after or not before),
    check=_check_order,
    false_laws={
        "a bowl of the larger is one of the smaller": OrderLaw(
            _semidefinite, lambda before, after: before or not after
        ),
        "no slice changes": OrderLaw(_semidefinite, lambda before, after: before == after),
        "every slice becomes a bowl": OrderLaw(_semidefinite, lambda before, after: after),
        "a larger trace is enough": OrderLaw(_of_positive_trace, lambda before, after: after or not before),
    },
    examples=(
        Slice(((0, 0), (0, 1)), ((1, 0), (0, 1))),
        Slice(((-9, 0), (0, -9)), ((1, 0), (0, 1))),
        Slice(((1, 0), (0, 1)), ((1, 0), (0, 1))),
        SADDLE,
    ),
)

# -- what a bowl shows -----------------------------------------------------------------------------------------------


def _check_possible(case: Slice, law: Callable[[np.ndarray, Inertia], bool]) -> Verdict:
    """With two positive eigenvalues a plane in which H is positive definite is found; else none, by the count above.

    The planes tried are all spanned by two vectors with entries -1, 0, 1; where H is positive definite on one, it is on
    all planes nearby: a random plane is a bowl with positive probability.
    """
    H = rational(case.H)
    vectors = [v for v in product((-1, 0, 1), repeat=len(H)) if any(v) and next(x for x in v if x) > 0]
    V = rational(vectors)
    G = V @ H @ V.T
    a = G.diagonal()
    bowl = bool(((a[:, None] > 0) & (a[:, None] * a[None, :] - G * G > 0)).any())
    return verdict(bowl == law(H, case.surface), detail=f"some of {len(V)}^2 planes is a bowl: {bowl}")


def _diagonals(choose: Choose) -> Slice:
    n = choose((2, 3, 4))
    values = [choose((0, 1, -1, 2, -3)) for _ in range(n)]
    return Slice(tuple(tuple(values[i] if i == j else 0 for j in range(n)) for i in range(n)), ((1,) * n,))


def _trace(H: np.ndarray) -> Any:
    return H.trace()


POSSIBLE = Claim(
    id="slice_bowls.what_they_show",
    title="A bowl in two dimensions shows two positive eigenvalues, and nothing else",
    statement=r"Let $H$ be diagonal. Some two-dimensional slice of $x^THx$ is a bowl, and then a random one is with "
    r"positive probability, iff $H$ has at least two positive eigenvalues, whatever its trace and its index.",
    source="own derivation",
    case_type=Slice,
    cases=lambda: chosen(_diagonals),
    law=lambda H, signs: signs.positive >= 2,
    check=_check_possible,
    false_laws={
        "the trace is positive": lambda H, signs: signs.positive >= 2 and _trace(H) > 0,
        "positive curvature dominates": lambda H, signs: signs.positive >= 2 and signs.positive > signs.negative,
        "one positive eigenvalue": lambda H, signs: signs.positive >= 1,
        "no negative eigenvalue": lambda H, signs: signs.negative == 0,
    },
    examples=(
        Slice(((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, -1, 0), (0, 0, 0, -1)), ((1, 0, 0, 0),)),
        Slice(((2, 0), (0, -1)), ((1, 0),)),
        SADDLE,
        Slice(((0, 0), (0, 0)), ((1, 0),)),
    ),
    uses=("slice_convexity.from_slice_to_surface", "slice_bowls.order"),
)

POSSIBLE_ERRATUM = erratum(
    "slice_bowls.mean_curvature",
    "A convex slice does not show a positive mean curvature",
    statement="Printed: convexity of a random plot means that the positive curvatures are dominant, more formally that "
    "the mean curvature, the average eigenvalue, is positive.",
    source="li2018, section 6, in the form of",
    corrects=POSSIBLE,
    printed=lambda H, signs: signs.positive >= 2 and bool(_trace(H) > 0),
    hypotheses=(
        Hypothesis("plot", "the slice is a bowl", lambda case: inertia(case.projected).positive == len(case.D)),
    ),
    witness=Slice(((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, -1, 0), (0, 0, 0, -1)), ((1, 0, 0, 0), (0, 1, 0, 0))),
    deviations="For signature (2, 2) and trace 0 a random slice is a bowl with probability (1 - pi/4)/2 = 0.1073.",
)

CLAIMS = (ORDER, POSSIBLE, POSSIBLE_ERRATUM)
