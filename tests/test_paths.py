"""Paths of nets with one hidden layer: certificates against brute force, the three constructions, refusals."""

from fractions import Fraction
from itertools import pairwise, product

import numpy as np
import pytest

from paper_figures import fig_corrected_path
from theory.activations import Activation
from theory.arithmetic import ball, flint, is_zero, precision, rational, symbols, to_float
from theory.calculus.exact_linalg import rank
from theory.calculus.tolerance import rounding
from theory.claims.literal_nets import ACTIVATIONS, DEGREES, LITERAL, Net
from theory.claims.literal_nets import dimension as literal_dimension
from theory.claims.sign_orthants import apart, least_in_orthant, leaving_cost, trapped
from theory.critical.relu_neuron import line_landscape
from theory.errors import Degenerate, NotExact, Undecided
from theory.losses import Huber, Squared, Weighted
from theory.models import DeepNet, ShallowNet
from theory.topology import monotonicity
from theory.topology.one_hidden_layer import OneHiddenLayer
from theory.topology.optimal_outputs import optimal_outputs
from theory.topology.path import Path
from theory.topology.paths import connecting_path, descending_path, path_to_constants

SMALL = Fraction(1, 2**90)
DEAD = ShallowNet(3, [[0, 1, 2]], [0, 1, 2], "relu")
DEAD_THETA = [0, 0, 0, -1, -1, -1, 1, 2, 3, 1]


def q(p, r=1):
    return flint().fmpq(p, r)


def poly(*coefficients):
    return monotonicity.polynomial([q(c) for c in coefficients])


# -- Sturm chains and pieces -------------------------------------------------------------------------------------------


def test_sturm_counts_the_roots_that_a_product_was_built_from():
    rng = np.random.default_rng(0)
    for _ in range(100):
        roots, powers = rng.integers(-4, 5, 4), rng.integers(1, 4, 4)
        p = poly(1, 0, 1)  # no real root
        for r, k in zip(roots, powers, strict=True):
            p = p * poly(-int(r), 1) ** int(k)
        a, b = sorted(int(x) for x in rng.choice(np.arange(-5, 6), 2, replace=False))
        assert monotonicity.sturm_count(p, q(a), q(b)) == len({int(r) for r in roots if a < r <= b})


def test_the_sign_of_a_polynomial_on_an_interval():
    touching, crossing = poly(-1) * poly(-1, 2) ** 2, poly(-1, 2)
    assert monotonicity.nonpositive(touching, q(0), q(1))
    assert not monotonicity.nonpositive(-touching, q(0), q(1))
    assert not monotonicity.nonpositive(crossing, q(0), q(1))
    assert monotonicity.nonpositive(crossing, q(0), q(1, 2)) and not monotonicity.nonpositive(crossing, q(1, 2), q(1))
    assert monotonicity.nonpositive(poly(), q(0), q(1)) and not monotonicity.nonpositive(poly(1), q(0), q(1))


def test_roots_are_enclosed_and_rational_ones_exact():
    found = monotonicity.roots_inside(poly(-1, 2) * poly(-1, 0, 2), q(0), q(1))
    assert found[0] == (q(1, 2), q(1, 2))
    low, high = found[1]
    assert low < high and 2 * low * low < 1 < 2 * high * high
    with pytest.raises(Undecided, match="overlap"):
        monotonicity.pieces(q(0), q(1), [(q(1, 3), q(1, 2)), (q(2, 5), q(2, 5))])


