r"""How likely a random two-dimensional slice hides that the surface is no bowl: the probabilities in closed form.

Two levels, p eigenvalues a > 0 and q eigenvalues -b < 0: D^T H D = a A - b B with independent Wishart matrices A, B of
p and q degrees of freedom.

*Closed form.* For p, q >= 2 the matrix L = (A+B)^(-1/2) A (A+B)^(-1/2) has the Beta law of two dimensions. The slice
is a bowl iff both eigenvalues of L exceed b/(a+b), or those of I - L stay below y = a/(a+b). With s = (q-1)/2,
t = (p-1)/2 and w(l) = l^(s-1) (1-l)^(t-1) the density of these is w(l_1) w(l_2) |l_1 - l_2| up to a factor
(muirhead1982, section 3.3, in the form of). As (s+t) l w = s w - g' for g = l^s (1-l)^t, the integral over l_2 < l_1 <
y is (2 B_y(2s, 2t) - g(y) B_y(s, t)) / (s + t), and the one for y = 1 is 2 B(2s, 2t) / (s + t).

*Zeros.* The curvature f(t) = u^T D^T H D u along u = (cos t, sin t) is a stationary process. The slice is indefinite
iff f vanishes, and then twice in [0, pi). So P(indefinite) = (pi/2) E |f'(0)| delta(f(0)) = sqrt(2 pi) E |H d|
delta(d^T H d): given d_1, f'(0) = 2 d_1^T H d_2 is normal with the standard deviation 2 |H d_1|.

*Pivots.* The slice is a bowl iff both pivots are positive. The first is a U - b V with U ~ chi^2_p, V ~ chi^2_q. Given
the first column, the second is a chi^2_(p-1) - b chi^2_(q-1) - c z^2 with z standard normal, c = a b (U+V) / (a U - b
V) = a b / ((a+b) W - b), where W = U/(U+V) is Beta(p/2, q/2). For p = 2m + 1, P(chi^2_(2m) > y) = exp(-y/2) sum_(j<m)
(y/2)^j/j!, and E exp(-y/2) (y/2)^j/j! is the coefficient of h^j in E exp(-(1-h) y/2): one integral over W remains.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from theory.arithmetic import flint, precision, rational
from theory.calculus.enclosures import complete_beta, integral
from theory.claims.cases import Case
from theory.claims.claim import Claim, Verdict, verdict
from theory.claims.gaussian_routes import meet
from theory.claims.linear_data import Choose, chosen
from theory.slices.random_curvature import no_bowl_beside_one, two_level_bowl

HALF = Fraction(1, 2)


@dataclass(frozen=True)
class Levels(Case):
    """p eigenvalues a > 0 and q eigenvalues -b < 0."""

    p: int
    q: int
    a: Any = 1
    b: Any = 1


def indefinite(p: int, q: int, a: Any, b: Any) -> Any:
    """sqrt(2 pi) E |H d| delta(d^T H d): on a U = b V the length is sqrt(a (a+b) U), and a Gamma integral remains."""
    lib = flint()
    if p == 0 or q == 0:
        return lib.arb(0)
    a, b = (lib.arb(x) for x in rational([a, b]))
    n, gamma, half = p + q, lib.arb.gamma_fmpq, lib.fmpq(1, 2)
    length = (2 * lib.arb.pi() * a * (a + b)).sqrt()
    densities = (a / b) ** lib.arb(q * half - 1) / (
        b * lib.arb(2) ** lib.arb(n * half) * gamma(p * half) * gamma(q * half)
    )
    return length * densities * gamma((n - 1) * half) * (2 * b / (a + b)) ** lib.arb((n - 1) * half)


def by_pivots(p: int, q: int, a: Any, b: Any) -> Any:
    """P(bowl) for odd p: the integral over W = x + (1-x) sin^2, x = b/(a+b), where c/a = (b/a)/sin^2."""
    lib, m = flint(), (p - 1) // 2
    if m == 0 or q == 0:
        return lib.arb(0 if m == 0 else 1)
    a, b = (lib.arb(x) for x in rational([a, b]))
    k, x = b / a, b / (a + b)

    def f(t: Any, analytic: bool) -> Any:
        square = t.sin() ** 2
        w, second = x + (1 - x) * square, square + k
        root = second.rsqrt(analytic=analytic)
        series = _series(1 + k, k, lib.fmpq(q - 1, 2), m, (1 + lib.acb(k)) ** lib.acb(-lib.fmpq(q - 1, 2)))
        other = _series(second, k, lib.fmpq(1, 2), m, root)
        tail = sum(series[i] * other[j] for i in range(m) for j in range(m - i))
        return w**m * w.rsqrt(analytic=analytic) * square * t.cos() ** (q - 1) * tail

    scale = 2 * (1 - x) ** lib.arb(lib.fmpq(q, 2)) / complete_beta(lib.fmpq(p, 2), lib.fmpq(q, 2))
    return scale * integral(f, 0, lib.arb.pi() / 2)


def _series(base: Any, k: Any, r: Any, m: int, first: Any) -> list[Any]:
    """The coefficients of h^0, ..., h^(m-1) in (base - k h)^(-r); ``first`` is base^(-r)."""
    out = [flint().acb(first)]
    for j in range(m - 1):
        out.append(out[-1] * flint().acb((r + j) / (j + 1)) * k / base)
    return out


def by_density(p: int, q: int, a: Any, b: Any) -> Any:
    """P(bowl) for p, q >= 2 from the joint density of the eigenvalues l = sin^2 of L: a double integral over an angle.

    w(l) dl = 2 sin^(p-2) cos^(q-2), a trigonometric polynomial, and the inner integral is one up to a linear term.
    """
    acb, half_turn = flint().acb, flint().arb.pi() / 2
    weight = _waves(p - 2, q - 2)
    steep = _waves(p, q - 2)

    def f(start: Any) -> Any:
        def outer(t: Any, _: bool) -> Any:
            inner, steeper = (_area(c, acb(start), t) for c in (weight, steep))
            return t.sin() ** (p - 2) * t.cos() ** (q - 2) * (t.sin() ** 2 * inner - steeper)

        return integral(outer, start, half_turn)

    a, b = (flint().arb(x) for x in rational([a, b]))
    return f((b / (a + b)).sqrt().asin()) / f(flint().arb(0))


def _waves(i: int, j: int) -> list[tuple[int, Any]]:
    """(k, c_k) with sin^i cos^j = sum c_k exp(i k t)."""
    poly, acb = flint().acb_poly, flint().acb
    product = poly([acb(0, 1) / 2, 0, -acb(0, 1) / 2]) ** i * poly([acb(1) / 2, 0, acb(1) / 2]) ** j
    return [(k - i - j, c) for k, c in enumerate(product.coeffs()) if c != 0]


def _area(waves: list[tuple[int, Any]], start: Any, t: Any) -> Any:
    """The integral from start to t."""
    i, out = flint().acb(0, 1), flint().acb(0)
    for k, c in waves:
        out = out + c * ((t - start) if k == 0 else ((i * k * t).exp() - (i * k * start).exp()) / (i * k))
    return out


def _check_levels(case: Levels, law: Callable[[int, int, Any, Any], Any]) -> Verdict:
    """Bowls, domes (bowls of -H) and zeros add up to 1; for odd p the bowls, for odd q the domes, by pivots.

    For even p and q both by the joint density of the eigenvalues.
    """
    p, q, a, b = case.p, case.q, case.a, case.b
    with precision(128):
        bowl, dome = law(p, q, a, b), law(q, p, b, a)
        same = meet(bowl + dome + indefinite(p, q, a, b), flint().arb(1))
        same = same and (p % 2 == 0 or meet(bowl, by_pivots(p, q, a, b)))
        same = same and (q % 2 == 0 or meet(dome, by_pivots(q, p, b, a)))
        if p % 2 == 0 and q % 2 == 0:
            same = same and meet(bowl, by_density(p, q, a, b)) and meet(dome, by_density(q, p, b, a))
        return verdict(same, "certified", f"bowl {bowl.str(10, radius=False)}, dome {dome.str(10, radius=False)}")


def _levels(choose: Choose) -> Levels:
    """Few of each."""
    p, a, b = choose(range(1, 8)), choose((1, 1, 2, HALF)), choose((1, 3, Fraction(1, 3)))
    q = choose((1, 1, 2, 3, 4, 5))
    return Levels(p, q, a, b)


def _ball(x: Any) -> Any:
    return flint().arb(rational([x])[0])


TWO_LEVELS = Claim(
    id="slice_probability.two_levels",
    title="The probability that a random slice is a bowl: two levels of curvature",
    statement="Let $H$ have $p$ eigenvalues $a > 0$, $q$ eigenvalues $-b < 0$ and otherwise zeros. The slice along "
    "two random Gaussian directions, normalised or not, is positive definite with probability $0$ for $p < 2$, $1 - "
    r"(b/(a+b))^{(p-1)/2}$ for $q = 1$, and for $q \ge 2$ with probability $I_y(q-1, p-1) - "
    r"y^{(q-1)/2}(1-y)^{(p-1)/2} B_y(\frac{q-1}2, \frac{p-1}2)/(2B(q-1, p-1))$, $y = a/(a+b)$; for signature $(n-1, "
    r"1)$ and equal moduli that is $1 - 2^{-(n-2)/2}$, for $(2, 2)$ it is $(1 - \pi/4)/2$. It is indefinite with "
    r"probability $2\sqrt\pi\,\Gamma(\frac{n-1}2)/(2^{n/2}\Gamma(\frac p2)\Gamma(\frac q2))$ if $a = b$, $p + q = n$.",
    source="muirhead1982, section 3.3, in the form of; own derivation",
    case_type=Levels,
    cases=lambda: chosen(_levels),
    law=two_level_bowl,
    check=_check_levels,
    false_laws={
        "the moduli do not matter": lambda p, q, a, b: two_level_bowl(p, q),
        "a power n/2": lambda p, q, a, b: two_level_bowl(p + 2 if q == 1 else p, q, a, b),
        "both pivots independent and alike": lambda p, q, a, b: (1 - two_level_bowl(p, q, b, a)) ** 2,
        "any definite slice": lambda p, q, a, b: 1 - indefinite(p, q, a, b),
        "positive and negative mixed up": lambda p, q, a, b: two_level_bowl(q, p, a, b),
        "half of the definite slices": lambda p, q, a, b: (1 - indefinite(p, q, a, b)) / 2,
        "a negative eigenvalue less": lambda p, q, a, b: two_level_bowl(p, q - 1, a, b),
    },
    examples=(
        Levels(2, 1),
        Levels(2, 2),
        Levels(4, 2, 2, 3),
        Levels(9, 1),
        Levels(3, 2, 2, 1),
        Levels(2, 3, 1, 3),
        Levels(1, 4),
        Levels(5, 4, 1, 2),
    ),
    exercises=("slices.bowl-probability",),
    uses=("slice_convexity.from_slice_to_surface",),
)

# -- one negative eigenvalue -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OneNegative(Case):
    """p1 and p2 eigenvalues of two positive levels, and one negative eigenvalue -nu."""

    p1: int
    one: Any
    p2: int
    two: Any
    nu: Any


def _check_one(case: OneNegative, law: Callable[..., Any]) -> Verdict:
    """sqrt(2 pi) E |H d| delta(d^T H d) with the shares t, 1-t of both levels, and the general enclosure around it.

    With s = l1 t + l2 (1-t): E sqrt((l1^2 t + l2^2 (1-t) + nu s) / (nu s)) (1 + s/nu)^(-p/2), t ~ Beta(p1/2, p2/2).
    """
    lib, p1, p2 = flint(), case.p1, case.p2
    with precision(128):
        one, two, nu = (lib.arb(x) for x in rational([case.one, case.two, case.nu]))

        def f(t: Any, analytic: bool) -> Any:
            x, y = t.sin() ** 2, t.cos() ** 2
            s = one * x + two * y
            root = ((one**2 * x + two**2 * y) / (nu * s) + 1).sqrt(analytic=analytic)
            power = (1 + s / nu).rsqrt(analytic=analytic) ** (p1 + p2)
            return root * power * t.sin() ** (p1 - 1) * t.cos() ** (p2 - 1)

        value = 2 * integral(f, 0, lib.arb.pi() / 2) / complete_beta(lib.fmpq(p1, 2), lib.fmpq(p2, 2))
        stated = law(p1, case.one, p2, case.two, case.nu)
        product = ((1 + one / nu) ** p1 * (1 + two / nu) ** p2).sqrt()
        low, high = sorted((((1 + x / nu).sqrt() / product for x in (one, two))), key=float)
        inside = case.one == case.two or (low < value and value < high)
        inside = inside and bool(value <= _least_level(case) or value.overlaps(_least_level(case)))
        return verdict(bool(meet(stated, value) and inside), "certified", f"no bowl: {value.str(12, radius=False)}")


def _least_level(case: OneNegative) -> Any:
    """(1 + min lam/nu)^(-(p-1)/2)."""
    base = 1 + min(Fraction(case.one), Fraction(case.two)) / Fraction(case.nu)
    return 1 / _ball(base ** (case.p1 + case.p2 - 1)).sqrt()


def _ones(choose: Choose) -> OneNegative:
    few = (1, 2, 3, HALF)
    return OneNegative(choose(range(1, 7)), choose(few), choose(range(1, 7)), choose(few), choose((1, 2, HALF, 4)))


def _without_mean(p1: int, one: Any, p2: int, two: Any, nu: Any) -> Any:
    """prod (1 + lam/nu)^(-1/2)."""
    one, two, nu = _ball(one), _ball(two), _ball(nu)
    return 1 / ((1 + one / nu) ** p1 * (1 + two / nu) ** p2).sqrt()


def _average(p1: int, one: Any, p2: int, two: Any, nu: Any) -> Fraction:
    return Fraction(p1 * Fraction(one) + p2 * Fraction(two)) / (p1 + p2)


ONE_NEGATIVE = Claim(
    id="slice_probability.one_negative",
    title="One negative eigenvalue among positive ones",
    statement=r"Let $H$ have the eigenvalues $\lambda_1, \dots, \lambda_p > 0$ and $-\nu < 0$, and otherwise zeros. A "
    r"random two-dimensional slice is no bowl with probability $\prod_i (1 + \lambda_i/\nu)^{-1/2}\,E\sqrt{X/Y}$, $X "
    r"= \sum \lambda_ig_i^2$, $Y = \sum \frac{\nu\lambda_i}{\nu + \lambda_i}g_i^2$, $g$ standard normal; where "
    r"$E\sqrt{X/Y}$ lies between $\sqrt{1 + \min\lambda_i/\nu}$ and $\sqrt{1 + \max\lambda_i/\nu}$: at most $(1 + "
    r"\min\lambda_i/\nu)^{-(p-1)/2}$, exponentially rare in $p$ as long as all $\lambda_i/\nu$ exceed a fixed positive "
    r"number. Checked for two positive levels.",
    source="own derivation",
    case_type=OneNegative,
    cases=lambda: chosen(_ones),
    law=no_bowl_beside_one,
    check=_check_one,
    false_laws={
        "the product alone": _without_mean,
        "the mean level": lambda *c: 1 - two_level_bowl(c[0] + c[2], 1, _average(*c), c[4]),
        "the smaller level": lambda *c: 1 - two_level_bowl(c[0] + c[2], 1, min(c[1], c[3]), c[4]),
        "the root of the mean ratio": lambda *c: _without_mean(*c) * (1 + _ball(_average(*c) / c[4])).sqrt(),
        "the square of the product": lambda *c: no_bowl_beside_one(*c) * _without_mean(*c),
    },
    examples=(OneNegative(1, 1, 1, 3, 1), OneNegative(2, 4, 5, 2, 2), OneNegative(1, 6, 3, 2, HALF)),
    uses=("slice_probability.two_levels",),
)

CLAIMS = (TWO_LEVELS, ONE_NEGATIVE)
