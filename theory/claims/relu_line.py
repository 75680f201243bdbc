"""A single ReLU neuron on the line: its profile, its turning points, and how many valleys there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from theory.arithmetic import rational
from theory.calculus.exact_linalg import solve
from theory.claims.cases import Case, exact_tuple
from theory.claims.claim import Claim, Verdict, verdict
from theory.claims.linear_data import Choose, chosen
from theory.claims.relu_neuron import SEPARATED, LineData
from theory.critical.relu_faces import cone_landscape
from theory.critical.relu_neuron import QUADRANTS, Quadrant, line_landscape
from theory.errors import Degenerate

FEW = (0, 1, -1, 2, -2, 3, Fraction(1, 2))


def drawn(choose: Choose, size: int, values: Sequence[Any] = FEW) -> tuple:
    """So many of the values."""
    return tuple(choose(values) for _ in range(size))


def average(values: np.ndarray) -> Any:
    """(1/m) sum_i v_i of rationals (m,)."""
    return values.sum() * rational([Fraction(1, len(values))])[0]


def _active(u: np.ndarray) -> np.ndarray:
    """relu, literally."""
    return np.array([max(v, 0 * v) for v in u], object)


# -- the profile -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kink(Case):
    """Samples on the line, a kink t, and the signs of a and w."""

    x: tuple
    y: tuple
    t: Any
    sign_a: int
    sign_w: int

    @property
    def feature(self) -> np.ndarray:
        """z_i = relu(sign(w) (x_i - t))."""
        return _active(self.sign_w * (rational(self.x) - rational([self.t])[0]))

    def least_loss(self) -> Any:
        """The minimum of the convex (1/m) sum (s z_i + c - y_i)^2 over c and sign(a) s >= 0, by normal equations."""
        z, y = self.feature, rational(self.y)
        one = rational([1] * len(y))
        try:
            s, c = solve([[(z * z).sum(), z.sum()], [z.sum(), one.sum()]], np.array([(z * y).sum(), y.sum()]))
        except Degenerate:
            s, c = 0 * one[0], average(y)
        if self.sign_a * s < 0:
            s, c = 0 * s, average(y)
        return average((s * z + c - y) ** 2)


def _kinks() -> Any:
    """One to five samples from few values, so that ties and kinks on samples are frequent."""

    def build(choose: Choose) -> Kink:
        m = choose((3, 4, 5, 2, 1))
        return Kink(drawn(choose, m), drawn(choose, m), choose(FEW), choose((1, -1)), choose((1, -1)))

    return chosen(build)


def _check_profile(case: Kink, law: Callable[[Any, Any, Any, int], Any]) -> Verdict:
    """Against the constrained least squares of this kink; and the same of the landscape's profile."""
    z, y = case.feature, rational(case.y)
    e, f = z - average(z), y - average(y)
    V, covariance, variance = average(f * f), average(e * f), average(e * e)
    value = case.least_loss()
    h = line_landscape(case.x, case.y).profile(case.sign_a, case.sign_w)
    holds = law(V, covariance, variance, case.sign_a) == value == h(case.t)
    return verdict(bool(holds), detail="constrained least squares, exactly")


PROFILE = Claim(
    id="relu_line.profile",
    title="The least loss of a neuron with a given kink",
    statement=r"For data on the line, a kink $t$ and signs of $(a, w)$, let $z_i = \mathrm{relu}(\mathrm{sign}(w)(x_i "
    r"- t))$: the infimum of the loss of $a\,\mathrm{relu}(wx + b) + c$ with $-b/w = t$ is $\mathrm{Var}(y) - "
    r"\mathrm{Cov}(y, z)^2 / \mathrm{Var}(z)$ if $\mathrm{sign}(a)\,\mathrm{Cov}(y, z) > 0$, and $\mathrm{Var}(y)$ "
    r"otherwise.",
    source="own derivation",
    case_type=Kink,
    cases=_kinks,
    law=lambda V, C, S, sign: V - C * C / S if sign * C > 0 else V,
    check=_check_profile,
    false_laws={
        "the sign of a does not matter": lambda V, C, S, sign: V - C * C / S if C != 0 else V,
        "the squared correlation without the scale of z": lambda V, C, S, sign: V - C * C if sign * C > 0 else V,
    },
    examples=(
        Kink((-1, 0, 1), (0, 3, 1), 0, -1, 1),
        Kink((-1, 0, 1), (0, 3, 1), 0, 1, 1),
        Kink((-1, 0, 1), (0, 3, 1), 1, 1, 1),
        Kink((-1, 0, 1), (0, 3, 1), Fraction(-1, 2), -1, -1),
        Kink((2,), (3,), 0, 1, 1),
    ),
)

