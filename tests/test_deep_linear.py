"""What is particular to products of matrices: compression, Eckart-Young, counterexamples; ResNet and quadratic."""

import pickle
from copy import deepcopy
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from theory.arithmetic import (
    BALL,
    FLOAT,
    RATIONAL,
    Arithmetic,
    arithmetic_of,
    ball,
    flint,
    precision,
    rational,
    to_float,
)
from theory.calculus.inertia import inertia
from theory.calculus.tolerance import rounding
from theory.errors import Degenerate, NotExact
from theory.losses import Squared, Weighted
from theory.models import DeepLinearNet, LinearResNet, Quadratic

EPS = np.finfo(float).eps
DOUBLE = Arithmetic(FLOAT, np.dtype(float))


def exactly(a):
    """The binary values of floats as rationals."""
    return rational([Fraction(x) for x in np.ravel(a).tolist()]).reshape(np.shape(a))


def random_net(widths, m, seed, **options):
    rng = np.random.default_rng(seed)
    X, Y = rng.standard_normal((widths[0], m)), rng.standard_normal((widths[-1], m))
    net = DeepLinearNet(widths, X, Y, **options)
    return net, DeepLinearNet(widths, exactly(X), exactly(Y), **options), rng.standard_normal(net.dim)


# --- compression -----------------------------------------------------------------------------------------------------


def test_nothing_cancels_near_zero_loss():
    """The residual norm is accurate to eps ||Y||, where <R S - 2 P, R> + c is accurate to eps ||Y||^2 / residual."""
    rng = np.random.default_rng(0)
    U, V = (np.linalg.qr(rng.standard_normal((n, n)))[0] for n in (4, 30))
    X = U @ np.diag(10.0 ** -np.arange(4)) @ V[:4]
    W1, W2 = rng.standard_normal((3, 4)), rng.standard_normal((2, 3))
    Y = W2 @ W1 @ X
    theta = np.concatenate([W1.ravel(), W2.ravel()]) * (1 + 2.0**-30)
    net = DeepLinearNet((4, 3, 2), X, Y)
    exact = float(Fraction(str(DeepLinearNet((4, 3, 2), exactly(X), exactly(Y)).loss(exactly(theta)))))
    R, scale = net.product(theta), np.linalg.norm(Y)
    naive = ((R @ (X @ X.T) - 2 * (Y @ X.T)) * R).sum() + (Y * Y).sum()
    error = abs(np.sqrt(net.loss(theta)) - np.sqrt(exact))
    assert error <= rounding(float, 30 * 4, scale)
    assert abs(naive - exact) > exact, "the case does not tell the two formulas apart"


@pytest.mark.parametrize("m", [1, 2, 3, 50])
def test_the_compressed_loss_is_the_direct_one(m):
    net, _, theta = random_net((3, 2, 2), m, seed=m)
    E = net.product(theta) @ net.X - net.Y
    assert abs(net.loss(theta) - (E * E).sum()) <= rounding(float, 10 * m + 30, (1 + abs(E).max()) ** 2)
    direct = 2 * E @ net.X.T
    W1, W2 = net.unpack(theta)
    scale = 1 + abs(E).max() * abs(net.X).max() * abs(theta).max()
    G = net.pack(W2.T @ direct, direct @ W1.T)
    assert (abs(net.gradient(theta) - G) <= rounding(float, 10 * m + 30, scale)).all()


@pytest.mark.parametrize("kind", [DOUBLE, Arithmetic(RATIONAL)], ids=["float", "rational"])
def test_the_cost_does_not_grow_with_the_number_of_samples(kind):
    def sizes(m):
        X = np.arange(2 * m).reshape(2, m) % 7 - 2
        objective = DeepLinearNet((2, 3), X, np.ones((3, m), int)).objective.at(kind)
        return {name: np.shape(value) for name, value in vars(objective).items()}

    assert sizes(10) == sizes(1000)


def test_population_floats_agree_with_samples():
    net, _, theta = random_net((3, 2, 2), 20, seed=1)
    X, Y = net.X, net.Y
    population = DeepLinearNet.from_moments((3, 2, 2), X @ X.T, Y @ X.T, Y @ Y.T)
    scale = 1 + abs(net.hessian(theta)).max()
    assert abs(population.loss(theta) - net.loss(theta)) <= rounding(float, 200, 1 + net.loss(theta))
    assert (abs(population.hessian(theta) - net.hessian(theta)) <= rounding(float, 200, scale)).all()


