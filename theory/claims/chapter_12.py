"""Chapter 12: exercise 12.7, and what the plane sections of section 12.1 show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise, product
from typing import Any

from theory.arithmetic import is_zero, rational
from theory.calculus.inertia import inertia
from theory.claims.cases import Case, composed, rationals, vectors
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.models.shallow_net import ShallowNet

# -- exercise 12.7 ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class GraphFunction(Case):
    """A function on a connected graph, linear along its edges; vertices 0, 1, ..."""

    edges: tuple
    values: tuple

    @cached_property
    def neighbours(self) -> list[set[int]]:
        """The neighbours of each vertex."""
        pairs = [*self.edges, *((j, i) for i, j in self.edges)]
        return [{j for i, j in pairs if i == v} for v in range(len(self.values))]

    def paths(self, start: int) -> Iterator[tuple[int, ...]]:
        """All simple paths from a vertex, the trivial one included."""
        stack: list[tuple[int, ...]] = [(start,)]
        while stack:
            path = stack.pop()
            yield path
            stack += [(*path, v) for v in self.neighbours[path[-1]] if v not in path]

    def component(self, start: int, level: Any) -> set[int]:
        """The vertices of the component of {f <= level} that contains a vertex: linear edges hide nothing else."""
        inside = {start}
        while more := {j for i in inside for j in self.neighbours[i] if self.values[j] <= level} - inside:
            inside |= more
        return inside


def _check_paths(case: GraphFunction, law: Callable[[bool, bool, bool], bool]) -> Verdict:
    """Definition 12.3 at every level, against all simple paths from each vertex to each global minimum."""
    f, holds = case.values, True
    bottom = {v for v in range(len(f)) if f[v] == min(f)}
    for start in range(len(f)):
        levels = [level for level in set(f) if level >= f[start]]
        valley = any(not case.component(start, level) & bottom for level in levels)
        ways = [[f[v] for v in path] for path in case.paths(start) if path[-1] in bottom]
        below = any(max(way) <= f[start] for way in ways)
        falling = any(all(a >= b for a, b in pairwise(way)) for way in ways)
        holds &= bool(law(valley, below, falling))
    return verdict(holds, detail="every vertex, level and simple path")


_LINE, _CYCLE = ((0, 1), (1, 2), (2, 3), (3, 4)), ((0, 1), (1, 2), (2, 3), (3, 0), (0, 4))

PATHS = Claim(
    id="valleys.exercise_12_7",
    title="A point is in no spurious valley iff a path below its own level leads to a global minimum",
    statement=r"$\theta_1$ lies in no spurious valley iff there is a path $\alpha$ from $\theta_1$ to a global minimum "
    r"with $\Lambda(\alpha(t)) \le \Lambda(\theta_1)$; a monotone path, as in the exercise, is one but need not exist. "
    r"Checked on all functions with values 0, 1, 2 on two graphs of five vertices, linear on the edges.",
    source="petersenzech2024, Exercise 12.7",
    case_type=GraphFunction,
    cases=tuple(GraphFunction(edges, values) for edges in (_LINE, _CYCLE) for values in product(range(3), repeat=5)),
    exhaustive=True,
    law=lambda valley, below, falling: valley == (not below) and below >= falling,
    check=_check_paths,
    false_laws={
        "a monotone path is needed": lambda valley, below, falling: valley == (not falling),
        "no point is in a spurious valley": lambda valley, below, falling: not valley,
        "a path below the level does not help": lambda valley, below, falling: valley or falling,
    },
    exercises=("12.7",),
)

# -- section 12.1 ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ThreePoints(Case):
    """Three parameter vectors, the results of three training runs."""

    points: tuple


@composed
def three_points(draw: Any) -> ThreePoints:
    """Vectors of two to four small numbers; coincidences are frequent."""
    from hypothesis import strategies as st

    n = draw(st.integers(2, 4))
    return ThreePoints(draw(vectors(3, vectors(n, rationals()))))


def _check_plane(case: ThreePoints, law: tuple) -> Verdict:
    """mu + alpha_1 theta_1 + alpha_2 theta_2 with mu = theta^(1) and theta_1, theta_2 the differences to it."""
    first, second, third = rational(case.points)
    reached = [first + s * (second - first) + t * (third - first) for s, t in law]
    same = all(is_zero(p - q).all() for p, q in zip(reached, (first, second, third), strict=True))
    return verdict(same, detail="the three points of the plane, exactly")


PLANE = Claim(
    id="sections.plane_coordinates",
    title="The three points of a section are at (0, 0), (1, 0), (0, 1)",
    statement=r"With $\mu = \theta^{(1)}$, $\theta_1 = \theta^{(2)} - \mu$, $\theta_2 = \theta^{(3)} - \mu$ the plane "
    r"$\mu + \alpha_1\theta_1 + \alpha_2\theta_2$ passes through $\theta^{(1)}, \theta^{(2)}, \theta^{(3)}$ at "
    r"$(\alpha_1, \alpha_2) = (0, 0), (1, 0), (0, 1)$, in this order.",
    source="petersenzech2024, section 12.1",
    case_type=ThreePoints,
    cases=three_points,
    law=((0, 0), (1, 0), (0, 1)),
    check=_check_plane,
    false_laws={"the second and the third exchanged": ((0, 0), (0, 1), (1, 0)), "the sum": ((0, 0), (1, 0), (1, 1))},
    examples=(ThreePoints(((0, 0), (1, 2), (3, -1))),),
    deviations="The book lists (0, 0), (0, 1), (1, 0), the right set in another order.",
)


@dataclass(frozen=True)
class SectionData(Case):
    """Samples on the line for f(x) = a w x + a b + c at the origin of (w, b, a), c = mean y."""

    x: tuple
    y: tuple


@composed
def section_data(draw: Any) -> SectionData:
    """Two to four samples, mostly correlated: the second differs from the first in x and y."""
    from hypothesis import strategies as st

    m = draw(st.integers(2, 4))
    x, y = draw(vectors(m)), draw(vectors(m))
    case = SectionData(x, y)
    return case if _covariance(case) else SectionData((x[0], x[0] + 1, *(x[0],) * (m - 2)), (0, 1, *(0,) * (m - 2)))


def _covariance(case: SectionData) -> Fraction:
    m = len(case.x)
    return sum((Fraction(s) * (t - Fraction(sum(case.y), m)) for s, t in zip(case.x, case.y, strict=True)), Fraction(0))


def _check_section(case: SectionData, law: Callable[[bool, bool], bool]) -> Verdict:
    """The Hessian on the section spanned by (w, a) = (1, -s) and c, s the sign of the covariance, and on the whole."""
    net = ShallowNet(1, (case.x,), case.y, "identity")
    theta = rational([0, 0, 0, Fraction(sum(case.y), len(case.y))])
    F = rational([[1, 0, -1 if _covariance(case) > 0 else 1, 0], [0, 0, 0, 1]])
    H, critical = net.hessian(theta), is_zero(net.gradient(theta)).all()
    section = tuple(inertia(F @ H @ F.T)) == (0, 0, 2)
    return verdict(bool(critical) and law(section, inertia(H).negative > 0), detail="inertia on the section and on all")


SECTION = Claim(
    id="sections.strict_minimum_at_saddle",
    title="A strict minimum of a two-dimensional section can be a saddle of the landscape",
    statement=r"For $f(x) = a(wx + b) + c$ with mean squared loss and $\sum_i (y_i - \bar y)x_i \ne 0$ the point "
    r"$w = b = a = 0$, $c = \bar y$ is a strict saddle, and some plane through it sees a strict local minimum there, "
    r"with a positive definite Hessian of the section.",
    source="own derivation",
    case_type=SectionData,
    cases=section_data,
    law=lambda section, saddle: section and saddle,
    check=_check_section,
    hypotheses=(Hypothesis("correlated", r"$\sum_i (y_i - \bar y)x_i \ne 0$", lambda case: _covariance(case) != 0),),
    counterexamples=(Counterexample("correlated", SectionData((1, 1), (0, 1)), "no descent in (w, a)"),),
    false_laws={
        "a minimum of a section is a minimum": lambda section, saddle: section and not saddle,
        "a saddle is a saddle of each section": lambda section, saddle: saddle and not section,
    },
    examples=(SectionData((1, -1), (1, -1)), SectionData((0, 1, 2), (2, 0, 0))),
    deviations="So a picture like Figure 12.1 does not tell the minima of the landscape from its saddles.",
)

CLAIMS = (PATHS, PLANE, SECTION)
