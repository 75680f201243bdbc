"""Chapter 12: a non-global minimum in no spurious valley, and a spurious valley without a minimum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from theory.arithmetic import is_zero, rational
from theory.calculus.exact_linalg import rank, solve
from theory.claims.cases import Case
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, erratum, verdict
from theory.claims.linear_data import Choose, chosen
from theory.models.shallow_net import ShallowNet

FEW = (0, 1, -1, 2, -2, 3, -3)

# -- a dead ReLU net -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DeadNet(Case):
    """ReLU neurons a_j relu(w_j x + b_j) on the line, and c = mean y."""

    x: tuple
    y: tuple
    w: tuple
    b: tuple
    a: tuple

    @property
    def net(self) -> ShallowNet:
        """The net with mean squared loss."""
        return ShallowNet(len(self.w), (self.x,), self.y, "relu")

    @property
    def theta(self) -> np.ndarray:
        """(w, b, a, c) with c = mean y."""
        return rational([*self.w, *self.b, *self.a, Fraction(sum(self.y), len(self.y))])


def dead_nets() -> Any:
    """Two to four samples with distinct inputs, m - 1 to m + 1 neurons, dead with a positive margin."""

    def build(choose: Choose) -> DeadNet:
        m = choose((2, 3, 4))
        k = m + choose((-1, 0, 1))
        x = tuple(sorted({choose(FEW) for _ in range(12)} | set(range(m)))[:m])
        y = tuple(choose(FEW) for _ in range(m))
        y = y if len(set(y)) > 1 else (y[0] + 1, *y[1:])
        w = tuple(choose(FEW) for _ in range(k))
        b = tuple(-max(s * t for t in x) - choose((1, Fraction(1, 2), 2)) for s in w)
        return DeadNet(x, y, w, b, tuple(choose(FEW) for _ in range(k)))

    return chosen(build)


def _is_dead(case: DeadNet) -> bool:
    return all(w * x + b < 0 for w, b in zip(case.w, case.b, strict=True) for x in case.x)


def _variance(case: DeadNet) -> Fraction:
    m = len(case.y)
    return sum(((Fraction(t) - Fraction(sum(case.y), m)) ** 2 for t in case.y), Fraction(0)) / m


def _stays_constant(case: DeadNet) -> bool:
    """Whether a box around (w, b), evaluated at its corners, stays dead: the loss there is Var(y) + (c - mean y)^2."""
    if not _is_dead(case):
        return False
    gap = min(-(w * x + b) for w, b in zip(case.w, case.b, strict=True) for x in case.x)
    r = Fraction(gap) / (2 * (1 + max(abs(x) for x in case.x)))
    net, k = case.net, len(case.w)
    corners = rational([[s * r, t * r] for s in (1, -1) for t in (1, -1)])
    moves = np.concatenate([np.repeat(corners, k, axis=1), np.repeat(0 * corners[:, :1], k + 1, axis=1)], axis=1)
    return bool((net.loss(case.theta + moves) == rational([_variance(case)])[0]).all())


def interpolant(case: DeadNet) -> np.ndarray | None:
    """Hinges at all inputs but the last, with slopes that pass through all samples: (w, b, a, c); None if too few."""
    points = sorted(set(zip(case.x, case.y, strict=True)))
    x, y = zip(*points, strict=True)
    k = len(case.w)
    if len(set(x)) < len(x) or k < len(x) - 1:
        return None
    slopes = [Fraction(y[i + 1] - y[i]) / (x[i + 1] - x[i]) for i in range(len(x) - 1)]
    a = [s - t for s, t in zip(slopes, [0, *slopes], strict=False)]
    rest = [0] * (k - len(a))
    return rational([*[1] * len(a), *rest, *(-t for t in x[:-1]), *rest, *a, *rest, y[0]])


def _slides_down(case: DeadNet) -> bool:
    """Output weights off, hidden weights to an interpolant's, output weights on: losses Var, Var, (1 - t)^2 Var."""
    net, end, k = case.net, interpolant(case), len(case.w)
    if end is None:
        return False
    off, ready = case.theta.copy(), end.copy()
    off[2 * k : 3 * k] = ready[2 * k : 3 * k] = rational([0])[0]
    ready[-1] = case.theta[-1]
    t = rational([Fraction(n, 4) for n in range(5)])[:, None]
    legs = [net.loss(p + t * (q - p)) for p, q in ((case.theta, off), (off, ready), (ready, end))]
    variance = rational([_variance(case)])[0]
    wanted = [variance + 0 * t[:, 0], variance + 0 * t[:, 0], variance * ((1 - t) * (1 - t))[:, 0]]
    return all(bool((leg == value).all()) for leg, value in zip(legs, wanted, strict=True))


