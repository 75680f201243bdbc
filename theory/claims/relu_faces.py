"""A single ReLU neuron relu(w.x) in R^d: which points are local minima, and how many connected sets of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from math import comb
from typing import Any

import numpy as np

from theory.arithmetic import is_zero, rational
from theory.calculus.arrangement import arrangement
from theory.calculus.cones import cells
from theory.calculus.exact_linalg import null_space, rank
from theory.calculus.inertia import inertia
from theory.claims.cases import Case, exact_tuple
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.linear_data import Choose, chosen
from theory.claims.relu_data import STRICT_KINK, ConeData, ConePoint, cone_data, cone_points, drawn
from theory.critical.relu_faces import local_minima
from theory.models.relu_neuron import ReluNeuron

# -- the first-order test --------------------------------------------------------------------------------------------


def _check_first_order(case: ConePoint, law: Callable[[list[Any], list[Any]], bool]) -> Verdict:
    """The slopes on the rays of the arrangement, and on the span of the face of w, against Farkas' lemma."""
    X, _ = case.arrays()
    A = arrangement(X)
    u, _ = case.errors()
    span = null_space(X[:, u == 0].T).T if (u == 0).any() else rational(np.eye(len(X), dtype=int))
    on_rays = [case.slope(A.lift @ ray) for ray in A.rays]
    on_span = [case.slope(s * d) for d in span for s in (1, -1)]
    return verdict(law(on_rays, on_span) == case.is_minimum(), detail="slopes against Farkas' lemma, exactly")


FIRST_ORDER = Claim(
    id="relu_faces.first_order",
    title="Rays decide whether a point is a local minimum",
    statement=r"Let $D(d) = \sum_{x_i \cdot w > 0} e_i\, x_i \cdot d + \sum_{x_i \cdot w = 0} e_i\, \mathrm{relu}(x_i "
    r"\cdot d)$ with the errors $e_i$ of $\mathrm{relu}(w \cdot x)$ at $w$: then $w$ is a local minimum of the mean "
    r"squared error iff $D \ge 0$ on the rays of the arrangement of all $x_i$ and $D = 0$ on the span $\{d : x_i \cdot "
    r"d = 0 \text{ wherever } x_i \cdot w = 0\}$ of the face of $w$.",
    source="own derivation",
    case_type=ConePoint,
    cases=cone_points,
    law=lambda on_rays, on_span: all(x >= 0 for x in on_rays) and all(x == 0 for x in on_span),
    check=_check_first_order,
    false_laws={
        "stationary on its face": lambda on_rays, on_span: all(x == 0 for x in on_span),
        "stationary in every direction": lambda on_rays, on_span: all(x == 0 for x in (*on_rays, *on_span)),
    },
    examples=(
        STRICT_KINK,
        ConePoint(((1, 0), (0, 1)), (1, 1), (1, 0)),
        ConePoint(((1, 0), (0, 1)), (1, -1), (1, 0)),
        ConePoint(((1, 1), (1, 1)), (1, 0), (-1, 1)),
        ConePoint(((0,), (0,)), (1,), (1, 2)),
    ),
)

# -- how many --------------------------------------------------------------------------------------------------------


def _check_number(case: ConeData, law: Callable[[int, int, int], bool]) -> Verdict:
    """The number of sets; that no cell touches two of them; and that each is a set of local minima."""
    X, _ = case.arrays()
    minima = local_minima(case.X, case.y)
    seen = X[:, ~is_zero(X).all(0)]
    signs = np.array([f.signs for f in minima])[:, ~is_zero(X).all(0)]
    patterns = np.where(cells(seen), 1, -1) if seen.shape[1] else np.zeros((1, 0), int)
    touches = ((signs[:, None] == 0) | (signs[:, None] == patterns)).all(-1)
    apart = bool((touches.sum(0) <= 1).all()) and bool(touches.any(1).all())
    genuine = all(ConePoint(case.X, case.y, exact_tuple(np.array(f.w, object))).is_minimum() for f in minima)
    return verdict(law(len(minima), *X.shape) and apart and genuine, detail="sets and cells, exactly")


