"""Is the loss monotone from the start to the end of training? A linear net with one hidden unit and two modes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory.arithmetic import flint, precision, rational
from theory.calculus.unit_interval import interpolated, is_nonincreasing, is_nonnegative, is_positive
from theory.claims.cases import Case
from theory.claims.claim import Claim, Verdict, verdict
from theory.claims.linear_data import Choose, chosen


@dataclass(frozen=True)
class Bottleneck(Case):
    """||a b^T - diag(1, s)||_F^2 / 2 with a, b in R^2 from a = b = (p, q), 0 < p <= 1, 0 <= s < 1, to a = b = (1, 0).

    p = 0 is the limit of small p.
    """

    p: Any
    q: Any
    s: Any

    @property
    def numbers(self) -> tuple[Fraction, Fraction, Fraction]:
        """c = 1 - p, q^2, K = c^2 + q^2."""
        c, q2 = 1 - Fraction(self.p), Fraction(self.q) ** 2
        return c, q2, c * c + q2

    def segment(self) -> np.ndarray:
        """The coefficients of the loss in t on the segment, from its values at five points, entry by entry."""
        M = rational([[1, 0], [0, self.s]])
        start, end = rational([self.p, self.q]), rational([1, 0])
        values = []
        for t in rational([Fraction(i, 4) for i in range(5)]):
            a = b = start + t * (end - start)
            values.append(((np.outer(a, b) - M) ** 2).sum() / 2)
        return interpolated(np.array(values, object))


def bottlenecks() -> Any:
    """Starts near and far from the saddle, of both kinds."""

    def build(choose: Choose) -> Bottleneck:
        p = choose((0, Fraction(1, 100), Fraction(1, 10), Fraction(1, 4), Fraction(1, 2), Fraction(9, 10), 1))
        q = choose((0, Fraction(1, 10), Fraction(1, 2), Fraction(3, 5), Fraction(7, 10), Fraction(4, 5), 1, 2, -1))
        return Bottleneck(p, q, choose((0, Fraction(1, 10), Fraction(1, 2), Fraction(4, 5), Fraction(9, 10))))

    return chosen(build)


def _slope(case: Bottleneck) -> Fraction:
    """The slope of the loss at the start of the segment: -2 (2c^2 + q^2 (1 - s) - 3cK + K^2)."""
    c, q2, K = case.numbers
    return -2 * (2 * c * c + q2 * (1 - Fraction(case.s)) - 3 * c * K + K * K)


@dataclass(frozen=True)
class MonotoneLaw:
    """When the loss does not increase: for all p, and from q^2 and s in the limit p -> 0."""

    condition: Callable[[Bottleneck], bool]
    limit: Callable[[Fraction, Fraction], bool]


def _monotone(case: Bottleneck, three: Any = 3, four: Any = 4) -> bool:
    c, q2, K = case.numbers
    return _slope(case) <= 0 if 2 * K <= three * c else c * c <= four * q2 * (1 - Fraction(case.s))


def _limit(q2: Fraction, s: Fraction) -> bool:
    return q2 * (q2 - s) >= 0 if 2 * q2 <= 1 else 4 * q2 * (1 - s) >= 1


def _check(case: Bottleneck, law: MonotoneLaw) -> Verdict:
    monotone = is_nonincreasing(case.segment())
    same = monotone is law.condition(case)
    same = same and (case.p != 0 or monotone is law.limit(case.numbers[1], Fraction(case.s)))
    return verdict(same, detail=f"{'monotone' if monotone else 'not monotone'}, exactly")


def _all(condition: Callable[[Bottleneck], bool]) -> MonotoneLaw:
    return MonotoneLaw(condition, _limit)


BOTTLENECK = Claim(
    id="interpolation.linear_bottleneck",
    title="A linear net with one hidden unit passes an obstacle on the segment if it started on the wrong mode",
    statement=r"Let gradient flow of $\frac12\|ab^T - \mathrm{diag}(1, s)\|_F^2$, $0 \le s < 1$, start at $a = b = "
    r"(p, q)$, $0 < p \le 1$; it ends at the global minimum $a = b = (1, 0)$. With $c = 1 - p$, $K = c^2 + q^2$ the "
    r"loss does not increase on the segment between them if and only if either $2K \le 3c$ and $2c^2 + q^2(1 - s) - "
    r"3cK + K^2 \ge 0$, or $2K > 3c$ and $c^2 \le 4q^2(1 - s)$; for $p = 0$: $q = 0$, or $s \le q^2 \le \frac12$, "
    r"or $q^2 > \frac12$ and $4q^2(1 - s) \ge 1$.",
    source="goodfellow2015, on the linear path, in the form of; own derivation",
    case_type=Bottleneck,
    cases=bottlenecks,
    law=_all(_monotone),
    check=_check,
    proof=r"For $a = b$ the flow is $\dot a = Ma - |a|^2a$: $a_2/a_1$ decays like $e^{-(1-s)t}$ and $|a| \to 1$. With "
    r"$\beta$ the distance from the end of the segment, the loss is $\frac{s^2}2 + \beta^2(2c^2 + q^2(1 - s)) - "
    r"2cK\beta^3 + \frac12K^2\beta^4$, whose slope is $2\beta$ times a convex quadratic with its least value at "
    r"$\beta = 3c/2K$.",
    false_laws={
        "always, the net being linear": _all(lambda case: True),
        "where it falls at the start": _all(lambda case: _slope(case) <= 0),
        "where q^2 is at least s": _all(lambda case: Fraction(case.q) ** 2 >= case.s),
        "where no interior slope vanishes": _all(
            lambda case: case.numbers[0] ** 2 <= 4 * case.numbers[1] * (1 - Fraction(case.s))
        ),
        "where the loss at the end is smaller": _all(lambda case: case.segment()[0] > case.segment().sum()),
        "3.1c for 3c": _all(lambda case: _monotone(case, three=Fraction(31, 10))),
        "2.9c for 3c": _all(lambda case: _monotone(case, three=Fraction(29, 10))),
        "4.1q^2 for 4q^2": _all(lambda case: _monotone(case, four=Fraction(41, 10))),
        "3.9q^2 for 4q^2": _all(lambda case: _monotone(case, four=Fraction(39, 10))),
        "never for q = 0 in the limit": MonotoneLaw(_monotone, lambda q2, s: q2 >= s and _limit(q2, s)),
        "up to q^2 = s only in the limit": MonotoneLaw(_monotone, lambda q2, s: q2 > s and _limit(q2, s)),
    },
    examples=(
        Bottleneck(Fraction(1, 100), Fraction(1, 2), Fraction(1, 2)),
        Bottleneck(0, 1, Fraction(4, 5)),  # falls, rises and falls
        Bottleneck(Fraction(1, 100), 1, Fraction(4, 5)),
        Bottleneck(0, Fraction(7, 10), Fraction(49, 100)),
        Bottleneck(Fraction(1, 2), Fraction(1, 10), Fraction(1, 2)),
        Bottleneck(1, 0, Fraction(1, 2)),
        Bottleneck(0, 0, Fraction(1, 2)),
        Bottleneck(Fraction(1, 100), 0, Fraction(1, 2)),
        Bottleneck(0, Fraction(147, 200), Fraction(5387, 10000)),  # 2K = 3.08c, not monotone
        Bottleneck(0, Fraction(339, 500), Fraction(4579, 10000)),  # 2K = 2.92c, monotone
        Bottleneck(0, 1, Fraction(753, 1000)),  # 4q^2 (1 - s) = 0.988
        Bottleneck(0, 1, Fraction(747, 1000)),  # 4q^2 (1 - s) = 1.012
    ),
)


def _check_peak(case: Bottleneck, law: Callable[[Bottleneck], Any]) -> Verdict:
    """The loss on the segment stays below the law + 10^-30 and exceeds the law - 10^-30 somewhere, exactly."""
    with precision(160):
        value, off = law(case), flint().fmpq(1, 10**30)
        m, e = value.mid().man_exp()
        middle = flint().fmpq(int(m)) * flint().fmpq(2) ** int(e)
        rest = -case.segment()
        above, below = rest.copy(), rest.copy()
        above[0] += middle + off
        below[0] += middle - off
        tight = is_positive(above) and not is_nonnegative(below) and bool(abs(value - middle) < off)
        return verdict(tight, "certified", f"largest loss {value.str(15, radius=False)}, from {-rest[0]}")


def _peak(sign: int, start: bool = False) -> Callable[[Bottleneck], Any]:
    """The loss at beta = (3c + sign sqrt(c^2 - 4q^2 (1 - s))) / 2K, or at the start of the segment."""

    def law(case: Bottleneck) -> Any:
        c, q2, K, s = (flint().arb(x) for x in rational([*case.numbers, case.s]))
        beta = 1 if start else (3 * c + sign * (c * c - 4 * q2 * (1 - s)).sqrt()) / (2 * K)
        return s * s / 2 + beta**2 * (2 * c * c + q2 * (1 - s)) - 2 * c * K * beta**3 + K * K * beta**4 / 2

    return law


PEAK = Claim(
    id="interpolation.linear_bottleneck_peak",
    title="How high the obstacle of the linear net with one hidden unit is",
    statement=r"In the same setting let the slope at the start of the segment, $-2(2c^2 + q^2(1 - s) - 3cK + K^2)$, "
    r"be positive. The loss is largest at the distance $\beta = (3c - \sqrt{c^2 - 4q^2(1 - s)})/2K$ from the end. For "
    r"$(p, q, s) = (\frac1{100}, \frac12, \frac12)$ it rises with the slope $5505099/50000000$ from "
    r"$106235001/200000000$ to $0.535370529391114$ and falls to $\frac18$, although it falls all along the flow.",
    source="own derivation",
    case_type=Bottleneck,
    cases=tuple(
        Bottleneck(p, q, s)
        for p in (0, Fraction(1, 100), Fraction(1, 10))
        for q in (Fraction(1, 4), Fraction(1, 2), Fraction(3, 5))
        for s in (Fraction(1, 2), Fraction(9, 10))
        if _slope(Bottleneck(p, q, s)) > 0
    ),
    law=_peak(-1),
    check=_check_peak,
    false_laws={
        "at the other root": _peak(1),
        "at the start": _peak(-1, start=True),
        "one height for all": lambda case: flint().arb("0.535370529391114"),
        "the loss of the saddle (0, sqrt(s))": lambda case: flint().arb(1) / 2,
    },
    uses=("interpolation.linear_bottleneck",),
)

CLAIMS = (BOTTLENECK, PEAK)