def _check_dead(case: DeadNet, law: Callable[[bool, bool, bool], bool]) -> Verdict:
    """Leg by leg the loss is a polynomial of degree at most 2 in t, so five values prove it."""
    end = interpolant(case)
    is_global = case.net.loss(case.theta) == 0 or (end is None and len(set(case.x)) == 1)
    holds = law(_stays_constant(case), is_global, _slides_down(case))
    return verdict(bool(holds), detail="a box around the point, and three legs down to loss 0, exactly")


DEAD = Claim(
    id="valleys.dead_minimum",
    title="A dead ReLU net is a local minimum, not global, and in no spurious valley",
    statement=r"Let $d_0 = 1$, $x_i$ distinct, $y$ not constant and $d_1 \ge m - 1$. If $w_jx_i + b_j < 0$ for all "
    r"$i, j$ and $c = \bar y$, then $\theta$ is a local minimum of the mean squared loss of the ReLU net with value "
    r"$\mathrm{Var}(y) > 0 = \min$, and a path of non-increasing loss leads from it to a global minimum, so no "
    r"spurious valley contains it.",
    source="own derivation",
    case_type=DeadNet,
    cases=dead_nets,
    law=lambda local, is_global, slides: local and not is_global and slides,
    check=_check_dead,
    hypotheses=(
        Hypothesis("dead", "$w_jx_i + b_j < 0$", _is_dead),
        Hypothesis("distinct", "the $x_i$ are distinct", lambda case: len(set(case.x)) == len(case.x)),
        Hypothesis("varied", "$y$ is not constant", lambda case: len(set(case.y)) > 1),
        Hypothesis("width", r"$d_1 \ge m - 1$", lambda case: len(case.w) >= len(case.x) - 1),
    ),
    counterexamples=(
        Counterexample("dead", DeadNet((0, 1), (0, 1), (1, 0), (0, -1), (2, 1)), "a neuron with the wrong slope"),
        Counterexample("distinct", DeadNet((1, 1), (0, 1), (0, 0), (-1, -1), (1, 1)), "the best output is 1/2"),
        Counterexample("varied", DeadNet((0, 1), (1, 1), (0, 0), (-1, -1), (1, 1)), "the loss is 0"),
        Counterexample("width", DeadNet((0, 1, 2), (0, 3, 0), (0,), (-1,), (1,)), "one neuron has no peak: no loss 0"),
    ),
    false_laws={
        "no local minimum": lambda local, is_global, slides: not local,
        "a global minimum": lambda local, is_global, slides: is_global,
        "in a spurious valley": lambda local, is_global, slides: not slides,
    },
    examples=(
        DeadNet((0, 1), (0, 1), (0, 0), (-1, -1), (1, 1)),
        DeadNet((-1, 0, 2), (1, 0, 1), (1, -1), (-3, -2), (0, 2)),
    ),
)

