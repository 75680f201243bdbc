"""Fast slices of ReLU neurons, tanh and logistic nets: equal to exact or precise values up to the bounds they state."""

import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.activations import ACTIVATIONS, Activation
from theory.arithmetic import ball, precision, rational, to_float
from theory.calculus.tolerance import rounding
from theory.models import DeepLinearNet, DeepNet, Quadratic, ReluNeuron, ShallowNet
from theory.slices import deep, relu_rows, separable
from theory.slices.window import centred, even, majorant

BUDGET = 64 * 2**20  # of temporaries, whatever the grid


def exactly(a):
    """The binary values of floats as rationals."""
    return rational([Fraction(v) for v in np.ravel(a).tolist()]).reshape(np.shape(a))


def grid(kind, frame, x, y):
    F, X, Y = kind(frame), kind(x), kind(y)
    return F[0] + X[:, None] * F[1] + Y[:, None, None] * F[2]


def exact_errors(net, frame, x, y, out):
    """|out - loss| for a neuron, in rationals."""
    flags = {"output_weight": net.output_weight, "bias": net.bias, "output_bias": net.output_bias}
    exact = ReluNeuron(exactly(to_float(net.X)), exactly(to_float(net.y)), **flags)
    return np.abs(to_float(exact.loss(grid(exactly, frame, x, y)) - exactly(out)))


def precise_errors(net, frame, x, y, out):
    """|out - loss| for a smooth net, in balls of 300 bits."""
    with precision(300):
        return np.abs(to_float(net.loss(grid(ball, frame, x, y)) - ball(out)))


def coordinates(rng, count, kind):
    """Even, uneven or shuffled coordinates."""
    x = np.linspace(-1.25, 2, count) if kind == "even" else rng.standard_normal(count)
    return np.sort(x) if kind == "uneven" else x


def filled(way, net, frame, x, y):
    out = np.full((len(y), len(x)), np.nan)
    return out, way.fill(net, frame, x, y, out)


def assert_within(errors, bound):
    assert np.isfinite(bound) and (errors <= bound).all()
    assert not (errors + 2 * bound <= bound).all()  # a value that is off by two bounds is noticed


SEEDS, SIDES = st.integers(0, 2**32 - 1), st.sampled_from([1, 2, 5, 19])
KINDS = st.sampled_from(["even", "uneven", "shuffled"])
SCALES = st.sampled_from([1e-3, 1.0, 30.0])


# ReLU neurons


@settings(max_examples=60)
@given(SEEDS, st.tuples(*3 * [st.booleans()]), st.integers(1, 3), st.integers(1, 9), SIDES, SIDES, KINDS, SCALES)
def test_a_neuron_by_breakpoints_is_exact_up_to_its_bound(seed, flags, d, m, nx, ny, kind, scale):
    rng = np.random.default_rng(seed)
    names = dict(zip(("output_weight", "bias", "output_bias"), flags, strict=True))
    net = ReluNeuron(rng.standard_normal((d, m)), rng.standard_normal(m), **names)
    frame, x, y = rng.standard_normal((3, net.dim)), scale * coordinates(rng, nx, kind), coordinates(rng, ny, kind)
    out, bound = filled(relu_rows, net, frame, x, y)
    assert (out >= 0).all()
    assert_within(exact_errors(net, frame, x, y, out), bound)


@settings(max_examples=60)
@given(SEEDS, st.integers(1, 6), st.tuples(*3 * [st.booleans()]))
def test_breakpoints_on_the_grid_ties_rows_without_breakpoints_and_rational_data(seed, m, moves):
    """Small integers: duplicate samples, samples at the kink on whole rows, directions that leave w, b or a alone."""
    rng = np.random.default_rng(seed)
    X, y = rng.integers(-2, 3, (1, m)), rng.integers(-2, 3, m)
    net = ReluNeuron(X.tolist(), y.tolist(), output_weight=True, bias=True, output_bias=True)
    frame = rng.integers(-1, 2, (3, 4)).astype(float)
    frame[1, :3] *= moves
    x = np.arange(-3.0, 4.0)
    out, bound = filled(relu_rows, net, frame, x, x[::2])
    assert_within(exact_errors(net, frame, x, x[::2], out), bound)


