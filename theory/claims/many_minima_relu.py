"""Local minima of a single ReLU neuron with squared loss: few in samples, many in dimensions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import combinations, product
from typing import Any

import numpy as np

from theory.arithmetic import rational
from theory.calculus.exact_linalg import pinv, rank
from theory.claims.cases import Case, Matrix
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.linear_data import Choose, chosen
from theory.claims.many_minima import HALF, fraction
from theory.critical.many_minima import on_axes, products, relu_cell_bound, strict_relu_minima

# -- ReLU: a bound ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ReluData(Case):
    """Samples of the neuron relu(w.x)."""

    X: Matrix
    y: tuple


def literal_relu_minima(X: np.ndarray, y: np.ndarray) -> list[tuple]:
    """For every set S of at least d samples: least squares by the pseudo-inverse, kept if S is what is active there.

    No cells are enumerated. Where S does not span, the minimum is not strict.
    """
    d, m = X.shape
    found = set()
    for size in range(d, m + 1):
        for S in map(list, combinations(range(m), size)):
            P = pinv(X[:, S].T)
            if (P @ X[:, S].T == rational(np.eye(d, dtype=int))).all():
                w = P @ y[S]
                u = w @ X
                if {i for i in range(m) if u[i] > 0} == set(S) and (u != 0).all():
                    found.add(tuple(map(fraction, w)))
    return sorted(found)


def orthogonal_sum(*parts: ReluData) -> ReluData:
    """The samples of the parts in orthogonal spaces: the loss is the sum of theirs, its minima are the products."""
    sizes = [len(part.y) for part in parts]
    rows = [(sum(sizes[:i]), row, sum(sizes[i + 1 :])) for i, part in enumerate(parts) for row in part.X]
    X = tuple((0,) * before + row + (0,) * after for before, row, after in rows)
    return ReluData(X, sum((part.y for part in parts), ()))


@lru_cache(maxsize=256)
def _counted(case: ReluData) -> tuple[int, bool]:
    """The number of strict minima of the cells, and whether they are the literal ones."""
    X, y = rational(case.X), rational(case.y)
    found = sorted(tuple(map(fraction, w)) for w in strict_relu_minima(X, y))
    return len(found), found == literal_relu_minima(X, y)


def _check_relu(case: ReluData, law: Callable[[int, int, int], bool]) -> Verdict:
    number, same = _counted(case)
    return verdict(same and bool(law(number, len(case.y), len(case.X))), detail="all cells, exactly")


def _relu_case(choose: Choose) -> ReluData:
    d = choose((1, 2, 2, 3))
    m = choose(range(1, 6 if d < 3 else 5))
    columns = [[choose((1, -1, 2, -2, 3, 0, -3)) for _ in range(d)] for _ in range(m)]
    columns = [c if any(c) else [1] * d for c in columns]
    return ReluData(tuple(zip(*columns, strict=True)), tuple(choose((1, 2, 3, 4, 0, -1, 6)) for _ in range(m)))


FOUR = ReluData(((3, 3, -3, -1), (4, 0, 3, -4)), (3, 2, 3, 2))
FIVE = ReluData(((2, 3, -4, 0, -2), (-2, 1, 1, 3, -2)), (6, 4, 5, 6, 4))
PAIR = ReluData(((1, -1),), (1, 2))

RELU_CELLS = Claim(
    id="many_minima.relu_cells",
    title="ReLU and squared loss: the number of minima is a polynomial in the number of samples",
    statement=r"On $m$ non-zero samples in $\mathbb{R}^d$, $\sum_i (\mathrm{relu}(w \cdot x_i) - y_i)^2$ has at most "
    r"$2 \sum_{k<d} \binom{m-1}{k}$ connected sets of local minima, so for $d = 1$ at most 2; strict local minima at "
    r"smooth points, which are counted here, attain it: 10 for $m = 5$, $d = 2$; for $m = 7$, $d = 3$ there "
    r"can be 20, for $m = 10$, $d = 4$ 100.",
    source="own derivation",
    case_type=ReluData,
    cases=lambda: chosen(_relu_case),
    law=lambda count, m, d: count <= relu_cell_bound(m, d),
    check=_check_relu,
    false_laws={
        "at most 2^d, whatever the number of samples": lambda count, m, d: count <= 2**d,
        "the bound is never attained": lambda count, m, d: count < relu_cell_bound(m, d),
        "at least floor(m/d)^d, as a bounded loss allows": lambda count, m, d: count >= (m // d) ** d,
        "at most one for each sample": lambda count, m, d: count <= m,
        "two for each sample, as in the plane": lambda count, m, d: count <= 2 * m,
        "the bound of dimension three at most": lambda count, m, d: count <= relu_cell_bound(m, min(d, 3)),
        "the bound of one dimension less": lambda count, m, d: count <= relu_cell_bound(m, max(d - 1, 1)),
        "m - 1 planes": lambda count, m, d: count <= relu_cell_bound(max(m - 1, 1), d),
        "half of the bound": lambda count, m, d: 2 * count <= relu_cell_bound(m, d),
    },
    examples=(
        PAIR,
        ReluData(((16, 4, 1),), (HALF, HALF, HALF)),
        FOUR,
        FIVE,
        orthogonal_sum(FIVE, PAIR),
        orthogonal_sum(FOUR, FOUR),
        orthogonal_sum(FIVE, FIVE),
    ),
    deviations="A bounded loss can have floor(m/d)^d minima and more (many_minima.bounded_products), for d = 1 as many "
    "as samples. ReLU with squared loss is unbounded and lies outside that theorem, whose conclusion fails for d = 1.",
)

# -- ReLU: still exponential in the dimension ------------------------------------------------------------------------


@dataclass(frozen=True)
class Pairs(Case):
    """The 2d samples e_k, -e_k with targets (y_k, z_k)."""

    targets: tuple


def _relu_error(X: np.ndarray, y: np.ndarray, w: np.ndarray) -> Any:
    u = w @ X
    e = [max(fraction(v), Fraction(0)) - fraction(t) for v, t in zip(u, y, strict=True)]
    return sum((v * v for v in e), Fraction(0))


def _check_pairs(case: Pairs, law: Callable[[int], int]) -> Verdict:
    """All strict minima against the points with w_k in {y_k, -z_k}, and their literal losses."""
    d = len(case.targets)
    X, y = on_axes([((1, -1), pair) for pair in case.targets])
    found = strict_relu_minima(X, y)
    expected = {tuple(map(fraction, w)) for w in products(*(rational([a, -b]) for a, b in case.targets))}
    same = {tuple(map(fraction, w)) for w in found} == expected
    lost = [sum(Fraction(b if w > 0 else a) ** 2 for w, (a, b) in zip(p, case.targets, strict=True)) for p in found]
    literal = [_relu_error(X, y, p) for p in found] == lost
    return verdict(same and literal and len(found) == law(d), detail="all cells, exactly")


def _pairs_case(choose: Choose) -> Pairs:
    values = (1, 2, 3, HALF, Fraction(1, 3))
    return Pairs(tuple((choose(values), choose(values)) for _ in range(choose((1, 2, 3)))))


RELU_PAIRS = Claim(
    id="many_minima.relu_two_to_the_d",
    title="ReLU: 2d samples with 2^d strict minima",
    statement=r"On the samples $(e_k, y_k)$, $(-e_k, z_k)$, $k = 1, ..., d$, with all targets positive, $\sum_i "
    r"(\mathrm{relu}(w \cdot x_i) - y_i)^2$ has exactly $2^d$ local minima, the points with $w_k \in \{y_k, -z_k\}$; "
    r"all are strict, and the loss there is the sum of the squares of the other targets.",
    source="own derivation",
    case_type=Pairs,
    cases=lambda: chosen(_pairs_case),
    law=lambda d: 2**d,
    check=_check_pairs,
    hypotheses=(
        Hypothesis("positive", "all $y_k, z_k > 0$", lambda case: all(v > 0 for pair in case.targets for v in pair)),
    ),
    counterexamples=(
        Counterexample("positive", Pairs(((1, -1),)), "z = -1: E(w) = w^2 - 2w + 2 for w > 0, (w - 1)^2 + 1 for w < 0"),
        Counterexample("positive", Pairs(((1, 2), (3, 0))), "z_2 = 0: along w_2 < 0 the loss falls to the kink and on"),
    ),
    false_laws={
        "one for each sample": lambda d: 2 * d,
        "one for each axis, and one more": lambda d: d + 1,
        "d^2 - d + 2": lambda d: d * d - d + 2,
    },
    examples=tuple(Pairs(((1, 2), (3, 1), (HALF, 1), (2, 2))[:d]) for d in (1, 2, 3, 4)),
    uses=("many_minima.relu_cells",),
)


@dataclass(frozen=True)
class Blocks(Case):
    """The same plane data on ``count`` orthogonal planes."""

    X: Matrix
    y: tuple
    count: int

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """X (2 count, m count) and y."""
        X = np.kron(np.eye(self.count, dtype=int), np.array(self.X, object))
        return rational(X), rational(np.tile(np.array(self.y, object), self.count))


def _check_blocks(case: Blocks, law: Callable[[int, int], int]) -> Verdict:
    """Every product of literal minima of one plane is a strict minimum on all of them: smooth, critical, spanning."""
    X, y = case.data()
    plane = literal_relu_minima(rational(case.X), rational(case.y))
    W = rational([sum(points, ()) for points in product(plane, repeat=case.count)])
    U = W @ X
    active = np.array(U > 0, bool)
    critical = bool((((U - y) * active) @ X.T == 0).all() and (U != 0).all())
    spanning = all(rank(X[:, a]) == len(X) for a in active)
    return verdict(critical and spanning and len(W) == law(len(case.y), case.count), detail="every minimum, exactly")


RELU_BLOCKS = Claim(
    id="many_minima.relu_blocks",
    title="ReLU: more strict minima than 2^d from 2d samples",
    statement=r"For even $d$ there are $2d$ samples in $\mathbb{R}^d$ with $6^{d/2}$ strict local minima of $\sum_i "
    r"(\mathrm{relu}(w \cdot x_i) - y_i)^2$, and $5d/2$ samples with $10^{d/2}$: orthogonal copies of 4 samples in the "
    r"plane with 6, and of 5 samples with 10, one in each cell.",
    source="own derivation",
    case_type=Blocks,
    cases=(*(Blocks(FOUR.X, FOUR.y, k) for k in (1, 2, 3)), *(Blocks(FIVE.X, FIVE.y, k) for k in (1, 2))),
    law=lambda m, count: {4: 6, 5: 10}[m] ** count,
    check=_check_blocks,
    false_laws={
        "2^d": lambda m, count: 4**count,
        "one for each sample": lambda m, count: m * count,
        "one in each cell of the plane, also for 4 samples": lambda m, count: (2 * m) ** count,
    },
    uses=("many_minima.relu_cells",),
)

CLAIMS = (RELU_CELLS, RELU_PAIRS, RELU_BLOCKS)
