"""H_0 + lambda H_1: the exact index against other routes, enclosures for transcendental nets, bad input, the figure."""

import math

import numpy as np
import pytest

from paper_figures.rendering import load
from theory.activations import ERF, LOGISTIC, SOFTPLUS, TANH
from theory.arithmetic import ball, flint, is_zero, precision, rational, symbols
from theory.calculus.exact_linalg import null_space
from theory.calculus.inertia import inertia
from theory.calculus.pencils import Jump, enclosed_jumps, index_bounds, index_profile, norm_bound
from theory.calculus.tolerance import eigenvalue_error
from theory.claims.hessian_bound import EXAMPLE
from theory.critical.classify import classify
from theory.critical.hessian_split import (
    LOGISTIC_AT_LOG2,
    TANH_AT_LOG2,
    critical_errors,
    hessian_split,
    is_relu_minimum,
    residual_blocks,
    with_errors,
)
from theory.errors import NotCritical, NotExact
from theory.landscape import Kind
from theory.models import DeepLinearNet, ShallowNet


def q(p, r=1):
    return flint().fmpq(p, r)


def random_pencil(rng):
    """Sizes up to 6, any rank of A, sparse B, in a random basis now and then, so that kernels meet."""
    n = int(rng.integers(1, 7))
    G = rng.integers(-2, 3, (n, int(rng.integers(0, n + 1))))
    S = rng.integers(-2, 3, (n, n)) * (rng.random((n, n)) < 0.5)
    A, B = G @ G.T, S + S.T
    if rng.random() < 0.4:
        P = rng.integers(-1, 2, (n, n))
        A, B = P.T @ A @ P, P.T @ B @ P
    return rational(A), rational(B)


PENCILS = [random_pencil(np.random.default_rng(seed)) for seed in range(200)]
GRID = [0, *(f"{k}/7" for k in range(1, 60, 4)), "1/100000000", 10**9]


# --- the exact profile ------------------------------------------------------------------------------------------------


def test_the_profile_is_the_inertia_everywhere():
    for A, B in PENCILS:
        f = index_profile(A, B)
        at_jumps = [j.value for j in f.jumps if isinstance(j.value, flint().fmpq)]
        for at in [*rational(GRID), *at_jumps]:
            assert f(at) == inertia(A + at * B).negative, (A, B, at)
        assert f.start + sum(j.size for j in f.jumps) == f.limit == inertia(B).negative


def test_the_jumps_are_generalised_eigenvalues():
    """A second route in floats: for definite A, -1 / lambda are the negative eigenvalues of A^{-1/2} B A^{-1/2}."""
    rng = np.random.default_rng(5)
    for _ in range(20):
        n = int(rng.integers(1, 7))
        G, S = rng.integers(-2, 3, (n, n)), rng.integers(-3, 4, (n, n))
        A, B = G @ G.T + np.eye(n, dtype=int), S + S.T
        values, V = np.linalg.eigh(A)
        root = V / np.sqrt(values)
        M = root.T @ B @ root
        t = np.array([1 / float(ball([j.value])[0].mid()) for j in index_profile(A, B).jumps for _ in range(j.size)])
        found = -np.linalg.eigvalsh((M + M.T) / 2)
        expected = np.sort(found[found > eigenvalue_error(M) * n])[::-1]
        assert len(t) == len(expected) and (np.abs(t - expected) <= n * n * eigenvalue_error(M)).all()


def test_multiple_and_rational_and_irrational_jumps():
    f = index_profile(np.diag([1, 1, 4, 0]), np.diag([-1, -1, -2, -1]))
    assert (f.start, f.jumps, f.limit, f.common_kernel) == (1, (Jump(q(1), 2), Jump(q(2), 1)), 4, 0)
    assert [f(at) for at in (0, "1/2", 1, "3/2", 2, 3)] == [0, 1, 1, 3, 3, 4] and f.first == 0
    f = index_profile([[1, 0], [0, 1]], [[-1, 1], [1, 0]])  # lambda^2 + lambda - 1, negated: a golden ratio
    (jump,) = f.jumps
    assert f.polynomial * f.polynomial.leading_coefficient() == flint().fmpz_poly([-1, 1, 1])
    assert abs(float(jump.value.mid()) - (math.sqrt(5) - 1) / 2) <= np.finfo(float).eps
    assert (f("61803398874989/100000000000000"), f("61803398874990/100000000000000")) == (0, 1)


