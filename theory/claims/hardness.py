"""Training is NP-hard: set splitting as the training of three threshold nodes, on all small instances."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Any

import numpy as np

from theory.arithmetic import flint, rational
from theory.claims.cases import Case, Matrix
from theory.claims.claim import Claim, Counterexample, Hypothesis, Status, Verdict, verdict
from theory.claims.linear_data import Choose, chosen
from theory.hardness.blum_rivest import net_of_splitting, splitting, splitting_of_net, three_node_net, training_set

# -- the reduction ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Splitting(Case):
    """Sets over {0, ..., n-1}, and whether the training set contains the gadget."""

    n: int
    sets: tuple
    gadget: bool = True


def families(n: int, sizes: tuple[int, ...]) -> Iterator[tuple]:
    """All families of subsets of these sizes."""
    subsets = [c for size in sizes for c in combinations(range(n), size)]
    return (family for k in range(len(subsets) + 1) for family in combinations(subsets, k))


_ALL = tuple(
    Splitting(n, family)
    for n, sizes in ((1, (1,)), (2, (1, 2)), (3, (1, 2, 3)), (4, (2,)))
    for family in families(n, sizes)
)


def splittable(case: Splitting) -> bool:
    """Whether some part meets every set and misses a point of it: all 0-1 vectors at once, literally."""
    parts = (np.arange(2**case.n)[:, None] >> np.arange(case.n)) % 2
    members = np.array([[i in c for i in range(case.n)] for c in case.sets], int).reshape(-1, case.n)
    inside = parts @ members.T
    return bool(((inside > 0) & (inside < members.sum(1))).all(1).any())


@lru_cache(1024)
def _trained(case: Splitting) -> tuple[bool, bool]:
    """(whether a net is found, whether it fits every literal label and splits the sets)."""
    X, labels = training_set(case.n, case.sets, case.gadget)
    net = three_node_net(X, labels)
    if net is None:
        return False, True
    hidden = [
        [sum(w * x for w, x in zip(row, p, strict=True)) + b > 0 for p in X.T]
        for row, b in zip(net.W, net.b, strict=True)
    ]
    gate = all if net.gate == "and" else any
    fits = all(gate(pair) == label for *pair, label in zip(*hidden, labels, strict=True))
    if net.gate == "or" or any(len(c) == 0 for c in case.sets):
        return True, fits
    part = set(splitting_of_net(case.n, net))
    return True, fits and all(part & set(c) and set(c) - part for c in case.sets)


def _check_reduction(case: Splitting, law: Callable[[bool, Splitting], bool]) -> Verdict:
    trainable, consistent = _trained(case)
    oracle = splittable(case) == (splitting(case.n, case.sets) is not None)
    holds = oracle and consistent and trainable == law(splittable(case), case)
    return verdict(holds, detail="all parts and all covers, by exact linear programs")


_TRIANGLE = ((0, 1), (0, 2), (1, 2))
_FANO = ((0, 1, 2), (0, 3, 4), (0, 5, 6), (1, 3, 5), (1, 4, 6), (2, 3, 6), (2, 4, 5))
_CYCLE = tuple((i, (i + 1) % 5) for i in range(5))

REDUCTION = Claim(
    id="hardness.blum_rivest",
    title="Three threshold nodes can be trained iff the sets can be split",
    statement=r"For non-empty sets over $n$ elements: the training set of the reduction (with its gadget) is fitted by "
    r"some net of two hidden threshold nodes and an output threshold node iff the sets can be split. The first hidden "
    r"half-space of such a net cuts off a part that splits them. All families over up to 3 elements and all graphs on "
    r"4 vertices; also the cycle of 5, and the Fano plane with and without its first line.",
    source="blumrivest1992, the reduction from set splitting, in the form of",
    case_type=Splitting,
    cases=(*_ALL, Splitting(5, _CYCLE), Splitting(7, _FANO), Splitting(7, _FANO[1:])),
    exhaustive=True,
    law=lambda splittable, case: splittable,
    check=_check_reduction,
    hypotheses=(
        Hypothesis("gadget", "the training set contains the gadget", lambda case: case.gadget),
        Hypothesis("non-empty", "no set is empty", lambda case: all(case.sets)),
    ),
    counterexamples=(
        Counterexample(
            "gadget",
            Splitting(3, _TRIANGLE, False),
            "an OR net fits: the origin has sum below 1/2, the sets have sum above 3/2",
        ),
        Counterexample("non-empty", Splitting(1, ((),)), "the empty set adds the origin, which is there already"),
    ),
    false_laws={
        "always trainable": lambda splittable, case: True,
        "trainable iff at most as many sets as elements": lambda splittable, case: len(case.sets) <= case.n,
        "trainable iff no set is a singleton": lambda splittable, case: all(len(c) > 1 for c in case.sets),
    },
)

# -- the net of a splitting ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SplitFamily(Case):
    """A part of {0, ..., n-1} and sets; the net has weight -1 on one side and another one on the other side."""

    n: int
    part: tuple
    sets: tuple


def _split_case(choose: Choose) -> SplitFamily:
    """Sets with an element in the part and one outside; in a tenth of the cases one set is any pair."""
    n = choose(range(2, 9))
    part = sorted({choose(range(n)) for _ in range(choose(range(1, n)))})[: n - 1]
    rest = [i for i in range(n) if i not in part]
    sets = []
    for _ in range(choose(range(5))):
        extra = {choose(range(n)) for _ in range(choose(range(4)))}
        sets.append(tuple(sorted({choose(part), choose(rest), *extra})))
    if choose(range(10)) == 0:
        sets.append(tuple(sorted({choose(range(n)), choose(range(n))})))
    return SplitFamily(n, tuple(part), tuple(sets))


def _check_net(case: SplitFamily, law: Callable[[int], Any]) -> Verdict:
    """The net with -1 on its own side and law(n) on the other, on literal sums; the built one for the true law."""
    weight, half = law(case.n), rational(["1/2"])[0]
    sides = [[-1 if (i in case.part) == own else weight for i in range(case.n)] for own in (True, False)]
    extra = ((1, 1, -1), (-1, -1, 1))
    points = [((), ()), *((c, ()) for c in case.sets), ((), (0, 2)), ((), (1, 2))]
    cut = [*(((i,), ()) for i in range(case.n)), ((), (0,)), ((), (1,)), ((), (2,)), ((), (0, 1, 2))]

    def label(point: tuple) -> bool:
        support, gadget = point
        pairs = zip(sides, extra, strict=True)
        return all(sum(w[i] for i in support) + sum(g[i] for i in gadget) + half > 0 for w, g in pairs)

    X, labels = training_set(case.n, case.sets)
    built = bool((net_of_splitting(case.n, case.part).outputs(X) == labels).all())
    fits = all(map(label, points)) and not any(map(label, cut))
    return verdict(fits and built, detail="every sample, exactly")


NET = Claim(
    id="hardness.net_of_splitting",
    title="A splitting gives small integer weights of the net",
    statement=r"If a part $S$ splits all sets over $n$ elements, the AND of the half-spaces $w_k \cdot x + 1/2 > 0$ "
    r"with $w_1 = -1$ on $S$ and $n$ elsewhere, $w_2 = -1$ off $S$ and $n$ on it, and $\pm(1, 1, -1)$ on the gadget "
    r"fits the training set of the reduction. So trainability has a certificate of polynomial length.",
    source="blumrivest1992, the reduction from set splitting, in the form of; the weights of the gadget: own "
    "derivation",
    case_type=SplitFamily,
    cases=lambda: chosen(_split_case),
    law=lambda n: n,
    check=_check_net,
    hypotheses=(
        Hypothesis(
            "splits",
            "$S$ splits every set",
            lambda case: all(set(c) & set(case.part) and set(c) - set(case.part) for c in case.sets),
        ),
    ),
    counterexamples=(Counterexample("splits", SplitFamily(2, (0, 1), ((0, 1),)), "{0, 1} lies in S: it is cut off"),),
    false_laws={
        "weights -1 and 1": lambda n: 1,
        "weights -1 and n/2": lambda n: n // 2,
        "weights -1 and n - 3": lambda n: n - 3,
    },
    examples=(SplitFamily(2, (0,), ((0, 1),)), SplitFamily(6, (0, 1, 2, 3, 4), ((0, 1, 2, 3, 4, 5),))),
    uses=("hardness.blum_rivest",),
)

CITED = Claim(
    id="hardness.training_is_np_hard",
    title="Training three threshold nodes is NP-complete as a decision problem",
    statement=r"Whether a training set is fitted by two hidden threshold nodes and an output threshold node is "
    r"NP-complete, as set splitting is; so minimising the training loss of such nets is NP-hard.",
    source="blumrivest1992, the theorem; gareyjohnson1979, problem SP4",
    case_type=Splitting,
    cases=(),
    law=None,
    check=_check_reduction,
    status=Status.CITED,
    uses=("hardness.blum_rivest", "hardness.net_of_splitting"),
    deviations="The reduction is verified on small instances; that set splitting is NP-complete is cited. golikov2019 "
    "calls the minimisation itself NP-complete: it is no decision problem, so NP-hard is what holds.",
)

# -- black-box optimisation ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Queries(Case):
    """Points at which loss and gradient are asked, and another point."""

    points: Matrix
    other: tuple


def adversary(points: np.ndarray, other: np.ndarray, start: np.ndarray, axis: int) -> Any:
    """t -> P (P - 2 h) at start + t e_axis as an ``fmpq_poly``, P(v) = prod_q |v - q|^2 and h = P(other)."""
    line = flint().fmpq_poly

    def product(v: np.ndarray, along: int) -> Any:
        out = line([1])
        for q in points:
            out *= line([((v - q) ** 2).sum(), 2 * (v - q)[axis], 1]) if along else line([((v - q) ** 2).sum()])
        return out

    P, h = product(start, 1), product(other, 0)
    return P * (P - 2 * h)


def _check_black_box(case: Queries, law: Callable[[bool, bool], bool]) -> Verdict:
    """The zero loss and the adversary: the same values and slopes where it was asked? the same least value?

    P (P - 2h) = (P - h)^2 - h^2 >= -h^2, attained at the other point.
    """
    points, other = rational(case.points), rational(case.other)
    axes = range(points.shape[1])
    same_answers = all(f[0] == 0 and f[1] == 0 for q in points for f in (adversary(points, other, q, i) for i in axes))
    f = adversary(points, other, other, 0)
    least = f[0]  # -h^2 with h = P(other)
    return verdict(law(bool(same_answers), bool(least >= 0)) and bool(f[1] == 0), detail="two polynomials, exactly")


def _queries(choose: Choose) -> Queries:
    d, k = choose((1, 2, 3)), choose((1, 2, 3, 4))
    values = (0, 1, -1, 2, -2, 3)
    points = tuple(tuple(choose(values) for _ in range(d)) for _ in range(k))
    return Queries(points, tuple(choose((5, 4, *values)) for _ in range(d)))


BLACK_BOX = Claim(
    id="hardness.black_box",
    title="No finite number of values and gradients certifies a global minimum",
    statement=r"For all finite $Q \subset \mathbb{R}^d$ and $w \notin Q$ there are two polynomials with the same "
    r"values and gradients at all points of $Q$, one with least value 0, attained on $Q$, the other with a negative "
    r"one: $0$ and $P(P - 2P(w))$ with $P(v) = \prod_{q \in Q} |v - q|^2$.",
    source="golikov2019, Global black-box optimization; own derivation",
    case_type=Queries,
    cases=lambda: chosen(_queries),
    law=lambda same_answers, same_minimum: same_answers and not same_minimum,
    check=_check_black_box,
    hypotheses=(Hypothesis("not asked", r"$w \notin Q$", lambda case: case.other not in case.points),),
    counterexamples=(
        Counterexample("not asked", Queries(((1, 0),), (1, 0)), "the adversary is P^2, with least value 0"),
    ),
    false_laws={
        "the answers determine the least value": lambda same_answers, same_minimum: not same_answers or same_minimum,
        "the answers tell the two apart": lambda same_answers, same_minimum: not same_answers,
    },
    examples=(Queries(((0,),), (1,)), Queries(((0, 0), (1, 0), (0, 2)), (1, 1))),
    deviations="The lecture calls black-box optimisation NP-complete. A search problem without explicit instances "
    "has no place in NP; for explicit losses global optimisation is NP-hard, and Murty and Kabadi prove that to tell "
    "that a point of a quadratic program is not a local minimum is NP-complete (hardness.local_minimality).",
)

CLAIMS = (REDUCTION, NET, CITED, BLACK_BOX)
