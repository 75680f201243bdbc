"""Deep linear nets: what the ranks of partial products say of a saddle: strict or not.

The cases are drawn from the whole critical set of nets with rational singular vectors: any index set, free blocks,
kept vectors of ties, bases; rank-deficient X, zero and tied singular values, d_H > d_0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from theory.arithmetic import is_zero, rational
from theory.calculus.exact_linalg import rank
from theory.claims.claim import Claim, Verdict, erratum, verdict
from theory.claims.linear_data import CriticalPoint, critical_points

# -- pivots ----------------------------------------------------------------------------------------------------------


def pivots(case: CriticalPoint, step: int = 0) -> list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """(C_ij, W_{j-1} ... W_1, S_XY, W_H ... W_{i+1}) for H >= i > j >= 1, multiplied out literally.

    With ``step`` those with i = j + step only.
    """
    W, (X, Y, _, _) = case.layers, case.matrices
    H, d = len(W), case.widths

    def chain(top: int, bottom: int) -> np.ndarray:
        """W_top ... W_bottom, counted from 1; empty: the identity of layer top."""
        out = rational(np.eye(d[bottom - 1], dtype=int))
        for i in range(bottom, top + 1):
            out = W[i - 1] @ out
        return out

    cross = rational(X) @ rational(Y).T
    return [
        (chain(i - 1, j + 1), chain(j - 1, 1), cross, chain(H, i + 1))
        for i in range(2, H + 1)
        for j in range(1, i)
        if step in (0, i - j)
    ]


def keeps_the_largest(case: CriticalPoint) -> bool:
    """Whether R X is a best approximation of its rank."""
    s = case.singular_values
    left = [x for i, x in enumerate(s) if i not in case.kept]
    return all(s[i] >= x for i in case.kept for x in left)


def _rank_of_map(case: CriticalPoint) -> int:
    return rank(case.net.product(case.theta) @ rational(case.matrices[0]))


PivotLaw = Callable[[CriticalPoint], bool]


def strict_by(
    loose: Callable[[Any, Any, Any, Any, int], bool], r: Callable[[CriticalPoint], int] = _rank_of_map
) -> PivotLaw:
    """Negative curvature iff R X is no best approximation of its rank, or a pivot is loose."""
    return lambda case: not keeps_the_largest(case) or any(loose(*blocks, r(case)) for blocks in pivots(case))


def two_blocks(C: Any, left: Any, cross: Any, right: Any, r: int) -> bool:
    """Neither C_ij nor the product of the other three has rank r."""
    return rank(C) > r and rank(left @ cross @ right) > r


def separate(C: Any, left: Any, cross: Any, right: Any, r: int) -> bool:
    """None of the factors has rank r, each taken for itself."""
    return min(rank(C), rank(left), rank(cross), rank(right)) > r


def without_cross(C: Any, left: Any, cross: Any, right: Any, r: int) -> bool:
    """S_XY left out where the shapes allow it."""
    fits = left.shape[1] == right.shape[0]
    return two_blocks(C, left, rational(np.eye(len(right), dtype=int)) if fits else cross, right, r)


def _check_pivots(case: CriticalPoint, law: PivotLaw) -> Verdict:
    critical = is_zero(case.net.gradient(case.theta)).all() and case.net.loss(case.theta) == case.value
    return verdict(critical and law(case) == (case.signs.negative > 0), detail="exact ranks against the exact inertia")


TWO = CriticalPoint((2, 2, 2), (1, 2), (3, 2), 1, (1,) * 8, (1,), (1, 0), 0)
# W_2 = W_3 = 0, W_1 and W_4 uncorrelated: no pivot has two blocks of rank above 0, but all factors of (3, 2) have.
SEPARATED = CriticalPoint((2, 1, 1, 1, 2), (1, 1), (2, 1), 0, (0,) * 8, (), (0, 0), 0, (1, 0, 0, 0, 0, 1))
# X sees the first input alone; the second one reaches the second output, so that rank R = 1 > rank R X = 0.
UNSEEN = CriticalPoint((2, 2, 2), (1, 0), (2, 0), 0, (0,) * 8, (), (0, 0), 0, (0, 1, 0, 0, 0, 0, 1, 0))

PIVOTS = Claim(
    id="deep_linear.pivots",
    title="Two blocks of each pivot tell strict saddles from others",
    statement=r"For all $X, Y$ and widths, at a critical point with $r = \mathrm{rank}(RX)$: the Hessian has a "
    r"negative eigenvalue iff $RX$ is no best approximation of $YX^+X$ of rank $r$, or for some $i > j$ both "
    r"$W_{i-1} \cdots W_{j+1}$ and $W_{j-1} \cdots W_1\,XY^T\,W_H \cdots W_{i+1}$ have rank above $r$.",
    source="achour2024, classification of saddles by pivots, in the form of; for all data: own derivation",
    case_type=CriticalPoint,
    cases=critical_points(2, 3, 4, saddles=True),
    law=strict_by(two_blocks),
    check=_check_pivots,
    false_laws={
        "the ranks of the factors taken apart": strict_by(separate),
        "without X Y^T": strict_by(without_cross),
        "rank R in place of rank R X": strict_by(two_blocks, lambda case: rank(case.net.product(case.theta))),
        "pivots alone": lambda case: any(two_blocks(*blocks, _rank_of_map(case)) for blocks in pivots(case)),
        "the product alone": lambda case: not keeps_the_largest(case),
        "neighbouring layers alone": lambda case: (
            not keeps_the_largest(case)
            or any(two_blocks(*blocks, _rank_of_map(case)) for blocks in pivots(case, step=1))
        ),
        "all pivots in place of one": lambda case: (
            not keeps_the_largest(case) or all(two_blocks(*blocks, _rank_of_map(case)) for blocks in pivots(case))
        ),
        "every saddle of positive rank": lambda case: (
            bool(case.value != case.minimum) and (len(case.widths) == 3 or len(case.kept) > 0)
        ),
    },
    examples=(
        SEPARATED,
        UNSEEN,
        TWO,
        CriticalPoint((2, 1, 2), (1, 1), (2, 1), 0, (0,) * 8, (1,), (0, 0), 0),
        CriticalPoint((2, 1, 1, 2), (1, 1), (2, 0), 0, (0,) * 8, (), (0, 0), 0, (0, 1, 0, 0, 0)),
        CriticalPoint((1, 1, 1, 1), (1,), (1,), 0, (0,) * 8, (), (0, 0), 0, (0, 1, 0)),
        CriticalPoint((2, 2, 2, 2), (1, 1), (2, 1), 0, (0,) * 8, (0,), (0, 0), 0),  # not strict, of rank 1
    ),
    uses=("deep_linear.critical_values", "deep_linear.derivatives"),
    exercises=("linear.pivots",),
    deviations="Achour, Malgouyres and Gerchinovitz assume d_H <= d_0, invertible XX^T, XY^T of full rank and distinct "
    "singular values; nothing of it is needed.",
)

PIVOTS_ERRATUM = erratum(
    "deep_linear.pivots_of_separate_ranks",
    "Tightened is not a matter of separate ranks",
    statement=r"Misread: a pivot is tightened iff one of $W_{i-1} \cdots W_{j+1}$, $W_{j-1} \cdots W_1$, $XY^T$, "
    r"$W_H \cdots W_{i+1}$ has rank $r$.",
    source="achour2024, definition of tightened pivots, with the second block of a pivot read as its factors",
    corrects=PIVOTS,
    printed=strict_by(separate),
    witness=SEPARATED,
    deviations="2-1-1-1-2 with W_2 = W_3 = 0 and W_1 XY^T W_4 = 0: all factors of pivot (3, 2) have rank 1, the saddle "
    "is not strict.",
)

CLAIMS = (PIVOTS, PIVOTS_ERRATUM)