def test_close_jumps_are_separated():
    near = "1000000000000000000000000000000000000001/1000000000000000000000000000000000000000"
    f = index_profile(rational([[1, 0], [0, near]]), [[-1, 0], [0, -1]])
    assert [j.size for j in f.jumps] == [1, 1] and (f(1), f(near), f(2)) == (0, 1, 2)
    M = rational([["1/3", 1], [1, -1]])
    twice = np.block([[M, 0 * M], [0 * M, M + rational([["1/10000000000000000000000", 0], [0, 0]])]])
    f = index_profile(np.eye(4, dtype=int), twice)
    first, second = f.jumps
    with precision(256):
        assert first.value < second.value and (first.size, second.size) == (1, 1)


def test_a_common_kernel_and_matrices_of_zeros():
    f = index_profile([[1, 1], [1, 1]], [[-2, -2], [-2, -2]])
    assert (f.start, f.jumps, f.limit, f.common_kernel) == (0, (Jump(q(1, 2), 1),), 1, 1)
    f = index_profile([[0, 0], [0, 0]], [[0, 0], [0, 0]])
    assert (f.start, f.jumps, f.limit, f.common_kernel, f(3), f.first) == (0, (), 0, 2, 0, None)
    f = index_profile([[1, 0], [0, 0]], [[0, 1], [1, 0]])
    assert (f.start, f.jumps, f(0), f("1/1000000")) == (1, (), 0, 1)


def test_integer_and_flint_matrices_are_taken():
    lib = flint()
    f = index_profile(lib.fmpz_mat([[1]]), lib.fmpq_mat(1, 1, [q(-1, 2)]))
    assert f.jumps == (Jump(q(2), 1),) and f.first == 2 == norm_bound([[1]], [["-1/2"]])


# --- bounds and enclosures --------------------------------------------------------------------------------------------


def test_the_bound_is_never_below_the_first_jump():
    seen = 0
    for A, B in PENCILS:
        f, bound = index_profile(A, B), norm_bound(A, B)
        assert (bound is None) == (f.limit == 0)
        if bound is not None:
            assert not bound < f.first
            seen += 1
    assert seen > 100
    attained = [[1, 0], [0, 1]], [[-2, 0], [0, 1]]
    assert norm_bound(*attained) == q(1, 2) == index_profile(*attained).first


def test_enclosures_contain_the_exact_jumps():
    for A, B in PENCILS[:40]:
        f, found = index_profile(A, B), enclosed_jumps(A, B)
        values = [q(0)] * f.start + [j.value for j in f.jumps for _ in range(j.size)]
        assert len(found) == len(values)
        for (low, high), value in zip(found, values, strict=True):
            assert not value < low and not value > high


def test_bounds_of_the_index_of_balls():
    H0, H1 = rational([[2, 0], [0, 1]]), rational([[-1, 0], [0, -1]])
    assert index_bounds(H0, H1, "3/2") == (1, 1) == index_bounds(ball(H0), ball(H1), "3/2")
    blurred = ball(H1) + flint().arb(0, 2**-20) * ball([[1, 0], [0, 1]])
    assert index_bounds(H0, blurred, 1) == (0, 1) and index_bounds(H0, blurred, 3) == (2, 2)
    first, second = enclosed_jumps(H0, blurred)
    assert first[0] < 1 < first[1] and second[0] < 2 < second[1]


@pytest.mark.parametrize(
    ("A", "B", "error", "says"),
    [
        ([[-1]], [[1]], ValueError, "positive semidefinite"),
        ([[1, 0]], [[1, 0]], ValueError, "square matrices of one shape"),
        ([[1]], [[1, 0], [0, 1]], ValueError, "of one shape"),
        ([[1, 2], [3, 9]], [[1, 0], [0, 1]], ValueError, "symmetric"),
        ([[1, 0], [0, 1]], [[1, 2], [3, 9]], ValueError, "symmetric"),
        ([1], [1], ValueError, "2-D"),
        ([[1.0]], [[1.0]], NotExact, "index_profile: A: needs rational entries"),
        ([[float("nan")]], [[1]], ValueError, "finite"),
        (ball([[1]]), [[1]], NotExact, "rational"),
    ],
)
def test_bad_pencils(A, B, error, says):
    with pytest.raises(error, match=says):
        index_profile(A, B)


