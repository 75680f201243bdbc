"""Steps of the proof of how near E |cos| of a random angle in R^n is to sqrt(2/(pi n)), each in symbols.

Let S_k be the integral of sin^k over (0, pi). The angle has the density sin^(n-2) / S_(n-2), n >= 2, so that with the
primitive sin^(n-1) / (n-1) of cos sin^(n-2) E cos = 0 and e(n) = E |cos| = 2 / ((n-1) S_(n-2)); and e(1) = 1.

1. The derivative of cos sin^(k-1) is (k-1) sin^(k-2) - k sin^k, so that S_k = (k-1)/k S_(k-2), and e(n+2) = n/(n+1)
   e(n) for n >= 2; for n = 1 by e(1) = 1 and e(3) = 2/(2 S_1) = 1/2.
2. With e(1) e(2) = 2/pi, e(2) = 2/S_0 = 2/pi: e(n) e(n+1) = 2/(pi n) for all n, by induction: the right-hand side has
   the same ratio n/(n+1) from n to n + 1 as e(n+2)/e(n).
3. sin <= 1 makes S_k fall, so e(n+1)/e(n) = S_n / S_(n-1) <= 1 by 1. So r(n) = e(n) sqrt(pi n/2) has r(n)^2 >= (pi n/2)
   e(n) e(n+1) = 1 and r(n+1)^2 <= (n+1)/n: r -> 1.
4. r(n+2)^2/r(n)^2 = n(n+2)/(n+1)^2. So r < s for all n if s -> 1 and s(n)^2 n(n+2) > s(n+2)^2 (n+1)^2: then r/s grows
   along n, n+2, ..., and its limit is 1; likewise with the signs reversed. The difference is a rational function of n,
   of the sign of its numerator; in x = n - 1 >= 0 all coefficients have one sign.

Source: own derivation.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from theory.arithmetic import flint, precision, rational

FIRST = 60  # values of a formula that are compared with the recursion


@cache
def recursion_is_proved() -> bool:
    """The identities of steps 1 to 4 for all n; the quotient of Gamma functions satisfies recursion and starts."""
    import sympy

    n, k, s, c = sympy.symbols("n k s c", positive=True)

    def derivative(f: Any) -> Any:
        """Of f(sin, cos)."""
        return sympy.diff(f, s) * c - sympy.diff(f, c) * s

    parts = derivative(c * s ** (k - 1)) - (k - 1) * s ** (k - 2) + k * s**k
    primitive = derivative(s ** (n - 1) / (n - 1)) - c * s ** (n - 2)
    before, middle = sympy.symbols("S T", positive=True)  # S_(n-2), S_(n-1)
    ratio = (2 / ((n + 1) * (n - 1) / n * before)) / (2 / ((n - 1) * before))
    product = 2 / (sympy.pi * n)

    def formula(m: Any) -> Any:
        return sympy.gamma(m / 2) / (sympy.sqrt(sympy.pi) * sympy.gamma((m + 1) / 2))

    zeros = (
        sympy.expand(sympy.expand(parts / s ** (k - 2)).subs(c, sympy.sqrt(1 - s**2))),
        sympy.expand(primitive / s ** (n - 2)),
        sympy.simplify(ratio - n / (n + 1)),
        sympy.simplify(product.subs(n, n + 1) / product - ratio),
        sympy.simplify(2 / (n * middle) / (2 / ((n - 1) * before)) - (n - 1) / n * before / middle),
        sympy.simplify(sympy.pi * n / 2 * product - 1),
        sympy.simplify(sympy.pi * (n + 1) / 2 * product - (n + 1) / n),
        sympy.simplify(ratio**2 * (n + 2) / n - n * (n + 2) / (n + 1) ** 2),
        sympy.gammasimp((n + 1) * formula(n + 2) / (n * formula(n))) - 1,
        sympy.gammasimp(formula(n) * formula(n + 1) / product) - 1,
        formula(sympy.Integer(1)) - 1,
        formula(sympy.Integer(2)) - 2 / sympy.pi,
        formula(sympy.Integer(3)) - sympy.Rational(1, 2),
    )
    return all(z == 0 for z in zeros)


def follows_recursion(modulus: Callable[[int], Any]) -> bool:
    """Whether the first values of a formula are e(1) = 1, e(2) = 2/pi, e(n+2) = n/(n+1) e(n), in balls."""
    lib = flint()
    with precision(128):
        values = [lib.arb(1), 2 / lib.arb.pi()]
        for n in range(1, FIRST - 1):
            values.append(values[n - 1] * n / (n + 1))
        stated = [lib.arb(modulus(n)) for n in range(1, FIRST + 1)]
        narrow = lib.arb(2) ** -100
        return all(a.overlaps(b) and a.rad() < narrow for a, b in zip(stated, values, strict=True))


def has_one_sign(s: tuple, sign: int) -> bool:
    """Step 4: whether sign (s(n)^2 n(n+2) - s(n+2)^2 (n+1)^2) > 0 for all n >= 1, s(n) = sum s_i n^-i, s_0 = 1."""
    import sympy

    x = sympy.Symbol("x")
    n, m, d = x + 1, x + 3, len(s) - 1
    first = sum(sympy.Rational(str(c)) * n ** (d - i) for i, c in enumerate(s))
    later = sum(sympy.Rational(str(c)) * m ** (d - i) for i, c in enumerate(s))
    difference = first**2 * m ** (2 * d) * n * (n + 2) - later**2 * n ** (2 * d) * (n + 1) ** 2
    coefficients = sympy.Poly(sympy.expand(sign * difference), x).all_coeffs()
    return bool(s[0] == 1 and all(c >= 0 for c in coefficients) and coefficients[-1] > 0)


def is_violated(low: tuple, high: tuple, ratio: Callable[[int], Any]) -> bool:
    """Whether some n up to 10^6 proves one of the bounds of the ratio wrong."""
    with precision(192):
        for n in (1, 2, 3, 10, 1000, 10**6):
            a, b = (
                sum((flint().arb(rational([c])[0]) / flint().arb(n) ** i for i, c in enumerate(s)), flint().arb(0))
                for s in (low, high)
            )
            if ratio(n) < a or ratio(n) > b:
                return True
    return False
