"""Quotient algebras of polynomial systems: counts with multiplicity, distinct, real, and what they rest on."""

from math import comb, prod

import numpy as np
import pytest
import sympy

from theory import symbols
from theory.arithmetic import rational
from theory.calculus import macaulay
from theory.calculus.quotient_algebra import PRIME, quotient_algebra
from theory.errors import Degenerate, NotExact, TooLarge

FIELDS = pytest.mark.parametrize("prime", [None, 101, PRIME], ids=str)


def grid(*roots):
    """The polynomials prod (x_i - r) for lists of integer roots, and the ring."""
    x = symbols(x=len(roots))
    return x, [prod((x[i] - r for r in rs), start=x[i] ** 0) for i, rs in enumerate(roots)]


@FIELDS
def test_a_grid_of_points_is_counted(prime):
    _, f = grid((0, 1, 2), (-1, 3), (5, 6))
    algebra = quotient_algebra(f, prime)
    assert algebra.dimension == algebra.distinct() == 12 and algebra.is_reduced


@FIELDS
def test_multiple_points_are_counted_once_among_the_distinct(prime):
    _, f = grid((0, 0, 1), (2, 2))
    algebra = quotient_algebra(f, prime)
    assert (algebra.dimension, algebra.distinct(), algebra.is_reduced) == (6, 2, False)


@FIELDS
def test_points_at_infinity_are_not_counted(prime):
    x, y = symbols(x=2)
    assert quotient_algebra([x * y - 1, x - y], prime).dimension == 2
    assert quotient_algebra([x * y - 1, x**2 * y - 3], prime).dimension == 1
    assert quotient_algebra([x**2 - y, x * y - 1, y**2 - x], prime).dimension == 3


@FIELDS
def test_systems_without_solutions(prime):
    x, y = symbols(x=2)
    for f in ([x, x - 1, y], [x * y - 1, x], [x**0, y]):
        algebra = quotient_algebra(f, prime)
        assert algebra.dimension == algebra.distinct() == 0 and algebra.is_reduced
    assert quotient_algebra([x * y - 1, x]).real() == (0, 0)


@FIELDS
@pytest.mark.parametrize("build", [lambda x, y: [x * y], lambda x, y: [x**2 - y**2, x - y], lambda x, y: [0 * x]])
def test_infinitely_many_solutions_are_refused(build, prime):
    with pytest.raises(Degenerate, match="quotient_algebra"):
        quotient_algebra(build(*symbols(x=2)), prime)


def test_real_points_and_signs_of_a_weight():
    x, f = grid((-2, 0, 1), (1,))
    algebra = quotient_algebra([f[0] * (x[0] ** 2 + 1), f[1]])
    assert algebra.dimension == 5 and algebra.real() == (3, 0)
    assert algebra.real(x[0]) == (1, 1) and algebra.distinct(x[0]) == 4
    assert algebra.real(x[0] - 2 * x[1]) == (0, 3)
    with pytest.raises(NotExact, match="F_101 has no signs"):
        quotient_algebra(f, 101).real()


@pytest.mark.parametrize("seed", range(6))
def test_real_roots_of_one_polynomial_are_those_of_sturm(seed):
    rng = np.random.default_rng(seed)
    coefficients = rng.integers(-5, 6, 7).tolist()
    (x,), t = symbols(x=1), sympy.Symbol("t")
    f = sum(c * x**k for k, c in enumerate([*coefficients, 1]))
    literal = sympy.Poly([1, *coefficients[::-1]], t)
    algebra = quotient_algebra([f])
    assert sum(algebra.real()) == len(set(literal.real_roots()))
    assert algebra.distinct() == len(literal.all_roots(multiple=True)) - sympy.gcd(literal, literal.diff(t)).degree()


@pytest.mark.parametrize("degrees", [(1, 2), (2, 3), (2, 2, 2), (3, 2, 1)], ids=str)
def test_generic_systems_have_as_many_solutions_as_bezout_says(degrees):
    rng, n = np.random.default_rng(prod(degrees)), len(degrees)
    x = symbols(x=n)
    f = []
    for d in degrees:
        terms = [e for k in range(d + 1) for e in macaulay.descending(n, k)]
        f.append(sum(int(c) * prod((v**k for v, k in zip(x, e, strict=True)), start=x[0] ** 0)
                     for c, e in zip(rng.integers(1, 50, len(terms)), terms, strict=True)))  # fmt: skip
    assert quotient_algebra(f).dimension == quotient_algebra(f, PRIME).dimension == prod(degrees)


@FIELDS
def test_the_matrices_commute_and_solve_the_system(prime):
    """The certificate: 1 generates a module on which the polynomials vanish, so the dimension is no overcount."""
    x, y, z = symbols(x=3)
    f = [x**2 + y * z - 3, x * y**2 - 2 * z + 1, z**2 - x * y + 5 * x]
    algebra = quotient_algebra(f, prime)
    for a in algebra.matrices:
        assert all(a * b == b * a for b in algebra.matrices)
    assert all(c == 0 for p in f for c in algebra.normal_form(p))
    assert [c != 0 for c in algebra.normal_form(x**0)] == [False] * (algebra.dimension - 1) + [True]


def test_normal_forms_agree_with_a_groebner_basis():
    a, b = sympy.symbols("x0 x1")
    x, y = symbols(x=2)
    algebra = quotient_algebra([x**3 - 2 * x * y, x**2 * y - 2 * y**2 + x])
    basis = sympy.groebner([a**3 - 2 * a * b, a**2 * b - 2 * b**2 + a], a, b, order="grevlex")
    assert algebra.basis == ((1, 0), (0, 1), (0, 0))
    for element, literal in ((x**2 + y**2 - 3 * y, a**2 + b**2 - 3 * b), (y**3 - x * y**3 + 1, b**3 - a * b**3 + 1)):
        reduced = sympy.Poly(basis.reduce(literal)[1], a, b)
        want = [rational([reduced.coeff_monomial(m)])[0] for m in algebra.basis]
        assert algebra.normal_form(element) == want


@pytest.mark.parametrize("n", [1, 3])
def test_monomials_are_in_descending_order(n):
    for d in range(4):
        found = macaulay.descending(n, d)
        assert len(set(found)) == len(found) == comb(n + d - 1, d) and {sum(e) for e in found} == {d}
    assert macaulay.descending(3, 2)[:3] == [(2, 0, 0), (1, 1, 0), (0, 2, 0)]


def test_gradings_are_sign_symmetries():
    x, y = symbols(x=2)
    f = [dict(p.terms()) for p in (x**3 + x * y**2, y**2 + 1)]
    gradings = {tuple(g) for g in macaulay.parities(f, 2)}
    assert gradings == {(1, 0), (0, 1)}
    assert len(macaulay.parities([dict((x + y**2).terms())], 2)) == 1
    assert len(macaulay.parities([dict((x + x**2 + y).terms())], 2)) == 0


def test_a_small_prime_and_too_large_a_system_are_refused(monkeypatch):
    _, f = grid((0, 1, 2), (0, 1))
    with pytest.raises(ValueError, match="needs a prime above 6"):
        quotient_algebra(f, 5).distinct()
    monkeypatch.setattr(macaulay, "MAX_BYTES", 2**8)
    with pytest.raises(TooLarge, match="Macaulay matrix"):
        quotient_algebra(f)