def random_segments(count):
    rng = np.random.default_rng(5)
    activations, losses = ("relu", "square", "identity"), ("squared", "absolute", "huber")
    for i in range(count):
        net = ShallowNet(2, [[0, 1, 2]], [1, -1, 1], activations[i % 3], loss=losses[i // 3 % 3])
        C = rational(rng.integers(-2, 3, (2 + i // 9 % 2, net.dim)))
        C[1:, rng.random(net.dim) < 0.7] = q(0)
        yield Path(net, (C,))


def test_certificates_agree_with_a_fine_grid():
    t, seen = np.linspace(0, 1, 1001), set()
    for path in random_segments(270):
        L, certificate = path.losses(t), path.certificate[0]
        error = rounding(float, 200, np.abs(L).max() + 10)
        assert certificate.falls == bool((np.diff(L) <= error).all())
        rises = max((L[i:] - L[i]).max() for i in range(0, 1001, 100))
        rise, highest = (float(flint().arb(x).upper()) for x in (certificate.rise, certificate.highest))
        assert rises <= rise + error and L.max() <= highest + error
        assert highest <= L.max() + np.abs(np.diff(L)).max() + error
        assert certificate.constant == bool(np.ptp(L) <= error)
        seen.add((certificate.falls, certificate.constant, certificate.rule[:12]))
    assert len(seen) >= 5


@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_certificates_in_balls_agree_with_a_fine_grid(loss):
    rng, t = np.random.default_rng(3), np.linspace(0, 1, 501)
    net = ShallowNet(2, [[0, 1, 2]], [1, -1, 1], "tanh", loss=loss)
    answers = []
    for i in range(20):
        C = rational(rng.integers(-2, 3, (2, net.dim)))
        C[1, rng.random(net.dim) < 0.8] = q(0)
        path = Path(net, (C,))
        L = path.losses(t)
        error = rounding(float, 200, np.abs(L).max() + 10)
        answer = path.certificate[0].falls
        answers.append(answer)
        assert answer is None or answer == bool((np.diff(L) <= error).all()), i
        assert L.max() <= float(flint().arb(path.barrier).upper()) + error
    assert {True, False} <= set(answers)


def test_what_cannot_be_decided_is_not_claimed():
    net = ShallowNet(1, [[0, 1]], [0, 1], "tanh", loss="absolute")
    with pytest.raises(Undecided, match="smooth net"):
        Path.through(net, [[1, 0, 1, 0], [2, 0, 1, 0]]).certificate  # noqa: B018


# -- the value Path ----------------------------------------------------------------------------------------------------


def test_evaluation_is_exact_batched_and_consistent():
    C = rational([[1, 0, 1, 0], [0, 1, 0, -1], [1, 1, 0, "1/2"]])
    net = ShallowNet(1, [[1, 2]], [0, 1], "relu")
    path = Path(net, (C, np.stack([C.sum(0), C[1]])))
    assert len(path) == 2 and path.vertices.shape == (3, 4)
    assert (path("1/3") == C[0] + C[1] * q(1, 3) + C[2] * q(1, 9)).all()
    t = rational([[0, "1/2"], ["3/2", 2]])
    assert path(t).shape == (2, 2, 4) and (path(t)[1, 1] == path.end).all() and (path(1) == path.vertices[1]).all()
    assert np.abs(path(to_float(t)) - to_float(path(t))).max() <= rounding(float, 12, 10)
    back = path.reversed()
    assert all((back(2 - s) == path(s)).all() for s in rational([0, "1/3", 1, "7/4", 2]))
    assert (path.losses(t) == net.loss(path(t))).all()
    assert len(path + back) == 4 and ((path + back).end == path.start).all()


def test_a_single_vertex_rests():
    path = Path.through(DEAD, [DEAD_THETA])
    assert len(path) == 1 and path.falls and path.barrier == q(2, 3) and (path(1) == path.start).all()


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda: Path(DEAD, ()), ValueError, "at least one segment"),
        (lambda: Path.through(DEAD, []), ValueError, "at least one vertex"),
        (lambda: Path(DEAD, (rational([[0] * 9]),)), ValueError, "shape"),
        (lambda: Path(DEAD, (rational([[0] * 10]), rational([[1] * 10]))), ValueError, "jump"),
        (lambda: Path.through(DEAD, [[np.nan] * 10]), ValueError, "finite"),
        (lambda: Path.through(DEAD, [DEAD_THETA])(2), ValueError, r"\[0, 1\]"),
        (lambda: Path.through(DEAD, [DEAD_THETA])(np.nan), ValueError, "finite"),
        (lambda: Path.through(DEAD, [DEAD_THETA])(ball([0])), TypeError, "rationals"),
        (lambda: Path.through(DEAD, [DEAD_THETA])(1j), TypeError, "got complex entries"),
        (lambda: Path(DEAD, 3), TypeError, "Path: segments must be a sequence, got int"),
        (lambda: Path.through(DEAD, 3), TypeError, "Path.through: vertices must be a sequence, got int"),
        (lambda: Path.through("net", [[0]]), TypeError, "ShallowNet"),
        (lambda: Path.through(DeepNet((1, 1, 1, 1), [[1]], [[1]]), [[0] * 6]), TypeError, "depth 3"),
    ],
)
def test_a_path_refuses(make, error, says):
    with pytest.raises(error, match=says) as caught:
        make()
    assert "\n" not in str(caught.value)


# -- T1 ----------------------------------------------------------------------------------------------------------------


def require_descent(path, net):
    """The invariants, each on the vertices alone: loss constant, then straight outputs; the rank rises one by one."""
    layer = OneHiddenLayer(net)
    assert path.falls or path.rise < float(SMALL)
    ranks = path.ranks()
    assert {b - a for a, b in pairwise(ranks)} <= {0, 1} and ranks[-1] == layer.dimension
    assert len(path) <= 2 * (layer.dimension - ranks[0]) + 1
    with precision(192):
        losses = [layer.loss_at(v) for v in path.vertices]
        assert all(abs(x - losses[0]) <= flint().arb(float(SMALL)) for x in losses[:-1])
        assert losses[-1] - losses[0] <= flint().arb(float(SMALL))
    return losses


def test_three_dead_neurons():
    path = descending_path(DEAD, DEAD_THETA)
    assert path.ranks() == (1, 1, 2, 2, 3, 3) and path.falls is True
    assert list(path.losses(range(6))) == [q(2, 3)] * 5 + [0]
    last = path.losses([4, "9/2", 5])
    assert last[1] == q(2, 3) * q(1, 4)  # (2/3) (1 - s)^2
    assert [c.constant for c in path.certificate] == [True] * 4 + [False]
    assert path.barrier == q(2, 3) and path.rise == 0
    require_descent(path, DEAD)


def test_the_printed_path_is_refuted():
    """It jumps at t = 1/2 unless W_1 = 0, and a straight path to a smaller loss need not fall."""
    net = ShallowNet(1, [[1, 2]], [0, 0], "relu")
    first = rational([[-1, 0, 1, 0], [0, 0, -1, 0]])  # the outgoing weight goes to 0
    half, end = rational([0, 0, 0, 0]), rational([0, 0, 0, 0])  # the limits of (2t - 1)(W_1 + w*) with w* = 1
    with pytest.raises(ValueError, match="jump"):
        Path(net, (first, np.stack([half, end - half])))
    assert OneHiddenLayer(net).rank(end) == 1  # the row of ones alone
    constant = ShallowNet(1, [[0]], [0], "relu")
    straight = Path.through(constant, [[0, 0, 0, 2], [0, 0, 0, -1]])
    assert straight.falls is False and straight.rise > 0
    assert list(straight.losses([0, "2/3", 1])) == [4, 0, 1]
    with pytest.raises(ValueError, match="loss falls"):
        descending_path(constant, [0, 0, 0, 2], [-1])
    assert descending_path(constant, [0, 0, 0, 2], [0]).falls is True


def random_case(rng, activation):
    """Repeated inputs, dead and equal neurons, and the least width that is enough, or up to two neurons more."""
    d, m = int(rng.integers(1, 4)), int(rng.integers(1, 7))
    X, y = rng.integers(-2, 3, (d, m)), rng.integers(-3, 4, m)
    bias = bool(rng.random() < 0.8)
    s = ACTIVATIONS.get(activation, activation)
    D = OneHiddenLayer(ShallowNet(1, X, y, s)).dimension
    k = max(1, D - bias + int(rng.integers(0, 3)))
    net = ShallowNet(k, X, y, s, output_bias=bias)
    W, b, a = rng.integers(-2, 3, (k, d)), rng.integers(-2, 3, k), rng.integers(-2, 3, k)
    if rng.random() < 0.3:
        W[:], b[:] = 0, -1
    if rng.random() < 0.3:
        W[:], b[:] = W[0], b[0]
    if rng.random() < 0.2:
        a[:] = 0
    return net, rational(np.concatenate([W.ravel(), b, a, rng.integers(-2, 3, int(bias))]).tolist())


def require_random_descents(count, seed):
    rng, tight = np.random.default_rng(seed), 0
    activations = ("relu", "relu", "square", "step", "identity", "cube", "spike", "tanh")
    for i in range(count):
        net, theta = random_case(rng, activations[i % len(activations)])
        path = descending_path(net, theta)
        losses = require_descent(path, net)
        layer = OneHiddenLayer(net)
        least = layer.loss_of(rational(optimal_outputs(net)))
        with precision(192):
            assert losses[-1] == least if layer.exact_features else abs(losses[-1] - least) <= flint().arb(float(SMALL))
        tight += net.width == layer.dimension - net.output_bias
    assert tight >= count // 6


def test_random_descents():
    require_random_descents(120, 0)


@pytest.mark.slow
def test_a_thousand_random_descents():
    require_random_descents(1000, 1)


def test_floats_count_at_their_binary_values():
    rng = np.random.default_rng(2)
    net = ShallowNet(4, rng.normal(size=(2, 4)), rng.normal(size=4), "relu")
    theta = rng.normal(size=net.dim)
    path = descending_path(net, theta)
    assert (to_float(path.start) == theta).all() and path.falls is True
    assert is_zero(path.losses(rational([len(path)]))).all()


@pytest.mark.parametrize(
    "loss", ["absolute", "huber", Weighted([1, "1/2", 3, 1]), Huber(Fraction(1, 2)), "squared"], ids=str
)
def test_other_losses(loss):
    net = ShallowNet(3, [[0, 1, 2, 3]], [0, 1, -1, 2], "relu", loss=loss)
    path = descending_path(net, [0, 0, 0, -1, -1, 0, 1, 2, 3, 1])
    assert path.falls is True and path.losses([len(path)])[0] == 0
    require_descent(path, net)


def test_the_absolute_loss_ends_at_medians():
    net = ShallowNet(1, [[0, 0, 0, 1]], [0, 1, 5, 2], "relu", loss="absolute")
    assert list(optimal_outputs(net)) == [1, 1, 1, 2]
    path = descending_path(net, [1, -2, 3, 7])
    assert path.falls is True and path.losses([len(path)])[0] == q(5, 4)


def test_the_weighted_loss_ends_at_weighted_means():
    net = ShallowNet(1, [[0, 0, 1]], [0, 3, 5], "relu", loss=Weighted([2, 1, 0]))
    assert list(optimal_outputs(net))[:2] == [1, 1]
    path = descending_path(net, [0, 0, 1, 0])
    assert path.losses([len(path)])[0] == 2


def test_the_logistic_loss_has_no_minimum_but_paths_to_finite_outputs():
    net = ShallowNet(2, [[0, 1, 2]], [1, -1, 1], "relu", loss="logistic")
    theta = [0, 0, -1, -1, 1, 2, 1]
    with pytest.raises(Degenerate, match="not attained"):
        descending_path(net, theta)
    path = descending_path(net, theta, [10, -10, 10])
    assert path.falls is True
    losses = path.losses(rational([0, len(path)]))
    assert losses[1] < ball(["1/20000"])[0] < losses[0]
    with pytest.raises(ValueError, match="towards which the loss falls"):
        descending_path(net, theta, [-1, 1, -1])


def test_vector_outputs():
    net = DeepNet((1, 3, 2), [[0, 1, 2, 1]], [[1, 0, 1, 1], [0, 0, 2, 1]], "relu")
    path = descending_path(net, [0] * 3 + [-1] * 3 + [1, 2, 3, -1, 0, 1, 1, 1])
    assert path.falls is True and path.ranks() == (1, 1, 2, 2, 3, 3)
    assert path.losses([len(path)])[0] == q(1, 4)  # the repeated input has targets (0, 0) and (1, 1)
    joined = connecting_path(net, path.start, path.end)
    assert joined.barrier == 1 and (joined.end == path.end).all()
    constant = path_to_constants(net, path.start)
    assert (net.outputs(constant.end) == rational([["3/4"] * 4, ["3/4"] * 4])).all()


def test_the_dimension_of_polynomials_against_random_features():
    rng = np.random.default_rng(4)
    for activation, d in product(("square", "identity", "cube"), (1, 2)):
        X = rng.integers(-2, 3, (d, 7))
        layer = OneHiddenLayer(ShallowNet(60, X, [0] * 7, ACTIVATIONS.get(activation, activation)))
        some = layer.rows(rational(rng.integers(-9, 10, (60, d + 1))))
        assert layer.dimension == rank(some)


# -- T2 and T3 ---------------------------------------------------------------------------------------------------------


def test_any_two_points_are_joined_below_the_higher_one():
    rng = np.random.default_rng(6)
    for i in range(48):
        activation = ("relu", "square", "step", "tanh")[i % 4]
        m = int(rng.integers(1, 5))
        X, y = rng.integers(-2, 3, (1, m)), rng.integers(-2, 3, m)
        s, bias = ACTIVATIONS.get(activation, activation), bool(i % 3)
        k = OneHiddenLayer(ShallowNet(1, X, y, s)).dimension + 1 - bias + int(rng.integers(0, 2))
        net = ShallowNet(k, X, y, s, output_bias=bias)
        a, b = rational(rng.integers(-2, 3, (2, net.dim)))
        path = connecting_path(net, a, b)
        assert (path.start == a).all() and (path.end == b).all()
        top = max(float(x) for x in net.loss(to_float(np.stack([a, b]))))
        assert float(flint().arb(path.barrier).mid()) <= top + rounding(float, 100, 1 + top)


def test_a_permutation_at_constant_loss():
    """Two global minima that differ by the order of the neurons are joined at loss 0."""
    net = ShallowNet(3, [[0, 1, 2]], [0, 1, 0], "relu")
    a = rational([1, 1, 1, 0, -1, 5, 1, -2, 0, 0])
    b = net.pack([[1], [1], [1]], [5, 0, -1], [0, 1, -2], 0)
    path = connecting_path(net, a, b)
    assert net.loss(a) == net.loss(b) == path.barrier == 0


def test_an_end_that_already_has_the_target_outputs_is_reached_exactly():
    """1/3 is no binary fraction: what is given must not be rounded."""
    net = ShallowNet(2, [[1]], [1], "tanh")
    a, b = rational([1, 0, 1, 2, 1, 0, 3]), rational([0, 0, 0, 0, "1/3", "1/3", 1])
    path = connecting_path(net, a, b)
    assert (path.start == a).all() and (path.end == b).all()


def test_paths_to_the_constants():
    theta = rational([-1, 0, -2, 2])
    net = ShallowNet(1, [[-1, 0, 1]], [0, 3, 1], "relu")
    path = path_to_constants(net, theta)
    assert list(path.losses([0, 1, 2])) == [q(2, 3), q(14, 9), q(14, 9)] and path.barrier == q(14, 9)
    assert path.falls is False and path.rise > 0 and is_zero(path.end[:3]).all()
    assert path_to_constants(net, theta, 1).losses([2])[0] == q(5, 3)


# -- below the threshold -----------------------------------------------------------------------------------------------


def test_orthants_agree_with_the_profile_of_a_single_neuron():
    rng = np.random.default_rng(7)
    for _ in range(20):
        x, y = (tuple(int(v) for v in rng.integers(-3, 4, 4)) for _ in range(2))
        landscape = line_landscape(x, y)
        for signs in product((1, -1), repeat=2):
            values = [f.value for f in landscape.floors if (f.sign_a, f.sign_w) == signs]
            assert q(*least_in_orthant(x, y, (signs,)).as_integer_ratio()) == min([landscape.best_constant, *values])


def test_two_neurons_below_the_threshold():
    x, y = (0, 1, 2, 3), (0, 3, 1, 1)
    net = Net("relu", 2, (x,), y, (1, 1, 0, -1, Fraction(8, 3), Fraction(-11, 3), 0))
    signs = ((1, 1), (-1, 1))
    assert least_in_orthant(x, y, signs) == Fraction(1, 6) and leaving_cost(x, y, signs) == Fraction(25, 22)
    assert trapped(net) and net.net().loss(rational(net.theta)) == q(1, 6)
    assert net.net().loss(rational([-1, -1, 2, 1, 2, -5, 1])) == 0
    other = Net("relu", 2, (x,), y, (-1, -1, 2, 1, 2, -5, 1))
    assert not trapped(other) and apart(net, other.theta)
    with pytest.raises(ValueError, match=r"at least D\+ - 1 = 3"):
        descending_path(net.net(), net.theta)


def test_what_leaves_the_orthant_costs_what_was_proved():
    """Random nets of one neuron with w > 0: none is better than the bound 25/22 of leaving."""
    rng = np.random.default_rng(8)
    net = ShallowNet(1, [[0.0, 1, 2, 3]], [0.0, 3, 1, 1], "relu")
    t, s, c = rng.uniform(-3, 3, 20000), rng.uniform(-4, 4, 20000), rng.uniform(-2, 4, 20000)
    assert net.loss(np.stack([np.ones_like(t), -t, s, c], axis=-1)).min() >= 25 / 22


# -- refusals ----------------------------------------------------------------------------------------------------------


def flat(u, order=0):
    return (0 * u + 1, 0 * u, 0 * u)[: order + 1]


CUBIC = ShallowNet(3, [[0, 1, 2, 3, 4]], [0, 1, 0, 1, 5], ACTIVATIONS["cube"])


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: descending_path(DEAD, [np.nan] * 10), ValueError, "finite"),
        (lambda: descending_path(DEAD, [DEAD_THETA] * 2), ValueError, "one theta"),
        (lambda: descending_path(DEAD, [0] * 9), ValueError, "10 parameters"),
        (lambda: descending_path(DEAD, ball(DEAD_THETA)), NotExact, "midpoints"),
        (lambda: descending_path(DEAD, symbols(theta=10)), NotExact, "symbolic"),
        (lambda: descending_path(DEAD, DEAD_THETA, [0, 1]), ValueError, "shape"),
        (lambda: descending_path(DEAD, DEAD_THETA, [0, np.inf, 1]), ValueError, "finite"),
        (lambda: descending_path(DEAD, DEAD_THETA, [5, 5, 5]), ValueError, "loss falls"),
        (lambda: ShallowNet(0, [[0]], [0], "relu"), ValueError, "width"),
        (lambda: ShallowNet(1, np.empty((1, 0)), [], "relu"), ValueError, "at least one entry"),
        (
            lambda: descending_path(ShallowNet(2, [[0, 1, 2, 3]], [0, 3, 1, 1], "relu"), [0] * 7),
            ValueError,
            r"D\+ - 1 = 3",
        ),
        (
            lambda: connecting_path(ShallowNet(1, [[0, 1]], [0, 1], "relu"), [0] * 4, [0] * 4),
            ValueError,
            r"D\+ = 2",
        ),
        (lambda: descending_path(CUBIC, [0] * 10, [0, 1, 0, 1, 5]), ValueError, "dimension 4 on 5 samples"),
        (
            lambda: descending_path(ShallowNet(2, [[1, 1]], [0, 1], "relu"), [0] * 7, [0, 1]),
            ValueError,
            "repeated inputs need equal outputs",
        ),
        (
            lambda: descending_path(ShallowNet(2, [[0, 1]], [0, 1], Activation("flat", flat)), [0] * 7),
            Degenerate,
            "state its degree",
        ),
        (
            lambda: path_to_constants(ShallowNet(1, [[0]], [0], "relu", output_bias=False), [0] * 3),
            ValueError,
            "output bias",
        ),
        (
            lambda: path_to_constants(ShallowNet(1, [[0]], [0], "relu", loss="absolute"), [0] * 4),
            ValueError,
            "needs a constant",
        ),
        (lambda: path_to_constants(DEAD, DEAD_THETA, [1, 2]), ValueError, "1 entries"),
        (lambda: descending_path(3, [0]), TypeError, "ShallowNet"),
    ],
)
def test_refusals_are_one_line(call, error, says):
    with pytest.raises(error, match=says) as caught:
        call()
    assert "\n" not in str(caught.value)


