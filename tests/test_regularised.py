"""What is particular to regularised nets: penalties as given, the definition, all critical points, known numbers."""

import pickle
import random
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from theory import classify, precision, rational, symbols
from theory.arithmetic import ball, flint
from theory.claims import ed_degrees
from theory.claims.ed_degrees import RankOneFit, generic_count
from theory.claims.regularised_counts import chain_count, strata, three_layer_count
from theory.critical import regularised as theory_of
from theory.critical.regularised import chain_critical_points, complex_count, critical_algebra, real_count
from theory.definitions import deep_linear, regularised
from theory.errors import Degenerate, NotExact
from theory.landscape import Kind
from theory.models.deep_linear import DeepLinearNet
from theory.models.linear_resnet import LinearResNet
from theory.models.regularised import RegularisedNet
from theory.models.shallow_net import ShallowNet
from theory.models.spin_glass import SphericalSpinGlass


def scalar(y, *weights):
    """(w_H ... w_1 - y)^2 + sum Lambda_i w_i^2."""
    return RegularisedNet(DeepLinearNet((1,) * (len(weights) + 1), [[1]], [[y]]), list(weights))


def entrywise(widths, m=1, seed=0):
    """A net with positive integer data and penalties, all entries of the penalty different."""
    rng = random.Random(str((widths, m, seed)))
    n = sum(a * b for a, b in pairwise(widths))
    X, Y = ([[rng.randint(1, 9) for _ in range(m)] for _ in range(d)] for d in (widths[0], widths[-1]))
    return RegularisedNet(DeepLinearNet(widths, X, Y), rational(rng.sample(range(1, 4 * n), n)))


# --- the model -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "widths", [(1, 1), (1, 1, 1), (2, 1, 2), (1, 2, 1), (2, 2, 1), (1, 1, 1, 1), (1, 2, 1, 1)], ids=str
)
def test_it_is_its_definition(widths):
    n = sum(a * b for a, b in pairwise(widths))
    theta, X, Y, weights = symbols(theta=n, x=(widths[0], 2), y=(widths[-1], 2), a=n)
    model = RegularisedNet(DeepLinearNet(widths, X, Y), weights)
    L = regularised.loss(widths, X, Y, model.Lambda, theta)
    gradient, hessian, hvp = model.gradient(theta), model.hessian(theta), model.hvp(theta, theta)
    assert model.loss(theta) - L == 0
    for i, t in enumerate(theta):
        first = L.diff(t)
        assert gradient[i] - first == 0
        seconds = [first.diff(s) for s in theta]
        assert all(hessian[i, j] - second == 0 for j, second in enumerate(seconds))
        assert hvp[i] - sum(s * second for s, second in zip(theta, seconds, strict=True)) == 0


def test_the_definition_without_penalty_is_that_of_the_net():
    theta, X, Y = symbols(theta=4, x=(2, 1), y=(2, 1))
    zero = [[[0, 0]], [[0], [0]]]
    assert regularised.loss((2, 1, 2), X, Y, zero, theta) == deep_linear.loss((2, 1, 2), X, Y, theta)


def test_weights_may_be_one_number_one_for_each_layer_or_arrays():
    net, theta = DeepLinearNet((2, 1, 2), [[1, 0], [0, 1]], [[1, 2], [0, 1]]), rational([1, 2, 3, -1])
    one, layers = RegularisedNet(net, "1/2"), RegularisedNet(net, [2, "1/3"])
    arrays = RegularisedNet(net, [[[1, 2]], [[3], ["1/4"]]])
    assert one.loss(theta) - net.loss(theta) == flint().fmpq(15, 2)
    assert layers.loss(theta) - net.loss(theta) == 2 * 5 + flint().fmpq(10, 3)
    assert arrays.loss(theta) - net.loss(theta) == 1 + 8 + 27 + flint().fmpq(1, 4)
    assert [a.tolist() for a in arrays.Lambda] == [[[1, 2]], [[3], [flint().fmpq(1, 4)]]]
    for same in (replace(arrays), replace(arrays, weights=arrays.weights), pickle.loads(pickle.dumps(arrays))):
        assert same.loss(theta) == arrays.loss(theta) and not same.weights.flags.writeable


@pytest.mark.parametrize(
    ("weights", "says"),
    [
        ([1, 2, 3], "one entry for each of W1, W2, got 3"),
        ([1, [[1, 2]]], r"weights of W2 need shape \(2, 1\) or one number, got shape \(1, 2\)"),
        ([[[1, -2]], 1], "weights of W1 must be at least 0, got -2"),
        (-1, "weights of W1 must be at least 0"),
        (float("nan"), "weights of W1: entries must be finite"),
    ],
)
def test_weights_that_do_not_fit_are_refused(weights, says):
    with pytest.raises(ValueError, match=says):
        RegularisedNet(DeepLinearNet((2, 1, 2), [[1], [1]], [[1], [1]]), weights)


