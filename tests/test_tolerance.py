"""Derived tolerances: bounds where there are some, infinity where there are none."""

from fractions import Fraction

import numpy as np
import pytest

from theory.calculus.tolerance import frobenius, rounding


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rounding_is_the_doubled_classical_bound(dtype):
    u = Fraction(float(np.finfo(dtype).eps)) / 2
    for terms in (1, 10, 2**20):
        gamma = terms * u / (1 - terms * u)
        assert abs(Fraction(float(rounding(dtype, terms))) - 2 * gamma) <= 4 * u * gamma


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("terms", [2**24, 2**53, 2**53 + 1, 2**80])
def test_so_many_terms_that_no_digit_is_left_have_no_bound(dtype, terms):
    if terms * float(np.finfo(dtype).eps) / 2 < 1:
        assert 0 < rounding(dtype, terms) < np.inf
        return
    assert rounding(dtype, terms) == rounding(dtype, terms, 0) == np.inf
    assert rounding(dtype, terms, np.ones(3)).tolist() == [np.inf] * 3


def test_norms_reach_as_far_as_the_numbers():
    for size in (1e-300, 1.0, 1e300):
        assert abs(frobenius(np.full((2, 2), size)) - 2 * size) <= rounding(float, 4, 2 * size)
    assert frobenius(np.zeros((2, 2))) == 0
