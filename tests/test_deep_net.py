"""DeepNet: proofs against its definition at small sizes, agreement with ShallowNet, arithmetics, refusals."""

import pickle
from itertools import pairwise

import numpy as np
import pytest
import sympy
from arithmetics import require_floats_near_balls
from sympy_balls import to_ball

import theory
from theory.arithmetic import arithmetic_of, ball, flint, precision, rational, to_float
from theory.calculus.tolerance import rounding
from theory.definitions import deep_net as definition
from theory.errors import NotExact
from theory.landscape import Kind
from theory.models.deep_net import DeepNet
from theory.models.shallow_net import ShallowNet

INSTANCES = dict(DeepNet.instances())
EXACT_ACTIVATIONS = ("relu", "square", "identity")
RATIONAL = [n for n, net in INSTANCES.items() if net.depth == 1 or net.activation.name in EXACT_ACTIVATIONS]


def magnitudes(net, theta):
    """A bound of the sums of moduli behind each entry of the Hessian; depth enters through the sample gradients."""
    J = np.abs(net.sample_gradients(theta)).max()
    return (1 + J) ** 2 + np.abs(net.hessian(theta)).max()


def terms(net):
    return 8 * net.depth * (max(net.widths) + net.X.shape[1]) + net.dim


@pytest.mark.parametrize(
    ("widths", "m", "activation"),
    [((2, 2), 2, "tanh"), ((1, 2, 1), 1, "square"), ((2, 1, 2), 1, "identity"), ((1, 1, 1, 1), 2, "identity"),
     ((1, 1, 1, 1), 1, "square")],
)  # fmt: skip
def test_the_model_is_its_definition_for_all_weights_and_data(widths, m, activation):
    n = sum((p + 1) * q for p, q in pairwise(widths))
    theta, X, Y = theory.symbols(theta=n, X=(widths[0], m), Y=(widths[-1], m))
    net, L = DeepNet(widths, X, Y, activation), definition.loss(widths, X, Y, theta, activation)
    g, H = net.gradient(theta), net.hessian(theta)
    assert net.loss(theta) == L
    for i, t in enumerate(theta):
        assert g[i] == L.diff(t)
        assert [H[i, j] for j in range(n)] == [L.diff(t).diff(u) for u in theta]
    v = theta[::-1]
    assert list(net.hvp(theta, v)) == list(H @ v)
    assert g[0] != L.diff(theta[0]) * 2


@pytest.mark.parametrize("activation", ["tanh", "softplus"])
def test_balls_meet_the_derivatives_of_the_definition(activation):
    rng = np.random.default_rng(1)
    widths, X, Y = (1, 1, 2, 1), rng.integers(1, 4, (1, 2)), rng.integers(-2, 3, (1, 2))
    net = DeepNet(widths, X, Y, activation)
    point = rational(rng.integers(-6, 7, net.dim)) * flint().fmpq(1, 4)
    theta = sympy.symbols(f"t:{net.dim}")
    L = definition.loss(widths, *(sympy.Matrix(a).tolist() for a in (X, Y)), theta, activation)
    at = {t: sympy.Rational(int(x.p), int(x.q)) for t, x in zip(theta, point, strict=True)}
    with precision(192):
        g, H = net.gradient(ball(point)), net.hessian(ball(point))
        for i in range(net.dim):
            gap = g[i] - to_ball(L.diff(theta[i]).subs(at))
            assert gap.contains(0) and gap.rad() < 2**-96, "half of the bits are right"
        for i, j in ((0, 0), (0, 3), (2, 6), (3, 7), (1, 8), (4, 4)):
            gap = H[i, j] - to_ball(L.diff(theta[i], theta[j]).subs(at))
            assert gap.contains(0) and gap.rad() < 2**-96
        doubled = 2 * H[0, 0] - to_ball(L.diff(theta[0], theta[0]).subs(at))
        assert not doubled.contains(0), "a factor of 2 must not pass"


@pytest.mark.parametrize("activation", ["relu", "square", "identity"])
def test_two_layers_are_the_shallow_net(activation):
    """Two closed forms that share no code beyond the activations agree exactly."""
    X, Y = [[1, 2, -1], [0, 1, "1/2"]], [[1, 0, 3]]
    deep, shallow = DeepNet((2, 3, 1), X, Y, activation), ShallowNet(3, X, Y[0], activation)
    theta = rational(np.random.default_rng(2).integers(-3, 4, (4, deep.dim)))
    names = "loss gradient hessian sample_losses sample_gradients activation_pattern smooth_at"
    for method in names.split():
        assert np.array_equal(getattr(deep, method)(theta), getattr(shallow, method)(theta)), method
    assert np.array_equal(deep.hvp(theta, theta[0]), shallow.hvp(theta, theta[0]))


