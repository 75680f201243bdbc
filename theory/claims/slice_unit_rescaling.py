"""Rescaling single units of a ReLU net: one function, filter-normalised curvatures of any size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from theory.claims.cases import Case
from theory.claims.claim import Claim, Verdict, verdict
from theory.claims.linear_data import Choose, chosen


@dataclass(frozen=True)
class Orbit(Case):
    """f(x) = sum_i v_i relu(w_i x) at w = s, v = 1/s, fitted to y = k relu(x); s > 0 are the factors of the units."""

    factors: tuple
    x: tuple

    def loss(self, w: tuple, v: tuple) -> Fraction:
        """(1/m) sum of squares."""
        k = len(w)
        errors = [sum(b * max(a * x, 0) for a, b in zip(w, v, strict=True)) - k * max(x, 0) for x in self.x]
        return sum((Fraction(e) ** 2 for e in errors), Fraction(0)) / len(self.x)


def _check_orbit(case: Orbit, law: Callable[[tuple, Any], Any]) -> Verdict:
    """Second differences, exact since the loss is quadratic in each single weight; blocks are w_1, ..., w_k and v."""
    w, v = tuple(map(Fraction, case.factors)), tuple(1 / Fraction(s) for s in case.factors)
    k = len(w)

    def second(which: int, i: int) -> Fraction:
        h = w[i] / 2 if which == 0 else Fraction(1)
        values = []
        for step in (-h, 0, h):
            moved = [list(w), list(v)]
            moved[which][i] += step
            values.append(case.loss(*map(tuple, moved)))
        return (values[0] - 2 * values[1] + values[2]) / h**2

    mean = sum((w[i] ** 2 * second(0, i) for i in range(k)), Fraction(0))
    mean += sum((b * b for b in v), Fraction(0)) * sum(second(1, i) for i in range(k)) / k
    moment = Fraction(sum(max(x, 0) ** 2 for x in case.x), len(case.x))
    return verdict(case.loss(w, v) == 0 and mean == law(case.factors, moment), detail="second differences, exactly")


def orbits() -> Any:
    """One to four units."""

    def build(choose: Choose) -> Orbit:
        factors = tuple(choose((1, 2, 3, Fraction(1, 2), Fraction(1, 3), 5)) for _ in range(choose((1, 2, 2, 3, 4))))
        return Orbit(factors, (choose((1, 2, 3)), *(choose((-1, 0, 1, 2)) for _ in range(choose((0, 1, 2))))))

    return chosen(build)


def _products(s: tuple) -> Fraction:
    return _squares(s) * _squares(tuple(1 / Fraction(a) for a in s))


def _squares(s: tuple) -> Fraction:
    return sum((Fraction(a) ** 2 for a in s), Fraction(0))


ORBIT = Claim(
    id="slices.sharpness_is_not_unitwise",
    title="Rescaling single units changes the filter-normalised curvature without bound",
    statement=r"Let $f(x) = \sum_{i \le k} v_i\,\mathrm{relu}(w_ix)$ be fitted to $k\,\mathrm{relu}(x)$. At the global "
    r"minima $w_i = s_i$, $v_i = 1/s_i$, which are one and the same function, the mean curvature along a "
    r"filter-normalised direction is $2\mu(k + \frac1k\sum_i s_i^2\sum_i s_i^{-2})$ with $\mu = \frac1m\sum_{x_j > 0}"
    r"x_j^2$: the same for proportional $s$, least for equal $s_i$, and for $\mu > 0$ unbounded from two units on.",
    source="own derivation",
    case_type=Orbit,
    cases=orbits,
    law=lambda s, moment: 2 * moment * (len(s) + _products(s) / len(s)),
    check=_check_orbit,
    false_laws={
        "the same for all s": lambda s, moment: 4 * moment * len(s),
        "the trace of the Hessian": lambda s, moment: (
            2 * moment * (_squares(s) + _squares(tuple(1 / Fraction(a) for a in s)))
        ),
        "not averaged over the output weights": lambda s, moment: 2 * moment * (len(s) + _products(s)),
    },
    examples=(
        Orbit((1, 2), (1, -1)),
        Orbit((2, 2), (1,)),
        Orbit((1, Fraction(1, 100), 1), (2, 0, 1)),
        Orbit((3,), (1,)),
    ),
    uses=("slices.mean_normalised_curvature", "slices.layerwise_rescaling"),
    deviations="The slides offer the normalisation against the scaling problem; it answers the layer-wise part.",
)

CLAIMS = (ORBIT,)