def neuron(m=30, d=2, seed=0):
    rng = np.random.default_rng(seed)
    flags = {"output_weight": True, "bias": True, "output_bias": True}
    net = ReluNeuron(rng.standard_normal((d, m)), rng.standard_normal(m), **flags)
    return net, rng.standard_normal((3, net.dim))


@pytest.mark.parametrize("size", [1e-160, 1e-30, 1e30, 1e60])
def test_tiny_and_huge_windows(size):
    net, frame = neuron(8)
    x = size * np.linspace(-1, 1, 9)
    out, bound = filled(relu_rows, net, frame, x, np.linspace(-1, 1, 4))
    assert_within(exact_errors(net, frame, x, np.linspace(-1, 1, 4), out), bound)


@pytest.mark.parametrize("size", [1e-300, 1e-100, 1e-80, 1e80, 1e150, 1e300])
def test_windows_and_weights_of_any_size_give_the_same_values(size):
    """Directions against coordinates, and (w, b) against a: nothing overflows or vanishes on the way."""
    net = ReluNeuron([[1, -2, 0, 3]], [1, 2, 3, 4], output_weight=True, bias=True, output_bias=True)
    frame = np.array([[1.0, 2, 3, 4], [1, 0, 1, 1], [0, 1, 2, 1]])
    x, y = np.linspace(-1, 1, 40), np.linspace(-1, 1, 30)
    want, bound = filled(relu_rows, net, frame, x, y)
    moved = frame * [size, size, 1 / size, 1]
    for vectors, c in ((frame / [[1], [size], [size]], size), (moved, 1.0)):
        out, error = filled(relu_rows, net, vectors, c * x, c * y)
        assert error <= bound * (1 + rounding(float, 9))
        assert_within(exact_errors(net, vectors, c * x, c * y, out), error)
        assert (abs(out - want) <= bound + error).all()


def test_many_points_for_few_samples_and_many_samples_for_few_points_agree():
    net, frame = neuron(40)
    x, y = np.linspace(-1, 1, 400), np.linspace(0, 1, 5)
    fine, bound = filled(relu_rows, net, frame, x, y)
    coarse, _ = filled(relu_rows, net, frame, x[::133], y)
    assert (abs(coarse - fine[:, ::133]) <= 2 * bound).all()
    assert_within(exact_errors(net, frame, x[::133], y, fine[:, ::133]), bound)


def test_where_squares_overflow_there_is_no_bound():
    net, frame = neuron(8)
    for way, model in ((relu_rows, net), (separable, ShallowNet(2, net.X, net.y)), (deep, net_of((2, 2, 1)))):
        vectors = np.resize(frame, (3, model.dim))
        assert not np.isfinite(filled(way, model, vectors, 1e300 * np.arange(3.0), np.zeros(1))[1])


def test_samples_that_are_never_active_do_not_blur_the_others():
    """A sample that is inactive on the whole window, with |z| of 1e8, adds nothing to the sums, only to the bound."""
    net = ReluNeuron([[1, -(10**8)]], [1, 1])
    x = np.linspace(1, 2, 11)
    out, bound = filled(relu_rows, net, np.array([[0.0], [1.0], [0.0]]), x, np.zeros(1))
    near = filled(relu_rows, ReluNeuron([[1, 0]], [1, 1]), np.array([[0.0], [1.0], [0.0]]), x, np.zeros(1))[1]
    errors = exact_errors(net, np.array([[0.0], [1.0], [0.0]]), x, np.zeros(1), out)
    assert (errors <= near).all() and near < bound


# Smooth nets


def net_of(widths, activation="tanh", m=4, seed=0):
    rng = np.random.default_rng(seed)
    return DeepNet(widths, rng.standard_normal((widths[0], m)), rng.standard_normal((widths[-1], m)), activation)


SIGMOIDS = st.sampled_from(["tanh", "logistic"])


