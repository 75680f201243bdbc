"""The index of H_0 + lambda H_1: when the scaled errors of section 12.3 turn a minimum into a saddle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from theory.arithmetic import flint, rational
from theory.calculus.exact_linalg import null_space
from theory.calculus.inertia import inertia
from theory.calculus.pencils import IndexProfile, index_profile
from theory.claims.cases import Case, Matrix, exact_tuple
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.linear_data import Choose, chosen

GRID = (0, "1/1000000000000", "1/100", "1/3", "1/2", 1, "3/2", 2, 3, 4, 7, 20, 1000000000000)

# -- pairs (H_0, H_1) as matrices --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pencil(Case):
    """Symmetric matrices H_0 and H_1 of the same size."""

    H0: Matrix
    H1: Matrix


@dataclass(frozen=True)
class Gram(Case):
    """H_0 = J J^T, the factor J (n, r) given, and a symmetric H_1."""

    J: Matrix
    H1: Matrix

    @cached_property
    def parts(self) -> tuple[np.ndarray, np.ndarray]:
        """(H_0, H_1)."""
        J = rational(self.J)
        return J @ J.T, rational(self.H1)

    @cached_property
    def profile(self) -> IndexProfile:
        """The exact index of H_0 + lambda H_1."""
        return index_profile(*self.parts)


def _gram(choose: Choose) -> Gram:
    """Sizes 1 to 4 with entries 0, +-1, 2: rank-deficient factors, multiple jumps, kernels in common."""
    n = choose((1, 2, 3, 4, 3))
    r = choose((1, 2, 3))
    J = np.array([[choose((0, 0, 1, -1, 2)) for _ in range(r)] for _ in range(n)], object)
    H1 = np.array([[choose((0, 0, 1, -1, -2)) for _ in range(n)] for _ in range(n)], object)
    H1 = np.tril(H1) + np.tril(H1, -1).T
    return Gram(tuple(map(tuple, J.tolist())), tuple(map(tuple, H1.tolist())))


def grams() -> Any:
    """The strategy of ``Gram``."""
    return chosen(_gram)


def pencils() -> Any:
    """The strategy of ``Pencil``, H_0 positive semidefinite."""
    return chosen(lambda choose: Pencil(*map(exact_tuple, _gram(choose).parts)))


def index_at(H0: np.ndarray, H1: np.ndarray, factor: Any) -> int:
    """The number of negative eigenvalues of H_0 + lambda H_1, from this matrix itself."""
    return inertia(H0 + rational([factor])[0] * H1).negative


IDENTITY = ((1, 0), (0, 1))

# -- monotone --------------------------------------------------------------------------------------------------------


def _check_monotone(case: Pencil, law: Callable[[list[int], int], bool]) -> Verdict:
    """The indices along a fixed grid of lambda, against the index of H_1."""
    H0, H1 = rational(case.H0), rational(case.H1)
    indices = [index_at(H0, H1, factor) for factor in GRID]
    return verdict(law(indices, inertia(H1).negative), detail=f"exact inertia at {len(GRID)} values of lambda")


def _monotone(indices: list[int], limit: int) -> bool:
    return all(i <= j for i, j in pairwise(indices)) and indices[0] == 0 and indices[-1] == limit


MONOTONE = Claim(
    id="hessian_index.monotone",
    title="The index of H_0 + lambda H_1 never falls, and ends at the index of H_1",
    statement=r"Let $H_0 \succeq 0$ and $H_1$ be symmetric. For $\lambda \ge 0$ the number of negative eigenvalues of "
    r"$H_0 + \lambda H_1$ does not decrease, is at most that of $H_1$, and equals it for all large $\lambda$.",
    source="own derivation",
    case_type=Pencil,
    cases=pencils,
    law=_monotone,
    check=_check_monotone,
    hypotheses=(Hypothesis("semidefinite", r"$H_0 \succeq 0$", lambda case: inertia(rational(case.H0)).negative == 0),),
    counterexamples=(
        Counterexample("semidefinite", Pencil(((-1,),), ((1,),)), "-1 + lambda has the index 1, then 0 from 1 on"),
    ),
    false_laws={
        "all eigenvalues become negative": lambda indices, limit: _monotone(indices, max(limit, 2)),
        "the index is that of H_1 from the start": lambda indices, limit: all(i == limit for i in indices[1:]),
        "the index never changes": lambda indices, limit: indices[0] == indices[-1],
    },
    examples=(Pencil(IDENTITY, ((1, 0), (0, -1))), Pencil(IDENTITY, ((-1, 0), (0, -2)))),
    deviations="If v is negative for H_0 + lambda H_1 it is so for H_1, hence for every larger lambda. The book gives "
    "a heuristic argument for large lambda; if H_1 has a negative eigenvalue, the index reaches that of H_1.",
)

# -- where it jumps ----------------------------------------------------------------------------------------------------


def beside(value: Any) -> list[Any]:
    """Rationals closely below and above a jump, and the jump itself where it is rational."""
    lib, gap = flint(), flint().fmpq(1, 2**40)
    if isinstance(value, lib.fmpq):
        return [value * (1 - gap), value, value * (1 + gap)]
    middle = value.mid().fmpq()
    near = [middle * (1 - gap), middle * (1 + gap)]
    assert near[0] < value < near[1]
    return near


def _check_jumps(case: Gram, law: Callable[[IndexProfile, Any], int]) -> Verdict:
    """The law against the inertia of H_0 + lambda H_1 itself: on a grid, on both sides of each jump, and at it."""
    f = case.profile
    points = [*rational(GRID), *(at for jump in f.jumps for at in beside(jump.value))]
    same = all(law(f, at) == index_at(*case.parts, at) for at in points)
    sizes = f.start + sum(jump.size for jump in f.jumps) == f.limit
    real = all(root.imag == 0 for root, _ in f.polynomial.complex_roots())
    return verdict(same and sizes and real, detail=f"exact inertia at {len(points)} values of lambda")


def _by_jumps(f: IndexProfile, at: Any, start: int = 1, size: Callable[[int], int] = int, closed: bool = False) -> int:
    """The index as the sum of the jumps below lambda."""
    past = [jump for jump in f.jumps if jump.value < at or (closed and not jump.value > at)]
    return start * f.start * bool(at > 0) + sum(size(jump.size) for jump in past)


# A double jump at 1 and a simple one at 2 beside one at once: H_0 = diag(1, 1, 4, 0), H_1 = -diag(1, 1, 2, 1).
FOUR = Gram(
    ((1, 0, 0), (0, 1, 0), (0, 0, 2), (0, 0, 0)),
    ((-1, 0, 0, 0), (0, -1, 0, 0), (0, 0, -2, 0), (0, 0, 0, -1)),
)
_TWO_ROOTS = Gram(((1,), (2,)), ((-1, 1), (1, 2)))

JUMPS = Claim(
    id="hessian_index.jumps",
    title="The index jumps at the positive roots of a determinant, by their multiplicities",
    statement=r"Let $H_0 \succeq 0$, $H_1$ symmetric, $K = \ker H_0 \cap \ker H_1$ and $p(\lambda)$ the determinant of "
    r"$H_0 + \lambda H_1$ on a complement of $K$. Then $p \ne 0$ has real roots only, and for $\lambda > 0$ the index "
    r"of $H_0 + \lambda H_1$ is its value for all small $\lambda$ plus the number of roots of $p$ in $(0, \lambda)$, "
    r"with multiplicity; at a jump it still has the smaller value.",
    source="own derivation",
    case_type=Gram,
    cases=grams,
    law=lambda f, at: f(at) if f(at) == _by_jumps(f, at) else None,
    check=_check_jumps,
    false_laws={
        "each root counts once": lambda f, at: _by_jumps(f, at, size=lambda size: 1),
        "the larger value at a jump": lambda f, at: _by_jumps(f, at, closed=True),
        "no negative eigenvalue for small lambda": lambda f, at: _by_jumps(f, at, start=0),
        "the first jump only": lambda f, at: min(_by_jumps(f, at), f.start + 1),
    },
    examples=(FOUR, _TWO_ROOTS, Gram(((0,),), ((0,),)), Gram(((1,), (1,)), ((1, 1), (1, 1)))),
    uses=("hessian_index.monotone",),
    figures=("fig_hessian_index",),
    exercises=("12.5",),
)

# -- at once -----------------------------------------------------------------------------------------------------------


def _check_start(case: Gram, law: Callable[[Any, int], int]) -> Verdict:
    """The law, from the inertia of H_1 on ker H_0 and dim K, against the inertia at two small lambda."""
    H0, H1 = case.parts
    Z, K = null_space(H0), null_space(np.vstack([H0, H1])).shape[1]
    on_kernel = tuple(inertia(Z.T @ H1 @ Z)) if Z.shape[1] else (0, 0, 0)
    jumps = case.profile.jumps
    below = beside(jumps[0].value)[0] if jumps else flint().fmpq(1)
    same = all(index_at(H0, H1, at) == law(on_kernel, K) for at in (below, below / 10**9))
    return verdict(same, detail="exact inertia at two values of lambda below the first jump")


_TWO_OF_SECOND_ORDER = Gram(((1, 0), (0, 1), (0, 0), (0, 0)), ((0, 0, 1, 0), (0, 0, 0, 1), (1, 0, 0, 0), (0, 1, 0, 0)))

START = Claim(
    id="hessian_index.at_once",
    title="How many negative eigenvalues H_0 + lambda H_1 has for every small lambda",
    statement=r"Let $H_0 \succeq 0$, $H_1$ symmetric, $K = \ker H_0 \cap \ker H_1$. For all small $\lambda > 0$ the "
    r"index of $H_0 + \lambda H_1$ is the number of eigenvalues $\le 0$ of $H_1$ compressed to $\ker H_0$, less "
    r"$\dim K$: a vector of $\ker H_0$ that $H_1$ maps to a non-zero vector orthogonal to $\ker H_0$ counts as well.",
    source="own derivation",
    case_type=Gram,
    cases=grams,
    law=lambda signs, K: signs[0] + signs[1] - K,
    check=_check_start,
    false_laws={
        "the negative eigenvalues of H_1 on the kernel alone": lambda signs, K: signs[0],
        "with the common kernel": lambda signs, K: signs[0] + signs[1],
        "at most one by the second order": lambda signs, K: signs[0] + min(signs[1] - K, 1),
        "none": lambda signs, K: 0,
    },
    examples=(FOUR, Gram(((1,), (0,)), ((0, 1), (1, 0))), Gram(((0,),), ((0,),)), _TWO_OF_SECOND_ORDER),
    uses=("hessian_index.jumps",),
    exercises=("12.5",),
    deviations="The book remarks that its argument 'does not rule out saddle points even for very small lambda'; this "
    "is when they are there.",
)

CLAIMS = (MONOTONE, JUMPS, START)
