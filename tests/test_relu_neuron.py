"""ReluNeuron: its definition on rationals, one-sided derivatives, Clarke stationarity, Exercise 12.8."""

import pickle

import numpy as np
import pytest
import sympy

from theory.arithmetic import ball, flint, precision, rational
from theory.calculus.tolerance import rounding
from theory.definitions import relu_neuron as definition
from theory.errors import NotExact, TooLarge, Undecided
from theory.models.relu_neuron import ReluNeuron
from theory.models.shallow_net import ShallowNet

INSTANCES = dict(ReluNeuron.instances())
EXACT = [name for name in INSTANCES if name != "floats"]
EXERCISE = INSTANCES["Exercise 12.8"]


def integer_points(net, seed, count=12):
    return rational(np.random.default_rng(seed).integers(-2, 3, (count, net.dim)))


def flags(net):
    return {"output_weight": net.output_weight, "bias": net.bias, "output_bias": net.output_bias}


def in_sympy(values):
    return [sympy.Rational(str(v)) for v in values]


@pytest.mark.parametrize("name", EXACT)
def test_the_model_is_its_definition_at_smooth_rational_points(name):
    net = INSTANCES[name]
    theta = sympy.symbols(f"t:{net.dim}")
    L = definition.loss([in_sympy(row) for row in net.X], in_sympy(net.y), theta, **flags(net))
    first = [L.diff(t) for t in theta]
    points = integer_points(net, 1)
    for point in points[net.smooth_at(points)][:3]:
        at = dict(zip(theta, in_sympy(point), strict=True))
        assert str(net.loss(point)) == str(L.subs(at))
        assert [str(g) for g in net.gradient(point)] == [str(d.subs(at)) for d in first]
        H = [[str(d.diff(t).subs(at)) for t in theta] for d in first]
        assert [[str(h) for h in row] for row in net.hessian(point)] == H
        assert str(net.loss(point) + 1) != str(L.subs(at))


@pytest.mark.parametrize("name", EXACT)
def test_hvp_samples_and_symmetries_exactly(name):
    net, points = INSTANCES[name], integer_points(INSTANCES[name], 2)
    v = integer_points(net, 3, 1)
    assert (net.hvp(points, v) == (net.hessian(points) @ v[0])).all()
    w = flint().fmpq(*net.sample_weight.as_integer_ratio())
    assert (net.gradient(points) == w * net.sample_gradients(points).sum(-2)).all()
    assert (net.loss(points) == w * net.sample_losses(points).sum(-1)).all()
    directions, images = net.symmetry_directions(points), net.symmetry_images(points)
    assert directions.shape[-2] == len(images) == net.output_weight
    for image in images:
        assert (net.loss(image) == net.loss(points)).all() and (image != points).any()
    if net.output_weight:
        assert (net.one_sided_derivative(points, directions[:, 0]) == 0).all()


def test_all_four_parameters_are_the_shallow_net_of_width_one():
    net = ReluNeuron([[1, -1, 0]], [1, 0, 2], output_weight=True, bias=True, output_bias=True)
    shallow, points = ShallowNet(1, net.X, net.y, "relu"), integer_points(net, 4)
    assert (net.loss(points) == shallow.loss(points)).all() and (net.hessian(points) == shallow.hessian(points)).all()
    assert net.layout[:3] == (("w", (1,)), ("b", ()), ("a", ()))
    without = ReluNeuron(net.X, net.y)
    assert (without.loss(points[:, :1]) == shallow.loss(points * rational([1, 0, 0, 0]) + rational([0, 0, 1, 0]))).all()