DEAD_ERRATUM = erratum(
    "valleys.no_spurious_minima",
    "Shallow overparameterized nets do have non-global local minima",
    statement=r"Printed before Proposition 12.4: spurious local minima do not exist for shallow overparameterized "
    r"networks ($d_1 \ge m$), so every local minimum is global.",
    source="petersenzech2024, section 12.2, the sentence before Proposition 12.4",
    corrects=DEAD,
    printed=lambda local, is_global, slides: is_global or not local,
    witness=DEAD.examples[0],
    hypotheses=(Hypothesis("wide", r"$d_1 \ge m$", lambda case: len(case.w) >= len(case.x)),),
    deviations="Proposition 12.4 excludes spurious valleys only. ReLU, m = d_1 = 2: loss 1/4 on an open set of (w, b).",
)

GENERAL_ERRATUM = erratum(
    "valleys.generalise_minima",
    "Spurious valleys do not generalise non-global minima",
    statement="Printed before Definition 12.3: spurious valleys generalise the notion of non-global minima, so a local "
    "minimum that is not global lies in a spurious valley.",
    source="petersenzech2024, section 12.2, the sentence before Definition 12.3",
    corrects=DEAD,
    printed=lambda local, is_global, slides: is_global or not local or not slides,
    witness=DEAD.examples[0],
    deviations="True of strict minima (valleys.strict_minima), which ReLU nets do not have.",
)

# -- a valley without a minimum ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Parabola(Case):
    """Three samples, and a neuron a (w x + b)^2 + c that bends against them: a < 0 iff they bend upwards."""

    x: tuple
    y: tuple
    theta: tuple

    @property
    def net(self) -> ShallowNet:
        """The net with one neuron of activation z^2."""
        return ShallowNet(1, (self.x,), self.y, "square")

    @property
    def bend(self) -> Fraction:
        """The second divided difference of the samples."""
        (x0, x1, x2), (y0, y1, y2) = self.x, self.y
        return (Fraction(y2 - y1) / (x2 - x1) - Fraction(y1 - y0) / (x1 - x0)) / (x2 - x0)

    @property
    def best_constant(self) -> Any:
        """Var(y)."""
        mean = Fraction(sum(self.y), 3)
        return rational([sum(((t - mean) ** 2 for t in self.y), Fraction(0)) / 3])[0]

    @property
    def slope(self) -> Fraction:
        """The slope of the least-squares line."""
        x, y = (tuple(Fraction(t) - Fraction(sum(v), 3) for t in v) for v in (self.x, self.y))
        return sum((s * t for s, t in zip(x, y, strict=True)), Fraction(0)) / sum(s * s for s in x)


def parabolas() -> Any:
    """Bent data with a slope, and weights of the wrong sign, w != 0."""

    def build(choose: Choose) -> Parabola:
        x = choose(((-1, 0, 1), (0, 1, 3), (-2, 0, 1)))
        line, bend = choose((1, -1, 2)), choose((1, -1, Fraction(1, 2)))
        y = tuple(line * t + bend * (t - x[0]) * (t - x[2]) for t in x)
        a = choose((1, 2, Fraction(1, 3))) * (-1 if bend > 0 else 1)
        return Parabola(x, y, (choose((1, -1, 2)), choose((0, 1, -1)), a, choose((0, 1, -1))))

    return chosen(build)


def _in_the_valley(case: Parabola) -> list[np.ndarray]:
    """Weights a = -s/2^n whose outputs approach the least-squares line, where they beat the constants."""
    s, mean_x, mean_y = (1 if case.bend > 0 else -1), Fraction(sum(case.x), 3), Fraction(sum(case.y), 3)
    net, points = case.net, []
    spread = sum((t - mean_x) ** 2 for t in case.x) / 3
    for n in range(1, 12):
        a = Fraction(-s, 2**n)
        shift = case.slope / (2 * a)  # a (u + shift)^2 = slope u + a u^2 + constant, u = x - mean x
        theta = rational([1, shift - mean_x, a, mean_y - a * shift**2 - a * spread])
        points += [theta] if net.loss(theta) < case.best_constant else []
    return points


