"""The expansion of the loss of many ReLU students: against counted pairs, differences and the claims' digits."""

from fractions import Fraction

import numpy as np
import pytest

from theory.arithmetic import ball, flint, precision
from theory.claims.gaussian_many_students import (
    curvature,
    leading,
    loss_times_k,
    remaining,
    scaled,
    slopes,
)
from theory.claims.gaussian_relu_minima import ANOTHER, _is_symmetric_point
from theory.claims.gaussian_routes import ENTRIES, meet, printed, reduced_loss, reduced_point, reduced_slopes
from theory.errors import Undecided

OFF = ("5/2", "1/3", "-1", "5/4", "4")


def entries(k, z):
    """(a, b, c, d, e) of z, literally."""
    alpha, mu, sigma, delta, eta = z
    a, d, e = 1 + alpha / k**2, delta / k, eta / k - 1
    return np.array([a, (mu / k - a - d + 1) / (k - 2), (sigma / k + 1 - e) / (k - 1), d, e])


@pytest.mark.parametrize("k", [40, 1000, 10**6])
def test_the_expansion_is_the_loss_at_any_point(k):
    with precision(256):
        z = ball(OFF)
        at = entries(k, z)
        assert all(x.overlaps(y) for x, y in zip(scaled(k, at), z, strict=True))
        assert meet(loss_times_k(z, 1 / flint().arb(k).sqrt()), k * reduced_loss(k, at))


@pytest.mark.parametrize("k", [50, 10**4])
def test_scaled_slopes_are_those_of_the_entries(k):
    """By the chain rule for the linear map from z to the entries."""
    with precision(320):
        z, one = ball(OFF), ball(np.eye(5, dtype=int))
        at = entries(k, z)
        turn = np.array([entries(k, z + e) - at for e in one], object)  # rows: the derivatives in z
        weights = ball([Fraction(1, k), 1, Fraction(1, k), 1, Fraction(1, k)])
        expected = k * (turn @ reduced_slopes(k, at)) / weights
        assert all(meet(x, y) for x, y in zip(slopes(z, 1 / flint().arb(k).sqrt()), expected, strict=True))


def test_curvature_is_the_derivative_of_the_slopes():
    """Central differences of step h: the error is of order h^2."""
    with precision(512):
        s, z, h = flint().arb(1) / 10, ball(OFF), flint().arb(2) ** -60
        H = curvature(z, s)
        for j, e in enumerate(ball(np.eye(5, dtype=int))):
            difference = (slopes(z + h * e, s) - slopes(z - h * e, s)) / (2 * h)
            assert all(abs(x - y) < h for x, y in zip(difference, H[:, j], strict=True))


def test_at_infinity_two_unknowns_are_left():
    with precision(128):
        zero, pi = flint().arb(0), flint().arb.pi()
        z = ball([7, "1/2", 3, 2, -1])
        mu, delta = z[1], z[3]
        value = (pi / 2 * mu**2 + (2 - delta) ** 2 + (pi / 2 - 1) * (4 + delta**2)) / (4 * pi)
        assert meet(leading(zero * z + ball([0, "1/2", 0, 2, 0]), zero), value)
        assert remaining(z, zero).is_finite()


def test_too_few_students_are_refused():
    with precision(128), pytest.raises(Undecided, match="take more students"):
        loss_times_k(ball(["1", "0", "0", "2", "0"]), flint().arb(1) / 2)


# -- digits and points -------------------------------------------------------------------------------------------------


def test_printed_numbers_are_those_that_round_to_them():
    with precision(128):
        for digits, inside, outside in (
            ("0.25", "0.2549", "0.2551"),
            ("-1.5", "-1.4501", "-1.44"),
            ("3", "3.4", "3.6"),
        ):
            assert printed(digits).contains(flint().arb(inside)) and not printed(digits).contains(flint().arb(outside))


def test_only_the_symmetric_point_rounds_to_its_entries():
    assert _is_symmetric_point(6, ENTRIES[6]) and not _is_symmetric_point(6, ANOTHER)
    assert not _is_symmetric_point(6, ENTRIES[7])
    with precision(128):
        other = reduced_point(10)
        assert all(printed(d).contains(x) for d, x in zip(ENTRIES[10], other, strict=True))
