"""Every output loss against SymPy's derivatives, piece by piece where it has pieces."""

import pickle
from fractions import Fraction

import numpy as np
import pytest
import sympy

from theory.arithmetic import arithmetic_of, ball, flint, precision, rational, symbols, to_float
from theory.calculus.tolerance import rounding
from theory.errors import NotExact, Undecided, UnknownName
from theory.losses import LOSSES, Absolute, Huber, Logistic, Squared, Weighted, loss_named
from theory.models import DeepLinearNet, ShallowNet

f, y = sympy.symbols("f y", real=True)
DELTA = sympy.Rational(3, 2)
EXACT = {
    "squared": (Squared(), (f - y) ** 2),
    "weighted": (Weighted(["2/3"]), sympy.Rational(2, 3) * (f - y) ** 2),
    "absolute": (Absolute(), sympy.Piecewise((f - y, f > y), (y - f, True))),
    "huber": (
        Huber(Fraction(3, 2)),
        sympy.Piecewise(
            (2 * DELTA * (f - y) - DELTA**2, f - y > DELTA),
            (2 * DELTA * (y - f) - DELTA**2, f - y < -DELTA),
            ((f - y) ** 2, True),
        ),
    ),
}
F = rational([-5, "-1/3", 0, "1/2", 2, 4])
Y = rational([1, "1/4", "1/5", "-1/2", 1, 1])
every = pytest.mark.parametrize("name", EXACT)


def jet(loss, f, y):
    return loss.value(f, y), loss.gradient(f, y), loss.hessian(f, y)


def by_sympy(formula, order):
    d = sympy.diff(formula, f, order)
    return rational([d.subs({f: sympy.Rational(str(a)), y: sympy.Rational(str(b))}) for a, b in zip(F, Y, strict=True)])


def test_every_loss_is_compared():
    assert {*EXACT, "logistic"} == LOSSES.keys()


@every
def test_rational_values_and_derivatives_are_sympys(name):
    loss, formula = EXACT[name]
    for order, value in enumerate(jet(loss, F, Y)):
        assert (value == by_sympy(formula, order)).all(), order
        assert {type(x) for x in value} == {flint().fmpq}


@every
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_agree_and_keep_their_precision(name, dtype):
    loss = EXACT[name][0]
    outputs, targets = (np.array([float(Fraction(str(q))) for q in a], dtype) for a in (F, Y))
    read = [rational([Fraction(float(v)) for v in a]) for a in (outputs, targets)]
    for value, exact in zip(jet(loss, outputs, targets), jet(loss, *read), strict=True):
        wanted = np.array([float(Fraction(str(q))) for q in exact])
        assert value.dtype == dtype
        assert (abs(value - wanted) <= rounding(dtype, 4, 1 + abs(wanted))).all()


@every
def test_balls_enclose(name):
    loss = EXACT[name][0]
    with precision():
        for value, exact in zip(jet(loss, ball(F), ball(Y)), jet(loss, F, Y), strict=True):
            assert all(b.overlaps(q) for b, q in zip(value, ball(exact), strict=True))
            assert all(b.rad() < flint().arb((1, -110)) for b in value)


@pytest.mark.parametrize("loss", [Squared(), Weighted([2, "1/3"])], ids=["squared", "weighted"])
def test_derivatives_of_squares_are_polynomial_identities(loss):
    outputs, targets = symbols(f=2, y=2)
    value, gradient, hessian = jet(loss, outputs, targets)
    for i, generator in enumerate(outputs):
        assert value[i].diff(generator) == gradient[i]
        assert gradient[i].diff(generator) == hessian[i]


def test_shapes_broadcast_over_batches():
    outputs, targets = np.ones((4, 2, 3)), np.zeros((2, 3))
    for loss in (Squared(), Weighted([[1.0], [2.0]]), Absolute(), Huber(), Logistic()):
        assert {a.shape for a in jet(loss, outputs, targets)} == {(4, 2, 3)}


# --- kinks -----------------------------------------------------------------------------------------------------------


def test_the_kinks_have_the_stated_values():
    at = rational([1])
    assert [a[0] for a in jet(Absolute(), at, at)] == rational([0, 0, 0]).tolist()
    # at |e| = delta both pieces agree in value and gradient; the Hessian is that of the square
    assert [a[0] for a in jet(Huber(2), rational([2]), rational([0]))] == rational([4, 4, 2]).tolist()


@pytest.mark.parametrize(("loss", "centre"), [(Absolute(), 0), (Huber(1), 1), (Huber(1), -1)], ids=str)
def test_a_ball_that_meets_a_kink_is_undecided(loss, centre):
    with precision():
        with pytest.raises(Undecided):
            loss.gradient(ball([centre]) + flint().arb(0, "0.1"), ball([0]))
        loss.gradient(ball([centre + Fraction(1, 2)]) + flint().arb(0, "0.1"), ball([0]))


def test_huber_joins_square_and_absolute():
    e, zero = rational([-9, -1, 0, 1, 9]), rational([0] * 5)
    assert (Huber(10).value(e, zero) == Squared().value(e, zero)).all()
    far = Huber(Fraction(1, 10))
    assert (5 * far.gradient(e, zero) == Absolute().gradient(e, zero)).all()


# --- the logistic loss -----------------------------------------------------------------------------------------------


