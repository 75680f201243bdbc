"""What the convexity of a slice says of the surface, and what it does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, pairwise, product
from math import prod
from typing import Any

import numpy as np

from theory.arithmetic import RATIONAL as EXACT
from theory.arithmetic import Arithmetic, rational, to_float
from theory.calculus.exact_linalg import rank, rational_matrix
from theory.calculus.inertia import Inertia, inertia
from theory.calculus.negative_direction import negative_direction
from theory.claims.cases import Case, Matrix
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, erratum, verdict
from theory.claims.linear_data import Choose, chosen, rotation

HALF = Fraction(1, 2)


@dataclass(frozen=True)
class Slice(Case):
    """A symmetric H (n, n) and directions, the rows of D (k, n)."""

    H: Matrix
    D: Matrix

    @property
    def surface(self) -> Inertia:
        """The signs of H."""
        return inertia(rational(self.H))

    @property
    def projected(self) -> np.ndarray:
        """D H D^T (k, k), the Hessian of the slice."""
        D = rational(self.D)
        return D @ rational(self.H) @ D.T


def _is_independent(case: Slice) -> bool:
    return rank(rational(case.D)) == len(case.D)


def _is_orthonormal(case: Slice) -> bool:
    D = rational(case.D)
    return bool((D @ D.T == Arithmetic(EXACT).eye(len(D))).all())


def _symmetric(choose: Choose, n: int, entries: tuple = (0, 1, -1, 2)) -> tuple:
    upper = {(i, j): choose(entries) for i in range(n) for j in range(i, n)}
    return tuple(tuple(upper[min(i, j), max(i, j)] for j in range(n)) for i in range(n))


def any_slices(choose: Choose) -> Slice:
    """Any H, or a positive semidefinite one; any directions."""
    n = choose((1, 2, 3, 4))
    k = choose(range(1, min(n, 3) + 1))
    D = tuple(tuple(choose((0, 1, -1, 2)) for _ in range(n)) for _ in range(k))
    H = _symmetric(choose, n)
    if choose((True, False)):
        H = tuple(tuple(map(int, row)) for row in np.array(H) @ np.array(H))
    return Slice(H, D)


def _orthonormal_slices(choose: Choose) -> Slice:
    n = choose((2, 3, 4))
    Q = rotation(n, tuple(choose((0, 1, -1, HALF)) for _ in range(n * (n - 1) // 2)))
    rows = Q[: choose(range(1, n + 1))]
    return Slice(_symmetric(choose, n), tuple(tuple(Fraction(str(x)) for x in row) for row in rows))


# -- from the slice to the surface -----------------------------------------------------------------------------------


def _check_slice(case: Slice, law: Callable[[Inertia, Inertia], bool]) -> Verdict:
    """Exact signs; v^T (D H D^T) v = (D^T v)^T H (D^T v), and D^T v != 0 where the form is not 0 or D has full rank."""
    seen = inertia(case.projected)
    found = negative_direction(case.projected)
    if found:
        v = found[0] @ rational(case.D)
        if v @ rational(case.H) @ v != found[1]:
            return verdict(False, detail="the direction of the slice is none of the surface")
    return verdict(law(seen, case.surface), detail=f"slice {tuple(seen)}, surface {tuple(case.surface)}, exactly")


def _from_slice(slice_: Inertia, surface: Inertia) -> bool:
    no_more = slice_.negative <= surface.negative and slice_.positive <= surface.positive
    return no_more and (slice_.negative + slice_.zero == 0 or surface.negative + surface.zero > 0)


SADDLE = Slice(((1, 0, 0), (0, 1, 0), (0, 0, -1)), ((1, 0, 0), (0, 1, 0)))

NONCONVEX = Claim(
    id="slice_convexity.from_slice_to_surface",
    title="Negative curvature of a slice is negative curvature of the surface",
    statement=r"For every symmetric $H$ and all linearly independent directions, the rows of $D$: $DHD^T$ has at most "
    r"as many negative, and at most as many positive eigenvalues as $H$; and if $DHD^T$ is not positive definite, then "
    r"$H$ is not. If it is, $H$ has as many positive eigenvalues as there are directions, and any number of others.",
    source="lerique2018, Does this capture convexity?; li2018, section 6, in the form of",
    case_type=Slice,
    cases=lambda: chosen(any_slices),
    law=_from_slice,
    check=_check_slice,
    hypotheses=(Hypothesis("independent", "the directions are linearly independent", _is_independent),),
    counterexamples=(
        Counterexample(
            "independent", Slice(((1, 0), (0, 1)), ((1, 0), (1, 0))), "one direction twice: a zero eigenvalue"
        ),
    ),
    false_laws={
        "the converse: a convex slice of a convex surface only": lambda s, H: s.negative > 0 or H.negative == 0,
        "the converse: a nonconvex slice of every nonconvex surface": lambda s, H: (s.negative > 0) == (H.negative > 0),
        "zeros are inherited": lambda s, H: s.zero <= H.zero,
        "more positive than negative eigenvalues": lambda s, H: s.negative + s.zero > 0 or H.positive > H.negative,
        "a bowl shows a minimum": lambda s, H: s.negative + s.zero > 0 or H.negative + H.zero == 0,
    },
    examples=(
        SADDLE,
        Slice(((1, 0), (0, -1)), ((1, 1),)),
        Slice(((1, 0, 0), (0, -1, 0), (0, 0, -1)), ((1, 0, 0),)),
        Slice(((2, 1), (1, 2)), ((1, 0), (1, 1))),
    ),
)


def _below(S: np.ndarray, t: Any) -> int:
    """How many eigenvalues are less than t: the index of S - t."""
    return inertia(S - t * Arithmetic(EXACT).eye(len(S))).negative


def _between(*matrices: np.ndarray) -> np.ndarray:
    """Rationals below, between and above all distinct eigenvalues of the matrices together.

    Eigenvalues in floats only propose them. It is a proof that the counts grow from each to the next, from none to all,
    and that the product of the characteristic polynomials has one distinct root less than there are rationals.
    """
    p = prod(rational_matrix(S).charpoly() for S in matrices)
    distinct = p.degree() - p.gcd(p.derivative()).degree()
    near = np.sort(np.concatenate([np.linalg.eigvalsh(to_float(S)) for S in matrices]))
    wide = np.sort(np.argsort(near[:-1] - near[1:])[: distinct - 1])
    middle = (near[wide] + near[wide + 1]) / 2
    points = rational([Fraction(x) for x in (near[0] - 1, *middle, near[-1] + 1)])
    counts = [sum(_below(S, t) for S in matrices) for t in points]
    growing = all(a < b for a, b in pairwise(counts)) and (counts[0], counts[-1]) == (0, p.degree())
    assert growing and len(points) == distinct + 1, "the floats of small integer matrices are good enough"
    return points


def _check_thresholds(case: Slice, law: Callable[[int, int, int, int], bool]) -> Verdict:
    """Eigenvalues below t are counted at one t in each gap of the eigenvalues of both: between, nothing changes."""
    H, P = rational(case.H), case.projected
    points = _between(H, P)
    for t in points:
        below = _below(P, t), _below(H, t)
        if not law(*below, len(P), len(H)):
            return verdict(False, detail=f"{below[0]} eigenvalues of the slice and {below[1]} of H below {t}")
    return verdict(True, detail=f"all thresholds, by {len(points)} of them, exactly")


POINCARE = Claim(
    id="slice_convexity.poincare",
    title="Curvatures of an orthonormal slice lie between those of the surface",
    statement=r"For symmetric $H$ $(n \times n)$ with eigenvalues $\lambda_1 \le \dots \le \lambda_n$ and $k$ "
    r"orthonormal directions, the rows of $D$: the eigenvalues of $DHD^T$ satisfy $\lambda_i \le \mu_i \le "
    r"\lambda_{n-k+i}$.",
    source="golubvanloan2013, section 8.1, in the form of (interlacing)",
    case_type=Slice,
    cases=lambda: chosen(_orthonormal_slices),
    law=lambda below, of_H, k, n: below <= of_H <= below + n - k,
    check=_check_thresholds,
    hypotheses=(Hypothesis("orthonormal", "$DD^T = I$", _is_orthonormal),),
    counterexamples=(
        Counterexample("orthonormal", Slice(((1,),), ((Fraction(11, 10),),)), "of length 11/10: curvature 1.21, not 1"),
        Counterexample(
            "orthonormal",
            Slice(((1, 0), (0, 1)), ((1, 0), (Fraction(3, 5), Fraction(4, 5)))),
            "of length 1, not orthogonal",
        ),
    ),
    false_laws={
        "the least curvature is seen": lambda below, of_H, k, n: below <= of_H <= below + max(0, n - k - 1),
        "as many below every threshold": lambda below, of_H, k, n: below == of_H,
        "the other way round": lambda below, of_H, k, n: below >= of_H,
        "the same share below": lambda below, of_H, k, n: abs(below * n - of_H * k) <= k,
        "the largest curvature is seen": lambda below, of_H, k, n: (
            below <= of_H <= below + n - k and (of_H < n or below == k) and (below < k or of_H == n)
        ),
        "half of the others may lie below": lambda below, of_H, k, n: below <= of_H and 2 * (of_H - below) <= n - k,
    },
    examples=(
        SADDLE,
        Slice(((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, -1, 0), (0, 0, 0, -1)), ((1, 0, 0, 0), (0, 1, 0, 0))),
        Slice(((2, 1), (1, 2)), ((Fraction(3, 5), Fraction(4, 5)),)),
        Slice(((1, 0, 0), (0, 9, 0), (0, 0, 20)), ((Fraction(3, 5), Fraction(4, 5), 0),)),
    ),
)

# -- convex, and not positive ----------------------------------------------------------------------------------------


def _check_convex(case: Slice, law: Callable[[Inertia], bool]) -> Verdict:
    """Whether x^T H x is convex: all principal minors are at least 0, or two points break the midpoint inequality."""
    H = rational(case.H)
    subsets = [list(s) for size in range(1, len(H) + 1) for s in combinations(range(len(H)), size)]
    convex = all(rational_matrix(H[np.ix_(s, s)]).det() >= 0 for s in subsets)
    found = negative_direction(H)
    if convex:
        grid = rational(list(product((-2, -1, 0, 1, 2), repeat=len(H))))
        broken = ((grid @ H) * grid).sum(-1).min() < 0
    else:  # the midpoint 0 of v and -v lies above the chord
        broken = found is not None and found[0] @ H @ found[0] < 0
    consistent = broken != convex
    return verdict(bool(consistent and law(case.surface) == convex), detail=f"convex: {convex}, exactly")


CONVEX = Claim(
    id="slice_convexity.no_negative_eigenvalue",
    title="Convex means no negative eigenvalue; zeros do not matter",
    statement=r"For symmetric $H$: $x^THx$ is convex iff $H$ has no negative eigenvalue.",
    source="lerique2018, Does this capture convexity?",
    case_type=Slice,
    cases=lambda: chosen(any_slices),
    law=lambda signs: signs.negative == 0,
    check=_check_convex,
    false_laws={
        "no non-positive eigenvalue": lambda signs: signs.negative + signs.zero == 0,
        "some positive eigenvalue": lambda signs: signs.positive > 0,
        "more positive than negative eigenvalues": lambda signs: signs.positive >= signs.negative,
        "no positive eigenvalue": lambda signs: signs.positive == 0,
    },
    examples=(
        Slice(((2, 0), (0, 0)), ((1, 0), (0, 1))),
        SADDLE,
        Slice(((0, 0), (0, 0)), ((1, 0),)),
        Slice(((2, 1), (1, 2)), ((1, 0),)),
    ),
)

CONVEX_ERRATUM = erratum(
    "slice_convexity.non_positive_eigenvalue",
    "A zero eigenvalue is no sign of non-convexity",
    statement=r"Printed: non-convexity $\Longleftrightarrow$ non-positive Hessian eigenvalues, for the projected "
    "surface and for the original one.",
    source="lerique2018, Does this capture convexity?",
    corrects=CONVEX,
    printed=lambda signs: signs.negative + signs.zero == 0,
    witness=Slice(((2, 0), (0, 0)), ((1, 0), (0, 1))),
    deviations="x^2 + 0 y^2 is convex and has a zero eigenvalue. Both equivalences hold with negative for "
    "non-positive, or with not positive definite for not convex.",
)

CLAIMS = (NONCONVEX, POINCARE, CONVEX, CONVEX_ERRATUM)