def test_what_is_no_net_is_refused():
    with pytest.raises(TypeError, match="no layout"):
        RegularisedNet(object(), 1)
    with pytest.raises(TypeError, match="build an instance"):
        RegularisedNet(DeepLinearNet, 1)
    with pytest.raises(TypeError, match="must be real"):
        RegularisedNet(DeepLinearNet((1, 1), [[1]], [[1]]), 1j)


def test_float_weights_beside_rational_theta_are_refused():
    model = scalar(1, 0.5, 0.25)
    assert model.loss([1.0, 2.0]) == 1 + 0.5 + 1
    with pytest.raises(NotExact):
        model.loss([1, 2])


def test_it_wraps_any_model_with_layers_and_keeps_the_manifold():
    resnet, shallow = LinearResNet(2, [[1]], [[4]]), ShallowNet(1, [[1, 2]], [0, 1], activation="square")
    assert RegularisedNet(resnet, 1).loss([1, 1]) == 2
    assert RegularisedNet(shallow, [1, 0, 2, 0]).loss([1, 0, 1, 0]) == shallow.loss([1, 0, 1, 0]) + 3
    glass = next(model for _, model in SphericalSpinGlass.instances())
    assert RegularisedNet(glass, 1).manifold is glass.manifold


def test_the_flat_weights_build_the_same_model():
    for _, model in RegularisedNet.instances():
        again, theta = RegularisedNet(model.net, model.weights), np.linspace(-1, 1, model.dim)
        assert again.loss(theta) == model.loss(theta) and again.weights.tolist() == model.weights.tolist()


def test_rotations_remain_where_the_penalty_does_not_tell_units_apart():
    net = DeepLinearNet((1, 2, 2, 1), [[1]], [[2]])
    symmetry = {
        "O(2) x O(2)": 1,
        "O(2) x O(1)^2": [1, 2, [[1, 3]]],
        "O(1)^2 x O(2)": [[[1], [2]], 2, 1],
        "O(1)^2 x O(1)^2": [1, [[1, 2], [3, 4]], 1],
    }
    for text, weights in symmetry.items():
        model = RegularisedNet(net, weights)
        assert model.traits.symmetry == text
        assert model.symmetry_directions(rational(range(1, 9))).shape == (text.count("O(2)"), 8)


# --- all critical points ---------------------------------------------------------------------------------------------


def test_the_global_minimum_of_three_scalar_layers_to_twenty_digits():
    points = chain_critical_points(scalar(1, *["1/10"] * 3))
    kinds = [p.kind for p in points]
    assert kinds.count(Kind.GLOBAL_MINIMUM) == kinds.count(Kind.STRICT_SADDLE) == 4
    assert points[0].kind is Kind.LOCAL_MINIMUM and points[0].loss == 1
    lowest = next(p.loss for p in points if p.kind is Kind.GLOBAL_MINIMUM)
    with precision():
        assert lowest.overlaps(flint().arb("0.289637638436975587570320623441 +/- 1e-30"))


@pytest.mark.parametrize(
    "model",
    [scalar(3, 1, 2), scalar(1, *["1/10"] * 3), scalar(3, *["1/3"] * 4), entrywise((2, 1, 2)), entrywise((1, 1, 1, 2))],
    ids=lambda model: str(model.net.widths),
)
def test_listed_points_are_those_that_algebra_counts(model):
    points, count = chain_critical_points(model), real_count(model)
    assert len(points) == count.total and count.degenerate == 0 and count.even - count.odd == 1
    assert sum(p.kind is Kind.STRICT_SADDLE for p in points) == count.odd
    with precision():
        for p in points:
            assert all(g.contains(0) for g in ball(model.gradient(p.theta)))
            answer = classify(model, p.theta)
            assert (answer.kind is p.kind) or (answer.kind, p.kind) == (Kind.LOCAL_MINIMUM, Kind.GLOBAL_MINIMUM)


def test_several_scalar_samples_are_one():
    """S = X X^T, P = Y X^T and a floor are all that counts."""
    weights = ["1/5", "1/2", "1/3"]
    two = RegularisedNet(DeepLinearNet((1, 1, 1, 1), [[2, 1]], [[3, -1]]), weights)
    one = RegularisedNet(DeepLinearNet((1, 1, 1, 1), [[1]], [[1]]), [Fraction(w) / 5 for w in weights])
    with precision():
        for p, q in zip(chain_critical_points(two), chain_critical_points(one), strict=True):
            assert all(a.overlaps(b) for a, b in zip(ball(p.theta), ball(q.theta), strict=True)) and p.kind is q.kind
            assert ball([p.loss - 5 * q.loss])[0].overlaps(flint().arb(10 - 5))


def test_at_the_bifurcation_four_degenerate_points_are_undecided():
    model = scalar(4, 3, 3, 3)
    points = chain_critical_points(model)
    assert [p.kind for p in points] == [Kind.GLOBAL_MINIMUM] + 4 * [Kind.UNDECIDED]
    count = complex_count(model)
    assert (count.total, count.distinct) == (17, 13) and real_count(model) == theory_of.RealCount(1, 0, 4)