def test_deep_relu_equals_its_definition_on_rationals():
    rng = np.random.default_rng(3)
    widths, X, Y = (2, 2, 2, 1), rng.integers(-2, 3, (2, 3)), rng.integers(-2, 3, (1, 3))
    net = DeepNet(widths, X, Y, "relu")
    points = rational(rng.integers(-5, 6, (40, net.dim)))
    active = net.activation_pattern(points).any(-1).all(-1)
    point = points[net.smooth_at(points) & active][0]
    theta = sympy.symbols(f"t:{net.dim}")
    L = definition.loss(widths, *(sympy.Matrix(a).tolist() for a in (X, Y)), theta, "relu")
    at = {t: sympy.Rational(str(x)) for t, x in zip(theta, point, strict=True)}
    assert str(net.loss(point)) == str(L.subs(at))
    # along a short segment in one smooth piece the loss is a polynomial of degree 6: seven values give it exactly
    h, v = flint().fmpq(1, 10**6), rational(rng.integers(-2, 3, net.dim))
    steps = [point + v * h * k for k in range(7)]
    values = [L.subs({t: sympy.Rational(str(x)) for t, x in zip(theta, step, strict=True)}) for step in steps]
    s = sympy.symbols("s")
    path = sympy.interpolate([(k, value) for k, value in enumerate(values)], s)
    slope, bend = path.diff(s).subs(s, 0), path.diff(s, 2).subs(s, 0)
    assert str((net.gradient(point) @ v) * h) == str(slope)
    assert str((v @ net.hessian(point) @ v) * h * h) == str(bend)


@pytest.mark.parametrize("name", INSTANCES)
def test_floats_agree_with_balls_and_rationals(name):
    net = INSTANCES[name]
    theta = np.random.default_rng(4).integers(-4, 5, (2, net.dim)) / 8 + 1 / 16
    bound = rounding(float, terms(net), magnitudes(net, theta))
    with precision(128):
        exact = ball(theta)
        v = exact[:1] - exact[1:]
        require_floats_near_balls(net, theta, exact, v, bound)
    if name in RATIONAL:
        H = net.hessian(rational([[f"{int(16 * t)}/16" for t in row] for row in theta]))
        assert arithmetic_of(H).name == "rational" and (H == H.swapaxes(-1, -2)).all()
        assert np.abs(net.hessian(theta) - to_float(H)).max() <= bound


@pytest.mark.parametrize("name", INSTANCES)
def test_batches_equal_loops_across_chunks(name):
    net = INSTANCES[name]
    theta = np.random.default_rng(5).standard_normal((2, 1500, net.dim))
    loss, g, Hv, H = net.loss(theta), net.gradient(theta), net.hvp(theta, theta[:, :1]), net.hessian(theta[0])
    assert loss.shape == (2, 1500) and g.shape == Hv.shape == theta.shape
    out = np.full_like(H, np.nan)
    assert net.hessian(theta[0], out=out) is out and np.array_equal(out, H)
    assert np.array_equal(H, H.swapaxes(-1, -2))
    for i in (0, 777, 1499):
        one = theta[0, i]
        bound = rounding(float, terms(net), magnitudes(net, one))
        assert abs(loss[0, i] - net.loss(one)) <= bound and np.abs(g[0, i] - net.gradient(one)).max() <= bound
        assert np.abs(H[i] - net.hessian(one)).max() <= bound
        assert np.abs(Hv[0, i] - H[i] @ theta[0, 0]).max() <= bound * np.abs(theta[0, 0]).sum()


def test_columns_of_a_large_hessian_are_chunked():
    rng = np.random.default_rng(6)
    net = DeepNet((6, 20, 20, 1), rng.standard_normal((6, 30)), rng.standard_normal((1, 30)))
    theta, v = rng.standard_normal((2, net.dim)) / 4
    bound = rounding(float, terms(net), magnitudes(net, theta))
    assert net.dim * net._entries("hvp") * theta.itemsize > 2 * 2**20, "one chunk only"
    assert np.abs(net.hessian(theta) @ v - net.hvp(theta, v)).max() <= bound * np.abs(v).sum()


@pytest.mark.parametrize("name", [n for n, net in INSTANCES.items() if net.traits.analytic])
def test_complex_step_gives_gradient_and_hessian(name):
    net = INSTANCES[name]
    theta = np.random.default_rng(7).standard_normal(net.dim)
    h = np.finfo(float).tiny ** 0.25  # its square vanishes beside 1, so only rounding is left
    steps = theta + 1j * h * np.eye(net.dim)
    bound = rounding(float, 2 * terms(net), magnitudes(net, theta))
    assert np.abs(net.loss(steps).imag / h - net.gradient(theta)).max() <= bound
    assert np.abs(net.gradient(steps).imag / h - net.hessian(theta)).max() <= bound
    assert np.abs(net.gradient(steps).imag / h - 2 * net.hessian(theta)).max() > bound, "a wrong factor must not pass"


