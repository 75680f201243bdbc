"""A single ReLU neuron relu(w.x) in R^d: rays, valleys as arcs of directions, and what a teacher changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cmp_to_key
from itertools import pairwise
from typing import Any

import numpy as np

from theory.arithmetic import rational
from theory.claims.cases import exact_tuple
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.linear_data import Choose, chosen
from theory.claims.relu_data import FEW, STRICT_KINK, ConeData, ConePoint, cone_data, cone_points, drawn
from theory.critical.relu_faces import cone_landscape, local_minima

# -- rays ------------------------------------------------------------------------------------------------------------


def _check_radial(case: ConePoint, law: Callable[[Any, Any, Any], Any]) -> Verdict:
    """A, B, C from the losses at 0, w and 2w; the least loss on the ray, and no point above both of its ends."""
    w = rational(case.w)
    C, one, two = (case.loss(r * w) for r in (0, 1, 2))
    A = (two - 2 * one + C) / 2
    B = A + C - one
    best = case.loss(max(B, 0 * B) / (2 * A) * w) if A != 0 else C
    grid = rational([Fraction(k, 8) for k in range(9)])
    star = all(case.loss(s * w) <= max(one, C) for s in grid)
    lowest = all(best <= case.loss(4 * s * w) for s in grid)
    below = all(f.value <= C for f in local_minima(case.X, case.y))
    return verdict(bool(law(A, B, C) == best and star and lowest and below), detail="losses on the ray, exactly")


RADIAL = Claim(
    id="relu_valleys.radial",
    title="On every ray the loss is a parabola",
    statement=r"For $\mathrm{relu}(w \cdot x)$ let $L(rw) = A r^2 - B r + C$, $r \ge 0$, $C = L(0)$: the least loss on "
    r"the ray is $C - \max(B, 0)^2 / (4A)$, or $C$ if $A = 0$; so $\{L \le c\}$ is star-shaped about $0$ for $c \ge "
    r"L(0)$, and no local minimum is above $L(0)$.",
    source="own derivation",
    case_type=ConePoint,
    cases=cone_points,
    law=lambda A, B, C: C - max(B, 0 * B) ** 2 / (4 * A) if A != 0 else C,
    check=_check_radial,
    false_laws={
        "the vertex of the parabola is always on the ray": lambda A, B, C: C - B * B / (4 * A) if A != 0 else C,
        "half of the gain": lambda A, B, C: C - max(B, 0 * B) ** 2 / (8 * A) if A != 0 else C,
    },
    examples=(
        STRICT_KINK,
        ConePoint(((1,),), (-1,), (1,)),
        ConePoint(((1,),), (2,), (1,)),
        ConePoint(((1,),), (1,), (-1,)),
    ),
)


def _directions(X: np.ndarray) -> list[np.ndarray]:
    """Directions of kinks and samples in the plane, both ways, in cyclic order: neighbours are less than pi apart."""
    found = {
        tuple(s * v / max(abs(v[0]), abs(v[1])))
        for x in X.T
        if x.any()
        for v in (x, x[::-1] * [1, -1])
        for s in (1, -1)
    }

    def upper(u: Any) -> bool:
        return bool(u[1] > 0 or (u[1] == 0 and u[0] > 0))

    def compare(u: Any, v: Any) -> int:
        if upper(u) != upper(v):
            return -1 if upper(u) else 1
        cross = u[0] * v[1] - u[1] * v[0]
        return -1 if cross > 0 else 1

    return [np.array(u, object) for u in sorted(found, key=cmp_to_key(compare))]


def _heights(case: ConeData) -> list[Any]:
    """The least loss h(u) on rays, once round the circle: at directions between which it is monotone."""
    X, y = case.arrays()
    C, heights = (y * y).sum(), []
    directions = _directions(X)
    for p, q in zip(directions, directions[1:] + directions[:1], strict=True):
        on = (p + q) @ X > 0
        a, b = p @ X[:, on], (q - p) @ X[:, on]
        q0, q1, q2 = (a * a).sum(), 2 * (a * b).sum(), (b * b).sum()
        l0, l1 = (a * y[on]).sum(), (b * y[on]).sum()
        pairs = (-l0, l1), (l0 * q1 - 2 * l1 * q0, l1 * q1 - 2 * q2 * l0)
        turns = sorted({n / k for n, k in pairs if k != 0 and 0 < n / k < 1})
        for s in [0 * C, *turns]:
            A, B = q0 + s * (q1 + s * q2), l0 + s * l1
            heights.append((C - B * B / A if A != 0 and B > 0 else C) * rational([Fraction(1, len(y))])[0])
    return heights


def _check_arcs(case: ConeData, law: Callable[[int, int], int]) -> Verdict:
    """Arcs of {h <= c} against the components of the graph of cells, at all levels of both and between them."""
    landscape = cone_landscape(case.X, case.y)
    heights = _heights(case)
    levels = sorted({*heights, landscape.value_at_zero, *(level for level, _ in landscape.component_counts())})
    levels += [(lo + hi) / 2 for lo, hi in pairwise(levels)] + [levels[-1] + 1]
    holds = True
    for c in levels:
        below = [h <= c for h in heights]
        arcs = sum(after and not before for before, after in zip(below[-1:] + below[:-1], below, strict=True))
        arcs += bool(all(below))
        lowest = sum(f.value <= c for f in landscape.minima)
        holds &= law(arcs, lowest) == len(landscape.components(c))
    return verdict(holds, detail=f"{len(levels)} levels, two routes, exactly")


ARCS = Claim(
    id="relu_valleys.arcs",
    title="The valleys in the plane are arcs of directions",
    statement=r"In $\mathbb{R}^2$, with samples that are not all zero, let $h(u)$ be the least loss of "
    r"$\mathrm{relu}(w \cdot x)$ on the ray of $u$: the path components of $\{L \le c\}$ are as many as the arcs of "
    r"directions with $h \le c$ (the full circle is one), and as many as the components of the graph of cells and "
    r"walls whose least losses are at most $c$.",
    source="own derivation",
    case_type=ConeData,
    cases=lambda: cone_data((2, 3), (2, 4), (2, 5), (2, 2))().filter(lambda case: any(map(any, case.X))),
    law=lambda arcs, minima: arcs,
    check=_check_arcs,
    false_laws={
        "one component a set of local minima": lambda arcs, minima: minima,
        "the origin is a component of its own": lambda arcs, minima: arcs + 1 if arcs else 0,
    },
    examples=(
        ConeData(((-2, 2, -2), (-2, 0, 1)), (1, 1, 3)),
        ConeData(((1, -1, 0, 0), (0, 0, 1, -1)), (1, 2, 2, 1)),
        ConeData(((1, 2), (0, 0)), (1, -1)),
    ),
    uses=(RADIAL.id,),
)

# -- realizable data -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Teacher(ConePoint):
    """With the weights of a teacher."""

    v: tuple


def _teachers() -> Any:
    def build(choose: Choose) -> Teacher:
        data = drawn(choose, (2, 3), (2, 4), (3, 4), (1, 2))
        v = tuple(choose(FEW) for _ in data.X)
        w = exact_tuple(np.array(choose(local_minima(data.X, data.y)).w, object))
        fits = ConePoint(data.X, (0,) * len(data.y), v).errors()[1]
        return Teacher(data.X, data.y if choose((True,) + (False,) * 4) else exact_tuple(fits), w, v)

    return chosen(build)


def _pieces(case: Teacher) -> Sequence[tuple[Any, Any, Any]]:
    """The losses at the beginning, middle and end of every piece of the segment from w to v without a kink inside."""
    X, _ = case.arrays()
    w, v = rational(case.w), rational(case.v)
    pairs = list(zip(w @ X, v @ X, strict=True))
    times = {0 * w[0], 0 * w[0] + 1, *(a / (a - b) for a, b in pairs if a * b < 0)}
    stops = sorted(times)
    points = [[w + (v - w) * t for t in (lo, (lo + hi) / 2, hi)] for lo, hi in pairwise(stops)]
    return [tuple(case.loss(p) for p in three) for three in points]


def _check_teacher(case: Teacher, law: Callable[[list[Any], Any], bool]) -> Verdict:
    """On each piece the loss is a parabola in t: its slopes at both ends, up to a positive factor."""
    slopes = [s for f, g, h in _pieces(case) for s in (4 * g - 3 * f - h, f - 4 * g + 3 * h)]
    return verdict(bool(law(slopes, case.loss(rational(case.w)))), detail="slopes on all pieces, exactly")


REALIZABLE = Claim(
    id="relu_valleys.realizable",
    title="With a teacher there are plateaus, but no spurious valleys",
    statement=r"Let $y_i = \mathrm{relu}(v \cdot x_i)$ for all $i$: then from every $w$ the loss of $\mathrm{relu}(w "
    r"\cdot x)$ never rises on the segment to $v$, as $w \cdot x_i$ moves monotonically; so no valley is spurious.",
    source="own derivation",
    case_type=Teacher,
    cases=_teachers,
    law=lambda slopes, start: all(s <= 0 for s in slopes),
    check=_check_teacher,
    hypotheses=(
        Hypothesis(
            "teacher",
            r"$y_i = \mathrm{relu}(v \cdot x_i)$",
            lambda case: bool(case.loss(rational(case.v)) == 0),
        ),
    ),
    counterexamples=(
        Counterexample("teacher", Teacher(((1, -1),), (1, 2), (1,), (-2,)), "from one valley over 0 into the other"),
    ),
    false_laws={
        "the loss always falls": lambda slopes, start: all(s < 0 for s in slopes),
        "it never falls, as w is a global minimum": lambda slopes, start: start == 0,
    },
    examples=(
        Teacher(((1, -1),), (1, 0), (-1,), (1,)),
        Teacher(((1, -1), (2, 1)), (1, 0), (3, -1), (1, 0)),
    ),
    uses=(RADIAL.id,),
    figures=("fig_how_bad_minima",),
    deviations="With an output weight and an output bias there can be spurious valleys: relu_constants.realizable.",
)

CLAIMS = (RADIAL, ARCS, REALIZABLE)