def _cells(m: int, d: int) -> int:
    return 2 * sum(comb(m - 1, k) for k in range(d))


def _sum(*parts: ConeData) -> ConeData:
    """The samples of the parts in orthogonal spaces: its local minima are the products of theirs."""
    sizes = [len(part.y) for part in parts]
    rows = [(sum(sizes[:i]), row, sum(sizes[i + 1 :])) for i, part in enumerate(parts) for row in part.X]
    X = tuple((0,) * before + row + (0,) * after for before, row, after in rows)
    return ConeData(X, sum((part.y for part in parts), ()))


_SIX, _PAIR, _ONE = (
    ConeData(((-2, 2, -2), (-2, 0, 1)), (1, 1, 3)),
    ConeData(((1, -1),), (1, 2)),
    ConeData(((1,),), (1,)),
)

NUMBER = Claim(
    id="relu_faces.number",
    title="At most one set of local minima in a cell",
    statement=r"For $m$ samples in $\mathbb{R}^d$ the local minima of $\mathrm{relu}(w \cdot x)$ form at most $2 "
    r"\sum_{k < d} \binom{m - 1}{k}$ connected sets, no two of which touch the same cell; for $d = 2$, $m = 3$ all six "
    r"cells can have one, and for $m = d$ all $2^d$.",
    source="own derivation",
    case_type=ConeData,
    cases=cone_data((2, 3), (2, 4), (2, 5), (3, 4), (1, 3), (3, 2)),
    law=lambda number, d, m: number <= _cells(m, d),
    check=_check_number,
    false_laws={
        "half as many": lambda number, d, m: number <= _cells(m, d) // 2,
        "one a sample": lambda number, d, m: number <= m,
        "two a sample, as in the plane": lambda number, d, m: number <= 2 * m,
        "the bound of dimension three at most": lambda number, d, m: number <= _cells(m, min(d, 3)),
        "the bound of dimension four at most": lambda number, d, m: number <= _cells(m, min(d, 4)),
        "the bound of one dimension less": lambda number, d, m: number <= _cells(m, max(d - 1, 1)),
        "m - 1 planes": lambda number, d, m: number <= _cells(max(m - 1, 1), d),
        "never all cells": lambda number, d, m: number < _cells(m, d),
    },
    examples=(
        _SIX,
        _sum(_ONE, _ONE, _ONE),
        _sum(_ONE, _ONE, _ONE, _ONE, _ONE),
        _sum(_SIX, _PAIR),
        _sum(_SIX, _SIX),
        ConeData(((0, 0), (0, 0)), (1, 2)),
        ConeData(((1, -1, 2), (2, -2, 4)), (1, 1, 3)),
    ),
    uses=(FIRST_ORDER.id,),
)

# -- kinks -----------------------------------------------------------------------------------------------------------


def _kink_points() -> Any:
    """Local minima, on kinks where there are such; seldom other weights."""

    def build(choose: Choose) -> ConePoint:
        data = drawn(choose, (2, 2), (2, 3), (2, 4), (3, 3))
        minima = local_minima(data.X, data.y)
        best = choose([f for f in minima if 0 in f.signs] or minima)
        w = exact_tuple(np.array(best.w, object)) if choose((True,) * 9 + (False,)) else (1,) * len(data.X)
        return ConePoint(data.X, data.y, w)

    return chosen(build)


def _independent(case: ConePoint) -> bool:
    X, _ = case.arrays()
    u, _ = case.errors()
    kinks = int((u == 0).sum())
    return kinks == 0 or rank(X[:, u == 0]) == kinks


def _check_kinks(case: ConePoint, law: Callable[[list[Any]], bool]) -> Verdict:
    u, e = case.errors()
    return verdict(bool(law(list(e[u == 0]))), detail="signs of the errors at kinks, exactly")