@pytest.mark.parametrize(
    "moments",
    [
        ([[1]], [[2]], [[3]]),  # |Syx|^2 > Sxx Syy
        ([[-1]], [[0]], [[1]]),
        ([[1.0]], [[2.0]], [[3.0]]),
    ],
    ids=["correlation above 1", "negative variance", "floats"],
)
def test_indefinite_moments_are_refused(moments):
    with pytest.raises(ValueError, match="positive semidefinite"):
        DeepLinearNet.from_moments((1, 1, 1), *moments)


def test_semidefinite_moments_are_welcome():
    net = DeepLinearNet.from_moments((1, 1, 1), [[1]], [[2]], [[4]])
    assert net.loss([1, 2]) == 0 and net.minimum_value() == 0


# --- the global minimum ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("widths", [(3, 1, 3), (3, 2, 3), (3, 3, 3), (2, 1, 2, 4), (4, 2)], ids=str)
@pytest.mark.parametrize("rank", [1, 2])
def test_minimum_value_is_eckart_young(widths, rank):
    rng = np.random.default_rng(rank)
    X = rng.standard_normal((widths[0], rank)) @ rng.standard_normal((rank, 6))
    Y = rng.standard_normal((widths[-1], 6))
    outside = np.eye(6) - np.linalg.pinv(X, rcond=6 * EPS) @ X
    sigma = np.linalg.svd(Y - Y @ outside, compute_uv=False)
    want = (Y @ outside * Y).sum() + (sigma[min(widths) :] ** 2).sum()
    # the projection on the row space of X is known to eps cond(X), and cond(X) < 100 for these seeds
    assert np.linalg.cond(X @ X.T + np.linalg.norm(X) ** 2 * np.eye(len(X))) < 100
    assert abs(DeepLinearNet(widths, X, Y).minimum_value() - want) <= rounding(float, 100 * 6 * 6, (Y * Y).sum())


@pytest.mark.parametrize(
    ("widths", "X", "Y", "want"),
    [
        ((2, 2), [[1, 0], [0, 1]], [[1, 2], [3, 4]], 0),
        ((2, 1, 2), [[1, 0], [0, 1]], [[2, 0], [0, 1]], 1),
        ((2, 1, 2), [[1, 0], [0, 1]], [[1, 0], [0, 1]], 1),  # a tie: either singular direction
        ((2, 2, 2), [[1, 2], [2, 4]], [[2, -1], [1, 2]], 5),  # X of rank 1: floor ||Y (2,-1)||^2 / 5
        ((2, 1, 1, 2), [[3, 0], [0, 1]], [[1, 0], [0, 1]], 1),  # Y X^+ would keep the wrong direction
        ((1, 2, 1), [[1, 1]], [[0, 0]], 0),
        ((2, 1, 2), [[0, 0], [0, 0]], [[1, 2], [3, 4]], 30),
        ((1, 3, 2), [["1/2", "1/3"]], [[1, 0], [0, 1]], 1),
    ],
)
def test_minimum_values_of_exact_data_are_exact(widths, X, Y, want):
    value = DeepLinearNet(widths, X, Y).minimum_value()
    with precision():
        assert value == want if type(value) is flint().fmpq else value.contains(want)


def test_an_irrational_minimum_is_enclosed():
    """Y = [[1, 1], [0, 1]] has squared singular values (3 +- sqrt 5) / 2: a rank-one net leaves the smaller one."""
    with precision(128):
        value = DeepLinearNet((2, 1, 2), [[1, 0], [0, 1]], [[1, 1], [0, 1]]).minimum_value()
        assert type(value) is flint().arb
        root = value * value - 3 * value + 1
        assert root.contains(0) and value < 1 and value.rad() < flint().arb((1, -100))


def test_minimum_is_attained_and_never_undercut():
    X, Y = np.array([[1, 0, 2], [0, 1, 1]]), np.array([[2, 0, 1], [0, 1, 1]])
    net = DeepLinearNet((2, 1, 2), X.astype(float), Y.astype(float))
    U, s, V = np.linalg.svd(Y @ np.linalg.pinv(X) @ X)
    best = net.pack((V[:1] * s[0]) @ np.linalg.pinv(X), U[:, :1])
    assert abs(net.loss(best) - net.minimum_value()) <= rounding(float, 100, (Y * Y).sum())
    others = np.random.default_rng(0).standard_normal((1000, net.dim))
    assert (net.loss(others) > net.minimum_value()).all()


