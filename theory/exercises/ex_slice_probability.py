"""Exercise slices.bowl-probability: how likely a random slice hides that the surface is no bowl."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import partial
from math import prod
from typing import Any

from theory.arithmetic import rational
from theory.exercises.exercise import BadAnswer, Call, Exercise, Item, WrongAnswer, exact, instead, shown
from theory.slices.random_curvature import direction_curvature

SPECTRA = ((1, -1), (2, 0, -1), (3, 1, 1, -2), (1, 1, 1, 1, -4))
LEVELS = ((3, 1, 1), (1, 1, 1), (5, 2, 1), (7, 1, 3), (9, 1, 1), (99, 1, 1))
SIGNATURES = ((1, 1), (3, 1), (1, 5), (3, 3), (5, 3), (7, 9))

CURVATURES = tuple(Call("curvature", (lam,)) for lam in SPECTRA)
BOWLS = tuple(Call("bowl", levels) for levels in LEVELS)
INDEFINITE = tuple(Call("indefinite", signature) for signature in SIGNATURES)

QUESTION = """\
A loss has the Hessian H at theta. It is plotted along random directions: independent standard Gaussian vectors, then
divided by their lengths. Write, with exact answers (integers or Fractions),
  curvature(eigenvalues)  [mean, variance] of the curvature u^T H u along one such direction u, for the eigenvalues of H
                          (all of them, zeros too);
  bowl(p, a, b)           the probability that the two-dimensional slice is a bowl (a positive definite 2 x 2 Hessian)
                          when H has p eigenvalues a > 0 and one eigenvalue -b < 0; p is odd;
  indefinite(p, q)        the probability that the slice shows a saddle (one curvature of either sign) when H has p
                          eigenvalues 1 and q eigenvalues -1; p and q are odd."""

HINTS = (
    "Length and direction of a Gaussian vector are independent, and H may be taken diagonal. Whether the slice is a "
    "bowl does not depend on the lengths of its directions.",
    "Curvature: u^T H u = sum lam_i u_i^2 with E u_i^4 = 3/(n(n+2)) and E u_i^2 u_j^2 = 1/(n(n+2)).",
    "Bowl: D^T H D = a A - b g g^T, where A is the sum of p matrices g_i g_i^T. It is positive definite iff "
    "b g^T A^(-1) g < a. Rotate g to the first axis: 1/(A^(-1))_11 is a chi-square variable with p - 1 degrees of "
    "freedom, and |g|^2 is exponential with mean 2.",
    "So the slice is no bowl with probability E exp(-(a/b) chi^2/2), chi^2 with p - 1 degrees of freedom, and "
    "E exp(-s chi^2_k / 2) = (1 + s)^(-k/2).",
    "Indefinite: along u(t) = (cos t, sin t) the curvature f(t) of the slice vanishes for two t in [0, pi), or for "
    "none. By Rice's formula P = (pi/2) E |f'(0)| delta(f(0)), where f(0) = |x|^2 - |y|^2 for the p and the q "
    "coordinates of the first direction, and f'(0) is normal with the standard deviation 2 sqrt(|x|^2 + |y|^2). The "
    "result is 2 sqrt(pi) Gamma((n-1)/2) / (2^(n/2) Gamma(p/2) Gamma(q/2)), n = p + q.",
)

STUB = '''\
"""Exercise slices.bowl-probability. Use integers and Fractions only."""

from fractions import Fraction


def curvature(eigenvalues):
    """[mean, variance] of u^T H u for a uniform unit vector u."""
    ...


def bowl(p, a, b):
    """P(2-D slice positive definite): p (odd) eigenvalues a, one eigenvalue -b."""
    ...


def indefinite(p, q):
    """P(2-D slice indefinite): p eigenvalues 1 and q eigenvalues -1, both odd."""
    ...
'''

REFERENCE = """\
from fractions import Fraction


def curvature(eigenvalues):
    n, trace, square = len(eigenvalues), sum(eigenvalues), sum(x * x for x in eigenvalues)
    return [Fraction(trace, n), Fraction(2 * (n * square - trace**2), n**2 * (n + 2))]


