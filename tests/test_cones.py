"""Exact linear feasibility against its own certificates, a float solver and counts known in closed form."""

from math import comb

import numpy as np
import pytest

from theory.arithmetic import rational, to_float
from theory.calculus.cones import cells, convex_weights, nonnegative_solution
from theory.errors import NotExact, TooLarge


def test_solutions_are_certificates_and_refusals_agree_with_linprog():
    from scipy.optimize import linprog

    rng, found = np.random.default_rng(1), [0, 0]
    for _ in range(150):
        r, n = rng.integers(1, 4), rng.integers(1, 6)
        A, b = rng.integers(-2, 3, (r, n)), rng.integers(-2, 3, r)
        x = nonnegative_solution(rational(A), rational(b))
        found[x is None] += 1
        if x is None:
            assert linprog(np.zeros(n), A_eq=A, b_eq=b, bounds=(0, None)).status == 2
        else:
            assert all(t >= 0 for t in x) and (rational(A) @ x == rational(b)).all()
    assert min(found) > 30, "both answers must occur"


def test_degenerate_systems_end():
    zero = rational(np.zeros((2, 3), int))
    assert list(nonnegative_solution(zero, zero[:, 0])) == [0, 0, 0]
    assert nonnegative_solution(zero, rational([1, 0])) is None
    # Beale's example, on which pivoting by the largest gain cycles
    A = rational([["1/4", -8, -1, 9, 1, 0, 0], ["1/2", -12, "-1/2", 3, 0, 1, 0], [0, 0, 1, 0, 0, 0, 1]])
    x = nonnegative_solution(A, rational([0, 0, 1]))
    assert (A @ x == rational([0, 0, 1])).all()


def test_zero_in_a_triangle():
    triangle = rational([[1, -1, 0], [1, 1, -1]])
    t = convex_weights(triangle)
    assert t.sum() == 1 and (triangle @ t == rational([0, 0])).all()
    assert convex_weights(triangle + rational([[2], [0]])) is None
    assert convex_weights(rational([[0, 1], [0, 1]])) is not None, "a vertex at zero"
    assert convex_weights(rational([[1, 2], [0, 0]])) is None, "collinear, on one side"


@pytest.mark.parametrize(("d", "k"), [(1, 3), (2, 1), (2, 4), (3, 4), (3, 5), (4, 3)])
def test_cells_in_general_position_are_counted_by_the_formula(d, k):
    V = np.array([[(i + 2) ** j for i in range(k)] for j in range(d)])  # Vandermonde: any d columns are independent
    patterns = cells(rational(V))
    assert len(patterns) == 2 * sum(comb(k - 1, j) for j in range(d))
    assert len({tuple(p) for p in patterns}) == len(patterns)
    assert {tuple(~p) for p in patterns} == {tuple(p) for p in patterns}


def test_every_sampled_sign_vector_is_a_cell_and_conversely():
    rng = np.random.default_rng(2)
    V = rational([[1, 2, -1, 0, 1], [0, 0, 0, 3, 1]])  # repeated and opposite normals
    sampled = {tuple(p) for p in rng.standard_normal((2000, 2)) @ to_float(V) > 0}
    assert sampled == {tuple(p) for p in cells(V)}
    assert len(sampled) == 6


def test_too_many_cells_and_floats_are_refused():
    with pytest.raises(TooLarge, match="at most 8, got up to 12"):
        cells(rational(np.arange(1, 13).reshape(2, 6)), max_cells=8)
    with pytest.raises(NotExact, match=r"theory\.rational"):
        convex_weights(np.eye(2))
