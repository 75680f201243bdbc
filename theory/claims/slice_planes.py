"""Where a plane through three weight vectors shows a fourth one, such as a point of a trajectory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from theory.arithmetic import rational
from theory.calculus.exact_linalg import rank
from theory.claims.cases import Case
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.linear_data import Choose, chosen
from theory.slices.directions import through

Coordinates = Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[Any, Any]]


@dataclass(frozen=True)
class Points(Case):
    """Three points of R^n that span the plane, and a fourth one."""

    p0: tuple
    p1: tuple
    p2: tuple
    q: tuple


def points() -> Any:
    """n from 2 to 4; some are on one line."""

    def build(choose: Choose) -> Points:
        n = choose((2, 3, 3, 4))
        return Points(*(tuple(choose((0, 1, -1, 2, 3, Fraction(1, 2))) for _ in range(n)) for _ in range(4)))

    return chosen(build)


def _span(case: Points) -> bool:
    """Whether the points are not on one line, by the rank of the points with a 1 below."""
    return rank(rational([[*p, 1] for p in (case.p0, case.p1, case.p2)])) == 3


def _check(case: Points, law: Coordinates) -> Verdict:
    """No point of the plane around is nearer or as near; the frame of the book says the same."""
    p0, p1, p2, q = map(rational, (case.p0, case.p1, case.p2, case.q))
    u, v, r = p1 - p0, p2 - p0, q - p0
    s, t = law(u, v, r)
    rest = r - s * u - t * v
    least = rest @ rest
    steps = [a * u + b * v for a, b in product(rational([-1, 0, 1]), repeat=2) if a or b]
    nearest = all((rest - h) @ (rest - h) > least and h @ rest == 0 for h in steps)
    if not nearest:
        return verdict(False, detail="another point of the plane is as near")
    alone = [(s * (u @ u) == u @ r, t), (t * (v @ v) == v @ r, s)]
    if any(bool(single) is not bool((u @ v) * other == 0) for single, other in alone):
        return verdict(False, detail="a projection on one of the vectors")
    frame = through(case.p0, case.p1, case.p2)
    same = (frame.coordinates(q[None])[0] == np.array([s, t], object)).all()
    return verdict(bool(same), detail=f"square of the distance {least}, exactly")


def _normal_equations(u: np.ndarray, v: np.ndarray, r: np.ndarray) -> tuple[Any, Any]:
    """Cramer's rule for (u.u) s + (u.v) t = u.r, (u.v) s + (v.v) t = v.r; 0 where the determinant vanishes."""
    a, b, c, e, f = u @ u, u @ v, v @ v, u @ r, v @ r
    det = a * c - b * b
    return ((c * e - b * f) / det, (a * f - b * e) / det) if det != 0 else (det, det)


def _alone(u: np.ndarray, r: np.ndarray) -> Any:
    return (u @ r) / (u @ u) if u @ u != 0 else u @ r


PROJECTION = Claim(
    id="slices.plane_projection",
    title="Where the plane through three points shows a fourth",
    statement=r"Let $u = \theta_1 - \theta_0$ and $v = \theta_2 - \theta_0$ not be parallel. The point of the plane "
    r"$\theta_0 + su + tv$ nearest to $\theta$ is the one, and only the one, whose coordinates solve "
    r"$(u \cdot u)s + (u \cdot v)t = u \cdot (\theta - \theta_0)$ and $(u \cdot v)s + (v \cdot v)t = v \cdot "
    r"(\theta - \theta_0)$: $s$ is the projection on $u$ alone only where $(u \cdot v)t = 0$, and $t$ that on $v$ only "
    r"where $(u \cdot v)s = 0$.",
    source="petersenzech2024, section 12.1.1; own derivation",
    case_type=Points,
    cases=points,
    law=_normal_equations,
    check=_check,
    hypotheses=(Hypothesis("not collinear", "the three points are not on one line", _span),),
    counterexamples=(
        Counterexample("not collinear", Points((0, 0), (1, 1), (2, 2), (1, 0)), "a line: many (s, t) for one point"),
    ),
    false_laws={
        "projections on u and on v": lambda u, v, r: (_alone(u, r), _alone(v, r)),
        "what is left of v, after u": lambda u, v, r: (_alone(u, r), _normal_equations(u, v, r)[1]),
        "inner products": lambda u, v, r: (u @ r, v @ r),
        "the coordinates exchanged": lambda u, v, r: _normal_equations(v, u, r),
        "seen from the other side": lambda u, v, r: _normal_equations(u, v, -r),
    },
    examples=(
        Points((1, 0), (2, 1), (1, 3), (2, -1)),
        Points((0, 0, 0), (1, 0, 0), (1, 1, 0), (Fraction(1, 2), 1, 2)),
        Points((1, 2, 3, 4), (0, 0, 1, 1), (2, 2, 2, 0), (0, 3, 0, 1)),
    ),
    uses=("sections.plane_coordinates",),
    exercises=("slices.three-points",),
)

CLAIMS = (PROJECTION,)