@settings(max_examples=40)
@given(SEEDS, SIGMOIDS, st.booleans(), st.integers(1, 5), st.integers(1, 5), SIDES, SIDES, KINDS, SCALES)
def test_shallow_nets_by_rows_and_columns(seed, activation, output_bias, k, m, nx, ny, kind, scale):
    rng = np.random.default_rng(seed)
    net = ShallowNet(k, rng.standard_normal((2, m)), rng.standard_normal(m), activation, output_bias)
    frame, x, y = rng.standard_normal((3, net.dim)), scale * coordinates(rng, nx, kind), coordinates(rng, ny, kind)
    frame[1:, -k - output_bias :] *= rng.integers(0, 2)  # the output layer may stay
    out, bound = filled(separable, net, frame, x, y)
    assert_within(precise_errors(net, frame, x, y, out), bound)


@pytest.mark.parametrize("activation", ["tanh", "logistic"])
@pytest.mark.parametrize("size", [1e3, 1e6, 1e20])
def test_exponents_that_would_overflow(activation, size):
    """Neurons far in saturation; columns are cut into panels, down to single ones."""
    rng = np.random.default_rng(1)
    net = ShallowNet(3, rng.standard_normal((2, 4)), rng.standard_normal(4), activation)
    frame, x = rng.standard_normal((3, net.dim)), size * np.linspace(-1, 1, 20)
    frame[0] *= size
    out, bound = filled(separable, net, frame, x, x[:3])
    assert_within(precise_errors(net, frame, x, x[:3], out), bound)
    assert len(list(separable._panels(net, frame, x))) > 1


def test_more_pairs_samples_and_points_than_a_tile_holds(monkeypatch):
    for name, value in (
        ("_TILE", 2**6),
        ("_LEAST_POINTS", 4),
        ("_MOST_ROWS", 3),
        ("_FACTORS", 2**9),
        ("_MOST_FACTORS", 2**9),
    ):
        monkeypatch.setattr(separable, name, value)
    monkeypatch.setattr(relu_rows, "_BLOCK", 20)
    monkeypatch.setattr(relu_rows, "_COLUMNS", 5)
    monkeypatch.setattr(deep, "_BLOCK", 50)
    rng = np.random.default_rng(2)
    shallow = ShallowNet(5, rng.standard_normal((2, 7)), rng.standard_normal(7))
    x, y = np.linspace(-1, 1, 17), np.linspace(0, 1, 11)
    for way, net in ((separable, shallow), (relu_rows, neuron(7)[0]), (deep, net_of((2, 3, 1)))):
        frame = rng.standard_normal((3, net.dim))
        out, bound = filled(way, net, frame, x, y)
        errors = exact_errors if way is relu_rows else precise_errors
        assert_within(errors(net, frame, x, y, out), bound)


@settings(max_examples=40)
@given(
    SEEDS, SIGMOIDS, st.sampled_from([(2, 2), (1, 1, 1), (2, 3, 2), (3, 1, 4, 1)]), st.integers(1, 4), SIDES, SIDES,
    KINDS, SCALES,
)  # fmt: skip
def test_deep_nets_by_layers(seed, activation, widths, m, nx, ny, kind, scale):
    rng = np.random.default_rng(seed)
    net = net_of(widths, activation, m, seed)
    frame, x, y = rng.standard_normal((3, net.dim)), scale * coordinates(rng, nx, kind), coordinates(rng, ny, kind)
    out, bound = filled(deep, net, frame, x, y)
    assert_within(precise_errors(net, frame, x, y, out), bound)


def test_a_bound_beyond_the_largest_value_is_none():
    """The worst case of the rounding grows with every layer, the error does not."""
    rng, x = np.random.default_rng(7), np.linspace(-1, 1, 9)
    net = net_of((2, *20 * (10,), 1))
    frame = rng.standard_normal((3, net.dim))
    out, bound = filled(deep, net, frame, x, x[:2])
    assert bound is None
    assert precise_errors(net, frame, x[:3], x[:1], out[:1, :3]).max() < np.finfo(float).eps ** 0.5 * out.max()