def test_other_losses_state_no_minimum():
    assert DeepLinearNet((1, 1), [[1]], [[1]], "absolute").minimum_value() is None
    assert DeepLinearNet.of_product((1, 1), *[None] * 3).minimum_value() is None


# --- losses beyond squares -------------------------------------------------------------------------------------------


def saddle_of_the_product():
    """f(R) = R_1^2 - R_2^2 on R of shape (2, 1)."""
    signs = np.array([[1], [-1]])
    return DeepLinearNet.of_product(
        (1, 1, 2),
        lambda R: (signs * R * R).sum((-2, -1)),
        lambda R: 2 * signs * R,
        lambda R: 0 * R * R.swapaxes(-1, -2) + 2 * arithmetic_of(R).convert(rational(np.diag(signs[:, 0]))),
    )


def test_without_convexity_a_saddle_of_f_is_a_local_minimum_of_the_net():
    net = saddle_of_the_product()
    theta = rational([0, 1, 0])  # W_1 = 0, W_2 = (1, 0)
    assert net.loss(theta) == 0 and (net.gradient(theta) == 0).all()
    assert (net.hessian(theta) == rational(np.diag([2, 0, 0]))).all()
    near = rational(np.random.default_rng(0).integers(-9, 10, (500, 3))) * flint().fmpq(1, 20) + theta
    assert (net.loss(near) >= 0).all()
    assert net.loss([1, 0, 1]) == -1


def test_derivatives_of_a_function_of_the_product():
    net = saddle_of_the_product()
    theta, v = rational(["1/2", 3, "-2/3"]), rational([1, -2, 5])
    w, a, b = theta
    assert (net.gradient(theta) == np.array([2 * w * (a * a - b * b), 2 * w * w * a, -2 * w * w * b])).all()
    assert (net.hessian(theta) @ v == net.hvp(theta, v)).all()


def test_absolute_loss_has_a_local_minimum_above_the_global_one():
    """1-1-2 with target (1, 0): at W_1 = 0, W_2 = (0, 1) the product can only leave 0 along a direction that costs."""
    net = DeepLinearNet((1, 1, 2), [[1]], [[1], [0]], "absolute")
    theta = rational([0, 0, 1])
    near = rational(np.random.default_rng(0).integers(-9, 10, (500, 3))) * flint().fmpq(1, 30) + theta
    assert net.loss(theta) == 1 and (net.loss(near) >= 1).all()
    assert net.loss([1, 1, 0]) == 0
    assert not net.traits.smooth


def test_weighted_squares_under_a_bottleneck_have_two_minima():
    net = DeepLinearNet((2, 1, 2), [[1, 0], [0, 1]], [[1, 0], [0, "1/2"]], Weighted([[1, 3], [3, 1]]))
    for theta, value in ((rational([0, 1, 0, "1/2"]), 1), (rational([1, 0, 1, 0]), flint().fmpq(1, 4))):
        assert net.loss(theta) == value and (net.gradient(theta) == 0).all()
        assert inertia(net.hessian(theta)).positive == 3 and inertia(net.hessian(theta)).zero == 1  # the gauge


def test_equal_weights_are_the_squared_loss():
    _, exact, theta = random_net((2, 3, 2), 4, seed=5)
    q, v = exactly(theta), exactly(theta[::-1])
    weighted = DeepLinearNet(exact.widths, exact.X, exact.Y, Weighted([1]))
    for f in ("loss", "gradient", "hessian", "sample_losses", "sample_gradients"):
        assert np.all(getattr(weighted, f)(q) == getattr(exact, f)(q)), f
    assert (weighted.hvp(q, v) == exact.hvp(q, v)).all()


class Tripled:
    """A user's loss that happens to be named like a built-in."""

    name, smooth = "squared", True

    def value(self, f, y):
        return 3 * (f - y) * (f - y)

    def gradient(self, f, y):
        return 6 * (f - y)

    def hessian(self, f, y):
        return 0 * (f - y) + 6


class Doubled(Squared):
    def value(self, f, y):
        return 2 * (f - y) * (f - y)


@pytest.mark.parametrize(("loss", "factor"), [(Tripled(), 3), (Doubled(), 2)])
def test_a_loss_is_known_by_its_type_and_not_by_its_name(loss, factor):
    _, exact, theta = random_net((2, 3, 2), 4, seed=5)
    own, q = DeepLinearNet(exact.widths, exact.X, exact.Y, loss), exactly(theta)
    assert own.loss(q) == factor * exact.loss(q) and own.minimum_value() is None
    assert own.traits.polynomial_degree is None and exact.traits.polynomial_degree == 4


