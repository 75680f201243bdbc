"""The proof of Proposition 12.4, step by step: what is printed, the smallest nets that refute it, and what is true."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from theory.arithmetic import rational
from theory.calculus.exact_linalg import rank
from theory.claims import literal_nets as literal
from theory.claims.cases import Case
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, erratum, verdict
from theory.claims.linear_data import Choose, chosen
from theory.claims.literal_nets import Net
from theory.claims.shallow_paths import entries

# -- case 2: the rank grows ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Raise(Net):
    """A net whose first feature is sum_i alpha_i v^i over the other neurons, and (w*, b*) for it to go to."""

    alpha: tuple
    star: tuple

    def features(self) -> list[list[Fraction]]:
        """v^1, ..., v^{d_1}."""
        return [literal.feature(self, row) for row in literal.weights(self, self.theta)[0]]


Move = Callable[[Fraction, tuple, tuple], tuple]


def _mixed(s: Fraction, old: tuple, t: Fraction, star: tuple) -> tuple:
    return tuple(s * p + t * q for p, q in zip(old, star, strict=True))


def _corrected(t: Fraction, old: tuple, star: tuple) -> tuple:
    return _mixed(2 - 2 * t, old, 2 * t - 1, star)


def _printed(t: Fraction, old: tuple, star: tuple) -> tuple:
    return _mixed(2 * (t - Fraction(1, 2)), old, 2 * t - 1, star)


def _check_raise(case: Raise, law: Move) -> Verdict:
    """alpha_1 on [0, 1/2], then the law, straight from the old weights: constant outputs, at t = 1 a greater rank."""
    rows, a, c = literal.weights(case, case.theta)
    shifted = [Fraction(0), *(p + q * a[0] for p, q in zip(a[1:], case.alpha, strict=True))]

    def outputs(first: tuple, weights: list[Fraction]) -> list[Fraction]:
        V = [literal.feature(case, row) for row in (first, *rows[1:])]
        return [sum((p * v[i] for p, v in zip(weights, V, strict=True)), c) for i in range(len(case.y))]

    start, V = outputs(rows[0], a), case.features()
    times = [Fraction(i, 8) for i in range(4, 9)]
    constant = all(outputs(law(t, rows[0], case.star), shifted) == start for t in times)
    way = [law(t, rows[0], case.star) for t in times]
    straight = all(len({q - p for p, q in pairwise(entry)}) == 1 for entry in zip(*way, strict=True))
    continuous = straight and way[0] == rows[0] and outputs(rows[0], shifted) == start
    after = [literal.feature(case, law(Fraction(1), rows[0], case.star)), *V[1:]]
    grows = rank(rational(after)) == rank(rational(V)) + 1
    return verdict(bool(constant and continuous and grows), detail="end points, outputs and ranks, literally")


def _combines(case: Raise) -> bool:
    first, *others = case.features()
    total = [sum((p * v[i] for p, v in zip(case.alpha, others, strict=True)), Fraction(0)) for i in range(len(case.y))]
    return first == total


def _independent_of(case: Raise, count: int) -> bool:
    V = case.features()[:count]
    return rank(rational([*V, literal.feature(case, case.star)])) > rank(rational(V))


def _raises(choose: Choose) -> Raise:
    """The first neuron dead, or a copy of the second times a constant; a new feature of few values."""
    x = choose(((1, 2), (0, 1, 2), (-1, 0, 1), (1, 2, 2)))
    k, scale = choose((1, 2, 3)), choose((0, 1, 2))
    others = [(choose((1, -1, 2, 0)), choose((0, 1, -1))) for _ in range(k - 1)]
    first = tuple(scale * v for v in others[0]) if others and scale else (0, choose((-1, -2, 0)))
    alpha = tuple(scale if j == 0 else 0 for j in range(k - 1))
    rows, a = [first, *others], entries(choose, (1, 2, -1, 0), k + 1)
    theta = (*(w for w, _ in rows), *(b for _, b in rows), *a)
    stars = [(w, b) for w in (1, -1) for b in (0, 1, -1, Fraction(1, 2))]
    case = Raise("relu", k, (x,), (0,) * len(x), theta, alpha, (1, 0))
    new = [s for s in stars if _independent_of(Raise("relu", k, (x,), case.y, theta, alpha, s), k)]
    return Raise("relu", k, (x,), case.y, theta, alpha, choose(new or stars))


_E01 = Raise("relu", 1, ((1, 2),), (0, 0), (-1, 0, 1, 0), (), (1, 0))
_E03 = Raise("relu", 3, ((1, 0),), (0, 0), (0, 0, 1, -1, -1, 0, 1, 1, 1, 0), (0, 0), (2, 0))
_COPY = Raise("relu", 2, ((1, 2, 3),), (0, 0, 0), (2, 1, 0, 0, 1, 1, 0), (2,), (1, -1))

_WIDE = Raise("relu", 2, ((1, 2),), (0, 0), (-1, 0, 0, 1, 1, 0), (0,), (1, -1))

_IS_WIDE = Hypothesis("wide", r"$m \le d_1$", lambda c: len(c.y) <= c.width)
_COMBINATION = Hypothesis("combination", r"$v^1 = \sum_{i \ge 2} \alpha_iv^i$", _combines)

RAISE = Claim(
    id="shallow_paths.rank_raising",
    title="A dependent neuron can be freed and sent to a new feature at constant outputs",
    statement=r"Let $v^1 = \sum_{i=2}^{d_1} \alpha_iv^i$ and let $v^*$, the feature of $(w^*, b^*)$, lie outside "
    r"$\mathrm{span}\{v^1, \dots, v^{d_1}\}$. Then $\alpha_1$, followed by $\alpha_2(t) = (2 - 2t)W_1 + (2t - 1)w^*$, "
    r"$(2 - 2t)b_1 + (2t - 1)b^*$ on $[\frac12, 1]$, is continuous, leaves the outputs, and raises the rank by one.",
    source="petersenzech2024, Proposition 12.4 (proof, case 2)",
    case_type=Raise,
    cases=lambda: chosen(_raises),
    law=_corrected,
    check=_check_raise,
    hypotheses=(
        _COMBINATION,
        Hypothesis("new feature", "$v^*$ is independent of all $d_1$ features", lambda c: _independent_of(c, c.width)),
    ),
    counterexamples=(
        Counterexample(
            "combination",
            Raise("relu", 1, ((1, 2),), (0, 0), (1, 0, 1, 0), (), (1, -1)),
            "without a dependence the outputs change",
        ),
        Counterexample("new feature", _E03, "v* = (2, 0) depends on v^3 = (1, 0): the rank stays 1"),
    ),
    false_laws={
        "with the printed factors": _printed,
        "a jump at 1/2 to the end": lambda t, old, star: old if t == Fraction(1, 2) else star,
        "the neuron stays": lambda t, old, star: old,
        "the way back": lambda t, old, star: _corrected(Fraction(3, 2) - t, old, star),
    },
    examples=(_E01, _COPY),
    figures=("fig_corrected_path",),
)

JUMP = erratum(
    "shallow_paths.printed_factors",
    "The second half of the printed path jumps and misses its end",
    statement=r"Printed: $(W^{(0)}(t))_1 = 2(t - \frac12)W_1 + (2t - 1)w^*$ on $(\frac12, 1]$, likewise for $b$, "
    r"continues the path and ends with a greater rank.",
    source="petersenzech2024, Proposition 12.4 (proof, alpha_2)",
    corrects=RAISE,
    printed=_printed,
    witness=_WIDE,
    hypotheses=(*RAISE.hypotheses, _IS_WIDE),
    deviations="At t = 1/2 the printed weights are 0, not W_1, and at t = 1 they are W_1 + w*, not w*. For ReLU, w_1 = "
    "-1, b_1 = 0, w* = 1, b* = 0, x = (1, 2) the end feature is (0, 0) of rank 0; it should be (1, 2).",
)

INDICES = erratum(
    "shallow_paths.printed_indices",
    "The new feature must avoid the span of all neurons, not of the first m",
    statement=r"Printed: it suffices that $v^*$ is linearly independent from $(v^j)_{j=1}^m$ for the rank to grow.",
    source="petersenzech2024, Proposition 12.4 (proof, case 2)",
    corrects=RAISE,
    printed=_corrected,
    witness=_E03,
    hypotheses=(
        _COMBINATION,
        Hypothesis("of the first m", "$v^*$ is independent of $v^1, ..., v^m$", lambda c: _independent_of(c, len(c.y))),
        _IS_WIDE,
    ),
    deviations="With m = 2, d_1 = 3 and features (0, 0), (0, 0), (1, 0), the vector (2, 0) is independent of the first "
    "two and the rank stays 1. The sum in (12.2.2) has to run to d_1 as well.",
)

# -- case 1: the straight path of outputs ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Outputs(Case):
    """Outputs f that go straight to g; mean squared loss against y."""

    f: tuple
    g: tuple
    y: tuple


def _quadratic(case: Outputs) -> tuple[Fraction, Fraction]:
    """(beta, gamma) with L((1 - t) f + t g) = L(f) + beta t + gamma t^2."""
    m = len(case.y)
    e = [Fraction(p) - q for p, q in zip(case.f, case.y, strict=True)]
    d = [Fraction(q) - p for p, q in zip(case.f, case.g, strict=True)]
    beta = sum((2 * p * q for p, q in zip(e, d, strict=True)), Fraction(0)) / m
    return beta, sum((q * q for q in d), Fraction(0)) / m


def _check_straight(case: Outputs, law: Callable[[Fraction, Fraction], Fraction]) -> Verdict:
    """The law gives tau in (0, 1]: L(tau) = L(1), and L does not increase on [0, tau]."""
    beta, gamma = _quadratic(case)
    tau = law(beta, gamma)

    def loss(t: Fraction) -> Fraction:
        mix = [(1 - t) * p + t * q for p, q in zip(case.f, case.g, strict=True)]
        return sum(((p - q) ** 2 for p, q in zip(mix, case.y, strict=True)), Fraction(0)) / len(case.y)

    values = [loss(tau * Fraction(i, 16)) for i in range(17)]
    falls = beta + 2 * gamma * tau <= 0 and values == sorted(values, reverse=True)
    return verdict(
        bool(0 < tau <= 1 and loss(tau) == loss(Fraction(1)) and falls), detail="the quadratic and 17 values, exactly"
    )


def _lower(case: Outputs) -> bool:
    beta, gamma = _quadratic(case)
    return beta + gamma < 0


def _straight_paths(choose: Choose) -> Outputs:
    """Outputs from few values whose end has the smaller loss, where the draw allows it."""
    m = choose((1, 2, 3))
    f, g, y = (entries(choose, (0, 1, -1, 2, -2, 3), m) for _ in range(3))
    case = Outputs(f, g, y)
    return case if _lower(case) else Outputs(g, f, y) if _lower(Outputs(g, f, y)) else Outputs((2,), (-1,), (0,))


def _first_time(beta: Fraction, gamma: Fraction) -> Fraction:
    """The other root of beta t + gamma t^2 = beta + gamma, if it comes before 1."""
    return min(Fraction(1), -beta / gamma - 1)


_E02 = Outputs((2,), (-1,), (0,))

STRAIGHT = Claim(
    id="shallow_paths.stop_in_time",
    title="A straight path of outputs to a smaller loss falls until it first has that loss",
    statement=r"Let $\ell(t)$ be the squared loss along straight outputs with $\ell(1) < \ell(0)$, and $\tau$ the "
    r"first $t$ with $\ell(t) = \ell(1)$. Then $\ell$ does not increase on $[0, \tau]$; $\tau = 1$ iff $\ell'(1) \le "
    r"0$, so whenever the end is optimal. The first sentence needs only convexity.",
    source="petersenzech2024, Proposition 12.4 (proof, case 1)",
    case_type=Outputs,
    cases=lambda: chosen(_straight_paths),
    law=_first_time,
    check=_check_straight,
    hypotheses=(Hypothesis("lower end", r"$\ell(1) < \ell(0)$", _lower),),
    counterexamples=(Counterexample("lower end", Outputs((1,), (2,), (0,)), "the loss rises from the start"),),
    false_laws={
        "the whole way": lambda beta, gamma: Fraction(1),
        "down to the minimum on the line": lambda beta, gamma: min(Fraction(1), -beta / (2 * gamma)),
    },
    examples=(_E02, Outputs((3,), (1,), (0,)), Outputs((0, 2), (1, 0), (1, 0))),
)

MONOTONE = erratum(
    "shallow_paths.convex_is_not_monotone",
    "A convex function with a smaller value at the end need not be monotone",
    statement=r"Printed: since the outputs describe a straight path and $\Lambda(\theta_a) > \Lambda(\theta_b)$, the "
    r"loss is monotonically decreasing by the convexity of $\mathcal L$.",
    source="petersenzech2024, Proposition 12.4 (proof, case 1)",
    corrects=STRAIGHT,
    printed=lambda beta, gamma: Fraction(1),
    witness=_E02,
    hypotheses=STRAIGHT.hypotheses,
    deviations="From the output 2 to -1 with y = 0 the loss is (2 - 3t)^2: 4, then 0 at t = 2/3, then 1. With a global "
    "minimum as the end, which is all that Exercise 12.7 needs, or stopped at t = 1/3, the argument holds.",
)

CLAIMS = (RAISE, JUMP, INDICES, STRAIGHT, MONOTONE)