def test_bounds_are_not_far_above_the_errors():
    """Within 1e4 of the largest error on an ordinary window; for deep nets the worst case grows with every layer."""
    rng, x = np.random.default_rng(3), np.linspace(-1, 1, 12)
    net, frame = neuron()
    out, bound = filled(relu_rows, net, frame, x, x)
    assert bound < 1e4 * exact_errors(net, frame, x, x, out).max()
    shallow = ShallowNet(6, net.X, net.y)
    for way, model in ((separable, shallow), (deep, net_of((2, 4, 1)))):
        frame = rng.standard_normal((3, model.dim))
        out, bound = filled(way, model, frame, x, x)
        assert bound < 1e4 * precise_errors(model, frame, x, x, out).max()


# Who takes which way


def test_each_way_takes_its_own_models():
    X, y = [[1, 2]], [0, 1]
    shallow, neurons = ShallowNet(2, X, y), ReluNeuron(X, y)
    assert relu_rows.applies(neurons) and not relu_rows.applies(shallow)
    assert separable.applies(shallow) and separable.applies(ShallowNet(2, X, y, "logistic"))
    for other in (neurons, Quadratic([[2]]), *(ShallowNet(2, X, y, s) for s in ("relu", "softplus", "square"))):
        assert not separable.applies(other) and not deep.applies(other)
    assert not separable.applies(ShallowNet(2, X, [1, -1], loss="logistic"))
    assert deep.applies(net_of((1, 2, 1))) and not deep.applies(net_of((1, 2, 1), "erf"))
    assert not deep.applies(DeepLinearNet((1, 1), X, [y]))


def test_an_activation_that_only_has_the_name_is_not_taken_for_tanh():
    other = Activation("tanh", ACTIVATIONS["logistic"].jet)
    assert not separable.applies(ShallowNet(2, [[1, 2]], [0, 1], other)) and not deep.applies(net_of((1, 2, 1), other))


# Windows, memory


def test_the_middle_of_the_window_keeps_the_points_and_the_majorant_bounds_them():
    rng = np.random.default_rng(5)
    frame, x, y = rng.standard_normal((3, 4)), np.linspace(3, 7, 5), np.linspace(-2, 9, 6)
    moved, t, s = centred(frame, x, y)
    points = grid(np.asarray, frame, x, y)
    np.testing.assert_allclose(grid(np.asarray, moved, t, s), points, atol=1e-13, rtol=0)
    assert t.max() == -t.min() and (np.abs(points) <= majorant(frame, x, y) * (1 + 1e-15)).all()


def test_parts_are_few_and_even():
    for count in (1, 7, 64, 65, 1000):
        size = even(count, 64)
        assert size <= 64 and -(-count // size) == -(-count // 64) and size * -(-count // 64) - count < -(-count // 64)


@pytest.mark.parametrize(
    ("way", "shape"),
    [
        ("relu", (1, 2**20)),
        ("relu", (1000, 1500)),
        ("shallow", (3, 3000)),
        ("wide", (4, 300)),
        ("deep", (20, 400)),
        ("few samples", (1, 2**19)),
    ],
)
def test_temporaries_are_small_whatever_the_grid(way, shape):
    rng = np.random.default_rng(6)
    X, y = rng.standard_normal((2, 200)), rng.standard_normal(200)
    module, net = {
        "relu": (relu_rows, ReluNeuron(X, y, bias=True, output_weight=True)),
        "shallow": (separable, ShallowNet(9, X, y)),
        "wide": (separable, ShallowNet(1001, X[:, :20], y[:20])),
        "deep": (deep, DeepNet((2, 6, 6, 1), X, y[None])),
        "few samples": (deep, DeepNet((2, 6, 6, 1), X[:, :2], y[None, :2])),
    }[way]
    frame, out = rng.standard_normal((3, net.dim)) / 10, np.zeros(shape)
    x, y = np.linspace(-1, 1, shape[1]), np.linspace(-1, 1, shape[0])
    tracemalloc.start()
    assert module.fill(net, frame, x, y, out) is not None
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < BUDGET