@pytest.mark.parametrize("name", EXACT)
def test_one_sided_derivatives_are_limits_of_smooth_ones(name):
    """Along a ray the slope is a cubic in t before the next kink, so four values of it extrapolate to t = 0 exactly."""
    net, points = INSTANCES[name], integer_points(INSTANCES[name], 5)
    v = integer_points(net, 6, 1)[0]
    t = [flint().fmpq(k, 1000) for k in (1, 2, 3, 4)]
    slopes = [(net.one_sided_derivative(points + v * h, v)) for h in t]
    limit = 4 * slopes[0] - 6 * slopes[1] + 4 * slopes[2] - slopes[3]
    assert (net.one_sided_derivative(points, v) == limit).all()
    smooth = net.smooth_at(points)
    along = (net.gradient(points) * v).sum(-1)
    assert (along[smooth] == limit[smooth]).all()


def test_the_derivative_of_the_active_piece_is_not_the_one_sided_one():
    net = ReluNeuron([[1]], [-1])
    assert net.gradient([0])[0] == 0
    assert [net.one_sided_derivative([0], [v]) for v in (1, -1)] == [2, 0]


def test_clarke_needs_achievable_pieces_not_the_zonotope():
    """x = (1, -1), y = (1, -1) at w = 0: both pieces have slope -1, while independent signs would give 0."""
    net = ReluNeuron([[1, -1]], [1, -1])
    assert [net.one_sided_derivative([0], [v]) for v in (1, -1)] == [-1, 1]
    assert not net.clarke_stationary([0])
    assert ReluNeuron([[1, -1]], [1, 1]).clarke_stationary([0]), "slopes -1 and 1: a local maximum"
    assert ReluNeuron([[1, -1]], [-1, -1]).clarke_stationary([0]), "slopes 1 and -1: the minimum"


@pytest.mark.parametrize(("target", "stationary"), [(2, True), (1, True), ("1/2", False), (0, False), (-2, False)])
def test_clarke_weighs_the_kink_against_the_smooth_part(target, stationary):
    """At w = (1, 0) the active samples give (2/3)(0, 1) and the kink sample (0, 1) adds t (2/3)(0, -y), 0 <= t <= 1."""
    net = ReluNeuron([[1, 1, 0], [0, 1, 1]], rational([2, 0, target]))
    assert net.clarke_stationary([1, 0]) == stationary


def is_stationary_by_sampling(net, theta):
    """The same question in floats: cells from random directions, the hull by linprog."""
    from scipy.optimize import linprog

    steps = np.random.default_rng(7).standard_normal((400, net.dim)) / 1000
    near = np.unique(net.activation_pattern(theta + steps)[:, 0], axis=0)
    X = np.vstack([np.array(net.X, float), np.ones(net.y.size)])[: net.X.shape[0] + net.bias]
    full = net._embed(np.asarray(theta, float))
    e, a = net.outputs(np.asarray(theta, float)) - np.array(net.y, float), full[net.X.shape[0] + 1]
    s = np.maximum(net._net.preactivations(full)[0], 0)
    rows = [np.hstack([a * X @ (e * p), [s @ e] * net.output_weight, [e.sum()] * net.output_bias]) for p in near]
    P = 2 * np.array(rows).T / net.y.size
    A = np.vstack([P, np.ones(P.shape[1])])
    return linprog(np.zeros(P.shape[1]), A_eq=A, b_eq=np.eye(len(A))[-1], bounds=(0, None)).status == 0


@pytest.mark.parametrize("name", [*EXACT[:8], "duplicate samples, different targets", "zero sample, no bias"])
def test_clarke_stationarity_agrees_with_sampled_cells(name):
    net = INSTANCES[name]
    points = integer_points(net, 8, 25)
    points[:3] = rational(np.zeros((3, net.dim), int))
    if net.output_bias:
        points[1, -1] = net.y.sum() * flint().fmpq(1, net.y.size)
    exact = net.clarke_stationary(points)
    floats = np.array([[float(x.p) / float(x.q) for x in row] for row in points])
    assert exact.tolist() == [is_stationary_by_sampling(net, theta) for theta in floats]


