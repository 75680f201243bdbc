"""Deciding local minimality is hard: subset sums and stable sets as minima, on all small instances."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import combinations, combinations_with_replacement, product
from typing import Any

import numpy as np

from theory.arithmetic import rational
from theory.claims.cases import Case
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.many_minima import fraction
from theory.hardness.murty_kabadi import (
    box_minimum,
    is_copositive,
    local_minimality_program,
    origin_is_local_minimum,
    quartic,
    simplex_minimum,
    stability_matrix,
    stability_number,
    subset_sum,
)

# -- subset sum ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SubsetSum(Case):
    """Positive integers and a target."""

    d: tuple
    s: int


@lru_cache(1024)
def least_on_faces(d: tuple, s: int) -> Fraction:
    """min (d.x - s)^2 + sum x_i (1 - x_i) on the box from all 3^n faces: every point where the free slopes vanish.

    On a face with free set F, 2 d_i (d.x - s) + 1 - 2 x_i = 0 for i in F gives x_i = 1/2 + d_i r with the residual
    r = d.x - s, so r (1 - sum_F d_i^2) = sum_F d_i / 2 + sum_ones d_i - s.
    """
    values = []
    for face in product((0, 1, None), repeat=len(d)):
        free = [i for i, x in enumerate(face) if x is None]
        fixed = sum(v for v, x in zip(d, face, strict=True) if x == 1) - s
        factor, right = 1 - sum(d[i] ** 2 for i in free), Fraction(sum(d[i] for i in free), 2) + fixed
        if free and factor == 0:
            continue  # one free d_i = 1: f is linear along the edge
        r = right / factor if free else right
        x = [Fraction(1, 2) + d[i] * r if v is None else Fraction(v) for i, v in enumerate(face)]
        if all(0 <= v <= 1 for v in x):
            residual = sum((a * b for a, b in zip(d, x, strict=True)), Fraction(-s))
            values.append(residual**2 + sum(v * (1 - v) for v in x))
    return min(values)


def reachable(d: tuple, s: int) -> bool:
    """Whether s is the sum of some of the d_i: the sums are built one item after the other."""
    sums = {0}
    for v in d:
        sums |= {t + v for t in sums}
    return s in sums


def gap(D: int) -> Fraction:
    """The least positive minimum over all instances with the largest number D."""
    return Fraction(4 * D - 5, 4 * (D * D - 1)) if D > 1 else Fraction(1)


def least_gap(D: int) -> Fraction:
    """The minimum of the instance with the one number D and the target 1, or 2 for D = 1."""
    return least_on_faces((D,), 1 if D > 1 else 2)


def _check_box(case: SubsetSum, law: Callable[[int], Fraction]) -> Verdict:
    """The law bounds the minimum, and is no smaller than that of an instance with one number."""
    value, least, D = box_minimum(case.d, case.s)[0], least_on_faces(case.d, case.s), max(case.d)
    solvable = reachable(case.d, case.s)
    same = fraction(value) == least and solvable == (subset_sum(case.d, case.s) is not None)
    bounded = least == 0 if solvable else least >= law(D) > 0
    return verdict(same and bounded and law(D) == least_gap(D), detail="all faces of the box, exactly")


_SMALL = (d for n in (1, 2, 3) for d in combinations_with_replacement(range(1, 5), n))
_INSTANCES = (
    *(SubsetSum(d, s) for d in _SMALL for s in range(-1, sum(d) + 2)),
    SubsetSum((3, 5, 7), 11),
    SubsetSum((2, 4, 6, 9), 14),
    SubsetSum((2, 4, 6, 9), 15),
    SubsetSum((20,), 1),
    SubsetSum((7, 20), 19),
)

BOX = Claim(
    id="hardness.subset_sum_in_a_box",
    title="Subset sum as the global minimum of a quadratic function on a box",
    statement=r"For positive integers $d_i$, $D = \max_i d_i$ and an integer $s$, $\min_{x \in [0, 1]^n} (d \cdot x - "
    r"s)^2 + \sum_i x_i (1 - x_i)$ is $0$ if $s$ is the sum of some $d_i$, and otherwise at least $\frac{4 D - 5}{4 "
    r"(D^2 - 1)}$, or $1$ for $D = 1$; for each $D$ this is attained. All instances with up to three $d_i \le 4$ and "
    r"$-1 \le s \le 1 + \sum_i d_i$; also $(3, 5, 7)$, $(2, 4, 6, 9)$, $(20)$ and $(7, 20)$.",
    source="murtykabadi1987, the reduction from subset sum, in the form of; the bound: own derivation",
    case_type=SubsetSum,
    cases=_INSTANCES,
    exhaustive=True,
    law=gap,
    check=_check_box,
    deviations="The proof of the bound for all instances is in theory.hardness.murty_kabadi.",
    false_laws={
        "1, as at 0-1 points": lambda D: Fraction(1),
        "always 0": lambda D: Fraction(0),
        "1/4 for all numbers above 1": lambda D: Fraction(1, 4) if D > 1 else Fraction(1),
        "3/(4 D^2), which is not attained": lambda D: Fraction(3, 4 * D * D),
        "numerator 4D - 4": lambda D: Fraction(1, D + 1) if D > 1 else Fraction(1),
        "numerator 4D - 6": lambda D: Fraction(4 * D - 6, 4 * (D * D - 1)) if D > 1 else Fraction(1),
        "the next numerator below, 3 mod 4": lambda D: Fraction(4 * D - 9, 4 * (D * D - 1)) if D > 2 else gap(D),
        "D^2 in place of D^2 - 1": lambda D: Fraction(4 * D - 5, 4 * D * D) if D > 1 else Fraction(1),
        "(4D - 5)/(4 (D^2 - 1)) at D = 1 read as 0": lambda D: gap(D) if D > 1 else Fraction(0),
    },
)


def _check_program(case: SubsetSum, law: Callable[[int], Fraction]) -> Verdict:
    """F on the cone is t^2 (4 D^2 f(x/t) - shift), and the least f on the faces decides, for this and smaller shifts.

    A larger shift is too large: the law is attained by an instance with one number.
    """
    D, n, shift = max(case.d), len(case.d), law(max(case.d))
    least = 4 * D * D * least_on_faces(case.d, case.s)
    Q = local_minimality_program(case.d, case.s)
    point = box_minimum(case.d, case.s)[1]
    same = all(
        fraction(z @ Q @ z) == _literal_program(case, [fraction(v) for v in z[:n]], fraction(z[n]))
        for z in (np.append(point, rational([1])), rational([Fraction(i, 3) for i in range(1, n + 2)]))
    )
    code = origin_is_local_minimum(case.d, case.s) == (least >= 1)
    decides = 1 <= shift and all((least >= t) == (not reachable(case.d, case.s)) for t in (shift, 1, shift / 1000))
    largest = 4 * D * D * least_gap(D) == shift
    return verdict(same and code and decides and largest, detail="all faces, exactly")


def _literal_program(case: SubsetSum, x: list[Fraction], t: Fraction) -> Fraction:
    """F(x, t) with the shift 1, term by term."""
    e = sum((a * b for a, b in zip(case.d, x, strict=True)), -case.s * t)
    return 4 * max(case.d) ** 2 * (e * e + sum(v * (t - v) for v in x)) - t * t


PROGRAM = Claim(
    id="hardness.local_minimality",
    title="To decide whether the origin is a local minimum of a quadratic program is to decide a subset sum",
    statement=r"For positive integers $d_i$, $D = \max_i d_i$ and an integer $s$: the origin is a local minimum of $4 "
    r"D^2 ((d \cdot x - s t)^2 + \sum_i x_i (t - x_i)) - t^2$ on the cone $0 \le x_i \le t$ iff $s$ is no sum of some "
    r"$d_i$. So deciding local minimality is co-NP-hard. With $-\kappa t^2$ in place of $-t^2$ this holds for all "
    r"instances with this $D$ iff $0 < \kappa \le D^2 \frac{4 D - 5}{D^2 - 1}$ ($\le 4$ for $D = 1$). The instances of "
    r"hardness.subset_sum_in_a_box.",
    source="murtykabadi1987, the theorem on local minima, in the form of; this program: own derivation",
    case_type=SubsetSum,
    cases=_INSTANCES,
    exhaustive=True,
    law=lambda D: 4 * D * D * gap(D),
    check=_check_program,
    false_laws={
        "without the shift": lambda D: Fraction(0),
        "minus the shift": lambda D: Fraction(-1),
        "no shift above 1": lambda D: Fraction(1),
        "no shift above 3": lambda D: Fraction(3),
        "no shift above 4, the bound for D = 2": lambda D: Fraction(4),
        "the shift 12": lambda D: Fraction(12),
        "4 D^2/(D + 1), the next larger numerator": lambda D: Fraction(4 * D * D, D + 1) if D > 1 else Fraction(4),
        "4 D - 5": lambda D: Fraction(4 * D - 5) if D > 1 else Fraction(4),
    },
    uses=("hardness.subset_sum_in_a_box",),
    deviations="Murty and Kabadi reduce to another quadratic program (minimise x^T D x, x >= 0) and call the "
    "complement NP-complete: that a point is not a local minimum. That subset sum is NP-complete is not verified here.",
)

# -- stable sets -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Graph(Case):
    """A graph on n vertices, and gamma."""

    n: int
    edges: tuple
    gamma: Any

    def adjacency(self) -> np.ndarray:
        A = np.zeros((self.n, self.n), int)
        for i, j in self.edges:
            A[i, j] = A[j, i] = 1
        return A


def largest_stable_sets(case: Graph) -> list[tuple[int, ...]]:
    """All stable sets of the largest size, from all subsets."""
    stable = [
        part
        for k in range(1, case.n + 1)
        for part in combinations(range(case.n), k)
        if not any(set(e) <= set(part) for e in case.edges)
    ]
    return [part for part in stable if len(part) == len(stable[-1])]


def _check_stable(case: Graph, law: Callable[[Any, int], Any]) -> Verdict:
    """The least value on the simplex; at the 0-1 vectors u of the largest stable sets, literally, the sign."""
    A, gamma = case.adjacency(), rational([case.gamma])[0]
    M = stability_matrix(A, gamma)
    value, point = simplex_minimum(M)
    sets = largest_stable_sets(case)
    alpha = len(sets[0])
    u = np.zeros((len(sets), case.n), int)
    for row, part in zip(u, sets, strict=True):
        row[list(part)] = 1
    literal = [sum(M[i, j] for i in part for j in part) for part in sets]
    attained = bool((point @ M @ point == value) and (quartic(M, u) == literal).all())
    attained = attained and all(v == alpha * (gamma - alpha) for v in literal)
    expected = rational([law(Fraction(case.gamma), alpha)])[0]
    copositive = is_copositive(M) == bool(expected >= 0)
    same = attained and copositive and stability_number(A) == alpha
    return verdict(same and bool(value == expected), detail="all supports, exactly")


def _graphs() -> tuple[Graph, ...]:
    cases = []
    for n in (1, 2, 3, 4):
        pairs = tuple(combinations(range(n), 2))
        graphs = (edges for k in range(len(pairs) + 1) for edges in combinations(pairs, k))
        cases += [Graph(n, edges, gamma) for edges in graphs for gamma in (0, Fraction(1, 2), 1, 2, Fraction(5, 2))]
    return tuple(cases)


_CYCLE = tuple((i, (i + 1) % 5) for i in range(5))

COPOSITIVE = Claim(
    id="hardness.stable_sets_are_minima",
    title="To decide whether the origin is a local minimum of a quartic is to bound a stability number",
    statement=r"For a graph with adjacency matrix $A$ and stability number $\alpha$, and $\gamma \ge 0$, the least "
    r"value of $x^T M x$, $M = \gamma (I + A) - J$, on the simplex is $\gamma / \alpha - 1$. So the origin is a local "
    r"minimum of $\sum_{ij} M_{ij} u_i^2 u_j^2$ iff $\gamma \ge \alpha$. All graphs on up to 4 vertices with $\gamma "
    r"= 0, 1/2, 1, 2, 5/2$; also the cycle of 5.",
    source="motzkinstraus1965, Theorem 1, in the form of",
    case_type=Graph,
    cases=(*_graphs(), *(Graph(5, _CYCLE, gamma) for gamma in (Fraction(3, 2), 2, Fraction(7, 3)))),
    exhaustive=True,
    law=lambda gamma, alpha: gamma / alpha - 1,
    check=_check_stable,
    hypotheses=(Hypothesis("gamma", r"$\gamma \ge 0$", lambda case: case.gamma >= 0),),
    counterexamples=(
        Counterexample("gamma", Graph(2, (), -1), "M = -I - J: the least value -2 is at a vertex, not at (1/2, 1/2)"),
    ),
    false_laws={
        "the largest value for cliques, not the least": lambda gamma, alpha: gamma * (1 - Fraction(1, alpha)) - 1,
        "the least diagonal entry": lambda gamma, alpha: gamma - 1,
        "the value at a 0-1 vector": lambda gamma, alpha: alpha * (gamma - alpha),
        "gamma below 1 counts as 1": lambda gamma, alpha: max(gamma, 1) / Fraction(alpha) - 1,
    },
    uses=("hardness.local_minimality",),
    deviations="At gamma = alpha the origin is a local minimum, not a strict one (for the cycle of 5 the Horn matrix).",
)

CLAIMS = (BOX, PROGRAM, COPOSITIVE)