@pytest.mark.parametrize(
    ("model", "error", "says"),
    [
        (RegularisedNet(DeepLinearNet((1, 2, 1), [[1]], [[1]]), 1), ValueError, "width 1"),
        (RegularisedNet(DeepLinearNet((2, 1, 1), [[1, 0], [0, 1]], [[1, 1]]), 1), ValueError, "rank 1, got rank 2"),
        (RegularisedNet(DeepLinearNet((1, 1), [[1]], [[1]]), 1), ValueError, "depth at least 2"),
        (RegularisedNet(LinearResNet(2, [[1]], [[1]]), 1), ValueError, "DeepLinearNet"),
        (scalar(1, 1, 0), Degenerate, "positive weights"),
        (scalar(1, 1, 0.5), NotExact, "rational"),
    ],
)
def test_what_is_no_chain_is_refused(model, error, says):
    with pytest.raises(error, match=says):
        chain_critical_points(model)


def test_orbits_of_critical_points_are_not_counted():
    with pytest.raises(Degenerate, match="infinitely many"):
        complex_count(RegularisedNet(DeepLinearNet((1, 2, 1), [[1]], [[3]]), 1))
    with pytest.raises(NotExact, match="polynomial"):
        critical_algebra(ShallowNet(1, [[1, 2]], [0, 1]))


@pytest.mark.parametrize("prime", [None, 2**31 - 1], ids=str)
@pytest.mark.parametrize(
    ("widths", "m", "count"),
    [
        ((2, 1, 2), 1, strata(1, 2)),
        ((1, 2, 2), 1, strata(2, 2)),
        ((1, 1, 1, 1), 1, three_layer_count((1, 1, 1, 1))),
        ((1, 1, 1, 2), 1, chain_count((1, 1, 1, 2))),
        ((2, 1, 2), 2, 17),
        ((2, 2, 1), 2, 33),
    ],
)
def test_generic_counts(widths, m, count, prime):
    found = complex_count(entrywise(widths, m), prime)
    assert (found.total, found.distinct) == (count, count)


@pytest.mark.slow
@pytest.mark.parametrize(("widths", "m", "count"), [((1, 3, 2), 1, strata(3, 2)), ((2, 1, 1, 2), 2, 81)])
def test_larger_generic_counts_modulo_a_prime(widths, m, count):
    found = complex_count(entrywise(widths, m), 2**31 - 1)
    assert (found.total, found.distinct) == (count, count)


# --- the theory of two layers ----------------------------------------------------------------------------------------


def test_convexity_proves_global_minima_of_isotropic_nets():
    model = RegularisedNet(DeepLinearNet((1, 2, 1), [[1]], [[2]]), 1)
    best, origin = rational([1, 0, 1, 0]), rational([0] * 4)
    assert classify(model, origin).kind is Kind.STRICT_SADDLE
    assert theory_of.decide(model, facts_of(model, origin)) is None
    decision = theory_of.decide(model, facts_of(model, best))
    assert decision.kind is Kind.GLOBAL_MINIMUM and (decision.certificate["M"] == rational([[-1]])).all()
    assert classify(model, best, theory=theory_of).kind is Kind.GLOBAL_MINIMUM
    others = np.random.default_rng(0).standard_normal((1000, 4))
    assert (model.loss(others) > 3).all() and model.loss(best) == 3


def facts_of(model, theta):
    from theory.critical.survey import survey

    return survey(model, theta, None)


def test_a_bottleneck_makes_a_bad_minimum_even_with_two_isotropic_layers():
    net = DeepLinearNet((2, 1, 2), [["1/3", 0], [0, 1]], [[11, 0], [0, 6]])
    model = RegularisedNet(net, 2)
    answer = classify(model, [0, 2, 0, 2], theory=theory_of)
    assert answer.kind is Kind.LOCAL_MINIMUM and answer.loss == 141
    assert model.loss([4, 0, 4, 0]) < 133
    # With as many units as outputs the same product is a saddle.
    wide = RegularisedNet(DeepLinearNet((2, 2, 2), net.X, net.Y), 2)
    assert classify(wide, [0, 2, 0, 0, 0, 0, 2, 0]).kind is Kind.STRICT_SADDLE


# --- rank one --------------------------------------------------------------------------------------------------------


def test_generic_degrees_of_segre_varieties():
    assert [generic_count(*s) for s in ((1, 1), (1, 5), (2, 2), (2, 3), (3, 2), (3, 3))] == [1, 1, 6, 10, 10, 39]


def test_a_vanishing_minor_loses_critical_points():
    weights, target = ((1, 2, 3), (5, 7, 11), (13, 4, 6)), ((1, 2, -1), (0, 3, 1), (2, 0, -2))
    assert RankOneFit(weights, target).count() == (35, 35)  # 2 * 6 = 3 * 4


def test_transposition_changes_nothing():
    weights, target = ((1, 2, 3), (5, 7, 11)), ((1, 2, -1), (0, 3, 1))
    turned = RankOneFit(tuple(zip(*weights, strict=True)), tuple(zip(*target, strict=True)))
    assert turned.count() == RankOneFit(weights, target).count() == (10, 10)
    assert ed_degrees.RankOneFit(((1, 2),), ((3, 4),)).count() == (1, 1)
