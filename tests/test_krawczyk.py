"""Krawczyk's test: proves what is true, proves nothing about boxes with no zero or two, and excludes where it can."""

import pickle
from fractions import Fraction

import flint
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from theory import ball, precision, rational
from theory.calculus.krawczyk import certify_zero, krawczyk
from theory.errors import Undecided


def circle_and_hyperbola(x):
    """x^2 + y^2 = 4 and x y = 1: four zeros, (a, b) and its images under swapping and sign; a^2 = 2 + sqrt 3."""
    return np.array([x[0] * x[0] + x[1] * x[1] - 4, x[0] * x[1] - 1])


def its_jacobian(x):
    return np.array([[2 * x[0], 2 * x[1]], [x[1], x[0]]])


def parabola(c):
    """x^2 = c on the line."""
    return (lambda x: x * x - c), (lambda x: np.array([[2 * x[0]]]))


@settings(max_examples=150, deadline=None, database=None, derandomize=True)
@given(st.fractions(-3, 3, max_denominator=50), st.fractions(Fraction(1, 50), 4, max_denominator=50))
def test_the_verdict_agrees_with_the_number_of_zeros(center, radius):
    """x^2 = 2 on [c - r, c + r]: proved only with exactly one root inside, excluded only with none."""
    lower, upper = center - radius, center + radius
    roots = int(_between(lower, upper, 1)) + int(_between(lower, upper, -1))
    result = krawczyk(*parabola(2), rational([center]), rational([radius]))
    assert not (result.proved and roots != 1)
    assert not (result.excluded and roots != 0)
    if result.proved:
        assert result.contraction < 1 and result.image[0].overlaps(flint.arb(2).sqrt() * (1 if center > 0 else -1))


def _between(lower, upper, sign):
    """Whether lower <= sign sqrt 2 <= upper, in Fractions."""
    if sign < 0:
        lower, upper = -upper, -lower
    return upper > 0 and upper * upper >= 2 and (lower <= 0 or lower * lower <= 2)


def test_boxes_with_one_zero_none_and_two():
    proved = krawczyk(*parabola(2), [1.4], 0.3)
    assert proved.proved and not proved.excluded
    assert proved.box[0].contains(proved.image[0])
    none = krawczyk(*parabola(2), [3.0], 0.5)
    assert none.excluded and not none.proved
    two = krawczyk(*parabola(2), [0.5], 3.0)
    assert not two.proved and not two.excluded and two.contraction >= 1
    double = krawczyk(*parabola(0), [0.25], 1.0)
    assert not double.proved and not double.excluded


def test_a_singular_jacobian_at_the_centre_proves_nothing_but_may_exclude():
    flat = krawczyk(*parabola(2), [0], 5)
    assert not flat.proved and not flat.excluded and flat.image is None and flat.contraction == np.inf
    assert krawczyk(*parabola(2), [0], 1).excluded


def test_a_jacobian_that_does_not_enclose_is_the_users_lie_and_would_be_believed():
    """Planted: the derivative at the centre instead of over the box 'proves' uniqueness among two zeros."""
    function, jacobian = parabola(2)
    honest = krawczyk(function, jacobian, [0.5], 3.0)
    lie = krawczyk(function, lambda x: jacobian(ball([x[0].mid()])), [0.5], 3.0)
    assert not honest.proved and lie.proved, "so the enclosure of the Jacobian is what the proof rests on"


@pytest.mark.parametrize("guess", [(1.9, 0.5), (0.4, 2.1), (-1.8, -0.6), (-0.6, -1.9)])
def test_all_four_zeros_are_certified_to_the_working_precision(guess):
    result = certify_zero(circle_and_hyperbola, its_jacobian, guess, bits=200)
    with precision(200):
        a = (2 + flint.arb(3).sqrt()).sqrt()
        zero = [a, 1 / a] if abs(guess[0]) > abs(guess[1]) else [1 / a, a]
        zero = [z if guess[0] > 0 else -z for z in zero]
        assert result.proved and all(k.overlaps(z) for k, z in zip(result.image, zero, strict=True))
        assert all(k.rad() < flint.arb((1, -150)) for k in result.image)
        assert result.contraction < 1
    again = pickle.loads(pickle.dumps(result))
    assert all(k.mid() == z.mid() and k.rad() == z.rad() for k, z in zip(again.image, result.image, strict=True))


def test_a_zero_hit_exactly_is_still_proved():
    result = certify_zero(lambda x: x * x * x - x, lambda x: np.array([[3 * x[0] * x[0] - 1]]), [1])
    assert result.proved and result.image[0].contains(1)


@pytest.mark.parametrize("c", [0, -1], ids=["double zero", "no zero"])
def test_undecided_is_raised_rather_than_guessed(c):
    with pytest.raises(Undecided, match="certify_zero"):
        certify_zero(*parabola(c), [0.7])


def test_undecided_for_a_line_of_zeros():
    """x y = 0 twice: the Jacobian is singular everywhere."""

    def function(x):
        return np.array([x[0] * x[1], x[0] * x[1]])

    with pytest.raises(Undecided, match="singular"):
        certify_zero(function, lambda x: np.array([[x[1], x[0]], [x[1], x[0]]]), [0.5, 0.1])


def test_constants_in_a_jacobian_need_no_wrapping():
    def function(x):
        return np.array([x[0] + x[1] - 1, x[0] * x[1]])

    result = certify_zero(function, lambda x: np.array([[1, 1], [x[1], x[0]]], object), [0.9, 0.2])
    assert result.image[0].contains(1) and result.image[1].contains(0)


def test_bad_input_is_refused():
    function, jacobian = parabola(2)
    with pytest.raises(ValueError, match="positive"):
        krawczyk(function, jacobian, [1.4], 0)
    with pytest.raises(ValueError, match="vector"):
        krawczyk(function, jacobian, [[1.4]], 1)
    with pytest.raises(ValueError, match="shape"):
        krawczyk(function, lambda x: 2 * x, [1.4], 1)
    with pytest.raises(TypeError, match="balls"):
        krawczyk(lambda x: np.array([0.5]), jacobian, [1.4], 1)
