"""Exact linear algebra: defining identities on random rationals, eigenvalues against SymPy, degenerate corners."""

from fractions import Fraction
from itertools import pairwise

import flint
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from theory import ball, precision, rational
from theory.calculus.exact_linalg import (
    array_of,
    ball_matrix,
    int64_array,
    integer_matrix,
    null_space,
    pinv,
    rank,
    rational_matrix,
    solve,
    symmetric_eigenvalues,
)
from theory.errors import Degenerate, NotExact

EXACTLY = settings(max_examples=60, deadline=None, database=None, derandomize=True)


@st.composite
def matrices(draw, rows=(1, 5), columns=(1, 5)):
    """Small rational matrices, often rank-deficient: products of thin factors, with denominators."""
    r, c, k = draw(st.integers(*rows)), draw(st.integers(*columns)), draw(st.integers(0, 4))
    entry = st.integers(-3, 3)
    B = np.array(draw(st.lists(entry, min_size=r * k, max_size=r * k)), int).reshape(r, k)
    C = np.array(draw(st.lists(entry, min_size=k * c, max_size=k * c)), int).reshape(k, c)
    return rational(B @ C) * flint.fmpq(1, draw(st.integers(1, 6)))


def to_sympy(a):
    return sympy.Matrix(*a.shape, [sympy.Rational(int(x.p), int(x.q)) for x in a.flat])


@EXACTLY
@given(matrices())
def test_rank_and_kernel(a):
    N = null_space(a)
    assert rank(a) == to_sympy(a).rank() == a.shape[1] - N.shape[1]
    assert N.shape[0] == a.shape[1] and all(x == 0 for x in (a @ N).flat if N.size)
    assert N.shape[1] == 0 or rank(N) == N.shape[1]


@EXACTLY
@given(matrices())
def test_the_four_penrose_equations(a):
    p = pinv(a)
    assert {type(x) for x in p.flat} == {flint.fmpq}
    assert p.shape == a.T.shape
    assert (a @ p @ a == a).all() and (p @ a @ p == p).all()
    assert ((a @ p).T == a @ p).all() and ((p @ a).T == p @ a).all()


@EXACTLY
@given(matrices((3, 3), (3, 3)), st.booleans())
def test_solve_inverts_or_says_singular(a, as_vector):
    b = rational(np.arange(1, 4) if as_vector else np.arange(6).reshape(3, 2))
    if rank(a) < 3:
        with pytest.raises(Degenerate, match="singular"):
            solve(a, b)
    else:
        assert (a @ solve(a, b) == b).all()


def check_spectrum(a):
    """Sorted, disjoint, complete, and each ball holds exactly one root of SymPy's characteristic polynomial."""
    values, n = symmetric_eigenvalues(a), len(a)
    assert sum(k for _, k in values) == n
    x = sympy.Symbol("x")
    p = to_sympy(a).charpoly(x)
    for value, k in values:
        if isinstance(value, flint.fmpq):
            exact = sympy.Rational(int(value.p), int(value.q))
            assert sympy.Poly(p.as_expr(), x).eval(exact) == 0 and p.diff(*[x] * k).eval(exact) != 0
        else:
            with precision(1000):  # the ends of a ball are rounded to the precision in force
                ends = value.lower().fmpq(), value.upper().fmpq()
            lower, upper = (sympy.Rational(int(q.p), int(q.q)) for q in ends)
            assert sympy.Poly(sympy.sqf_part(p.as_expr()), x).count_roots(lower, upper) == 1
    balls = [flint.arb(value) for value, _ in values]
    assert all(x > y for x, y in pairwise(balls))
    return values


@settings(max_examples=30, deadline=None, database=None, derandomize=True)
@given(matrices((2, 4), (4, 4)))
def test_eigenvalues_against_sympy(a):
    check_spectrum(a.T @ a)
    check_spectrum(a @ a.T - rational(np.diag([1, *[0] * (len(a) - 1)])))


def test_close_eigenvalues_are_separated_by_raising_the_precision():
    """The two irrational pairs differ by about 1e-40: no 53-bit ball can tell them apart."""
    tiny = Fraction(1, 10**40)
    a = np.zeros((4, 4), object)
    a[:2, :2], a[2:, 2:] = [[1, 1], [1, 2]], [[1 + tiny, 1], [1, 2 + tiny]]
    with precision(53):
        values = check_spectrum(rational(a))
    assert [k for _, k in values] == [1, 1, 1, 1] and not any(isinstance(value, flint.fmpq) for value, _ in values)


def test_eigenvalues_of_multiples_of_the_identity_and_zero():
    assert symmetric_eigenvalues(rational(np.eye(3, dtype=int))) == [(flint.fmpq(1), 3)]
    assert symmetric_eigenvalues(rational([["0", "0"], ["0", "0"]])) == [(flint.fmpq(0), 2)]
    assert symmetric_eigenvalues(rational([["-1/2"]])) == [(flint.fmpq(-1, 2), 1)]
    swap = symmetric_eigenvalues(rational([["0", "2/3"], ["2/3", "0"]]))
    assert [value for value, _ in swap] == [flint.fmpq(2, 3), flint.fmpq(-2, 3)]


@EXACTLY
@given(st.lists(st.integers(-(2**66), 2**66), min_size=1, max_size=9), st.sampled_from([2**70, 2**33, 2**31, 2**20]))
def test_int64_array_reads_every_entry_or_refuses(entries, modulus):
    """Long and short rows, both signs, at and beyond the widths of the digits."""
    entries = [x % modulus * (1 if x > 0 else -1) for x in entries]
    n = int(len(entries) ** 0.5)
    m = flint.fmpz_mat(n, n, entries[: n * n])
    out = int64_array(m)
    if out is None:
        assert any(not -(2**63) <= x < 2**63 for x in entries[: n * n])
    else:
        assert out.dtype == np.int64 and out.ravel().tolist() == entries[: n * n]


def test_borders():
    a = rational([["1/2", "2/3"], [3, 4]])
    N, d = integer_matrix(a)
    assert d == 6 and (array_of(N) == 6 * a).all() and (array_of(rational_matrix(a)) == a).all()
    assert array_of(ball_matrix(ball(a)))[0, 1].contains(flint.fmpq(2, 3))
    assert ball_matrix(a)[0, 0] == flint.arb("0.5")
    with pytest.raises(NotExact, match="rational"):
        rational_matrix([[1.5]])
    with pytest.raises(ValueError, match="2-D"):
        rank([1, 2])
    with pytest.raises(ValueError, match="symmetric"):
        symmetric_eigenvalues([[1, 2], [3, 4]])
    with pytest.raises(ValueError, match="square"):
        solve([[1, 2]], [1])