def test_bad_factors():
    f = index_profile([[1]], [[-1]])
    with pytest.raises(NotExact, match="the float"):
        f(0.5)
    with pytest.raises(ValueError, match="needs lambda >= 0, got -1"):
        f(-1)
    with pytest.raises(ValueError, match="cannot read"):
        f("nan")
    with pytest.raises(NotExact, match="needs rationals or balls, got float"):
        index_bounds(np.eye(2), np.eye(2), 1)
    with pytest.raises(ValueError, match="needs a positive semidefinite A"):
        norm_bound([[-1]], [[1]])


# --- nets -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("exact", "true"), [(LOGISTIC_AT_LOG2, LOGISTIC), (TANH_AT_LOG2, TANH)], ids=str)
def test_rational_values_at_log_2_are_those_of_the_function(exact, true):
    """Loss, gradient and both parts of the rational net lie in the balls of the true one at W log 2, b log 2."""
    X, y, theta = [[0, 1, -2], [1, 0, 3]], [1, 0, 2], rational([1, -1, 0, 2, 1, -1, 2, "-1/2", "1/3"])
    net, same = ShallowNet(2, X, y, exact), ShallowNet(2, X, y, true)
    with precision(128):
        log2 = flint().arb.const_log2()
        at = ball(theta)
        at[:6] = at[:6] * log2
        parts = zip(net.hessian_parts(theta), same.hessian_parts(at), strict=True)
        for rational_part, in_balls in [(net.gradient(theta), same.gradient(at)), *parts]:
            assert all(b.contains(r) for r, b in zip(rational_part.flat, in_balls.flat, strict=True))
    with pytest.raises(NotExact, match="integer multiples of log 2 only"):
        net.loss(theta * rational(["1/2"])[0])
    assert len(exact.jet(rational([0]), 0)) == 1 and exact(rational([1]))[0] in (q(2, 3), q(3, 5))


@pytest.mark.parametrize("activation", [TANH, LOGISTIC, SOFTPLUS, ERF], ids=str)
def test_every_transcendental_activation_in_balls(activation):
    """Certified jumps, the same as those of floats."""
    net = ShallowNet(2, [[-3, -2, -1, 0, 1, 2, 3, 4]], [2, -1, 3, 0, -2, 1, 4, 1], activation)
    theta = ["1/2", -1, "1/3", "1/5", 1, -2, "1/7"]
    with precision(128):
        split = hessian_split(net, ball(theta))
    assert split.critical is False and all(isinstance(v, flint().arb) for v in split.H0.flat)
    jumps = split.enclosed_jumps()
    H0, H1 = (np.array([[float(v.mid()) for v in row] for row in part]) for part in (split.H0, split.H1))
    assert len(jumps) == (np.linalg.eigvalsh(H1) < 0).sum() and len(jumps) > 0
    for k, (low, high) in enumerate(jumps, 1):
        assert split.index(low)[1] < k <= split.index(high)[0]
        below, above = (np.linalg.eigvalsh(H0 + float(at.p) / float(at.q) * H1) for at in (low, high))
        error = eigenvalue_error(H0 + float(high.p) / float(high.q) * H1)
        assert (below < -error).sum() < k <= (above < error).sum()


def test_critical_errors_are_those_of_critical_points():
    for activation, width, theta in (
        ("relu", 1, [1, "1/2", 2, 0]),
        ("square", 2, [1, -1, 0, 1, 1, 2, 3]),
        (TANH_AT_LOG2, 2, [1, -1, 0, 1, 2, 1, 0]),
    ):
        net = ShallowNet(width, [[-4, -3, -2, -1, 0, 1, 2, 3, 4]], [0] * 9, activation)
        basis = critical_errors(net, theta)
        J = with_errors(net, theta, [1] * 9).sample_gradients(rational(theta))
        assert basis.shape == (9, 9 - inertia(J.T @ J).positive) and basis.shape[1] > 0
        for e in basis.T:
            at = with_errors(net, theta, e)
            split = hessian_split(at, theta)
            assert split.critical and (split.errors == e).all() and is_zero(at.gradient(theta)).all()
            assert at.loss(theta) == (e * e).sum() / 9


