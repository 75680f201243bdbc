"""The Gaussian ReLU kernel at huge, tiny and mixed lengths: what homogeneity and balls say, in floats."""

import numpy as np
import pytest

from theory.arithmetic import ball, precision, to_float
from theory.calculus.tolerance import rounding
from theory.critical.gaussian_relu import certified_point, invariant_matrices, least_eigenvalue
from theory.models.arc_cosine import pairs_of
from theory.models.gaussian_relu import GaussianReluNet

W, V = np.array([[1.0, 2.0, -1.0], [0.5, -3.0, 1.0], [-1.0, -2.0, 1.0]]), np.array([[1.0, 1.0, 0.0], [0.0, 2.0, -1.0]])


@pytest.mark.parametrize("k", [-1060, -700, -300, 300, 480])
def test_powers_of_two_change_lengths_only(k):
    """Scaling is exact: directions and angles stay bit by bit, as do Hessians, and gradients scale."""
    one, other = pairs_of(W, V), pairs_of(np.ldexp(W, k), np.ldexp(V, k))
    for name in ("u", "N", "tau", "v"):
        assert (getattr(one, name) == getattr(other, name)).all()
    for name in ("r", "sigma", "s"):
        same = np.ldexp(getattr(one, name), k) == getattr(other, name)
        assert same.all() if k > -1000 else np.isfinite(getattr(other, name)).all()
    if abs(k) < 1000:
        small, large = GaussianReluNet(3, V), GaussianReluNet(3, np.ldexp(V, k))
        theta = np.ldexp(W, k).ravel()
        assert (np.ldexp(small.gradient(W.ravel()), k) == large.gradient(theta)).all()
        assert (small.hessian(W.ravel()) == large.hessian(theta)).all()


@pytest.mark.parametrize("lengths", [(-1000, 0, 3), (-520, -520, 0), (500, -500, 2), (520, 500, 510)])
def test_students_of_very_different_lengths(lengths):
    """Gradients near those in balls, which have no largest or least exponent."""
    theta = np.ldexp(W, np.array(lengths)[:, None]).ravel()
    net = GaussianReluNet(3, V)
    with precision(256):
        exact = to_float(net.gradient(ball(theta)))
    scale = np.abs(theta).max() + np.abs(V).max()
    assert np.abs(net.gradient(theta) - exact).max() <= rounding(float, 64 * net.dim, scale)


def test_nearly_parallel_vectors_of_the_least_distance():
    """P = (0, 1e-200): its square has no float, its length and direction have."""
    pairs = pairs_of(np.array([[1.0, 0.0]]), np.array([[1.0, 1e-200]]))
    assert pairs.sigma[0, 0] == 1e-200 and (pairs.N[0, 0] == [0, 1]).all() and pairs.tau[0, 0] == np.pi


def test_a_tiny_student_is_no_kink_and_products_that_cancel_do_not_overflow():
    assert GaussianReluNet(1, [[1, 0]]).smooth_at(np.array([5e-324, 0.0]))
    assert np.isfinite(GaussianReluNet(1, [[1, 0]]).gradient(np.array([5e-324, 0.0]))).all()
    pairs = pairs_of(np.array([[1e200, 1e200]]), np.array([[1e200, -1e200]]))
    assert abs(pairs.tau[0, 0] - np.pi / 2) <= rounding(float, 8)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: invariant_matrices(()), "non-empty tuple of sizes"),
        (lambda: invariant_matrices("ab"), "non-empty tuple of sizes"),
        (lambda: invariant_matrices((0, 2)), "each part must be an integer of at least 1, got 0"),
        (lambda: certified_point((), []), "certified_point: parts must be a non-empty tuple"),
        (lambda: least_eigenvalue(np.eye(2)), "needs a square matrix of balls, got float entries"),
        (lambda: least_eigenvalue(ball([1, 2])), r"got ball entries of shape \(2,\)"),
    ],
)
def test_what_is_no_partition_and_no_matrix_is_refused_in_words(call, says):
    with pytest.raises(ValueError, match=says) as caught:
        call()
    assert "\n" not in str(caught.value)