@pytest.mark.parametrize("shape", [(2, 1, 2), (1, 3), (3,)])
def test_weights_that_do_not_fit_the_targets_are_refused(shape):
    with pytest.raises(ValueError, match=r"DeepLinearNet: weights .* broadcast to the shape \(2, 2\)"):
        DeepLinearNet((1, 2, 2), [[1, 2]], [[1, 0], [0, 1]], Weighted(np.ones(shape, int)))


def test_labels_of_the_logistic_loss_are_signs():
    with pytest.raises(ValueError, match="DeepLinearNet: labels"):
        DeepLinearNet((1, 1), [[1, 2]], [[0, 1]], "logistic")
    assert DeepLinearNet((1, 1), [[1, 2]], [[-1, 1]], "logistic").loss([0.0]) == 2 * np.log(2)


# --- data of several arithmetics, copies -----------------------------------------------------------------------------


@pytest.mark.parametrize(("X", "Y"), [([[1, 2]], [[0.5, 1.5]]), ([[1.0, 2.0]], [[1, 2]])])
def test_integers_beside_floats_are_floats(X, Y):
    mixed, floats = (DeepLinearNet((1, 1, 1), *data) for data in ((X, Y), (np.array(X, float), np.array(Y, float))))
    assert mixed.minimum_value() == floats.minimum_value() and type(mixed.minimum_value()) is np.float64
    (origin,), (same,) = mixed.known_points(), floats.known_points()
    assert origin.kind is same.kind and origin.loss == same.loss and origin.theta.dtype == float


@pytest.mark.parametrize("moments", [([[2]], [[0.5]], [[1]]), ([[2.0]], [["1/2"]], [[1]])])
def test_moments_of_several_arithmetics(moments):
    net = DeepLinearNet.from_moments((1, 1, 1), *moments)
    floats = DeepLinearNet.from_moments((1, 1, 1), [[2.0]], [[0.5]], [[1.0]])
    assert net.loss([0.5, 0.25]) == floats.loss([0.5, 0.25]) and net.minimum_value() == floats.minimum_value()


@pytest.mark.parametrize(("R", "Sigma", "noise"), [([[1]], [[0.5]], 0), ([[1.0]], [["1/2"]], 0), ([[1]], [[1]], 0.5)])
def test_populations_of_several_arithmetics(R, Sigma, noise):
    model = LinearResNet.population(2, R, Sigma, noise)
    R, Sigma = (np.array([[float(Fraction(x[0][0]))]]) for x in (R, Sigma))
    assert model.loss([0.25, 0.5]) == LinearResNet.population(2, R, Sigma, float(noise)).loss([0.25, 0.5])


def test_balls_state_no_minimum_and_no_points():
    with precision():
        X, Y = ball([["1/3"]]), ball([["1/7"]])
        for net in (DeepLinearNet((1, 1, 1), X, Y), DeepLinearNet((1, 1, 1), [[1]], Y), LinearResNet(2, X, Y)):
            assert net.minimum_value() is None and list(net.known_points()) == []
        assert DeepLinearNet((1, 1, 1), X, Y).loss(ball([1, 1])).contains(flint().fmpq(4, 21) ** 2)
        bowl = Quadratic(ball([["1/3"]]), [1])
        assert bowl.minimum_value() is None and list(bowl.known_points()) == []
        with pytest.raises(ValueError, match="symmetric"):
            Quadratic(ball([[1, "1/3"], ["2/3", 1]]))


@pytest.mark.parametrize("options", [{"b": [0.5]}, {"c": 0.5}, {"b": [1], "c": 0.25}])
def test_a_quadratic_with_floats_somewhere_states_no_exact_minimum(options):
    model = Quadratic([[2]], **options)
    assert model.minimum_value() is None and list(model.known_points()) == []
    assert (model.gradient(model.stationary_point()) == 0).all()


@pytest.mark.parametrize(
    "build",
    [
        lambda: DeepLinearNet((1, 1), [[1j]], [[1]]),
        lambda: DeepLinearNet.from_moments((1, 1), [[1]], [[1j]], [[1]]),
        lambda: LinearResNet.population(1, [[1]], [[1]], 1j),
        lambda: Quadratic([[1j]]),
        lambda: Quadratic([[1]], c=1j),
    ],
)
def test_complex_data_are_refused(build):
    with pytest.raises(TypeError, match="must be real"):
        build()