# -- where it turns --------------------------------------------------------------------------------------------------


def _line_data() -> Any:
    """Two to six samples from few values, so that ties are frequent."""

    def build(choose: Choose) -> LineData:
        m = choose((4, 5, 6, 3, 2))
        return LineData(drawn(choose, m, range(-3, 4)), drawn(choose, m, (*range(-3, 5), Fraction(1, 2))))

    return chosen(build)


def _check_turning(case: LineData, law: Callable[[Any, Any, Any, Any], Any]) -> Verdict:
    """The turning points of every profile below Var(y) and off the data, against those that the law gives."""
    landscape = line_landscape(case.x, case.y)
    x, y = rational(case.x), rational(case.y)
    knots = sorted(set(x))
    holds = True
    for sign_a, sign_w in QUADRANTS:
        h = landscape.profile(sign_a, sign_w)
        found = {t for t in h.breakpoints if t not in knots and h(t) < landscape.best_constant}
        expected = set()
        for lo, hi in pairwise(knots):
            on = np.array([u >= hi if sign_w > 0 else u <= lo for u in x])
            if len(set(x[on])) < 2:
                continue
            slope = _slope(x[on], y[on])
            if sign_a * sign_w * slope > 0:
                t = law(slope, average(y[on]) - slope * average(x[on]), average(y[~on]), average(y))
                expected |= {t} if lo < t < hi else set()
        holds &= found == expected
    return verdict(holds, detail="all turning points of the four profiles, exactly")


def _slope(x: np.ndarray, y: np.ndarray) -> Any:
    e = x - average(x)
    return (e * y).sum() / (e * e).sum()


TURNING = Claim(
    id="relu_line.turning_points",
    title="Between samples the best kink joins a regression line to a mean",
    statement=r"Between two neighbouring samples, and below $\mathrm{Var}(y)$, the profile of a sign quadrant of $(a, "
    r"w)$ turns exactly at the kink $t$ where the regression line of the active samples, if its slope has the sign of "
    r"$aw$, meets the mean of the inactive ones.",
    source="own derivation",
    case_type=LineData,
    cases=_line_data,
    law=lambda slope, intercept, inactive, overall: (inactive - intercept) / slope,
    check=_check_turning,
    false_laws={
        "the line meets the mean of all": lambda slope, intercept, inactive, overall: (overall - intercept) / slope,
        "the line meets zero": lambda slope, intercept, inactive, overall: -intercept / slope,
    },
    examples=(
        LineData((-1, 0, 1), (0, 3, 1)),
        LineData((2, 4, 3, -3, -2), (1, -3, 1, 4, -2)),
        LineData((-3, -2, -1, 0, 1), (0, 1, 0, 2, 3)),
        LineData((0, 1, 1, 2), (0, 1, 3, 1)),
    ),
    uses=(PROFILE.id,),
)

# -- how many components ---------------------------------------------------------------------------------------------


def _check_counts(case: LineData, law: Callable[[dict[Quadrant, int], bool], int]) -> Verdict:
    """Intervals of {h <= c} against the arrangement of the (w, b) plane, at all levels of both and between them.

    The second route sees a > 0 as the neuron relu(wx + b) + c on y, and a < 0 as that on -y.
    """
    landscape = line_landscape(case.x, case.y)
    X, V = [case.x, [1] * len(case.x)], landscape.best_constant
    cones = [cone_landscape(X, s * rational(case.y), output_bias=True) for s in (1, -1)]
    counted = [landscape.component_counts(), *(cone.component_counts() for cone in cones)]
    levels = sorted({V, *(level for counts in counted for level, _ in counts)})
    levels += [(lo + hi) / 2 for lo, hi in pairwise(levels)] + [levels[-1] + 1]
    holds = True
    for c in levels:
        intervals = {q: _runs([h(t) <= c for t in h.breakpoints]) for q, h in landscape.profiles.items()}
        number = law(intervals, bool(c < V))
        holds &= number == len(landscape.components(c))
        holds &= number == (sum(len(cone.components(c)) for cone in cones) if c < V else 1)
    return verdict(holds, detail=f"{len(levels)} levels, two routes, exactly")