class Steep(Squared):
    """Says of itself that it is not convex."""

    convex = False


def test_a_loss_that_is_not_convex_is_refused():
    net = ShallowNet(3, [[0, 1, 2]], [0, 1, 2], "relu", loss=Steep())
    with pytest.raises(ValueError, match="convex"):
        descending_path(net, DEAD_THETA)


def test_contradictory_duplicates_end_at_their_mean():
    net = ShallowNet(1, [[1, 1]], [0, 1], "relu")
    path = descending_path(net, [1, 0, 2, 0])
    assert path.losses([len(path)])[0] == q(1, 4) and list(net.outputs(path.end)) == [q(1, 2)] * 2


# -- the figure --------------------------------------------------------------------------------------------------------


def test_the_figure_shows_the_jump_and_the_descent():
    data = fig_corrected_path.data()
    assert data.printed.ranks == (1,) * 5 and data.corrected.ranks == (1, 1, 2, 2, 3, 3)
    ends = [(a.end, b.start) for (_, a), (_, b) in pairwise(data.printed.pieces)]
    assert all((p != r).any() for p, r in ends)
    assert {loss for _, path in data.printed.pieces for loss in path.losses(range(len(path) + 1))} == {q(2, 3)}
    (_, whole), *rest = data.corrected.pieces
    assert not rest and whole.falls is True and whole.losses([len(whole)])[0] == 0