def test_the_same_theta_turns_from_minimum_to_saddle():
    """The kinds at both sides of the first jump, from the classification of the book."""
    net, theta = EXAMPLE.at()
    split = hessian_split(net, theta)
    first = split.profile.first
    for factor, index in ((q(1, 1000), 0), (q(1, 10), 1), (q(1), 2), (q(1000), 5)):
        scaled = with_errors(net, theta, factor * split.errors)
        assert is_zero(scaled.gradient(theta)).all() and scaled.loss(theta) == factor**2 * net.loss(theta)
        H = scaled.hessian(theta)
        assert is_zero(H - split.H0 - factor * split.H1).all()
        assert inertia(H).negative == index == split.profile(factor) == split.index(factor)[0]
        assert classify(scaled, theta).kind in ((Kind.LOCAL_MINIMUM,) if factor < first else (Kind.STRICT_SADDLE,))


def test_blocks_of_the_residual_part():
    net, theta = ShallowNet(2, [[1, 2, 0], [0, 1, 1]], [1, 2, 5], "square"), rational([1, 0, 1, -1, 2, 1, 3, -1, 1])
    C, B = residual_blocks(net, theta)
    e, u = net.outputs(theta) - rational([1, 2, 5]), net.preactivations(theta)
    X1 = rational([[1, 2, 0], [0, 1, 1], [1, 1, 1]])
    assert C.shape == (2, 3) and B.shape == (2, 3, 3)
    for j, a in enumerate((3, -1)):
        assert (C[j] == X1 @ (e * 2 * u[j]) * q(2, 3)).all()
        assert (B[j] == (X1 * e * 2) @ X1.T * a * q(2, 3)).all()


def test_bad_nets_and_points():
    net = ShallowNet(1, [[0, 1]], [0, 1], "relu")
    for function in (hessian_split, critical_errors, residual_blocks, is_relu_minimum):
        with pytest.raises(TypeError, match="needs a ShallowNet, got DeepLinearNet"):
            function(DeepLinearNet((1, 1), [[1]], [[1]]), [1])
        with pytest.raises(ValueError, match="needs the squared loss, got huber"):
            function(ShallowNet(1, [[0, 1]], [0, 1], "relu", loss="huber"), [1, 1, 1, 1])
        with pytest.raises(ValueError, match="needs one theta"):
            function(net, [[1, 1, 1, 1]])
        with pytest.raises(ValueError, match="4 parameters"):
            function(net, [1, 1])
    for function in (hessian_split, critical_errors, residual_blocks, is_relu_minimum):
        with pytest.raises(ValueError, match="off the kinks"):
            function(net, [1, 0, 1, 0])
    with pytest.raises(NotExact, match="critical_errors: needs rationals, got float weights"):
        critical_errors(net, [1.0, 2.0, 1.0, 0.0])
    with pytest.raises(NotExact, match="got float weights"):
        hessian_split(net, [1.0, 2.0, 1.0, 0.0])
    with pytest.raises(NotExact, match="got symbolic weights"):
        hessian_split(ShallowNet(1, [[0, 1]], [0, 1], "square"), symbols(t=4))
    with pytest.raises(ValueError, match="finite"):
        hessian_split(net, [float("nan"), 1, 1, 1])
    with pytest.raises(ValueError, match="errors needs shape"):
        with_errors(net, [1, 1, 1, 1], [1])
    with pytest.raises(NotExact):
        hessian_split(ShallowNet(1, [[0, 1]], [0, 1], "tanh"), [1, 1, 1, 1])