def bowl(p, a, b):
    return 1 - Fraction(b, a + b) ** ((p - 1) // 2)


def odd_factorial(m):
    return m * odd_factorial(m - 2) if m > 1 else 1


def indefinite(p, q):
    n = p + q
    return Fraction(odd_factorial(n - 3), 2 ** (n // 2 - 1) * odd_factorial(p - 2) * odd_factorial(q - 2))
"""

_instead = partial(instead, REFERENCE)
POWER = "Fraction(b, a + b) ** ((p - 1) // 2)"

WRONG = (
    WrongAnswer("nothing written", STUB, "is the function finished?"),
    WrongAnswer(
        "directions that are not normalised",
        _instead("[Fraction(trace, n), Fraction(2 * (n * square - trace**2), n**2 * (n + 2))]", "[trace, 2 * square]"),
        "the variance is not 4;",
    ),
    WrongAnswer(
        "weights taken for independent",
        _instead("Fraction(2 * (n * square - trace**2), n**2 * (n + 2))", "Fraction(2 * square, n**2)"),
        "the variance is not 1;",
    ),
    WrongAnswer("n + 1 for n + 2", _instead("(n + 2)", "(n + 1)"), "the variance is not 2/3;"),
    WrongAnswer("p in place of p - 1", _instead("(p - 1) // 2", "(p + 1) // 2"), "bowl(1, 1, 1): not 1/2"),
    WrongAnswer("the moduli forgotten", _instead(POWER, "Fraction(1, 2) ** ((p - 1) // 2)"), "bowl(5, 2, 1): not 3/4"),
    WrongAnswer("the moduli exchanged", _instead("Fraction(b, a + b)", "Fraction(a, a + b)"), "bowl(5, 2, 1): not 5/9"),
    WrongAnswer("the probability of the opposite", _instead(f"1 - {POWER}", POWER), "bowl(1, 1, 1): not 1"),
    WrongAnswer(
        "the share of negative eigenvalues",
        _instead(f"1 - {POWER}", "1 - Fraction(1, p + 1)"),
        "bowl(1, 1, 1): not 1/2",
    ),
    WrongAnswer(
        "a bowl wherever it is not indefinite, for equally many of both",
        _instead("2 ** (n // 2 - 1)", "2 ** (n // 2)"),
        "indefinite(1, 1): not 1/2",
    ),
    WrongAnswer(
        "the factorial of the wrong argument",
        _instead("odd_factorial(n - 3)", "odd_factorial(n - 1)"),
        "indefinite(3, 1)",
    ),
    WrongAnswer("floats", _instead("Fraction(trace, n)", "trace / n"), "the float"),
    WrongAnswer(
        "one number", _instead("return [Fraction(trace, n), ", "return [").replace("(n + 2))]", "(n + 2))]"), "two"
    ),
    WrongAnswer(
        "the book's own probability",
        f"from theory.slices.random_curvature import two_level_bowl\n\n{REFERENCE}",
        "without theory",
    ),
)


def check(answers: Mapping[Call, Any]) -> list[Item]:
    """Every answer against the closed forms, exactly."""
    items = [_curvature(call, answers[call]) for call in CURVATURES]
    items += [_probability(call, answers[call], bowl(*call.arguments)) for call in BOWLS]
    return items + [_probability(call, answers[call], indefinite(*call.arguments)) for call in INDEFINITE]


def bowl(p: int, a: int, b: int) -> Fraction:
    """1 - (b/(a+b))^((p-1)/2)."""
    return 1 - Fraction(b, a + b) ** ((p - 1) // 2)


def indefinite(p: int, q: int) -> Fraction:
    """2 sqrt(pi) Gamma((n-1)/2) / (2^(n/2) Gamma(p/2) Gamma(q/2)) for odd p, q, with Gamma(k + 1/2) written out."""
    n = p + q
    halves = [prod(range(1, m, 2)) for m in (n - 2, p - 1, q - 1)]
    return Fraction(halves[0], 2 ** (n // 2 - 1) * halves[1] * halves[2])


def _curvature(call: Call, answer: Any) -> Item:
    where, lam = str(call), call.arguments[0]
    if not isinstance(answer, list) or len(answer) != 2:
        raise BadAnswer(f"{where}: needs two numbers [mean, variance], got {shown(answer)}")
    got = [exact(x, f"{where}[{i}]") for i, x in enumerate(answer)]
    mean, variance = direction_curvature(rational(lam))
    if got[0] != mean:
        return Item(where, False, f"{where}: the mean is not {got[0]}; do the weights u_i^2 sum to 1?", len(lam))
    if got[1] != variance:
        advice = "H = I has the curvature 1 along every direction"
        return Item(where, False, f"{where}: the variance is not {got[1]}; {advice}", len(lam))
    return Item(where, True, f"Mean {mean} and variance {variance} for the eigenvalues {lam}.", len(lam))


def _probability(call: Call, answer: Any, truth: Fraction) -> Item:
    where, got, size = str(call), exact(answer, str(call)), 10 + sum(call.arguments)
    if got != rational([truth])[0]:
        return Item(where, False, f"{where}: not {got}; try small cases by counting random slices", size)
    return Item(where, True, f"{where} = {truth if truth.denominator < 10**6 else float(truth)}.", size)


EXERCISE = Exercise(
    id="slices.bowl-probability",
    title="How likely a random slice hides a saddle",
    question=QUESTION,
    level="advanced",
    hints=HINTS,
    stub=STUB,
    forbidden=("theory.slices", "theory.claims", "theory.exercises", "bowl_probability", "two_level_bowl"),
    calls=(*CURVATURES, *BOWLS, *INDEFINITE),
    check=check,
    wrong_answers=WRONG,
    reference=REFERENCE,
    claims=("slice_curvature.one_direction", "slice_probability.two_levels"),
)