@pytest.mark.parametrize("name", RATIONAL)
def test_samples_and_symmetries_exactly(name):
    net = INSTANCES[name]
    theta = rational(np.random.default_rng(8).integers(-2, 3, (2, net.dim)))
    w = flint().fmpq(*net.sample_weight.as_integer_ratio())
    assert (net.loss(theta) == w * net.sample_losses(theta).sum(-1)).all()
    assert (net.gradient(theta) == w * net.sample_gradients(theta).sum(-2)).all()
    images, directions = net.symmetry_images(theta), net.symmetry_directions(theta)
    assert all((net.loss(image) == net.loss(theta)).all() for image in images)
    assert ((directions * net.gradient(theta)[:, None]).sum(-1) == 0).all()
    assert (len(images) > 0) == (directions.shape[-2] > 0) == (net.depth > 1)


def test_sign_flips_and_swaps_of_tanh():
    net = INSTANCES["tanh 2-2-2-2"]
    theta = np.random.default_rng(9).standard_normal(net.dim)
    images = net.symmetry_images(theta)
    assert len(images) == 4 and net.symmetry_directions(theta).shape == (0, net.dim)
    assert np.abs(net.loss(images) - net.loss(theta)).max() <= rounding(float, terms(net), magnitudes(net, theta))


@pytest.mark.parametrize("name", [n for n, net in INSTANCES.items() if list(net.known_points())])
def test_known_points_are_critical_and_of_their_kind(name):
    net = INSTANCES[name]
    (point,) = net.known_points()
    with precision(128):
        theta = ball(point.theta)
        assert all(g.contains(0) and g.rad() < 2**-64 for g in net.gradient(theta)), "half of the bits are right"
        assert net.loss(theta).contains(point.loss)
    inertia = theory.inertia(net.hessian(to_float(point.theta)))
    assert (inertia.negative > 0) == (point.kind is Kind.STRICT_SADDLE) == (net.depth == 2)
    # a saddle: some direction of order L goes down, and the output bias goes up
    theta = to_float(point.theta)
    weights = np.arange(net.dim) < net.dim - net.widths[-1]
    nearby = theta + np.random.default_rng(10).standard_normal((500, net.dim)) / 4 * weights
    assert net.loss(nearby).min() < net.loss(theta) < net.loss(nearby).max()


def test_float32_stays_float32_and_pickles_stay_read_only():
    net = INSTANCES["tanh, floats"]
    theta = np.random.default_rng(11).standard_normal((3, net.dim)).astype(np.float32)
    for method in (net.loss, net.gradient, net.hessian, net.sample_losses, net.sample_gradients, net.outputs):
        assert method(theta).dtype == np.float32
    assert net.hvp(theta, theta).dtype == np.float32
    bound = rounding(np.float32, terms(net), magnitudes(net, theta.astype(float)))
    assert np.abs(net.hessian(theta) - net.hessian(theta.astype(float))).max() <= bound
    copy = pickle.loads(pickle.dumps(net))
    assert not (copy.X.flags.writeable or copy.Y.flags.writeable) and (copy.loss(theta) == net.loss(theta)).all()


def test_minimum_value_is_given_only_where_it_is_known():
    assert DeepNet((1, 2, 1), [[1, 2]], [[3, 3]]).minimum_value() == 0
    assert DeepNet((1, 2, 1), [[1, 2]], [[3, 4]]).minimum_value() is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (((2,), [[1]], [[1]]), "at least two entries"),
        (((1, 2, 1), [[1, 2], [3, 4]], [[1, 2]]), "X needs shape"),
        (((1, 2, 1), [[1, 2]], [[1, 2, 3]]), "Y needs shape"),
        (((1, 2, 1), [[1, 2]], [1, 2]), "Y must be 2-D"),
    ],
)
def test_bad_data_are_refused_in_words(arguments, words):
    with pytest.raises(ValueError, match=words):
        DeepNet(*arguments)


def test_bad_points_are_refused_in_words():
    net = INSTANCES["tanh 2-2-2-2"]
    with pytest.raises(NotExact, match=r"theory\.ball"):
        net.gradient([1] * net.dim)
    with pytest.raises(ValueError, match="needs 18 parameters"):
        net.hvp(np.zeros(18), np.zeros(17))