@pytest.mark.parametrize(
    ("activation", "X", "theta"),
    [
        ("tanh", [[-1, 0, 2]], [2, 1, -1, -1, -1, -1, 1]),
        ("logistic", [[-1, 2, 0]], [-1, 2, 1, -1, 1, 2, 0]),
        ("tanh", [[0, 1, 2]], [50, 51, 1, 2, 1, 1, 0]),
    ],
)
def test_features_that_an_addition_theorem_makes_dependent_count_as_dependent(activation, X, theta):
    """Their computed determinant is tiny but not 0: weights that divide by it would leave the accuracy behind."""
    path = descending_path(ShallowNet(2, X, [2, 2, 0], activation), theta)
    assert path.ranks()[0] == 2
    assert path.rise < float(SMALL)


def test_two_nets_with_features_that_an_addition_theorem_makes_dependent_are_connected():
    net = ShallowNet(3, [[2, 0, -1]], [1, 2, 2], "logistic")
    a, b = rational([[-1, 2, -1, 1, -1, -1, -1, 2, 1, -1], [1, 2, 0, 0, -1, 0, 2, 1, 2, -1]])
    path = connecting_path(net, a, b)
    with precision(192):
        assert path.barrier < max(OneHiddenLayer(net).loss_at(p) for p in (a, b)) + flint().arb(float(SMALL))