def _check_parabola(case: Parabola, law: Callable[[bool, bool], bool]) -> Verdict:
    """Whether a valley is cut off from the global minimum, and whether it contains a critical point.

    For a w != 0 the outputs (p, q, r) of p x^2 + q x + r depend on (a, b, c) with Jacobian 2 a w^3: the gradient
    vanishes only where the residuals do, that is for a of the sign of the bend. For a w = 0 the output is constant.
    """
    net, points, theta = case.net, _in_the_valley(case), rational(case.theta)
    w, b, a, _ = theta
    jacobian = rational(np.zeros((3, 3), int))
    jacobian[0] = [w * w, 0 * w, 0 * w]
    jacobian[1] = [2 * w * b, 2 * a * w, 0 * w]
    jacobian[2] = [b * b, 2 * a * b, w**0]
    outputs = np.stack([rational(case.x) ** n for n in (2, 1, 0)]).T @ jacobian
    chain = 2 * (net.outputs(theta) - net.y) @ outputs * rational(["1/3"])[0]
    literal = bool((net.gradient(theta)[1:] == np.array([chain[1], chain[0], chain[2]], object)).all())
    invertible = rank(jacobian) == 3 if a * w != 0 else True
    losses = [net.loss(p) for p in points]
    descends = all(s > t for s, t in pairwise(losses))
    fits = net.loss(_interpolating(case)) == 0 if case.bend else False
    critical = any(is_zero(net.gradient(p)).all() for p in points)
    constants = theta * rational([[0, 1, 1, 1], [1, 1, 0, 1]])
    costs = all(value >= case.best_constant for value in net.loss(constants))
    holds = literal and invertible and costs and descends and law(bool(points) and bool(fits), critical)
    return verdict(holds, detail="weights below the constants, gradients and Jacobian, exactly")


def _interpolating(case: Parabola) -> np.ndarray:
    """The parabola through the samples, as p (x + q/(2p))^2 + r - q^2/(4p)."""
    r, q, p = solve(rational(case.x)[:, None] ** np.arange(3), rational(case.y))
    return np.array([p**0, q / (2 * p), p, r - q * q / (4 * p)], object)


VALLEY = Claim(
    id="valleys.without_minimum",
    title="A spurious valley need not contain a local minimum",
    statement=r"Let $\sigma(z) = z^2$, $d_0 = d_1 = 1$, and three samples that lie on no line, with a least-squares "
    r"line of slope not 0. The weights of loss below $\mathrm{Var}(y)$ whose $a$ has not the sign of the second "
    r"difference of $y$ form spurious valleys without a critical point: as $aw = 0$ costs at least $\mathrm{Var}(y)$ "
    r"they cannot be left, and their infimum, the loss of the line, is not attained. The global minimum is 0.",
    source="own derivation",
    case_type=Parabola,
    cases=parabolas,
    law=lambda valley, critical: valley and not critical,
    check=_check_parabola,
    hypotheses=(
        Hypothesis("bent", "the samples lie on no line", lambda case: case.bend != 0),
        Hypothesis("slope", "the least-squares line has a slope", lambda case: case.slope != 0),
    ),
    counterexamples=(
        Counterexample("bent", Parabola((-1, 0, 1), (-1, 0, 1), (1, 0, 1, 0)), "no global minimum exists"),
        Counterexample("slope", Parabola((-1, 0, 1), (1, 0, 1), (1, 0, -1, 0)), "no line beats the constants"),
    ),
    false_laws={
        "every spurious valley contains a local minimum": lambda valley, critical: valley and critical,
        "no spurious valley": lambda valley, critical: not valley,
    },
    examples=(Parabola((-1, 0, 1), (0, 0, 2), (1, 0, -1, 0)), Parabola((0, 1, 3), (0, 2, 1), (2, 1, 1, 0))),
    deviations="With valleys.dead_minimum: neither of non-global minimum and spurious valley implies the other.",
)

CLAIMS = (DEAD, DEAD_ERRATUM, GENERAL_ERRATUM, VALLEY)
