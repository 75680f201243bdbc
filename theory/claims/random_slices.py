"""Random directions in many dimensions: cosines, what they capture, and the curvature along one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement
from math import factorial, prod
from random import Random
from typing import Any

from theory.arithmetic import flint, precision, rational
from theory.calculus.enclosures import integral
from theory.calculus.exact_linalg import rank, solve
from theory.claims.cases import Case
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, erratum, verdict
from theory.claims.cosine_asymptote import follows_recursion, has_one_sign, is_violated, recursion_is_proved
from theory.claims.gaussian_routes import meet
from theory.claims.linear_data import Choose, chosen
from theory.slices.random_directions import BetaLaw, captured_fraction, cosine_mean

# -- cosines ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Dimension(Case):
    """R^n."""

    n: int


@dataclass(frozen=True)
class CosineLaw:
    """E cos, E |cos| and E cos^2 of the angle between two random vectors, as balls."""

    mean: Callable[[int], Any]
    modulus: Callable[[int], Any]
    square: Callable[[int], Any]


def powers_of_sine(k: int) -> tuple[Any, bool]:
    """The integral of sin^k over a half turn is r or r pi: (r, whether pi), by integration by parts, for k >= 0."""
    steps = range(2 + k % 2, k + 1, 2)
    return flint().fmpq((1 + k % 2) * prod(j - 1 for j in steps), prod(steps)), k % 2 == 0


def _check_cosine(case: Dimension, law: CosineLaw) -> Verdict:
    """The angle has the density sin^(n-2) on (0, pi): exact integrals, and for small n quadrature with error bounds.

    For n = 1 the cosine is 1 or -1, each with probability 1/2.
    """
    lib, n = flint(), case.n
    with precision(128):
        one = lib.arb(1)
        if n == 1:
            mean, modulus, square = 0 * one, one, one
        else:
            r, with_pi = powers_of_sine(n - 2)
            weight = lib.arb(r) * (lib.arb.pi() if with_pi else one)
            mean, modulus = 0 * one, 2 / (weight * (n - 1))
            square = one - lib.arb(powers_of_sine(n)[0] / r)
        stated = [lib.arb(f(n)) for f in (law.mean, law.modulus, law.square)]
        agrees = all(map(meet, stated, (mean, modulus, square)))
        if agrees and 2 <= n <= 16:
            agrees = all(map(meet, stated, _quadrature(n)))
        return verdict(agrees, "certified", f"n = {n}: E |cos| = {modulus.str(8, radius=False)}")


def _quadrature(n: int) -> tuple[Any, Any, Any]:
    """Means of cos, |cos|, cos^2 under the density sin^(n-2), in balls; |cos| = cos up to pi/2."""
    pi = flint().arb.pi()

    def over(power: int, a: Any, b: Any) -> Any:
        return integral(lambda t, _: t.cos() ** power * t.sin() ** (n - 2), a, b)

    weight = over(0, 0, pi)
    return over(1, 0, pi) / weight, 2 * over(1, 0, pi / 2) / weight, over(2, 0, pi) / weight


def _asymptote(n: int) -> Any:
    return (flint().arb(2) / (flint().arb.pi() * n)).sqrt()


COSINE_LAW = CosineLaw(lambda n: 0, cosine_mean, lambda n: flint().fmpq(1, n))

COSINE = Claim(
    id="random_slices.cosine",
    title="The cosine of the angle between two random vectors",
    statement=r"For $u$ standard normal in $\mathbb R^n$ and $v \ne 0$ independent of it: $E\cos(u, v) = 0$, "
    r"$E|\cos(u, v)| = \Gamma(n/2)/(\sqrt\pi\,\Gamma((n+1)/2))$ and $E\cos^2(u, v) = 1/n$; for $n \ge 2$ the angle has "
    r"the density $\sin^{n-2}$ up to a factor.",
    source="lerique2018, Visualising optimisation paths; own derivation",
    case_type=Dimension,
    cases=lambda: chosen(lambda choose: Dimension(choose(range(1, 201)))),
    law=COSINE_LAW,
    check=_check_cosine,
    false_laws={
        "the asymptote as the mean of the modulus": CosineLaw(lambda n: 0, _asymptote, COSINE_LAW.square),
        "a dimension too few": CosineLaw(lambda n: 0, lambda n: cosine_mean(max(1, n - 1)), COSINE_LAW.square),
        "a dimension too many": CosineLaw(lambda n: 0, lambda n: cosine_mean(n + 1), COSINE_LAW.square),
        "the root of the mean square": CosineLaw(lambda n: 0, lambda n: 1 / flint().arb(n).sqrt(), COSINE_LAW.square),
        "the square of the mean": CosineLaw(lambda n: 0, cosine_mean, lambda n: cosine_mean(n) ** 2),
        "the mean square of n + 1 dimensions": CosineLaw(lambda n: 0, cosine_mean, lambda n: flint().fmpq(1, n + 1)),
        "the mean without the absolute value": CosineLaw(cosine_mean, cosine_mean, COSINE_LAW.square),
    },
    examples=tuple(map(Dimension, (1, 2, 3, 10, 100, 1000))),
)

# -- the asymptote ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class AllDimensions(Case):
    """Every n >= 1."""


@dataclass(frozen=True)
class Bounds:
    """Coefficients of 1, 1/n, 1/n^2, ... of two functions that enclose E |cos| / sqrt(2/(pi n)).

    ``modulus`` : the formula for E |cos|; None if the bounds are meant for E cos.
    """

    low: tuple
    high: tuple
    modulus: Callable[[int], Any] | None = lambda n: cosine_mean(n)


def _check_asymptote(case: AllDimensions, law: Bounds) -> Verdict:
    """The steps of ``theory.claims.cosine_asymptote`` for these bounds; else some n that proves one of them wrong."""
    modulus = law.modulus
    if not recursion_is_proved() or (modulus and not follows_recursion(modulus)):
        return verdict(False, "proof", "the formula does not satisfy the recursion of the density")
    if modulus and has_one_sign(law.high, 1) and has_one_sign(law.low, -1):
        return verdict(
            True, "proof", "a recursion for all n, and two polynomials in n - 1 with coefficients of one sign"
        )
    violated = is_violated(law.low, law.high, lambda n: modulus(n) / _asymptote(n) if modulus else flint().arb(0))
    return verdict(False if violated else None, "proof", "a bound is wrong at one n")


SERIES = (1, Fraction(1, 4), Fraction(1, 32), Fraction(-5, 128), Fraction(-21, 2048))

ASYMPTOTE = Claim(
    id="random_slices.cosine_asymptote",
    title="How near E |cos| is to sqrt(2/(pi n))",
    statement=r"For every $n \ge 1$: $1 + \frac1{4n} + \frac1{32n^2} - \frac5{128n^3} - \frac{21}{2048n^4} < "
    r"E|\cos|\big/\sqrt{2/(\pi n)} < 1 + \frac1{4n} + \frac1{32n^2}$.",
    source="own derivation",
    case_type=AllDimensions,
    cases=(AllDimensions(),),
    law=Bounds(SERIES, SERIES[:3]),
    check=_check_asymptote,
    proof="in theory.claims.cosine_asymptote: the recursion of the density and its limit, and two polynomials of one "
    "sign; each identity is checked in symbols",
    false_laws={
        "the asymptote is an upper bound": Bounds(SERIES, (1,)),
        "the first correction is an upper bound": Bounds(SERIES, (1, Fraction(1, 4))),
        "the first two corrections are a lower bound": Bounds(SERIES[:3], SERIES[:3]),
        "the first three corrections are a lower bound": Bounds(SERIES[:4], SERIES[:3]),
        "a correction of 1/(2n)": Bounds((1, Fraction(1, 2), Fraction(-1, 2)), (1, Fraction(1, 2))),
        "the third correction of half the size": Bounds((*SERIES[:3], Fraction(-5, 256), SERIES[4]), SERIES[:3]),
        "a dimension too many": Bounds(SERIES, SERIES[:3], lambda n: cosine_mean(n + 1)),
        "both half turns counted": Bounds(SERIES, SERIES[:3], lambda n: 2 * cosine_mean(n)),
        "of the cosine itself": Bounds(SERIES, SERIES[:3], None),
    },
    uses=("random_slices.cosine",),
)

COSINE_ERRATUM = erratum(
    "random_slices.cosine_without_modulus",
    "The mean cosine of random vectors is 0, and not asymptotic to sqrt(2/(pi n))",
    statement=r"Printed: $E[S_C(v_1, v_2)] \sim \sqrt{2/(\pi n)}$ for the cosine similarity $S_C$ of random vectors; "
    "so the ratio of both sides would tend to $1$. It is $0$ for every $n$.",
    source="lerique2018, Visualising optimisation paths",
    corrects=ASYMPTOTE,
    printed=Bounds((1, -1), (1, 1), None),
    witness=AllDimensions(),
    deviations="The absolute value is missing: $E[S_C] = 0$ for all n, and it is $E|S_C|$ that is asymptotic to "
    "sqrt(2/(pi n)). Read here with the rate 1/n that $E|S_C|$ has.",
)

# -- what random directions capture ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Capture(Case):
    """k directions in R^n; the first ``known`` of them are built from the vector that is to be captured."""

    n: int
    k: int
    known: int = 0
    seed: int = 1


def _check_capture(case: Capture, law: Callable[[int, int], tuple]) -> Verdict:
    """Moments 1 to 4 of sum_{i<=k} x_i^2 on the sphere, monomial by monomial, against those of the Beta law.

    The law of the fraction is that of a fixed k-plane and a uniform unit vector x, by rotation invariance; a law on
    [0, 1] is known by its moments, and these four tell two Beta laws apart. E prod x_i^(2 m_i) = prod (2 m_i - 1)!! /
    (n (n+2) ...), since length and direction of a Gaussian vector are independent. Directions that know the vector
    capture all of it: shown exactly at one drawn frame.
    """
    n, k = case.n, case.k
    if case.known:
        moments = [rational([_captured(case)])[0] ** r for r in range(1, 5)]
    else:
        moments = [_plane_moment(n, k, r) for r in range(1, 5)]
    a, b = law(n, k)
    stated = [rational([BetaLaw(Fraction(a), Fraction(b)).moment(r)])[0] for r in range(1, 5)]
    return verdict(moments == stated, detail=f"four moments, exactly; the mean is {moments[0]}")


def _plane_moment(n: int, k: int, r: int) -> Any:
    total = 0
    for monomial in combinations_with_replacement(range(k), r):
        counts = [monomial.count(i) for i in set(monomial)]
        total += factorial(r) // prod(map(factorial, counts)) * prod(map(odd_factorial, counts))
    return rational([Fraction(total, prod(n + 2 * j for j in range(r)))])[0]


def odd_factorial(m: int) -> int:
    """(2m - 1)!! = E g^(2m) for a standard normal g."""
    return prod(range(1, 2 * m, 2))


def _captured(case: Capture) -> Any:
    """|P v|^2 / |v|^2 exactly, v = (1, ..., n), the first directions multiples of v plus those before."""
    draw = Random(case.seed)
    v = rational(range(1, case.n + 1))
    D = rational([[draw.randint(-3, 3) for _ in range(case.n)] for _ in range(case.k)])
    D[0] = 2 * v
    while rank(D) < case.k:
        D[1:] = rational([[draw.randint(-3, 3) for _ in range(case.n)] for _ in range(case.k - 1)])
    inner = D @ v
    return Fraction(str(inner @ solve(D @ D.T, inner[:, None])[:, 0] / (v @ v)))


def _captures(choose: Choose) -> Capture:
    n = choose(range(1, 13))
    return Capture(n, choose(range(1, min(n, 4) + 1)))


CAPTURED = Claim(
    id="random_slices.captured_fraction",
    title="The part of a fixed vector that lies in a random slice",
    statement=r"For $v \ne 0$ in $\mathbb R^n$ and the projection $P$ on the span of $k \le n$ independent standard "
    r"normal vectors that are independent of $v$: $|Pv|^2/|v|^2$ has the law Beta$(k/2, (n-k)/2)$ if $k < n$, and is 1 "
    r"if $k = n$; the mean is $k/n$.",
    source="lerique2018, Visualising optimisation paths; own derivation",
    case_type=Capture,
    cases=lambda: chosen(_captures),
    law=lambda n, k: (captured_fraction(n, k).a, captured_fraction(n, k).b),
    check=_check_capture,
    hypotheses=(Hypothesis("independent", "no direction depends on $v$", lambda case: case.known == 0),),
    counterexamples=(
        Counterexample("independent", Capture(6, 2, 1), "one direction is a step of the path: everything is captured"),
    ),
    false_laws={
        "Beta(k, n - k)": lambda n, k: (k, n - k),
        "independent coordinates: Beta(k/2, n/2)": lambda n, k: (Fraction(k, 2), Fraction(n, 2)),
        "one direction, whatever k": lambda n, k: (Fraction(1, 2), Fraction(n - 1, 2)),
        "n - 1 in place of n": lambda n, k: (Fraction(k, 2), Fraction(n - k - 1, 2) if n > k + 1 else 1),
        "the part that is lost": lambda n, k: (Fraction(n - k, 2), Fraction(k, 2)),
    },
    examples=(Capture(1, 1), Capture(2, 1), Capture(5, 2), Capture(12, 4), Capture(4, 4)),
)

CLAIMS = (COSINE, ASYMPTOTE, COSINE_ERRATUM, CAPTURED)