KINKS = Claim(
    id="relu_faces.kinks",
    title="A local minimum on a kink has no negative error there",
    statement=r"Let $w$ be a local minimum of $\mathrm{relu}(w \cdot x)$ whose samples with $x_i \cdot w = 0$ are "
    r"linearly independent: then $e_i = -y_i \ge 0$ for each of them.",
    source="own derivation",
    case_type=ConePoint,
    cases=_kink_points,
    law=lambda errors: all(e >= 0 for e in errors),
    check=_check_kinks,
    hypotheses=(
        Hypothesis("minimum", "$w$ is a local minimum", ConePoint.is_minimum),
        Hypothesis("independent", r"the $x_i$ with $x_i \cdot w = 0$ are linearly independent", _independent),
    ),
    counterexamples=(
        Counterexample(
            "minimum", ConePoint(((1, 0), (0, 1)), (1, 1), (1, 0)), "the second sample pulls w off its kink"
        ),
        Counterexample(
            "independent",
            ConePoint(((1, 0, 0), (0, 1, 1)), (1, 1, -3), (1, 0)),
            "a sample given twice: errors -1 and 3 with a positive sum",
        ),
    ),
    false_laws={
        "errors at kinks vanish": lambda errors: all(e == 0 for e in errors),
        "errors at kinks are negative": lambda errors: all(e <= 0 for e in errors),
    },
    examples=(STRICT_KINK, ConePoint(((1, 0), (0, 1)), (1, -1), (1, 0)), ConePoint(((1, 0), (0, 1)), (1, 0), (1, 0))),
    uses=(FIRST_ORDER.id,),
)

# -- exponentially many ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Axes(Case):
    """The samples e_k, -e_k, k = 1..d, with targets ``up`` and ``down``."""

    up: tuple
    down: tuple

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        one = np.eye(len(self.up), dtype=int)
        return rational(np.concatenate([one, -one], axis=1)), rational(self.up + self.down)


def _check_axes(case: Axes, law: Callable[[int], int]) -> Verdict:
    """All corners by the model's gradient and Hessian, and the number of strict minima by the enumeration."""
    X, y = case.data()
    d, model = len(case.up), ReluNeuron(X, y)
    ends = [(up, -down) for up, down in zip(case.up, case.down, strict=True)]
    corners = rational(list(product(*ends)))
    critical = is_zero(model.gradient(corners)).all() and model.smooth_at(corners).all()
    positive = all(inertia(H).positive == d for H in model.hessian(corners))
    strict = [f for f in local_minima(X, y) if f.strict]
    same = {tuple(map(str, f.w)) for f in strict} == {tuple(map(str, w)) for w in corners}
    return verdict(bool(critical and positive and same and len(strict) == law(d)), detail="all corners, exactly")


AXES = Claim(
    id="relu_faces.two_to_the_d",
    title="Exponentially many strict minima from 2d samples",
    statement=r"The samples $\pm e_1, \ldots, \pm e_d$ with positive targets give $\mathrm{relu}(w \cdot x)$ exactly "
    r"$2^d$ strict local minima, and no other strict ones: in each coordinate $w_k$ fits the sample $e_k$ or $-e_k$.",
    source="own derivation",
    case_type=Axes,
    cases=(
        Axes((1,), (1,)),
        Axes((1,), (2,)),
        Axes((1, 2), (2, 1)),
        Axes((1, 1, 3), (2, 1, 1)),
        Axes((1,) * 4, (2,) * 4),
    ),
    law=lambda d: 2**d,
    check=_check_axes,
    false_laws={"one a sample": lambda d: 2 * d, "one a coordinate": lambda d: d + 1},
    uses=(FIRST_ORDER.id,),
)

CLAIMS = (FIRST_ORDER, NUMBER, KINKS, AXES)
