"""A mode of a deep linear net in time: closed solutions for two layers, and passage times for every depth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from typing import Any

from theory.arithmetic import ball, flint, precision, rational, symbols
from theory.claims.cases import Case, composed
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.linear_dynamics import literal_gradient
from theory.definitions import deep_linear as definition
from theory.dynamics.modes import passage_time, two_layer_mode, two_layer_passage_time

# -- two balanced layers ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pair(Case):
    """Two scalar layers w_2 = sign w_1: a mode of two balanced layers."""

    sign: int


@dataclass(frozen=True)
class Logistic:
    """A law: tau k from the sign and c, the rate of E = exp(-rate t) from k and s, and u from s, u_0 and E."""

    k: Callable[[int, Any], Any]
    rate: Callable[[Any, Any], Any]
    value: Callable[[Any, Any, Any], Any]


def _check_logistic(case: Pair, law: Logistic) -> Verdict:
    """The flow of the literal loss at w_2 = sign w_1, as polynomials; then u in the field of rational functions."""
    import sympy

    w, s, c = symbols(w=2, s=1, c=1)
    loss = c[0] * definition.loss((1, 1, 1), [[1]], [s], w)
    down = -literal_gradient(loss, w)
    w0, w1, v0, v1 = (x.compose(w[1], case.sign * w[0]) for x in (*w, *down))
    u = w0 * w1
    stays, moves = v1 == case.sign * v0, v0 * w1 + w0 * v1 == law.k(case.sign, c[0]) * u * (s[0] - u)
    _, k, s, u0, E = sympy.field("k,s,u0,E", sympy.QQ)
    u, rate = law.value(s, u0, E), law.rate(k, s)
    solves = -rate * E * u.diff(E) == k * u * (s - u) and u.evaluate(E, 1) == u0.evaluate(E, 1)
    return verdict(bool(stays and moves and solves), "proof", "polynomials in w, s, c; rational functions of s, u_0, E")


def logistic(s: Any, u0: Any, E: Any) -> Any:
    """s / (1 + (s / u_0 - 1) E)."""
    return s / (1 + (s / u0 - 1) * E)


TWO_LAYERS = Claim(
    id="linear_dynamics.saxe_two_layers",
    title="Two balanced layers learn along a logistic curve",
    statement=r"Let $w_2 = \pm w_1$ be scalar layers (a mode of two balanced layers) under $\tau\dot w_i = -\partial_i"
    r"[c(s - w_2w_1)^2]$. Then $u = w_2w_1$ obeys $\dot u = ku(s - u)$, where $k = \pm 4c/\tau$ has the sign of $u_0 = "
    r"u(0)$; for $s, u_0 \ne 0$ it is $u(t) = s/(1 + (s/u_0 - 1)e^{-kst})$ as long as the denominator is not 0. For "
    r"$u_0 > 0$ this is $k = 4$ for our loss, and $k = 2/\tau$ for half of it with time constant $\tau$.",
    source="saxe2014, dynamics of shallow linear networks, in the form of",
    case_type=Pair,
    cases=(Pair(1), Pair(-1)),
    law=Logistic(lambda sign, c: 4 * sign * c, lambda k, s: k * s, logistic),
    check=_check_logistic,
    proof="The gradient of the literal loss on the line w_2 = +-w_1 is a polynomial: the flow stays on the line, and u "
    "moves by k u (s - u). u(t) is differentiated as a rational function of k, s, u_0 and E = exp(-kst), with dE/dt = "
    "-ks E; both sides of the equation are equal rational functions, and u = u_0 at E = 1. Solutions are unique, since "
    "the right-hand side is a polynomial in u.",
    false_laws={
        "k = 4 for u_0 < 0 as well": Logistic(lambda sign, c: 4 * c, lambda k, s: k * s, logistic),
        "the exponent 2st for our loss": Logistic(lambda sign, c: 2 * sign * c, lambda k, s: k * s, logistic),
        "the exponent 4st for half of it": Logistic(lambda sign, c: 8 * sign * c, lambda k, s: k * s, logistic),
        "decaying": Logistic(lambda sign, c: 4 * sign * c, lambda k, s: -k * s, logistic),
        "u_0 / s in place of s / u_0": Logistic(
            lambda sign, c: 4 * sign * c, lambda k, s: k * s, lambda s, u0, E: s / (1 + (u0 / s - 1) * E)
        ),
    },
    uses=("linear_dynamics.mode_equation",),
    deviations="Saxe et al. have u_0 > 0 and write s e^{2st/tau} / (e^{2st/tau} - 1 + s/u_0): the same with t/tau = 2 "
    "of our t. For u_0 < 0 the equation is du/dt = 4|u|(s - u), so k changes its sign.",
)

# -- passage times ---------------------------------------------------------------------------------------------------


def certified_integral(integrand: Callable[[Any, bool], Any], start: Any, stop: Any) -> Any:
    """The integral over [start, stop] as a ball, by the adaptive Gauss-Legendre quadrature of Arb, error included."""
    acb = flint().acb
    return acb.integral(integrand, acb(start), acb(stop)).real


def _agree(a: Any, b: Any) -> bool | None:
    """Two enclosures of one number meet and are narrow: True; are disjoint: False; wide: None."""
    narrow = all(x.is_finite() and x.rad() < 2**-40 * (1 + abs(x)) for x in (a, b))
    return False if not a.overlaps(b) else True if narrow else None


@dataclass(frozen=True)
class Passage(Case):
    """Balanced layers learn a mode from u0 to u1 < s."""

    depth: int
    s: Any
    u0: Any
    u1: Any


@composed
def passages(draw: Any) -> Passage:
    """Depth 1 to 7; 0 < u0 < u1 < s."""
    from hypothesis import strategies as st

    s = draw(st.sampled_from((1, 2, 3, Fraction(1, 2))))
    low, high = draw(st.sampled_from(tuple(combinations((1, 2, 5, 13, 20, 31, 40), 2))))
    return Passage(draw(st.sampled_from((3, 2, 4, 5, 6, 7, 1))), s, s * Fraction(low, 41), s * Fraction(high, 41))


@dataclass(frozen=True)
class Times:
    """A law: the time in closed form, and by depth the decimals of the time from 1/1000 to 999/1000 for s = 1."""

    time: Callable[[Any, Any, Any, int], Any]
    decimals: Mapping[int, str]


def _check_passage(case: Passage, law: Times) -> Verdict:
    """The law against the certified integral of du / (2H u^{2-2/H} (s - u)), and its decimals against both."""
    H, fmpq = case.depth, flint().fmpq
    s, u0, u1 = rational([case.s, case.u0, case.u1])
    with precision():
        power = flint().acb(fmpq(2 * H - 2, H))
        integral = certified_integral(lambda u, a: 1 / (2 * H * u.pow(power, analytic=a) * (s - u)), u0, u1)
        answers = [_agree(law.time(s, u0, u1, H), integral)]
        if (s, u0, u1) == (1, fmpq(1, 1000), fmpq(999, 1000)) and H in law.decimals:
            digits = Decimal(law.decimals[H])
            half = fmpq(1, 2 * 10 ** -int(digits.as_tuple().exponent))
            answers.append(bool(abs(integral - rational([Fraction(digits)])[0]) <= half))
    holds = False if False in answers else None if None in answers else True
    return verdict(holds, "certified", "closed form and adaptive quadrature, balls of 128 bits")


DECIMALS = {
    2: "3.45337738932427675928",
    3: "5.77207231907112532356",
    4: "8.68435440719090546742",
    5: "11.2225429433721618828",
}
PASSAGE_TIMES = Claim(
    id="linear_dynamics.passage_times",
    title="How long balanced layers take to learn a mode",
    statement=r"For $0 < u_0 \le u_1 < s$ and every depth $H$, $\dot u = 2Hu^{2-2/H}(s - u)$ leads from $u_0$ to $u_1$ "
    r"in the increase of $\frac{1}{2s}[\frac{v^{2-H}}{2-H} + s^{2/H-1}F(vs^{-1/H})]$, $v = u^{1/H}$, $F(x) = "
    r"-\frac1H\sum_{w^H=1}w^2\log(1 - x/w)$ ($\log v$ for the first term if $H = 2$; $-\frac12\log(s - u)$ alone "
    r"if $H = 1$). "
    r"From $0.001$ to $0.999$ with $s = 1$ it takes "
    + ", ".join(f"${value}$ ($H = {H}$)" for H, value in DECIMALS.items())
    + ", rounded. Checked for $H \\le 7$.",
    source="saxe2014, dynamics of deep linear networks (the equation), in the form of; the integral: own derivation",
    case_type=Passage,
    cases=passages,
    law=Times(passage_time, DECIMALS),
    check=_check_passage,
    false_laws={
        "at the speed without H": Times(lambda s, a, b, H: H * passage_time(s, a, b, H), DECIMALS),
        "for the loss with 1/2": Times(lambda s, a, b, H: 2 * passage_time(s, a, b, H), DECIMALS),
        "the logistic time at every depth": Times(lambda s, a, b, H: passage_time(s, a, b, 2), DECIMALS),
        "the equation with u^{2-1/H}": Times(lambda s, a, b, H: passage_time(s, a, b, 2 * H) * 2, DECIMALS),
        "a digit lost": Times(passage_time, DECIMALS | {5: "11.2225429433721618278"}),
    },
    examples=(
        *(Passage(H, 1, Fraction(1, 1000), Fraction(999, 1000)) for H in DECIMALS),
        Passage(1, 1, Fraction(1, 2), Fraction(1, 2)),  # no time
        Passage(1, 2, Fraction(1, 2), 1),
        Passage(7, 2, Fraction(1, 2), 1),
    ),
    uses=("linear_dynamics.mode_equation",),
)

# -- two layers, balanced or not -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Start(Case):
    """Two layers with w_2 w_1 = u0 and w_2^2 - w_1^2 = c, at time t."""

    s: Any
    u0: Any
    c: Any
    t: Any


@composed
def starts(draw: Any) -> Start:
    """All signs of s, u0 and c, in motion; u0 > 0 where c = 0."""
    from hypothesis import strategies as st

    s = draw(st.sampled_from((1, 2, Fraction(1, 2), -1, -2, 0)))
    c = draw(st.sampled_from((1, 0, 2, -1, Fraction(1, 3))))
    u0 = draw(st.sampled_from((Fraction(1, 5), Fraction(-2, 3), Fraction(4, 3), 3, Fraction(-1, 5), Fraction(3, 5), 0)))
    if c == 0:
        s, u0 = s or 1, abs(u0) or Fraction(1, 10)
    return Start(s, u0, c, draw(st.sampled_from((Fraction(1, 4), Fraction(1, 10), 1, Fraction(2, 3)))))


def closed_form(t: Any, s: Any, u0: Any, c: Any) -> Any:
    """u = (P - c^2/P) / 4 with (2s + r - P) / (P - 2s + r) = q_0 e^{-2rt}; flint gives nan where it divides by 0."""
    square, r = c * c, (c * c + 4 * s * s).sqrt()
    P0 = 2 * u0 + (square + 4 * u0 * u0).sqrt()
    q = (2 * s + r - P0) / (P0 - 2 * s + r) * (-2 * r * t).exp()
    P = (2 * s + r + q * (2 * s - r)) / (1 + q)
    return (P - square / P) / 4


def _check_solution(case: Start, law: Callable[..., Any]) -> Verdict:
    """The certified time from u_0 to the law's u(t), where it moves, is t; so is the closed passage time if u < s.

    The shipped curve must agree with the law.
    """
    with precision():
        s, u0, c, t = ball([case.s, case.u0, case.c, case.t])
        u = law(t, s, u0, c)
        if not u.is_finite():
            return verdict(False, "certified", "the law gives no number")
        answers = [_agree(two_layer_mode(t, s, u0, c), u)]
        if case.t == 0 or case.u0 == case.s:
            answers.append(_agree(u, u0))
        elif (u - s) * (u0 - s) <= 0:
            return verdict(False, "certified", "u would cross s")
        else:
            time = certified_integral(lambda x, a: 1 / (2 * (s - x) * (c * c + 4 * x * x).sqrt(analytic=a)), u0, u)
            answers.append(_agree(time, t))
        if u < s and u > u0:
            answers.append(_agree(two_layer_passage_time(s, u0, u, c), t))
    holds = False if False in answers else None if None in answers else True
    return verdict(holds, "certified", "closed form and adaptive quadrature, balls of 128 bits")


TWO_LAYER_SOLUTION = Claim(
    id="linear_dynamics.unbalanced_solution",
    title="Two layers, balanced or not, in closed form",
    statement=r"Let $r = \sqrt{c^2 + 4s^2} \ne 0$, and $u_0 > 0$ if $c = 0$. The solution of $\dot u = 2(s - u)"
    r"\sqrt{c^2 + 4u^2}$, $u(0) = u_0$, is $u = (P - c^2/P)/4$, where $P = 2u + \sqrt{c^2 + 4u^2}$ is logistic: "
    r"$\frac{2s + r - P}{P - 2s + r}$ decays like $e^{-2rt}$. So the time from $u_0$ to $u_1$ is $\frac{1}{2r}\log"
    r"\frac{(P_1 - 2s + r)(2s + r - P_0)}{(2s + r - P_1)(P_0 - 2s + r)}$, where $u_0 \le u_1 < s$.",
    source="own derivation",
    case_type=Start,
    cases=starts,
    law=closed_form,
    check=_check_solution,
    hypotheses=(
        Hypothesis("rate", r"$r \ne 0$", lambda case: case.s != 0 or case.c != 0),
        Hypothesis("start", r"$u_0 > 0$ if $c = 0$", lambda case: case.c != 0 or case.u0 > 0),
    ),
    counterexamples=(
        Counterexample("rate", Start(0, 1, 0, 1), "s = c = 0: u = u_0 / (1 + 4 u_0 t), while the quotient is -1"),
        Counterexample("start", Start(1, Fraction(-1, 2), 0, 1), "P = 0 for ever: u goes to 0 from below"),
    ),
    false_laws={
        "the balanced curve": lambda t, s, u0, c: closed_form(t, s, u0, 0 * c),
        "the rate r": lambda t, s, u0, c: closed_form(t / 2, s, u0, c),
        "c^2 + u^2 under the root": lambda t, s, u0, c: 2 * closed_form(t, s / 2, u0 / 2, c),
        "growing apart from s": lambda t, s, u0, c: closed_form(-t, s, u0, c),
    },
    examples=(
        Start(1, Fraction(1, 10), 0, 1),
        Start(1, Fraction(1, 10), 1, Fraction(1, 4)),
        Start(1, Fraction(-1, 2), Fraction(1, 3), 1),
        Start(-1, 2, 0, Fraction(1, 4)),
        Start(0, 1, 1, 1),
        Start(1, 3, 2, 1),
        Start(1, Fraction(1, 3), 2, 0),  # at the start
        Start(2, 2, 1, 1),  # at rest
    ),
    uses=("linear_dynamics.unbalanced_mode",),
    deviations="For c = 0 and u_0 < 0 the curve is the logistic one of linear_dynamics.saxe_two_layers with k = -4.",
)

CLAIMS = (TWO_LAYERS, PASSAGE_TIMES, TWO_LAYER_SOLUTION)