def test_wide_relu_nets_have_no_residual_part_however_large_the_loss():
    """All neurons active on x = 0, 1, 2 and e a multiple of (1, -2, 1), which is orthogonal to all lines."""
    rng = np.random.default_rng(0)
    for width in (1, 5, 30):
        theta = rational([*rng.integers(1, 5, 2 * width).tolist(), *[1, -2, 3] * (width // 3), *[5] * (width % 3), 1])
        net = with_errors(ShallowNet(width, [[0, 1, 2]], [0, 0, 0], "relu"), theta, [1000, -2000, 1000])
        split = hessian_split(net, theta)
        assert split.critical and is_zero(split.H1).all() and split.profile.limit == 0 and split.bound is None
        assert net.loss(theta) == 2 * 10**6 and is_relu_minimum(net, theta)
        if width == 1:
            assert classify(net, theta).kind == Kind.LOCAL_MINIMUM


def test_relu_saddles_have_unused_neurons():
    """Agreement with the general classification, which knows nothing of C_j."""
    saddle = with_errors(ShallowNet(1, [[-1, 0, 1, 2]], [0] * 4, "relu"), [1, "1/2", 0, 0], [-2, 3, -1, 0])
    assert not is_relu_minimum(saddle, [1, "1/2", 0, 0])
    assert classify(saddle, rational([1, "1/2", 0, 0])).kind == Kind.STRICT_SADDLE
    dead = ShallowNet(1, [[0, 1, 2]], [0, 1, 2], "relu")
    assert is_relu_minimum(dead, [0, -1, 1, 1])
    with pytest.raises(NotCritical, match="got one with a gradient"):
        is_relu_minimum(dead, [1, 1, 1, 1])
    with pytest.raises(ValueError, match="needs ReLU, got square"):
        is_relu_minimum(ShallowNet(1, [[0, 1]], [0, 0], "square"), [0, 0, 0, 0])
    with pytest.raises(NotExact, match="needs rational weights"):
        is_relu_minimum(dead, ball([0, -1, 1, 1]))


def test_a_maximum_without_output_bias():
    """(a (w + b)^2 - 1)^2 is at most 1 for a in [1/2, 3/2] and |w + b| <= 1, since 0 <= a (w + b)^2 <= 2 there."""
    net = ShallowNet(1, [[1]], [1], "square", output_bias=False)
    theta = rational([0, 0, 1])
    assert is_zero(net.gradient(theta)).all() and tuple(inertia(net.hessian(theta))) == (1, 2, 0)
    rng = np.random.default_rng(3)
    near = rational(rng.integers(-10, 11, (200, 3))) * q(1, 20) + theta
    assert (net.loss(near) <= net.loss(theta)).all() and (net.loss(near) < net.loss(theta)).any()


def test_ker_h0_alone_is_not_enough_for_small_lambda():
    """A neuron of z^2 at w = b = 0: H_1 vanishes on no vector of ker H_0 that H_0 + lambda H_1 keeps semidefinite."""
    for y, expected in (((1, 1), 0), ((3, 3), 2)):
        net = ShallowNet(1, [[-1, 1]], y, "square")
        split = hessian_split(net, [0, 0, 1, 2])
        Z = null_space(split.H0)
        assert Z.shape[1] == 3 and split.profile.start == expected
        assert split.profile("1/1000000000") == expected


# --- the figure -------------------------------------------------------------------------------------------------------


def test_the_figure_shows_the_claimed_jumps():
    data = load("hessian_index").data()
    profile = data.tanh.profile
    assert profile.limit == 5 and [j.size for j in profile.jumps] == [1] * 5 and data.tanh.critical
    assert profile.jumps[-1].value < data.tanh.bound
    assert data.relu.profile.limit == 0 and data.relu.critical
    counted = (data.eigenvalues < 0).sum(-1)
    for exponent, found in zip(data.exponents[::20], counted[::20], strict=True):
        assert found == profile(str(flint().fmpq(*(10.0**exponent).as_integer_ratio())))


def test_matrices_of_different_shapes_are_refused():
    """They are not broadcast."""
    for function in (norm_bound, lambda A, B: index_bounds(A, B, 1)):
        with pytest.raises(ValueError, match="square matrices of one shape"):
            function([[1]], [[-1, 0], [0, -1]])


@pytest.mark.parametrize(("A", "bits"), [([[1]], -5), ([[1]], 2.5), ([[-1]], 20)])
def test_enclosed_jumps_refuses(A, bits):
    with pytest.raises(ValueError, match="enclosed_jumps"):
        enclosed_jumps(ball(A), ball([[-1]]), bits)
