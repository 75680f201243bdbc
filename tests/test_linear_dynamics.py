"""Conservation, end-to-end flow and modes of deep linear nets: shipped functions against ODEs, quadrature and balls."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from theory.arithmetic import (
    BALL,
    Arithmetic,
    arithmetic_of,
    ball,
    flint,
    is_zero,
    precision,
    rational,
    symbols,
    to_float,
)
from theory.calculus.tolerance import rounding
from theory.claims.linear_modes import Modes
from theory.dynamics.conservation import (
    balanced_velocity,
    drift,
    end_to_end_velocity,
    gradient_of_product,
    imbalance,
)
from theory.dynamics.decayed_modes import decay_threshold, steady_states
from theory.dynamics.flow import gradient_descent, gradient_flow
from theory.dynamics.modes import mode_velocity, passage_time, two_layer_mode, two_layer_passage_time
from theory.errors import NotExact, Undecided
from theory.losses import Weighted
from theory.models import DeepLinearNet, LinearResNet, Quadratic

# DOP853 at rtol = atol = 1e-12: a thousand steps of that error, which converging flows do not amplify.
ODE = 1000 * 2.0**-40


def a_net(widths=(2, 3, 2), m=3, seed=0, **options):
    rng = np.random.default_rng(seed)
    X, Y = rng.integers(-2, 3, (widths[0], m)), rng.integers(-2, 3, (widths[-1], m))
    return DeepLinearNet(widths, X, Y, **options)


def weights(net, batch=(), seed=0):
    return np.random.default_rng(seed).integers(-2, 3, (*batch, net.dim))


# --- imbalance and drift ---------------------------------------------------------------------------------------------


def test_imbalance_is_batched_in_every_arithmetic():
    net = a_net((2, 3, 1, 2))
    theta = weights(net, (4, 2))
    exact = imbalance(net, rational(theta))
    assert [D.shape for D in exact] == [(4, 2, 3, 3), (4, 2, 1, 1)]
    assert all((D[3, 1] == E).all() for D, E in zip(exact, imbalance(net, rational(theta[3, 1])), strict=True))
    assert all((to_float(D) == E).all() for D, E in zip(exact, imbalance(net, theta.astype(float)), strict=True))
    with precision():
        assert all(arithmetic_of(D).name == BALL for D in imbalance(net, ball(rational(theta))))
    (D,) = imbalance(DeepLinearNet((1, 1, 1), [[1]], [[1]]), symbols(w=2))
    assert str(D[0, 0]) == "-w0**2 + w1**2"
    assert imbalance(a_net((2, 2)), [1, 2, 3, 4]) == ()


@pytest.mark.parametrize("loss", ["squared", "absolute", Weighted([[1], [3]])], ids=["squared", "absolute", "weighted"])
def test_drift_is_exact_for_a_batch(loss):
    net = a_net((2, 3, 2, 2), loss=loss)
    theta = rational(weights(net, (5,)))
    before, after = gradient_descent(net, theta, "2/7", 1)
    for a, b, change in zip(imbalance(net, after), imbalance(net, before), drift(net, theta, "2/7"), strict=True):
        assert (a - b == change).all() and not is_zero(change).all()


def test_descent_conserves_better_with_smaller_steps():
    """Over a fixed time the imbalance moves in proportion to eta."""
    net, theta = a_net(), 0.3 * weights(a_net(), seed=3)
    (D,) = imbalance(net, theta)
    slow, fast = (gradient_descent(net, theta, eta, round(0.04 / eta))[-1] for eta in (2e-5, 2e-3))
    moved = [abs(imbalance(net, end)[0] - D).max() for end in (slow, fast)]
    assert 0 < moved[0] < moved[1] / 50


@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_flow_conserves_the_imbalance(loss):
    signs = np.array([[1.0, -1.0, 1.0], [-1.0, -1.0, 1.0]])
    net = DeepLinearNet((2, 3, 2, 2), np.array([[1.0, 0.0, 2.0], [0.5, 1.0, 1.0]]), signs, loss)
    theta = np.random.default_rng(1).standard_normal((3, net.dim)) / 2
    path = gradient_flow(net, theta, [0.0, 0.3, 2.0])
    assert path.shape == (3, 3, net.dim) and (net.loss(path)[2] < net.loss(path)[0]).all()
    for D in imbalance(net, path):
        assert abs(D - D[0]).max() <= ODE


def test_weight_decay_shrinks_the_imbalance_exponentially():
    net, lam, t = a_net(), 0.25, np.array([0.0, 0.5, 2.0])
    path = gradient_flow(net, 0.3 * weights(net, seed=2), t, decay=lam)
    (D,) = imbalance(net, path)
    assert abs(D - np.exp(-4 * lam * t)[:, None, None] * D[0]).max() <= ODE


def test_only_functions_of_the_product_are_accepted():
    for function in (imbalance, end_to_end_velocity, lambda model, theta: drift(model, theta, 1)):
        with pytest.raises(TypeError, match=r"needs a DeepLinearNet, got LinearResNet; .* model.net"):
            function(LinearResNet(2, [[1]], [[1]]), [1, 1])
    net = a_net((1, 1, 1))
    with pytest.raises(ValueError, match="eta must be a number"):
        drift(net, [1, 2], [1, 2])
    with pytest.raises(NotExact, match="float data cannot become rational"):
        drift(net, [1, 2], 0.1)


# --- the product -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["squared", Weighted([[1], [3]])], ids=["squared", "weighted"])
def test_end_to_end_velocity_is_the_product_rule(loss):
    net = a_net((2, 3, 1, 2), loss=loss)
    theta = rational(weights(net, (4,)))
    W, G = net.unpack(theta), net.unpack(net.gradient(theta))
    (W1, W2, W3), (G1, G2, G3) = W, G
    assert (end_to_end_velocity(net, theta) == -(G3 @ W2 @ W1 + W3 @ G2 @ W1 + W3 @ W2 @ G1)).all()
    assert (abs(end_to_end_velocity(net, to_float(theta)) - to_float(end_to_end_velocity(net, theta))) < ODE).all()


@pytest.mark.parametrize("widths", [(2, 2), (2, 3, 2), (3, 1, 2), (2, 3, 2, 3), (2, 2, 2, 2, 2)], ids=str)
def test_balanced_velocity_agrees_with_the_layers_in_floats(widths):
    k = min(widths)
    case = Modes(widths, ((1, "3/2", 2)[:k],) * (len(widths) - 1), (2, 1, 3)[: min(widths[0], widths[-1])], (1, 2, -1))
    W = np.asarray(case.net.pack(*case.layers))
    R, M = case.net.product(W), gradient_of_product(case.net, case.net.product(W))
    want = to_float(end_to_end_velocity(case.net, W))
    batch = np.stack([to_float(R)] * 2), np.stack([to_float(M)] * 2)
    got = balanced_velocity(*batch, case.depth)
    assert got.shape == (2, *want.shape)
    assert abs(got - want).max() <= rounding(float, 200, 1 + abs(want).max())


def test_balanced_velocity_refuses_what_has_no_fractional_powers():
    with pytest.raises(TypeError, match="balanced_velocity: R must be floats, got rational"):
        balanced_velocity([[1]], [[1.0]], 2)
    with pytest.raises(ValueError, match="one shape"):
        balanced_velocity(np.ones((2, 2)), np.ones((2, 3)), 2)
    with pytest.raises(ValueError, match="depth"):
        balanced_velocity(np.ones((2, 2)), np.ones((2, 2)), 0)


# --- modes: the full matrix flow as a second opinion -----------------------------------------------------------------


def spectrum(case, theta):
    """Q_H^T R Q_0 along a path of weights."""
    return to_float(case.frames[-1]).T @ case.net.product(theta) @ to_float(case.frames[0])


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_the_matrix_flow_learns_modes_at_the_passage_times(depth):
    start = ("1/2", "3/4")
    case = Modes((2,) * (depth + 1), (start,) * depth, (3, 2), (1, "1/2", "1/3", 2))
    u0 = np.array([0.5, 0.75]) ** depth
    u1 = np.array([2.5, 1.75])
    times = passage_time(np.array([3.0, 2.0]), u0, u1, depth)
    path = gradient_flow(case.net, to_float(case.net.pack(*case.layers)), times)
    K = spectrum(case, path)
    off = K[:, ~np.eye(2, dtype=bool)]
    assert abs(off).max() <= ODE
    assert abs(np.diagonal(K, axis1=-2, axis2=-1).diagonal() - u1).max() <= ODE


@pytest.mark.parametrize("rows", [((1, "1/2"), (1, "1/2")), ((2, "1/2"), ("1/2", -1)), ((-1, 1), (1, 0))])
def test_the_matrix_flow_of_two_layers_is_the_closed_form(rows):
    case = Modes((2, 3, 2), rows, (3, 1), (1, "1/2", "1/3"))
    t = np.array([0.0, 0.05, 0.2, 1.0])
    first, last = (to_float(rational(w)) for w in rows)
    u = two_layer_mode(t[:, None], np.array([3.0, 1.0]), first * last, last**2 - first**2)
    K = spectrum(case, gradient_flow(case.net, to_float(case.net.pack(*case.layers)), t))
    assert abs(K - u[:, :, None] * np.eye(2)).max() <= ODE


def test_weight_decay_of_two_layers_lowers_the_target():
    case, t = Modes((1, 1, 1), (("1/2",), ("1/2",)), (2,)), np.array([0.0, 0.3, 1.5])
    for lam in (0.5, 3.0):
        path = gradient_flow(case.net, np.array([0.5, 0.5]), t, decay=lam)
        assert abs(case.net.product(path)[:, 0, 0] - two_layer_mode(t, 2 - lam, 0.25)).max() <= ODE


@pytest.mark.parametrize("drop", [{"tilt": 1}, {"shear": 1}])
def test_modes_couple_without_alignment_or_whitening(drop):
    case = Modes((2, 2, 2), ((1, 2), (1, 2)), (3, 1), **drop)
    off = case.velocity()[~np.eye(2, dtype=bool)]
    assert not is_zero(off).any()


# --- modes: closed forms ---------------------------------------------------------------------------------------------

# From 0.001 to 0.999 with s = 1; H = 2, ..., 5.
PASSAGES = ["3.45337738932427675928", "5.77207231907112532356", "8.68435440719090546742", "11.2225429433721618828"]


def test_every_digit_of_the_passage_times():
    for H, digits in enumerate(PASSAGES, 2):
        with precision(160):
            t = passage_time(1, "1/1000", "999/1000", H)
            half = flint().fmpq(1, 2 * 10 ** -Decimal(digits).as_tuple().exponent)
            assert abs(t - rational([Fraction(digits)])[0]) <= half
        assert abs(passage_time(1.0, 0.001, 0.999, H) - float(digits)) <= rounding(float, 20 * H, 40)


def test_four_layers_have_the_elementary_form():
    """(1/4) [-1/(s v) + log((sqrt s + v)/(sqrt s - v)) / (2 s^{3/2})] with v = sqrt u."""
    with precision():
        s, u0, u1 = ball(["3/2", "1/50", "7/5"])
        root = s.sqrt()

        def form(u):
            v = u.sqrt()
            return (-1 / (s * v) + ((root + v) / (root - v)).log() / (2 * s * root)) / 4

        t = passage_time(s, u0, u1, 4)
        assert t.overlaps(form(u1) - form(u0)) and t.rel_accuracy_bits() > 100


@pytest.mark.parametrize("depth", [1, 2, 3, 5])
def test_passage_time_integrates_the_velocity(depth):
    from scipy.integrate import quad

    s, u0, u1 = 2.0, 0.05, 1.9
    area, error = quad(lambda u: 1 / mode_velocity(u, s, depth), u0, u1)
    assert abs(area - passage_time(s, u0, u1, depth)) <= error + rounding(float, 100, area)


def test_floats_stay_near_balls_where_digits_could_cancel():
    near = np.array([1e-12, 0.3, 1 - 2.0**-40])
    for H in range(1, 6):
        got = passage_time(1.0, 1e-12, near, H)
        with precision():
            want = to_float(passage_time(1, ball([1e-12])[0], ball(near), H))
        assert got[0] == 0
        assert (abs(got - want) <= rounding(float, 40, 1 + abs(want))).all()
    for s, u0, c in ((1.0, 1e-10, 0.0), (-1.0, 1.0, 0.0), (1.0, -2.0, 1e-3), (2.0, 5.0, -3.0), (0.0, 1.0, 1.0)):
        t = np.array([0.0, 0.1, 3.0, 40.0])
        got = two_layer_mode(t, s, u0, c)
        with precision(256):
            want = to_float(two_layer_mode(ball(t), *ball([s, u0, c])))
        assert (abs(got - want) <= rounding(float, 400, abs(want) + abs(c))).all()


def test_long_times_end_at_the_target_and_short_ones_at_the_start():
    t = np.array([0.0, 1e6])
    assert two_layer_mode(t, 2.0, 1e-30)[1] == 2
    assert (abs(two_layer_mode(t, 2.0, -0.5, 0.25) - [-0.5, 2]) <= rounding(float, 20, 2)).all()
    assert two_layer_mode(t, -2.0, 0.5)[1] == 0 and (two_layer_mode(t, 2.0, 2.0) == 2).all()
    assert two_layer_mode(t, 2.0, -0.5).tolist() == [-0.5, 0] and (two_layer_mode(t, 2.0, 0.0) == 0).all()
    below = two_layer_mode([0, 1000], 2, "-1/3")
    assert below[0].contains(flint().fmpq(-1, 3)) and below[1] < 0


def test_two_layer_times_invert_the_curve_and_meet_the_general_ones():
    with precision():
        for u0, c in ((Fraction(1, 10), 0), (Fraction(-1, 2), 1), (Fraction(1, 3), Fraction(-2, 3))):
            t = two_layer_passage_time(1, u0, "9/10", c)
            assert two_layer_mode(t, 1, u0, c).overlaps(ball(["9/10"])[0]) and t.rel_accuracy_bits() > 100
        assert two_layer_passage_time(1, "1/9", "1/2").overlaps(passage_time(1, "1/9", "1/2", 2))
    s, u = np.array([1.0, 2.0])[:, None], np.array([0.1, 0.4, 0.9])
    assert two_layer_passage_time(s, 0.1, u, 0.5).shape == passage_time(s, 0.1, u, 3).shape == (2, 3)


def test_saxe_normalisation():
    """Half the loss and time constant tau: s e^{2st/tau} / (e^{2st/tau} - 1 + s/u0), so our time is t / (2 tau)."""
    t, s, u0, tau = np.array([0.0, 0.7, 3.0]), 1.5, 0.01, 2.0
    E = np.exp(2 * s * t / tau)
    assert (abs(two_layer_mode(t / (2 * tau), s, u0) - s * E / (E - 1 + s / u0)) <= rounding(float, 60, s)).all()


def test_entries_say_how_exact_they_are():
    assert type(passage_time(1, "1/3", "1/2", 3)) is flint().arb
    assert type(passage_time(1, 0.3, 0.5, 3)) is np.float64
    assert passage_time(np.float32(1), np.float32(0.25), np.float32(0.5), 3).dtype == np.float32
    assert arithmetic_of(two_layer_mode(["1/2", 1], 1, "1/3")).name == BALL
    assert arithmetic_of(np.array([mode_velocity("1/2", 1, 3)])) == Arithmetic(BALL, flint().ctx.prec)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: passage_time(1, 0, "1/2", 2), "passage_time: needs u0 > 0, got u0 = 0"),
        (lambda: passage_time(1.0, -0.5, 0.5, 1), "needs u0 > 0, got u0 = -0.5"),
        (lambda: passage_time(1.0, 0.5, 1.0, 2), "needs u1 < s, got u1 = 1.0, s = 1.0"),
        (lambda: passage_time(1.0, [0.1, 0.5], [0.2, 0.4], 2), "needs u0 <= u1"),
        (lambda: passage_time(-1.0, 0.1, 0.2, 2), "needs s > 0, got s = -1.0"),
        (lambda: passage_time(1.0, 0.1, 0.2, 0), "depth must be an integer of at least 1, got 0"),
        (lambda: passage_time(1.0, 0.1, 0.2, 2.0), "depth must be an integer"),
        (lambda: passage_time(1.0, [0.1, 0.1], [0.2, 0.2, 0.2], 2), "batches that broadcast"),
        (lambda: passage_time(1.0, 0.1, float("nan"), 2), "entries must be finite"),
        (lambda: two_layer_mode(-1.0, 1.0, 0.5), "needs t >= 0"),
        (lambda: two_layer_mode(1.0, 0.0, 0.5), r"there u = u0 / \(1 \+ 4 \|u0\| t\)"),
        (lambda: two_layer_passage_time(1.0, 0.5, 0.4), "needs u0 <= u1"),
        (lambda: two_layer_passage_time(1.0, 0.5, 2.0, 1.0), "needs u1 < s"),
        (lambda: two_layer_passage_time(1.0, -0.5, 0.5), "needs u0 > 0 where c = 0, got u0 = -0.5, c = 0"),
        (lambda: decay_threshold(1.0, 1), "needs depth >= 2"),
        (lambda: decay_threshold(0, 3), "needs s > 0"),
        (lambda: steady_states(1, -1, 3), "needs decay >= 0"),
        (lambda: steady_states(0.0, 1, 3), "needs s > 0"),
        (lambda: steady_states([1, 2], 1, 3), "needs two numbers"),
    ],
)
def test_values_out_of_range_are_refused_in_words(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_what_is_no_number_is_refused():
    with pytest.raises(NotExact, match="passage_time: needs real numbers, got symbolic"):
        passage_time(symbols(s=1), 1, 1, 2)
    with pytest.raises(NotExact, match="got complex"):
        mode_velocity(1j, 1.0, 2)
    with precision():
        wide = flint().arb(0.1, 1)
        with pytest.raises(Undecided):
            passage_time(1, wide, "1/2", 2)
        with pytest.raises(NotExact, match="steady_states: needs rationals or floats, got ball"):
            steady_states(1, wide, 3)


# --- weight decay ----------------------------------------------------------------------------------------------------


def test_the_threshold_separates_steady_states():
    with precision():
        assert decay_threshold(1, 3).overlaps(3 * ball([4])[0] ** flint().fmpq(-4, 3))
    assert decay_threshold(2.0, 2) == 2 and decay_threshold(np.ones((2, 3)), 5).shape == (2, 3)
    for H in (3, 4, 6):
        top = decay_threshold(1.5, H)
        counts = [len(steady_states(1.5, lam, H)) for lam in (0.0, 0.99 * top, 1.01 * top)]
        assert counts == [2, 3, 1]


def test_flows_end_at_the_outer_steady_states():
    """Three layers: what starts below the middle steady state decays to 0, what starts above it learns."""
    net = DeepLinearNet((1, 1, 1, 1), [[1.0]], [[1.0]])
    zero, low, high = steady_states(1.0, 0.3, 3)
    starts = np.cbrt(np.array([[0.9 * low] * 3, [1.1 * low] * 3]))
    ends = net.product(gradient_flow(net, starts, 60.0, decay=0.3))[:, 0, 0]
    assert zero == 0 and abs(ends - [0, high]).max() <= ODE
    assert abs(mode_velocity(np.array([zero, low, high]), 1.0, 3, 0.3)).max() <= rounding(float, 40)


def test_one_layer_rests_where_ridge_regression_does():
    assert steady_states(3, "1/2", 1)[0] == 2 and steady_states(3.0, 0.5, 1).tolist() == [2.0]
    assert mode_velocity(2.0, 3.0, 1, 0.5) == 0


# --- flow and descent ------------------------------------------------------------------------------------------------


def test_flow_keeps_shapes_and_any_order_of_times():
    net, theta = a_net(), 0.3 * weights(a_net(), (2, 3))
    path = gradient_flow(net, theta, [[1.0, 0.0], [0.5, 1.0]])
    assert path.shape == (2, 2, 2, 3, net.dim)
    assert (path[0, 1] == theta).all() and (path[0, 0] == path[1, 1]).all()
    assert gradient_flow(net, theta, 0).shape == theta.shape and (gradient_flow(net, theta, [0, 0]) == theta).all()
    alone = gradient_flow(net, theta[1, 2], "1/2")
    assert abs(alone - path[1, 0, 1, 2]).max() <= ODE


def test_descent_is_batched_exact_and_takes_a_rate_for_each_start():
    net, theta = a_net(), rational(weights(a_net(), (2,)))
    path = gradient_descent(net, theta, ["1/9", "1/7"], 2, decay="1/3")
    assert path.shape == (3, 2, net.dim) and (path[0] == theta).all()
    alone = theta[1]
    for _ in range(2):
        alone = alone - flint().fmpq(1, 7) * (net.gradient(alone) + flint().fmpq(2, 3) * alone)
    assert (path[2, 1] == alone).all()
    assert gradient_descent(net, theta, 1, 0).shape == (1, 2, net.dim)
    assert gradient_descent(net, weights(net).astype(np.float32), 0.01, 3).dtype == np.float32


def test_flow_and_descent_refuse_in_words():
    net, theta = a_net((1, 1, 1)), np.array([1.0, 2.0])
    falls = DeepLinearNet.of_product((1, 1, 1), lambda R: -(R[..., 0, 0] ** 2), lambda R: -2 * R, lambda R: 0 * R - 2)
    calls = [
        (lambda: gradient_flow(net, theta, -1.0), ValueError, "times of at least 0, got -1"),
        (lambda: gradient_flow(net, [1, 2], 1.0), TypeError, "needs real floats, got rational theta"),
        (lambda: gradient_flow(net, theta[:1], 1.0), ValueError, "needs 2 parameters"),
        (lambda: gradient_flow(object(), theta, 1.0), TypeError, "needs a model with dim and gradient, got object"),
        (lambda: gradient_flow(falls, theta, 9.0), ValueError, "needs a flow that exists up to t = 9"),
        (lambda: gradient_descent(net, theta, 0, 1), ValueError, "needs eta > 0, got 0"),
        (lambda: gradient_descent(net, theta, 1.0, -1), ValueError, "steps must be an integer of at least 0, got -1"),
        (lambda: gradient_descent(net, theta, [1.0, 2.0], 1), ValueError, "eta must be a number or have the batch"),
        (lambda: gradient_descent(net, [1, 2], 0.1, 1), NotExact, "float data cannot become rational"),
        (lambda: gradient_descent(falls, theta, 9.0, 99), ValueError, "stay finite, got infinity at step"),
    ]
    for call, error, says in calls:
        with pytest.raises(error, match=says):
            call()


def test_other_models_flow_as_well():
    bowl, t = Quadratic([[2, 0], [0, 3]]), np.array([0.0, 0.5, 2.0])
    path = gradient_flow(bowl, [1.0, -1.0], t)
    assert abs(path - [1, -1] * np.exp(-np.outer(t, [2, 3]))).max() <= ODE
    assert gradient_descent(bowl, [1, 1], "1/2", 1)[1].tolist() == rational([0, "-1/2"]).tolist()
    resnet = LinearResNet(2, [[1.0, 0.0], [0.0, 1.0]], [[2.0, 0.0], [0.0, 3.0]])
    assert resnet.loss(gradient_flow(resnet, np.zeros(8), 9.0)) <= ODE
