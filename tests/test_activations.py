"""Every activation and its derivatives against SymPy's own derivatives, in balls and in floats."""

import copy
import pickle
from fractions import Fraction

import numpy as np
import pytest
import sympy

from theory.activations import ACTIVATIONS, RELU, Activation, named
from theory.arithmetic import arithmetic_of, ball, flint, precision, rational, symbols, to_float
from theory.calculus.tolerance import rounding
from theory.errors import NotExact, Undecided, UnknownName

u = sympy.Symbol("u", real=True)
FORMULA = {
    "tanh": sympy.tanh(u),
    "logistic": 1 / (1 + sympy.exp(-u)),
    "softplus": sympy.log(1 + sympy.exp(u)),
    "erf": sympy.erf(u),
    "relu": sympy.Piecewise((u, u > 0), (0, True)),
    "square": u**2,
    "identity": u,
}
POINTS = [Fraction(p, q) for p, q in [(-7, 2), (-1, 1), (-1, 3), (1, 5), (2, 3), (5, 2)]]
every = pytest.mark.parametrize("name", FORMULA)


def derivative(name, order, point):
    """SymPy's derivative at a rational point, to 60 digits, as a ball of that width."""
    value = sympy.diff(FORMULA[name], u, order).subs(u, sympy.Rational(point)).evalf(70)
    return flint().arb(str(value)) + flint().arb(0, "1e-60")


def test_every_activation_is_compared():
    assert FORMULA.keys() == ACTIVATIONS.keys()


@every
def test_balls_enclose_the_derivatives(name):
    with precision(128):
        jets = ACTIVATIONS[name].jet(ball(POINTS), 2)
        assert all(arithmetic_of(jet) == arithmetic_of(ball(POINTS)) for jet in jets)
    with precision(256):
        for order, jet in enumerate(jets):
            for point, value in zip(POINTS, jet, strict=True):
                assert value.overlaps(derivative(name, order, point)), (order, point)
                assert value.rad() < flint().arb((1, -120)), "the enclosure has been lost"


@every
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_agree_and_keep_their_precision(name, dtype):
    points = np.array([float(p) for p in POINTS], dtype)
    exact = ACTIVATIONS[name].jet(ball(points.astype(float)), 2)
    for jet, enclosure in zip(ACTIVATIONS[name].jet(points, 2), exact, strict=True):
        scale = 1 + points.astype(float) ** 2
        assert jet.dtype == dtype
        assert (abs(jet - [float(x.mid()) for x in enclosure]) <= rounding(dtype, 8, scale)).all()


@every
def test_lower_orders_are_a_prefix(name):
    points = np.array([-1.5, 0.0, 2.0])
    jets = ACTIVATIONS[name].jet(points, 2)
    for order in range(3):
        shorter = ACTIVATIONS[name].jet(points, order)
        assert len(shorter) == order + 1 and all((a == b).all() for a, b in zip(shorter, jets, strict=False))
    assert (ACTIVATIONS[name](points) == jets[0]).all()


@every
def test_complex_points_pass_where_the_activation_is_analytic(name):
    activation, h = ACTIVATIONS[name], np.finfo(float).tiny
    points = np.array([-800.0, -1.5, 0.25, 2.0, 800.0])
    value = activation(points + 1j * h)
    assert value.dtype == complex
    if activation.analytic:  # the complex step: the derivative without cancellation
        slope = activation.jet(points, 1)[1]
        assert (abs(value.imag / h - slope) <= rounding(float, 8, 1 + abs(slope))).all()
        assert (abs(value.real - activation(points)) <= rounding(float, 8, 1 + abs(value.real))).all()


@every
def test_rationals_stay_rational_or_are_refused(name):
    points = rational(POINTS)
    if ACTIVATIONS[name].degree or name == "relu":
        for order, jet in enumerate(ACTIVATIONS[name].jet(points, 2)):
            want = [sympy.diff(FORMULA[name], u, order).subs(u, sympy.Rational(p)) for p in POINTS]
            assert (jet == rational(want)).all() and {type(x) for x in jet} == {flint().fmpq}
    else:
        with pytest.raises(NotExact, match="ball"):
            ACTIVATIONS[name].jet(points, 2)


@pytest.mark.parametrize("name", sorted(FORMULA.keys() - {"relu"}))
def test_expressions_give_the_derivatives_themselves(name):
    for order, jet in enumerate(ACTIVATIONS[name].jet(np.array([u], object), 2)):
        assert sympy.simplify(jet[0] - sympy.diff(FORMULA[name], u, order)) == 0


@pytest.mark.parametrize("name", ["tanh", "logistic", "softplus", "erf"])
def test_transcendental_functions_leave_no_polynomial_ring(name):
    with pytest.raises(NotExact, match="symbolic"):
        ACTIVATIONS[name](symbols(x=1))


@every
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_arguments_neither_overflow_nor_lose_the_value(name, dtype):
    # pytest turns warnings into errors
    points = np.array([-800, 800], dtype)
    value = ACTIVATIONS[name].jet(points, 2)
    limits = {
        "tanh": ([-1, 1], [0, 0]), "logistic": ([0, 1], [0, 0]), "softplus": ([0, 800], [0, 1]),
        "erf": ([-1, 1], [0, 0]), "relu": ([0, 800], [0, 1]),
        "square": ([640000, 640000], [-1600, 1600]), "identity": ([-800, 800], [1, 1]),
    }  # fmt: skip
    for jet, limit in zip(value, limits[name], strict=False):
        assert jet.tolist() == limit


