"""A single ReLU neuron on the line: the valleys of Exercise 12.8, and why they are separated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from theory.arithmetic import is_zero, rational
from theory.claims.cases import Case, Matrix, composed, exact_tuple, matrices, rationals, vectors
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.critical.relu_neuron import line_landscape
from theory.models.relu_neuron import ReluNeuron

# -- the worked example ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LineData(Case):
    """Samples on the line."""

    x: tuple
    y: tuple


@dataclass(frozen=True)
class Valleys:
    """A complete table: floors (value, sign a, sign w, spurious), component counts by level, height between any two."""

    floors: tuple
    counts: tuple
    barrier: Any


def _neuron(X: Any, y: Any) -> ReluNeuron:
    return ReluNeuron(X, y, output_weight=True, bias=True, output_bias=True)


def _check_valleys(case: LineData, law: Valleys) -> Verdict:
    """The table; the model's losses and gradients on the floors; and a walk over the best constant between any two.

    The walks bound the barriers from above, and relu_neuron.quadrants_are_separated from below.
    """
    neuron, model = line_landscape(case.x, case.y), _neuron([case.x], case.y)
    floors = tuple((f.value, f.sign_a, f.sign_w, f.spurious) for f in neuron.floors)
    points = [f.parameters() for f in neuron.floors]
    attained = all(model.loss(p) == f.value for p, f in zip(points, neuron.floors, strict=True))
    stationary = all(model.smooth_at(p) and is_zero(model.gradient(p)).all() for p in points)
    barriers = all(
        neuron.barrier(i, j) == law.barrier == highest_loss(_over_the_constants(case, points[i], points[j]))
        for i in range(len(points))
        for j in range(i)
    )
    table = _same(floors, law.floors) and _same(neuron.component_counts(), law.counts)
    return verdict(bool(table and barriers and attained and stationary), detail="floors, barriers and walks, exactly")


def _over_the_constants(case: LineData, p: np.ndarray, q: np.ndarray) -> Walk:
    """From p to q: switch the output off at the mean of y, move the kink, switch the output on."""
    y = rational(case.y)
    off = rational([0, 0])
    off[1] = y.sum() * rational([Fraction(1, len(y))])[0]
    path = (p, np.concatenate([p[:2], off]), np.concatenate([q[:2], off]), q)
    return Walk((case.x,), case.y, tuple(exact_tuple(v) for v in path))


def _same(a: tuple, b: tuple) -> bool:
    """Equality of nested tuples of rationals, whatever their types."""
    return [tuple(map(str, row)) for row in a] == [tuple(map(str, row)) for row in b]


_FLOORS = ((Fraction(2, 3), -1, -1, False), (Fraction(25, 18), 1, 1, True), (Fraction(3, 2), -1, 1, True))
_COUNTS = ((Fraction(2, 3), 1), (Fraction(25, 18), 2), (Fraction(3, 2), 3), (Fraction(14, 9), 1))
_BARRIER = rational(["14/9"])[0]

EXERCISE = Claim(
    id="relu_neuron.exercise_12_8",
    title="A single ReLU neuron with two spurious valleys",
    statement=r"For $x = (-1, 0, 1)$, $y = (0, 3, 1)$ and $a\,\mathrm{relu}(wx + b) + c$ with mean squared loss: the "
    r"global minimum $2/3$ has $a, w < 0$; there are spurious valleys with floors $25/18$ ($a, w > 0$) and $3/2$ ($a "
    r"< 0 < w$); $\{L \le c\}$ has 1, 2, 3, 1 components from $2/3$, $25/18$, $3/2$, $14/9$ on; every barrier is "
    r"$\mathrm{Var}(y) = 14/9$.",
    source="petersenzech2024, Exercise 12.8",
    case_type=LineData,
    cases=(LineData((-1, 0, 1), (0, 3, 1)),),
    law=Valleys(_FLOORS, _COUNTS, _BARRIER),
    check=_check_valleys,
    false_laws={
        "the barrier is the higher floor": Valleys(_FLOORS, _COUNTS, rational(["3/2"])[0]),
        "one spurious valley": Valleys(_FLOORS[:2], (*_COUNTS[:2], _COUNTS[3]), _BARRIER),
        "no valley is spurious": Valleys(tuple((*f[:3], False) for f in _FLOORS), _COUNTS, _BARRIER),
    },
    uses=("relu_neuron.quadrants_are_separated",),
    figures=("fig_single_relu_valleys",),
    exercises=("12.8",),
)

# -- why the valleys are separated -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Walk(Case):
    """A path through weights (w, b, a, c), straight from point to point; each leg moves (w, b) or (a, c), not both."""

    X: Matrix
    y: tuple
    points: tuple


@composed
def walks(draw: Any) -> Walk:
    """From random weights to others in another quadrant, seldom in the same: first (w, b) moves, then (a, c)."""
    from hypothesis import strategies as st

    m = draw(st.integers(1, 4))
    p, q = draw(vectors(4)), draw(vectors(4))
    p, q = (p[0] or 1, p[1], p[2] or 1, p[3]), (q[0] or -1, q[1], q[2] or 1, q[3])
    if p[0] * q[0] > 0 and draw(st.integers(0, 9)) < 9:
        q = (-q[0], *q[1:])
    return Walk(draw(matrices(1, m)), draw(vectors(m, rationals())), (p, (*q[:2], *p[2:]), q))


def highest_loss(case: Walk) -> Any:
    """The maximum of the loss along the path, exactly.

    On a leg the outputs are linear between the kinks, so the loss is convex there: its maximum is at a kink or an end.
    """
    model, X = _neuron(case.X, case.y), rational(case.X)
    d, best = len(X), []
    for start, stop in pairwise(rational(case.points)):
        if (start[: d + 1] != stop[: d + 1]).any() and (start[d + 1 :] != stop[d + 1 :]).any():
            raise ValueError("Walk: a leg must move (w, b) or (a, c), not both; insert a point")
        times = {Fraction(0), Fraction(1)}
        u, v = (p[:d] @ X + p[d] for p in (start, stop))
        for a, b in zip(u, v, strict=True):
            if (a < 0 < b) or (b < 0 < a):
                t = a / (a - b)
                times.add(Fraction(int(t.p), int(t.q)))
        best += [model.loss(start + (stop - start) * rational([t])[0]) for t in times]
    return max(best)


def _change_sign(case: Walk) -> bool:
    """Whether a or w turns over from the start to the end: a a' < 0 or w.w' < 0, neither being zero."""
    d, (start, stop) = len(case.X), rational((case.points[0], case.points[-1]))
    a, w = start[d + 1] * stop[d + 1], (start[:d] * stop[:d]).sum()
    return (a < 0 and w != 0) or (w < 0 and a != 0)


def _check_separated(case: Walk, law: Callable[[Any, Any], bool]) -> Verdict:
    y = rational(case.y)
    mean = y.sum() * rational([Fraction(1, len(y))])[0]
    variance = ((y - mean) * (y - mean)).sum() * rational([Fraction(1, len(y))])[0]
    return verdict(law(highest_loss(case), variance), detail="maximum over each leg, exactly")


# From the global minimum to the floor 25/18 of Exercise 12.8, over the best constant 4/3.
_OVER_THE_BARRIER = (
    (-1, 0, -2, 2),
    (-1, 0, 0, Fraction(4, 3)),
    (1, 2, 0, Fraction(4, 3)),
    (1, 2, Fraction(1, 2), Fraction(1, 3)),
)

SEPARATED = Claim(
    id="relu_neuron.quadrants_are_separated",
    title="On the line, the sign quadrants of (a, w) are separated by the constants",
    statement=r"Let $d_0 = 1$. Every path of weights $(w, b, a, c)$ from one open sign quadrant of $(a, w)$ to "
    r"another meets $aw = 0$, where the network is constant; so the loss along it reaches $\mathrm{Var}(y)$. Checked "
    r"on paths that move $(w, b)$ and $(a, c)$ in turn.",
    source="petersenzech2024, Exercise 12.8 (hint)",
    case_type=Walk,
    cases=walks,
    law=lambda highest, variance: highest >= variance,
    check=_check_separated,
    hypotheses=(
        Hypothesis("line", "$d_0 = 1$", lambda case: len(case.X) == 1),
        Hypothesis("quadrants", "the ends lie in different open sign quadrants of $(a, w)$", _change_sign),
    ),
    counterexamples=(
        Counterexample(
            "line",
            Walk(
                ((0, 0, 1, -1), (1, -1, 0, 0)),
                (1, 0, 1, 1),
                tuple((*w, 0, Fraction(1, 3), Fraction(2, 3)) for w in ((1, 0), (0, 1), (-1, 0))),
            ),
            "in the plane w turns from (1, 0) through (0, 1) to (-1, 0) with loss at most 1/6 < Var(y) = 3/16",
        ),
        Counterexample(
            "quadrants",
            Walk(((-1, 0, 1),), (0, 3, 1), ((-1, 0, -2, 2), (-1, 0, -2, 2))),
            "staying where the loss is below Var(y)",
        ),
    ),
    examples=(Walk(((-1, 0, 1),), (0, 3, 1), _OVER_THE_BARRIER),),
    false_laws={
        "twice the variance": lambda highest, variance: highest >= 2 * variance,
        "strictly above the variance": lambda highest, variance: highest > variance,
    },
    deviations="For d_0 >= 2 only the sign of a is blocked: w can turn round, as the first counterexample shows.",
)

CLAIMS = (SEPARATED, EXERCISE)
