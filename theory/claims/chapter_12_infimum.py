"""Chapter 12: a spurious valley without a minimum, because the infimum of the loss in it is not attained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory.arithmetic import is_zero, rational
from theory.calculus.exact_linalg import null_space, rank, solve
from theory.claims.cases import Case
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.linear_data import Choose, chosen
from theory.models.shallow_net import ShallowNet


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


def _approaching(case: Parabola, p: Any) -> np.ndarray:
    """theta with the best outputs p x^2 + q x + r: the least-squares line as p -> 0, where its slope is not 0."""
    mean_x, mean_y = Fraction(sum(case.x), 3), Fraction(sum(case.y), 3)
    u = [t - mean_x for t in case.x]
    spread, skew = sum(t * t for t in u), sum(t**3 for t in u)
    slope, mean_x, mean_y, spread, skew = rational([case.slope, mean_x, mean_y, spread, skew])
    shift = (slope - p * skew / spread) / (2 * p)  # the line part of p (u + shift)^2
    return np.array([p**0, shift - mean_x, p, mean_y - p * shift * shift - p * spread / 3], object)


def _widest(A: Any, B: Any, room: Any, side: int) -> Any | None:
    """t > 0 with (A - p B)^2 < A^2 + room at p = side t, and at all smaller t if room > 0; None if there is no such t.

    The condition is t (t B^2 - 2 side A B) < room, room >= 0, B != 0.
    """
    slant = side * A * B
    if room > 0:
        return min(room**0, room / (2 * (2 * abs(slant) + B * B)))
    return abs(A / B) if slant > 0 else None


def _interpolating(case: Parabola) -> np.ndarray:
    """The parabola through the samples, as p (x + q/(2p))^2 + r - q^2/(4p)."""
    r, q, p = solve(rational(case.x)[:, None] ** np.arange(3), rational(case.y))
    return np.array([p**0, q / (2 * p), p, r - q * q / (4 * p)], object)


def _gradient_is_regular(case: Parabola, theta: np.ndarray) -> bool:
    """Whether the gradient is a regular matrix times the residuals, so that it vanishes only with them.

    The coefficients (p, q, r) of the outputs p x^2 + q x + r depend on (a, b, c) with Jacobian 2 a w^3.
    """
    net, (w, b, a, _) = case.net, theta
    jacobian = rational(np.zeros((3, 3), int))
    jacobian[0] = [w * w, 0 * w, 0 * w]
    jacobian[1] = [2 * w * b, 2 * a * w, 0 * w]
    jacobian[2] = [b * b, 2 * a * b, w**0]
    outputs = np.stack([rational(case.x) ** n for n in (2, 1, 0)]).T @ jacobian
    chain = 2 * (net.outputs(theta) - net.y) @ outputs * rational(["1/3"])[0]
    literal = bool((net.gradient(theta)[1:] == np.array([chain[1], chain[0], chain[2]], object)).all())
    return literal and rank(jacobian) == rank(outputs) == 3


@dataclass(frozen=True)
class Facts:
    """Of the weights with loss below Var(y) and a of one sign.

    ``infimum`` of the loss (None if there are no such weights), whether it is ``attained``, and whether they are
    ``spurious``: a global minimum exists, not among them.
    """

    infimum: Any
    attained: bool
    spurious: bool


def _check_parabola(case: Parabola, law: Callable[[Any, Any], Facts]) -> Verdict:
    """The infimum from above by weights, from below by the best outputs p x^2 + q x + r with the p of a w^2.

    The least loss over q and r is H(p) = (n.(y - p x^2))^2 / (3 n.n), n orthogonal to 1 and x. On the half-line of
    one sign its infimum is 0, attained at the vertex, or H(0), not attained. Where H(p) < Var(y) somewhere on it,
    five p there show that weights attain H(p) for all p: p^2 times the loss is a polynomial of degree 4.
    """
    net, theta, (x, y) = case.net, rational(case.theta), (rational(case.x), rational(case.y))
    n = null_space(np.stack([x**0, x]))[:, 0]
    constant, side = case.best_constant, int(theta[2] > 0) - int(theta[2] < 0)

    def least(p: Any) -> Any:
        e = n @ (y - p * x * x)
        return e * e / (3 * (n @ n))

    A, B = n @ y, n @ (x * x)
    widest = _widest(A, B, 3 * (n @ n) * constant - A * A, side)
    found = [] if widest is None else [side * widest * s for s in rational([1, "1/2", "1/3", "1/4", "1/5"])]
    points = [(p, _approaching(case, p)) for p in found]
    approached = all(net.loss(point) == least(p) for p, point in points)
    approached = approached and (widest is None or bool(least(side * widest) < constant))
    bounded = bool(net.loss(theta) >= least(theta[2] * theta[0] * theta[0]))
    vertex = A / B
    attained = bool(side * vertex > 0)
    end = _interpolating(case) if vertex != 0 else None
    fits = end is not None and bool(net.loss(end) == 0 == least(vertex) and is_zero(net.gradient(end)).all())
    below = [point for point in (theta, *(point for _, point in points)) if net.loss(point) < constant]
    regular = all(_gradient_is_regular(case, point) for point in below)
    critical = any(is_zero(net.gradient(point)).all() for point in below)
    costs = (net.loss(theta * rational([[0, 1, 1, 1], [1, 1, 0, 1]])) >= constant).all()
    line = least(rational([0])[0])
    infimum = None if not below else 0 * line if attained else line
    facts = Facts(infimum, attained, bool(below) and fits and not attained)
    proved = approached and bounded and regular and bool(costs) and fits == (vertex != 0) and (attained or not critical)
    return verdict(bool(proved and law(line, constant) == facts), detail="both bounds of the infimum, exactly")


VALLEY = Claim(
    id="valleys.without_minimum",
    title="A spurious valley need not contain a local minimum",
    statement=r"Let $\sigma(z) = z^2$, $d_0 = d_1 = 1$, and three samples with distinct $x_i$ that lie on no line, "
    r"with a least-squares line of slope not 0. The weights of loss below $\mathrm{Var}(y)$ whose $a$ has not the sign "
    r"of the bend (second difference of $y$) form spurious valleys without a critical point: as $aw = 0$ costs at "
    r"least $\mathrm{Var}(y)$ they cannot be left, and their infimum, the loss of the line, is not attained. The "
    r"global minimum is 0.",
    source="own derivation",
    case_type=Parabola,
    cases=parabolas,
    law=lambda line, constant: Facts(line, False, True),
    check=_check_parabola,
    hypotheses=(
        Hypothesis("bent", "the samples lie on no line", lambda case: case.bend != 0),
        Hypothesis("slope", "the least-squares line has a slope", lambda case: case.slope != 0),
        Hypothesis(
            "sign",
            r"$a \ne 0$ has not the sign of the second difference",
            lambda case: case.theta[2] != 0 and case.bend * case.theta[2] <= 0,
        ),
    ),
    counterexamples=(
        Counterexample("bent", Parabola((-1, 0, 1), (-1, 0, 1), (1, 0, 1, 0)), "no global minimum exists"),
        Counterexample("slope", Parabola((-1, 0, 1), (1, 0, 1), (1, 0, -1, 0)), "no line beats the constants"),
        Counterexample("sign", Parabola((-1, 0, 1), (0, 0, 2), (1, 0, 1, 0)), "the parabola through the samples"),
    ),
    false_laws={
        "every spurious valley contains a local minimum": lambda line, constant: Facts(line, True, True),
        "no spurious valley": lambda line, constant: Facts(line, False, False),
        "the infimum is the global one": lambda line, constant: Facts(0 * line, False, True),
        "a global minimum in each valley": lambda line, constant: Facts(0 * line, True, False),
        "the infimum is the loss of the best constant": lambda line, constant: Facts(constant, False, True),
        "half the loss of the line": lambda line, constant: Facts(line / 2, False, True),
    },
    examples=(
        Parabola((-1, 0, 1), (0, 0, 2), (1, 0, -1, 0)),
        Parabola((-1, 0, 1), (0, 0, 2), (0, 0, -1, 0)),
        Parabola((0, 1, 3), (0, 2, 1), (2, 1, 1, 0)),
        Parabola((2, 5, -4), (-1, 3, 2), (3, 1, -2, 1)),
        Parabola((-1, 0, 1), (Fraction(-1, 1000), 5, Fraction(1, 1000)), (1, 0, 1, 0)),
    ),
    deviations="With valleys.dead_minimum: neither of non-global minimum and spurious valley implies the other.",
)

CLAIMS = (VALLEY,)