def test_logistic_balls_enclose_sympys_derivatives():
    formula = sympy.log(1 + sympy.exp(-y * f))
    points = [(Fraction(-3, 2), 1), (Fraction(1, 3), -1), (Fraction(5), 1)]
    with precision():
        values = jet(Logistic(), ball([p for p, _ in points]), ball([label for _, label in points]))
    with precision(256):
        for order, value in enumerate(values):
            for (p, label), b in zip(points, value, strict=True):
                exact = sympy.diff(formula, f, order).subs({f: sympy.Rational(p), y: label}).evalf(70)
                assert b.overlaps(flint().arb(str(exact)) + flint().arb(0, "1e-60"))
                assert b.rad() < flint().arb((1, -110))


def test_logistic_at_extreme_outputs_is_finite_and_accurate():
    outputs, labels = np.array([800.0, -800, 800, -800, 30]), np.array([1.0, 1, -1, -1, 1])
    value, gradient, hessian = jet(Logistic(), outputs, labels)
    assert value[:4].tolist() == [0, 800, 800, 0]
    assert gradient[:4].tolist() == [0, -1, 1, 0]
    assert hessian[:4].tolist() == [0, 0, 0, 0]
    assert abs(value[4] - np.exp(-30)) <= rounding(float, 2, 30 * np.exp(-30)) + np.exp(-60)


def test_logistic_keeps_relative_accuracy_where_the_sample_is_learned():
    outputs, labels = np.array([-700.0, -40, 5, 20, 40, 300]), np.array([-1.0, -1, 1, 1, 1, 1])
    with precision(2048):
        exact = [to_float(e) for e in jet(Logistic(), ball(outputs), ball(labels))]
    for value, wanted in zip(jet(Logistic(), outputs, labels), exact, strict=True):
        assert (wanted != 0).all()
        assert (abs(value - wanted) <= rounding(float, 6, abs(outputs * wanted))).all()


def test_logistic_has_no_rational_values():
    with pytest.raises(NotExact, match="rational"):
        Logistic().value(rational([1]), rational([1]))


# --- targets ---------------------------------------------------------------------------------------------------------


def test_logistic_labels_are_signs():
    with precision():
        for labels in (np.array([[1.0, -1]]), rational([1, -1]), ball([-1]), symbols(y=2)):
            Logistic().check_targets(labels, "net")
        for labels in (np.array([0.0, 1]), rational([1, "1/2"]), ball([1, "1/3"])):
            with pytest.raises(ValueError, match=r"net: labels .* must be \+1 or -1, got"):
                Logistic().check_targets(labels, "net")
    with pytest.raises(ValueError, match="labels"):
        loss_named("logistic").check_targets(np.array([[1.0, -1], [1, 3]]), "net")


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 1), (1, 3), (2, 3)])
def test_weights_that_broadcast_to_the_targets_are_accepted(shape):
    Weighted(np.ones(shape)).check_targets(np.zeros((2, 3)), "net")


@pytest.mark.parametrize("shape", [(2,), (3, 1), (3, 3), (2, 1, 3), (1, 2, 3)])
def test_weights_that_would_multiply_the_outputs_are_refused(shape):
    with pytest.raises(ValueError, match=r"net: weights .* shape \(2, 3\) of the targets"):
        Weighted(np.ones(shape)).check_targets(np.zeros((2, 3)), "net")


def test_nets_ask_their_loss_for_its_targets():
    for loss, words in ((Logistic(), "labels"), (Weighted(np.ones((2, 1, 2))), "weights")):
        for build in (
            lambda loss: DeepLinearNet((1, 1), [[1, 2]], [[0, 1]], loss),
            lambda loss: ShallowNet(1, [[1, 2]], [0, 1], loss=loss),
        ):
            with pytest.raises(ValueError, match=words):
                build(loss)


# --- construction ----------------------------------------------------------------------------------------------------


def test_weights_are_validated_kept_exactly_and_follow_the_outputs():
    loss = Weighted([[1], ["1/3"]])
    assert arithmetic_of(loss.value(rational([[1], [1]]), rational([[0], [0]]))).name == "rational"
    assert loss.value(np.ones((2, 1), np.float32), np.zeros((2, 1), np.float32)).dtype == np.float32
    with pytest.raises(ValueError, match="negative"):
        Weighted([1, "-1/2"])
    with pytest.raises(ValueError, match="read-only"):
        loss.weights[0] = 2
    with pytest.raises(TypeError, match="real"):
        Weighted([1j])
    with pytest.raises(NotExact):
        Weighted([0.5]).value(rational([1]), rational([0]))


@pytest.mark.parametrize("delta", [0, -1, 0.5, "1", None])
def test_huber_needs_an_exact_positive_delta(delta):
    with pytest.raises(ValueError, match="delta"):
        Huber(delta)


def test_losses_pickle():
    weighted = pickle.loads(pickle.dumps(Weighted(["1/3", 2])))
    assert (weighted.weights == rational(["1/3", 2])).all() and not weighted.weights.flags.writeable
    for loss in (Squared(), Absolute(), Huber(Fraction(1, 3)), Logistic()):
        assert pickle.loads(pickle.dumps(loss)) == loss


def test_names_find_losses_and_a_users_own_passes():
    class Cubes:
        name, smooth = "cubes", True
        value = gradient = hessian = staticmethod(lambda f, y: f - y)

    assert isinstance(loss_named("huber"), Huber) and isinstance(loss_named(Cubes()), Cubes)
    for unknown in ("l1", "weighted"):
        with pytest.raises(UnknownName, match="squared"):
            loss_named(unknown)
    with pytest.raises(UnknownName, match=r"absolute, huber, logistic, or an object like Weighted\(weights\)"):
        loss_named("weighted")
    with pytest.raises(TypeError, match="hessian"):
        loss_named(object())