def test_replace_keeps_the_data_and_the_loss_or_says_why_not():
    net = DeepLinearNet((1, 2, 1), [[1, 2]], [[0, 1]], "absolute")
    wider = replace(net, widths=(1, 3, 3, 1))
    assert wider.widths == (1, 3, 3, 1) and wider.objective is net.objective
    with pytest.raises(ValueError, match="DeepLinearNet: widths need d_H, d_0 = "):
        replace(net, widths=(2, 1))
    with pytest.raises(TypeError, match="got both"):
        replace(net, X=[[1, 2]])
    with pytest.raises(TypeError, match="needs both X and Y"):
        DeepLinearNet((1, 1), [[1]])
    resnet = LinearResNet(2, [[1]], [[2]])
    assert replace(resnet, depth=3, X=resnet.net.X, Y=resnet.net.Y).depth == 3
    with pytest.raises(ValueError, match="net"):
        replace(resnet, net=net)


def test_copies_are_equal_and_read_only():
    exact = DeepLinearNet((2, 2, 2), [[1, 0, 1], [0, 2, 1]], [[1, 1, 0], [3, 0, "1/2"]])
    resnet, theta = LinearResNet(2, exact.X, exact.Y), rational(np.arange(8))
    for model, data in ((exact, lambda net: net.X), (resnet, lambda resnet: resnet.net.Y)):
        model.hessian(theta)
        for copied in (pickle.loads(pickle.dumps(model)), deepcopy(model)):
            assert copied.loss(theta) == model.loss(theta) and not data(copied).flags.writeable
            assert "_objectives" not in vars(pickle.loads(pickle.dumps(exact))), "what was cached is not copied"


# --- Hessians --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("widths", [(4, 4, 4, 4), (5, 2, 3), (1, 1, 1, 1, 1), (3, 2)], ids=str)
def test_float_hessians_have_the_promised_relative_error(widths):
    net, exact, theta = random_net(widths, 6, seed=2)
    H = to_float(exact.hessian(exactly(theta)))
    promised = 45 * EPS  # 1e-14
    assert np.linalg.norm(net.hessian(theta) - H) <= promised * np.linalg.norm(H)


@pytest.mark.parametrize("chunk_bytes", [1, 20000, 2**40])
def test_hessians_do_not_depend_on_the_chunks(chunk_bytes, monkeypatch):
    net, _, _ = random_net((3, 4, 2), 6, seed=3)
    theta = np.random.default_rng(3).standard_normal((5, 7, net.dim))
    H = net.hessian(theta)
    monkeypatch.setattr(DeepLinearNet, "_chunk_bytes", chunk_bytes)
    assert (abs(net.hessian(theta) - H) <= rounding(float, 10, abs(H).max())).all()


def test_hessians_are_written_into_out():
    net, _, theta = random_net((3, 4, 2), 6, seed=4)
    batch = np.stack([theta, 2 * theta, -theta])
    out = np.full((3, net.dim, net.dim), np.nan)
    assert net.hessian(batch, out=out) is out and (out == net.hessian(batch)).all()
    for wrong in (out[:2], out.astype(np.float32), np.empty((3, net.dim, 2 * net.dim))[..., ::2]):
        with pytest.raises(ValueError, match="out must be"):
            net.hessian(batch, out=wrong)


def test_exact_and_ball_hessians_share_the_formula():
    _, net, theta = random_net((2, 3, 2), 4, seed=6)
    q = exactly(theta)
    batch = np.stack([q, q * flint().fmpq(1, 3)])
    H = net.hessian(batch)
    assert (H == np.stack([net.hessian(t) for t in batch])).all() and {type(x) for x in H.flat} == {flint().fmpq}
    with precision():
        balls = Arithmetic(BALL, 128).convert(batch)
        assert all(b.overlaps(flint().arb(x)) for b, x in zip(net.hessian(balls).flat, H.flat, strict=True))


def test_float32_stays_float32():
    net, _, theta = random_net((2, 3, 2), 4, seed=7)
    theta = theta.astype(np.float32)
    for value in (net.loss(theta), net.gradient(theta), net.hessian(theta), net.hvp(theta, theta)):
        assert value.dtype == np.float32


