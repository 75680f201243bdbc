"""A single ReLU neuron a relu(w.x + b) + c and the constant networks: what lies above them, and which are minima."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from theory.arithmetic import rational
from theory.claims.cases import Case, Matrix
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.linear_data import Choose, chosen
from theory.claims.relu_line import average, drawn
from theory.claims.relu_neuron import EXERCISE, SEPARATED, LineData, Valleys, Walk, highest_loss

# -- above the best constant -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Descent(Case):
    """Weights (w, b, a, c) of a neuron in R^d, from which (a, c) goes straight to (0, end)."""

    X: Matrix
    y: tuple
    theta: tuple
    end: Any

    @property
    def mean(self) -> Any:
        return average(rational(self.y))


def _descents() -> Any:
    """One or two inputs, one to four samples; one end in four is not the mean."""

    def build(choose: Choose) -> Descent:
        d, m = choose((1, 2)), choose((3, 4, 2, 1))
        X, y = tuple(drawn(choose, m) for _ in range(d)), drawn(choose, m)
        mean = sum(map(Fraction, y)) / m
        return Descent(X, y, drawn(choose, d + 3), choose((mean, mean, mean, mean + 1)))

    return chosen(build)


def _check_descent(case: Descent, law: Callable[[Any, Any, Any], bool]) -> Verdict:
    start = case.theta
    stop = (*start[:-2], 0, case.end)
    y = rational(case.y)
    V = average((y - case.mean) ** 2)
    loss = highest_loss(Walk(case.X, case.y, (start, start)))
    return verdict(
        bool(law(highest_loss(Walk(case.X, case.y, (start, stop))), loss, V)), detail="maximum on the segment"
    )


BELOW = Claim(
    id="relu_constants.below_variance",
    title="All valleys of a neuron lie below Var(y)",
    statement=r"For every $d_0$ and every $(w, b, a, c)$, the largest loss on the segment from $(a, c)$ to $(0, "
    r"\bar y)$ is the larger of the loss at its start and $\mathrm{Var}(y)$; as the networks with $a = 0$ and $c = "
    r"\bar y$ are connected, so is $\{L \le c\}$ for every $c \ge \mathrm{Var}(y)$.",
    source="own derivation",
    case_type=Descent,
    cases=_descents,
    law=lambda highest, start, V: highest == max(start, V),
    check=_check_descent,
    hypotheses=(
        Hypothesis("mean", r"the segment ends at $c = \bar y$", lambda case: case.mean == rational([case.end])[0]),
    ),
    counterexamples=(
        Counterexample("mean", Descent(((0, 1),), (0, 1), (1, 0, 1, 0), 1), "from a perfect fit to c = 1: 1/2 > 1/4"),
    ),
    false_laws={
        "the start is the highest point": lambda highest, start, V: highest == start,
        "a path to the constants reaches Var(y) only": lambda highest, start, V: highest == V,
    },
    figures=("fig_how_bad_minima",),
    examples=(
        Descent(((0, 1),), (0, 1), (1, 0, 1, 0), Fraction(1, 2)),
        Descent(((0, 1),), (0, 1), (1, 0, 3, 0), Fraction(1, 2)),
        Descent(((0, 1), (1, 1)), (0, 1), (1, -2, 1, 1, 2), Fraction(1, 2)),
    ),
)

REALIZABLE = Claim(
    id="relu_constants.realizable",
    title="A spurious valley beside a perfect fit",
    statement=r"On $x = (-3, -2, -1)$ the network $\mathrm{relu}(x + 2)$ takes the values $y = (0, 0, 1)$; yet "
    r"$a\,\mathrm{relu}(wx + b) + c$ has on these data a spurious valley with $a, w < 0$, at the levels from $1/18$ up "
    r"to $\mathrm{Var}(y) = 2/9$.",
    source="own derivation",
    case_type=LineData,
    cases=(LineData((-3, -2, -1), (0, 0, 1)),),
    law=Valleys(
        ((0, 1, 1, False), (Fraction(1, 18), -1, -1, True)),
        ((0, 1), (Fraction(1, 18), 2), (Fraction(2, 9), 1)),
        rational(["2/9"])[0],
    ),
    check=EXERCISE.check,
    false_laws={
        "a perfect fit leaves no spurious valley": Valleys(((0, 1, 1, False),), ((0, 1),), rational(["2/9"])[0]),
        "its barrier is its floor": Valleys(
            ((0, 1, 1, False), (Fraction(1, 18), -1, -1, True)),
            ((0, 1), (Fraction(1, 18), 2), (Fraction(2, 9), 1)),
            rational(["1/18"])[0],
        ),
    },
    uses=(SEPARATED.id,),
    deviations="Without a and c the same data have none: relu_valleys.realizable.",
)

# -- which constant networks are local minima --------------------------------------------------------------------------


@dataclass(frozen=True)
class Constant(Case):
    """Samples on the line and weights (w, b, a, c)."""

    x: tuple
    y: tuple
    theta: tuple

    def loss(self, theta: Any) -> Any:
        """(1/m) sum (a max(w x_i + b, 0) + c - y_i)^2, literally."""
        w, b, a, c = theta
        u = w * rational(self.x) + b
        return average((a * np.array([max(v, 0 * v) for v in u], object) + c - rational(self.y)) ** 2)

    def is_mean(self) -> bool:
        return bool(rational([self.theta[3]])[0] == average(rational(self.y)))

    def is_off(self) -> bool:
        """a = 0, or the neuron is inactive around all samples."""
        w, b, a, _ = rational(self.theta)
        return bool(a == 0 or all(w * u + b < 0 for u in rational(self.x)))

    def nearby(self) -> list[tuple[np.ndarray, Any, Any]]:
        """The active samples of each cell of the (w, b) plane around (w, b), with two independent points of the cell.

        Where w x_i + b = 0 the sign is that of the step: one between neighbouring kinks (1, -x_i), (-1, x_i).
        """
        x, (w, b, _, _) = rational(self.x), rational(self.theta)
        zero = x[w * x + b == 0]
        knots = sorted(set(zero))
        ends = [(s * 1, -s * t) for s in (1, -1) for t in self._between(knots)] + [(0, 1), (0, -1)]
        cells = []
        for p, q in ends:
            steps = [rational([p, q]), rational([p + Fraction(1, 99) * (p == 0), q + Fraction(1, 99) * (p != 0)])]
            signs = [np.where(w * x + b == 0, s[0] * x + s[1], w * x + b) > 0 for s in steps]
            if (signs[0] == signs[1]).all():
                cells.append((signs[0], *steps))
        return cells

    @staticmethod
    def _between(knots: list[Any]) -> list[Any]:
        """A number in each gap of the increasing numbers, and one beyond each end."""
        if not knots:
            return []
        middle = [(lo + hi) / 2 for lo, hi in pairwise(knots)]
        return [Fraction(int(t.p), int(t.q)) for t in (knots[0] - 1, *middle, knots[-1] + 1)]


def _constants() -> Any:
    """Few samples; a = 0 or dead in nine cases of ten, c the mean in as many; kinks on samples are frequent."""

    def build(choose: Choose) -> Constant:
        m = choose((2, 3, 4, 1))
        x, y = drawn(choose, m), drawn(choose, m, (0, 1, -1, 2))
        mean = sum(map(Fraction, y)) / m
        w, b, a = choose((0, 1, -1, 2)), choose((0, -1, 1, -2, 2)), choose((0, 0, 1))
        if a:
            w, b = choose(((0, -1), (1, -9), (-1, -9), (2, -9), (w, b)))
        return Constant(x, y, (w, b, a, choose((mean,) * 9 + (mean + 1,))))

    return chosen(build)


def _descends(case: Constant) -> bool:
    """Whether the loss falls along some curve from theta, found by trying: (w, b) into a cell, then a and c.

    Near theta the network is a relu(.) + c with a small a. With z the feature at (w, b) + s (step), z = relu(w x + b)
    + s g to first order, the loss is a parabola in a: it falls below Var(y) for small a of one sign iff z and y are
    correlated.
    """
    w, b, a, c = rational(case.theta)
    x, y = rational(case.x), rational(case.y)
    here = case.loss((w, b, a, c))
    small = rational([Fraction(1, 10**6)])[0]
    tries = [(w, b, a, c + s * small) for s in (1, -1)]
    for _, *steps in case.nearby():
        for step in steps:
            v, d = w + small * step[0], b + small * step[1]
            tries.append((v, d, a, c))
            z = np.array([max(u, 0 * u) for u in v * x + d], object)
            C, S = average(z * y) - average(z) * average(y), average(z * z) - average(z) ** 2
            if a == 0 and S != 0:
                k = C / S * small
                tries.append((v, d, k, c - k * average(z)))
    return any(case.loss(theta) < here for theta in tries)


def _check_constant(case: Constant, law: Callable[[Any, list[tuple[Any, Any]]], bool]) -> Verdict:
    x, e = rational(case.x), average(rational(case.y)) - rational(case.y)
    sums = [((e * x)[on].sum() + 0 * x[0], e[on].sum() + 0 * x[0]) for on, *_ in case.nearby()]
    return verdict(law(rational(case.theta)[2], sums) != _descends(case), detail="curves into all cells, exactly")


CONSTANT = Claim(
    id="relu_constants.minima",
    title="Which constant networks are local minima",
    statement=r"Let $d_0 = 1$ and $c = \bar y$, $e_i = \bar y - y_i$. A network with $a \ne 0$ that is inactive around "
    r"all samples is a local minimum; one with $a = 0$ is a local minimum iff $\sum_{i \in A} e_i (x_i, 1) = 0$ for "
    r"the set $A$ of active samples of every cell of the $(w, b)$ plane that touches $(w, b)$.",
    source="own derivation",
    case_type=Constant,
    cases=_constants,
    law=lambda a, sums: a != 0 or all(p == 0 and q == 0 for p, q in sums),
    check=_check_constant,
    hypotheses=(
        Hypothesis("mean", r"$c = \bar y$", Constant.is_mean),
        Hypothesis("off", "$a = 0$, or the neuron is inactive around all samples", Constant.is_off),
    ),
    counterexamples=(
        Counterexample("mean", Constant((0, 1), (0, 1), (0, -1, 1, 0)), "a dead neuron, and c goes to the mean"),
        Counterexample(
            "off",
            Constant((-1, 0), (0, 1), (1, 0, 1, Fraction(1, 2))),
            "the second sample is on the kink and pulls b up",
        ),
    ),
    false_laws={
        "all of them": lambda a, sums: True,
        "only dead ones": lambda a, sums: a != 0,
        "the sums of the errors decide": lambda a, sums: a != 0 or all(q == 0 for _, q in sums),
    },
    examples=(
        Constant((0, 1), (0, 1), (0, -1, 1, Fraction(1, 2))),
        Constant((0, 1), (0, 1), (0, -1, 0, Fraction(1, 2))),
        Constant((0, 1), (0, 1), (0, 1, 0, Fraction(1, 2))),
        Constant((0, 1), (0, 1), (0, 0, 0, Fraction(1, 2))),
        Constant((-1, 0, 1), (0, 3, 1), (1, 0, 0, Fraction(4, 3))),
        Constant((-1, 0, 1), (0, 3, 0), (0, 1, 0, 1)),
        Constant((0, 0), (0, 1), (1, 0, 0, Fraction(1, 2))),
    ),
    uses=(BELOW.id,),
)

CLAIMS = (BELOW, REALIZABLE, CONSTANT)