def test_paths_of_two_nets_are_not_joined():
    path = descending_path(DEAD, DEAD_THETA)
    with pytest.raises(ValueError, match="two paths of one net"):
        path + descending_path(ShallowNet(3, [[0, 1, 2]], [0, 1, 3], "relu"), DEAD_THETA)
    with pytest.raises(TypeError):
        path + 3


def test_nearly_dependent_features():
    """Two features that differ by about 2^-40 are independent."""
    net, tiny = ShallowNet(2, [[1, 2, 3]], [0, 1, 0], "tanh"), Fraction(1, 2**40)
    path = descending_path(net, [tiny, tiny / 2, 0, 0, 1, 1, 0])
    assert path.ranks() == (3, 3) and path.rise < float(SMALL)


# --- exact inputs of any size ---

HUGE, TINY = Fraction(10) ** 400, Fraction(1, 10**400)


@pytest.mark.parametrize(
    ("of_x", "of_y", "of_theta"), [(HUGE, 1, 1), (TINY, 1, 1), (1, HUGE, TINY), (TINY, TINY, HUGE)]
)
@pytest.mark.parametrize("activation", ["relu", "square"])
def test_numbers_that_no_float_holds(activation, of_x, of_y, of_theta):
    """Down, across and to the constants, with the losses at vertices and middles from literal sums."""
    rng = np.random.default_rng(0)
    X, y = [[v * of_x for v in (0, 1, 3, -2)]], [v * of_y for v in (1, 2, 0, 5)]
    net = ShallowNet(6, X, y, activation)
    a, b = (rational([int(v) * of_theta for v in rng.integers(-3, 4, net.dim)]) for _ in range(2))

    def literal(theta):
        w, c = theta[:-1].reshape(3, 6), theta[-1]
        u = [w[0] * rational([x])[0] + w[1] for x in X[0]]
        s = [v * v if activation == "square" else np.array([max(p, 0 * p) for p in v], object) for v in u]
        return sum((w[2] @ v + c - t) ** 2 for v, t in zip(s, rational(y), strict=True)) / 4

    end = 0 if activation == "relu" else literal(descending_path(net, a).end)
    for path in (descending_path(net, a), connecting_path(net, a, b), path_to_constants(net, a)):
        times = rational(range(2 * len(path) + 1)) / 2
        values = [literal(path(t)) for t in times]
        assert (path.losses(times) == values).all() and max(values) <= path.barrier
    assert descending_path(net, a).falls and literal(descending_path(net, a).end) == end
    assert connecting_path(net, a, b).barrier <= max(literal(a), literal(b))


def test_activations_that_overflow_their_balls_are_refused_in_words():
    net = ShallowNet(3, [[0, 1]], [0, 1], "logistic")
    with pytest.raises(Undecided, match="features: need activations that balls enclose"):
        descending_path(net, rational([HUGE, -HUGE, HUGE, *[0] * 3, *[1] * 4]))


@pytest.mark.parametrize("activation", LITERAL)
def test_the_literal_dimension_of_any_inputs(activation):
    """Also of large, close and fractional inputs: all their number, or as many monomials as there are."""
    rng = np.random.default_rng(0)
    for d, m in product((1, 2), (1, 2, 5, 9)):
        X = tuple(tuple(Fraction(int(v), 7) for v in row) for row in rng.integers(-90, 91, (d, m)))
        case, r = Net(activation, 1, X, (0,) * m, ()), DEGREES.get(activation)
        monomials = m if r is None else (r + 1) * (r + 2) ** (d - 1) // d
        assert literal_dimension(case) == min(case.distinct, monomials)
    with pytest.raises(ValueError, match="needs one or two inputs, got 3"):
        literal_dimension(Net(activation, 1, ((1,),) * 3, (0,), ()))