def _runs(below: list[bool]) -> int:
    """Maximal runs: h is monotone between its breakpoints."""
    return sum(after and not before for before, after in pairwise([False, *below]))


COUNTS = Claim(
    id="relu_line.counts",
    title="How many components a sublevel set has",
    statement=r"For $a\,\mathrm{relu}(wx + b) + c$ on the line, the number of path components of $\{L \le c\}$ is the "
    r"number of intervals of $\{t : h(t) \le c\}$, summed over the four sign quadrants of $(a, w)$, if $c < "
    r"\mathrm{Var}(y)$, and $1$ if $c \ge \mathrm{Var}(y)$.",
    source="own derivation",
    case_type=LineData,
    cases=_line_data,
    law=lambda intervals, below: sum(intervals.values()) if below else 1,
    check=_check_counts,
    false_laws={
        "a quadrant holds one valley": lambda n, below: sum(min(k, 1) for k in n.values()) if below else 1,
        "only the sign of a separates": lambda n, below: sum(max(n[a, 1], n[a, -1]) for a in (1, -1)) if below else 1,
        "at Var(y) they are still apart": lambda n, below: sum(n.values()),
    },
    examples=(
        LineData((-1, 0, 1), (0, 3, 1)),
        LineData((2, 4, 3, -3, -2), (1, -3, 1, 4, -2)),
        LineData((-4, 2, 0, -1, -3, 3, 4), (4, 3, 0, 4, -2, 4, -1)),
        LineData((0, 1), (5, 5)),
        LineData((1, 1), (0, 1)),
    ),
    uses=(SEPARATED.id, PROFILE.id),
)

# -- two valleys in one quadrant -------------------------------------------------------------------------------------


def _check_one_quadrant(case: LineData, law: Callable[[Any, Any, Any], Any]) -> Verdict:
    """The highest least loss of the kinks between, by least squares at the samples and the turning points there."""
    landscape, V = line_landscape(case.x, case.y), average((rational(case.y) - average(rational(case.y))) ** 2)
    floors = landscape.floors
    found, holds = 0, True
    for i, f in enumerate(floors):
        for j, g in enumerate(floors[:i]):
            if f.quadrant == g.quadrant:
                lo, hi = sorted((f.kink, g.kink))
                between = [lo, hi, *(t for t in landscape.profile(*f.quadrant).breakpoints if lo < t < hi)]
                heights = [Kink(case.x, case.y, t, *f.quadrant).least_loss() for t in exact_tuple(rational(between))]
                holds &= bool(landscape.barrier(i, j) == law(max(heights), max(f.value, g.value), V))
                found += 1
    return verdict(holds and found > 0, detail=f"{found} pairs of floors, exactly")


ONE_QUADRANT = Claim(
    id="relu_line.one_quadrant",
    title="Two valleys with the same signs meet below the constants",
    statement=r"If two valleys have the same signs of $(a, w)$, the communication height of their floors is the "
    r"largest value of the profile $h$ between their kinks, which can be smaller than $\mathrm{Var}(y)$.",
    source="own derivation",
    case_type=LineData,
    cases=(
        LineData((2, 4, 3, -3, -2), (1, -3, 1, 4, -2)),
        LineData((-4, 2, 0, -1, -3, 3, 4), (4, 3, 0, 4, -2, 4, -1)),
    ),
    law=lambda highest, floor, V: highest,
    check=_check_one_quadrant,
    false_laws={
        "every barrier is Var(y)": lambda highest, floor, V: V,
        "the barrier is the higher floor": lambda highest, floor, V: floor,
    },
    uses=(PROFILE.id, TURNING.id),
)

CLAIMS = (PROFILE, TURNING, COUNTS, ONE_QUADRANT)