def test_clarke_is_the_gradient_test_where_the_loss_is_smooth():
    points = integer_points(EXERCISE, 9, 60)
    smooth = EXERCISE.smooth_at(points)
    assert not EXERCISE.clarke_stationary(points[smooth]).any() and 0 < smooth.sum() < 60
    dead = next(iter(EXERCISE.known_points()))
    assert EXERCISE.smooth_at(dead.theta) and EXERCISE.clarke_stationary(dead.theta)


def test_exercise_12_8():
    """Three floors, global 2/3 and spurious 25/18 and 3/2, all below Var y = 14/9, the loss of the dead neuron."""
    floors = {
        "2/3": [-1, "-1/2", -4, 2],
        "25/18": [1, 2, "1/2", "1/3"],
        "3/2": [1, "-1/2", -1, "3/2"],
    }
    for value, theta in floors.items():
        assert str(EXERCISE.loss(rational(theta))) == value
        assert EXERCISE.smooth_at(rational(theta)) and EXERCISE.clarke_stationary(rational(theta))
        assert not EXERCISE.clarke_stationary(rational(theta) + rational([0, 0, 0, 1]))
    dead = next(iter(EXERCISE.known_points()))
    assert str(dead.loss) == str(EXERCISE.loss(dead.theta)) == "14/9"


def test_a_minimum_on_a_kink_is_stationary_though_its_piece_is_not():
    net = ReluNeuron([[1, 2, 3]], [1, 0, 3], bias=True)
    theta = rational([2, -4])  # relu(2x - 4) = (0, 0, 2): sample 2 sits on the kink
    assert not net.smooth_at(theta)
    assert net.clarke_stationary(theta) == is_stationary_by_sampling(net, np.array([2.0, -4.0]))
    zero_sample = INSTANCES["zero sample, no bias"]
    assert zero_sample.smooth_at([1]) and not zero_sample.smooth_at([0])


@pytest.mark.parametrize("name", INSTANCES)
def test_floats_agree_with_balls_batches_and_float32(name):
    net = INSTANCES[name]
    theta = np.random.default_rng(10).standard_normal((5, net.dim))
    J, H = np.abs(net.sample_gradients(theta)).max(), net.hessian(theta)
    bound = rounding(float, 8 * net.y.size + net.dim, (1 + J) ** 2 + np.abs(H).max())
    out = np.empty_like(H)
    assert net.hessian(theta, out=out) is out and np.array_equal(out, H)
    with precision(128):
        exact = net.hessian(ball(theta))
        assert all(abs(float((a - float(b)).mid())) <= bound for a, b in zip(exact.flat, H.flat, strict=True))
    for i, t in enumerate(theta):
        assert abs(net.loss(t) - net.loss(theta)[i]) <= bound and np.abs(net.hessian(t) - H[i]).max() <= bound
    single = theta.astype(np.float32)
    for method in (net.loss, net.gradient, net.hessian):
        assert method(single).dtype == np.float32
    assert net.one_sided_derivative(single, single).dtype == np.float32
    copy = pickle.loads(pickle.dumps(net))
    assert not copy.X.flags.writeable and (copy.loss(theta) == net.loss(theta)).all() and flags(copy) == flags(net)


def test_refusals_in_words():
    net = ReluNeuron([[1, 2]], [1, 0], bias=True)
    with pytest.raises(NotExact, match="must be rational"):
        net.clarke_stationary([1.0, -1.0])
    with pytest.raises(TooLarge, match="use fewer kinks"):
        ReluNeuron(np.arange(1, 81).reshape(4, 20) ** 2, np.arange(20)).clarke_stationary([0, 0, 0, 0])
    with precision(64), pytest.raises(Undecided):
        net.loss(ball(["1/3", "-1/3"]) * ball(["1/7"]))
    with pytest.raises(ValueError, match="samples as columns"):
        ReluNeuron([1, 2], [1, 0])
    with pytest.raises(TypeError):
        ReluNeuron([[1, 2]], [1, 0], True)
    with pytest.raises(ValueError, match="needs 2 parameters"):
        net.gradient([1, 2, 3])
