"""Differences against closed forms; wrong derivatives must show in the slopes and outside the error estimates."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from theory import rational
from theory.calculus.differences import complex_step_gradient, gradient, hessian_from_gradient, taylor_slope
from theory.calculus.tolerance import rounding
from theory.errors import NotExact

points = st.integers(0, 10**6).map(lambda seed: np.random.default_rng(seed).normal(size=(2, 3, 4)))
SETTINGS = settings(max_examples=40, deadline=None, database=None, derandomize=True)


def loss(t):
    """exp(t_0 t_1) + t_2^3 t_3."""
    return np.exp(t[..., 0] * t[..., 1]) + t[..., 2] ** 3 * t[..., 3]


def loss_gradient(t):
    a, b, c, d = np.moveaxis(t, -1, 0)
    e = np.exp(a * b)
    return np.stack([b * e, a * e, 3 * c * c * d, c**3], -1)


def loss_hessian(t):
    a, b, c, d = np.moveaxis(t, -1, 0)
    e, o = np.exp(a * b), 0 * a
    rows = [[b * b * e, (1 + a * b) * e, o, o], [(1 + a * b) * e, a * a * e, o, o], [o, o, 6 * c * d, 3 * c * c],
            [o, o, 3 * c * c, o]]  # fmt: skip
    return np.moveaxis(np.array(rows), (0, 1), (-2, -1))


def values_at(t):
    """A scale for rounding: the largest value in the neighbourhood that the differences see."""
    return np.exp(np.abs(t[..., 0] * t[..., 1]) + 1) + (np.abs(t[..., 2]) + 1) ** 3 * (np.abs(t[..., 3]) + 1)


@SETTINGS
@given(points)
def test_gradient_within_its_estimate_and_the_estimate_is_sharp(theta):
    g = gradient(loss, theta)
    assert g.value.shape == g.error.shape == theta.shape
    assert (np.abs(g.value - loss_gradient(theta)) <= g.error).all()
    one_sided = np.sqrt(np.finfo(float).eps) * values_at(theta)
    assert (g.error <= one_sided[..., None]).all(), "sharper than one-sided differences"


@SETTINGS
@given(points)
def test_hessian_from_gradient_within_its_estimate(theta):
    H = hessian_from_gradient(loss_gradient, theta)
    assert H.value.shape == (2, 3, 4, 4)
    assert (np.abs(H.value - loss_hessian(theta)) <= H.error).all()
    assert (H.value == H.value.swapaxes(-1, -2)).all()


@SETTINGS
@given(points)
def test_complex_step_is_exact_to_rounding(theta):
    error = np.abs(complex_step_gradient(loss, theta) - loss_gradient(theta))
    assert (error <= rounding(float, 16, values_at(theta)[..., None] * (1 + np.abs(theta).max()))).all()


def test_a_rotation_field_is_not_a_gradient_and_its_error_says_so():
    H = hessian_from_gradient(lambda t: np.stack([-t[..., 1], t[..., 0]], -1), np.array([1.0, 2.0]))
    assert abs(H.value[0, 1]) <= H.error[0, 1] and H.error[0, 1] >= 1


def test_jacobians_of_vector_functions_have_inputs_as_rows():
    A = np.arange(6.0).reshape(2, 3)
    J = gradient(lambda t: t @ A.T, np.ones(3))
    assert J.value.shape == (3, 2)
    assert (np.abs(J.value - A.T) <= J.error).all()


def test_float32_stays_float32_with_an_honest_error():
    theta = np.random.default_rng(0).normal(size=4).astype(np.float32)
    g = gradient(loss, theta)
    assert g.value.dtype == np.float32
    assert (np.abs(g.value - loss_gradient(theta.astype(float))) <= g.error).all()
    assert g.error.max() > gradient(loss, theta.astype(float)).error.max()


def test_scales_of_parameters_are_followed():
    theta = np.array([1e8, -3e6, 1e-3])
    g = gradient(lambda t: (t * t).sum(-1), theta)
    assert (np.abs(g.value - 2 * theta) <= g.error).all()


def test_the_function_is_called_once():
    calls = []

    def counted(t):
        calls.append(t.shape)
        return t.sum(-1)

    gradient(counted, np.zeros((5, 3)))
    complex_step_gradient(counted, np.zeros((5, 3)))
    taylor_slope(counted, np.zeros(3), np.ones(3), 3)
    assert len(calls) == 3


@SETTINGS
@given(points)
def test_slopes_of_right_derivatives(theta):
    t, v = theta[0, 0], theta[0, 1]
    g, H = loss_gradient(t), loss_hessian(t)
    assert abs(taylor_slope(loss, t, v).slope - 1) < 1 / 2 or abs(g @ v) < 1 / 10
    assert taylor_slope(loss, t, v, g @ v).slope > 3 / 2
    assert taylor_slope(loss, t, v, g @ v, v @ H @ v).slope > 5 / 2
    assert taylor_slope(loss_gradient, t, v, H @ v).slope > 3 / 2


@SETTINGS
@given(points, st.sampled_from([2, 1 / 2, -1, 101 / 100]))
def test_slopes_of_wrong_derivatives(theta, factor):
    t, v = theta[1, 0], theta[1, 1]
    g, H = loss_gradient(t), loss_hessian(t)
    if abs(g @ v) > 1 / 10:
        assert taylor_slope(loss, t, v, factor * g @ v).slope < 3 / 2
    if abs(v @ H @ v) > 1 / 10:
        assert taylor_slope(loss, t, v, g @ v, factor * v @ H @ v).slope < 5 / 2
        assert taylor_slope(loss_gradient, t, v, factor * H @ v).slope < 3 / 2


def test_polynomials_of_low_degree_leave_no_remainder():
    t, v = np.array([1.0, 2.0, -3.0]), np.array([1.0, -2.0, 4.0])
    linear, quadratic = (lambda x: x.sum(-1)), (lambda x: (x * x).sum(-1))
    assert taylor_slope(linear, t, v, v.sum()).slope == np.inf
    assert taylor_slope(quadratic, t, v, 2 * t @ v, 2 * v @ v).slope == np.inf
    assert abs(taylor_slope(linear, t, v, v.sum() + 1).slope - 1) < 1 / 10, "a wrong slope of a line leaves a remainder"


def test_a_remainder_that_vanishes_at_the_first_step_is_no_alibi():
    """f = x^2 at 0 with the wrong derivative 1: r(h) = |h^2 - h| is zero at h = 1 only."""
    assert taylor_slope(lambda x: x[..., 0] ** 2, np.zeros(1), np.ones(1), 1).slope < 3 / 2


def test_bad_input_is_refused():
    with pytest.raises(NotExact, match="real floats"):
        gradient(loss, rational([1, 2, 3, 4]))
    with pytest.raises(NotExact, match="real floats"):
        gradient(loss, np.ones(4, complex))
    with pytest.raises(ValueError, match="scalar"):
        gradient(loss, 1.0)
    with pytest.raises(ValueError, match="finite"):
        gradient(loss, np.array([1.0, np.nan]))
    with pytest.raises(ValueError, match=r"\(\.\.\., n\)"):
        gradient(lambda t: 1.0, np.ones(4))
    with pytest.raises(ValueError, match=r"\(\.\.\., n\)"):
        hessian_from_gradient(loss, np.ones(4))
    with pytest.raises(ValueError, match="shape"):
        complex_step_gradient(loss_gradient, np.ones(4))
    with pytest.raises(TypeError, match="analytic"):
        complex_step_gradient(lambda t: np.abs(t).sum(-1), np.ones(4))
    with pytest.raises(ValueError, match="same shape"):
        taylor_slope(loss, np.ones(4), np.ones(3))