def test_second_opinion_of_autograd():
    autograd = pytest.importorskip("autograd")
    anp = pytest.importorskip("autograd.numpy")
    net, _, theta = random_net((3, 2, 4, 2), 5, seed=8)

    def loss(t):
        signal, start = net.X, 0
        for _, (p, q) in net.layout:
            signal, start = anp.dot(t[start : start + p * q].reshape(p, q), signal), start + p * q
        return anp.sum((net.Y - signal) ** 2)

    H = autograd.hessian(loss)(theta)
    assert abs(loss(theta) - net.loss(theta)) <= rounding(float, 100, loss(theta))
    assert (abs(autograd.grad(loss)(theta) - net.gradient(theta)) <= rounding(float, 100, abs(H).max())).all()
    assert (abs(H - net.hessian(theta)) <= rounding(float, 100, abs(H).max())).all()


# --- the linear ResNet -----------------------------------------------------------------------------------------------


def test_resnet_is_the_net_seen_from_the_identity():
    _, net, theta = random_net((2, 2, 2, 2), 3, seed=9)
    resnet, q = LinearResNet(3, net.X, net.Y), exactly(theta)
    shifted = q + rational([1, 0, 0, 1] * 3)
    for f in ("loss", "gradient", "hessian"):
        assert np.all(getattr(resnet, f)(q) == getattr(net, f)(shifted)), f
    assert resnet.product(rational([0] * 12)).tolist() == rational([[1, 0], [0, 1]]).tolist()


@pytest.mark.parametrize("noise", [[[0, 0, 0, 0], [0, 0, 0, 0]], [[1, 1, 0, 0], ["1/3", "1/3", 2, 2]]])
def test_resnet_population_is_that_of_samples_with_these_moments(noise):
    """X = (a, -a, b, -b) and noise (e, e, f, f): uncorrelated by their signs."""
    X = rational([[1, -1, 2, -2], [0, 0, "1/2", "-1/2"]])
    R = rational([[1, "1/2"], [-3, 2]])
    xi = rational(noise)
    assert (X @ xi.T == 0).all()
    samples, theta = LinearResNet(2, X, R @ X + xi), rational([1, 0, "1/2", -1, 2, 0, 1, 3])
    population = LinearResNet.population(2, R, X @ X.T, xi @ xi.T)
    for f in ("loss", "gradient", "hessian"):
        assert np.all(getattr(population, f)(theta) == getattr(samples, f)(theta)), f


def test_resnet_noise_may_be_a_number():
    R, Sigma = [[1, 2], [0, 1]], [[2, 1], [1, 1]]
    theta = rational([0] * 8)
    number = LinearResNet.population(2, R, Sigma, "1/3").loss(theta)
    assert number == LinearResNet.population(2, R, Sigma, [["1/3", 0], [0, "1/3"]]).loss(theta)
    assert number - LinearResNet.population(2, R, Sigma).loss(theta) == flint().fmpq(2, 3)


def test_resnet_refuses_what_is_not_square():
    with pytest.raises(ValueError, match="Y needs shape"):
        LinearResNet(2, [[1, 2]], [[1, 2], [3, 4]])
    with pytest.raises(ValueError, match="Sigma needs shape"):
        LinearResNet.population(2, [[1]], [[1, 0], [0, 1]])


# --- the quadratic ---------------------------------------------------------------------------------------------------


def test_quadratic_refuses_asymmetry():
    with pytest.raises(ValueError, match="symmetric"):
        Quadratic([[1, 2], [0, 1]])


@pytest.mark.parametrize(
    ("A", "b", "minimum"),
    [
        ([[2, 1], [1, 3]], [1, -1], "-7/10"),
        ([[1, 1], [1, 1]], [1, 1], "-1/2"),  # a valley
        ([[1, 0], [0, 0]], [0, 1], None),  # unbounded below along the kernel
        ([[1, 2], [2, 1]], [0, 0], None),
    ],
)
def test_quadratic_minimum_is_exact_or_absent(A, b, minimum):
    value = Quadratic(A, b).minimum_value()
    assert value is None if minimum is None else value == rational([minimum])[0]


def test_quadratic_stationary_point_needs_an_invertible_matrix():
    model = Quadratic([[2, 1], [1, 3]], [1, -1])
    assert (model.gradient(model.stationary_point()) == 0).all()
    with pytest.raises(Degenerate, match="singular"):
        Quadratic([[1, 1], [1, 1]]).stationary_point()


def test_regression_is_the_sum_of_squares():
    X, y = rational([[1, 2, 0], [0, 1, 1]]), rational([1, "1/2", 3])
    theta = rational(["1/3", -2])
    e = theta @ X - y
    assert Quadratic.regression(X, y).loss(theta) == e @ e
    with pytest.raises(NotExact):
        Quadratic.regression(X, [0.5, 1.0, 2.0])