def test_softplus_keeps_relative_accuracy_where_it_is_tiny():
    points = np.array([-700.0, -40.0, -5.0])
    tiny = ACTIVATIONS["softplus"](points)
    with precision(2048):  # exp(-700) is far below the last bit of 1 at the usual precision
        exact = np.array([float(x.mid()) for x in ACTIVATIONS["softplus"](ball(points))])
    assert (abs(tiny - exact) <= rounding(float, 2, abs(points) * exact)).all()


@pytest.mark.parametrize("name", ["tanh", "logistic", "softplus"])
def test_derivatives_keep_relative_accuracy_in_the_tails(name):
    """exp(-2 |u|) and exp(-|u|) are computed as such, not as what is left of 1 - t^2 or s - s^2."""
    for points in np.array([-700.0, -350, -40, -20, -3]), np.array([3.0, 20, 40, 350]):
        jets = ACTIVATIONS[name].jet(points, 2)
        with precision(2048):
            exact = [to_float(e) for e in ACTIVATIONS[name].jet(ball(points), 2)]
        for order in (1, 2):
            slack = np.finfo(float).tiny  # of denormal numbers
            assert (abs(jets[order] - exact[order]) <= rounding(float, 6, abs(exact[order])) + slack).all(), order


def test_the_logistic_function_keeps_relative_accuracy_where_it_is_tiny():
    points = np.array([-700.0, -40, -20, -5])
    with precision(128):
        exact = to_float(ACTIVATIONS["logistic"](ball(points)))
    assert (abs(ACTIVATIONS["logistic"](points) - exact) <= rounding(float, 4, exact)).all()


def test_balls_of_tiny_slopes_stay_tight():
    with precision(128):
        for name in ("tanh", "logistic"):
            slope = ACTIVATIONS[name].jet(ball([100]), 1)[1][0]
            assert slope > 0 and slope.rad() < slope * flint().arb((1, -110))


@every
def test_the_traits_are_true(name):
    activation = ACTIVATIONS[name]
    f = FORMULA[name]
    points = [sympy.Rational(p) for p in POINTS]
    odd = all(sympy.simplify(f.subs(u, p) + f.subs(u, -p)) == 0 for p in points)
    homogeneous = all(sympy.simplify(f.subs(u, 2 * p) - 2 * f.subs(u, p)) == 0 for p in points)
    assert (activation.odd, activation.homogeneous) == (odd, homogeneous)
    assert activation.degree == (sympy.degree(f, u) if f.is_polynomial(u) else None)
    assert activation.smooth == activation.analytic == (not f.has(sympy.Piecewise))


# --- the kink of ReLU -------------------------------------------------------------------------------------------------


def test_a_ball_that_meets_the_kink_is_undecided():
    with precision():
        for centre, radius in [(0, 1), ("1/8", "1/8"), ("-1/8", 1)]:
            met = ball([centre]) + flint().arb(0, 1) * ball([radius])[0]
            with pytest.raises(Undecided):
                RELU.jet(met, 1)
        assert RELU(ball([1]) + flint().arb(0, "0.5"))[0].overlaps(flint().arb(1))


def test_the_kink_itself_is_inactive_in_every_arithmetic():
    with precision():
        for zero in (np.zeros(1), rational([0]), ball([0])):
            assert all((jet == 0).all() for jet in RELU.jet(zero, 2))


def test_dead_units_leave_no_python_numbers():
    for entries, kind in ((rational([-1, -2]), flint().fmpq), (ball([-1, -2]), flint().arb)):
        for jet in RELU.jet(entries, 2):
            assert {type(x) for x in jet} == {kind} and (jet == 0).all()


def test_relu_of_a_symbol_is_undecided():
    with pytest.raises(Undecided):
        RELU(symbols(x=1))


# --- names -----------------------------------------------------------------------------------------------------------


def test_names_find_activations_and_a_users_own_passes():
    own = Activation("cube", lambda a, order: (a**3, 3 * a**2, 6 * a)[: order + 1])
    assert named("tanh") is ACTIVATIONS["tanh"] and named(own) is own
    assert own(np.array([2.0])) == 8
    for unknown in ("sigmoid", None, []):
        with pytest.raises(UnknownName, match="tanh"):
            named(unknown)


def cube(a, order):
    return (a**3, 3 * a**2, 6 * a)[: order + 1]


@pytest.mark.parametrize("name", ["tanh", "cube"])
def test_a_users_activation_stays_itself_whatever_its_name(name):
    own = Activation(name, cube, degree=3, odd=True)
    for other in (pickle.loads(pickle.dumps(own)), copy.deepcopy(own)):
        assert other == own and other(np.array([2.0])) == 8


@every
def test_activations_pickle_by_name(name):
    assert pickle.loads(pickle.dumps(ACTIVATIONS[name])) is ACTIVATIONS[name]
