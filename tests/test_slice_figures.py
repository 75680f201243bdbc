"""Figures of slices: what is plotted is what is said of it."""

from fractions import Fraction

import numpy as np
import pytest

from paper_figures import trained_planes
from paper_figures.rendering import load
from theory.arithmetic import ball, rational, to_float
from theory.calculus.tolerance import rounding
from theory.critical.nearest import nearest
from theory.landscape import Kind
from theory.models import DeepNet
from theory.topology.merge_tree import merge_tree


@pytest.fixture(scope="module")
def section():
    return load("landscape_section"), load("landscape_section").data(num=61)


@pytest.fixture(scope="module")
def planes():
    return trained_planes.data(num=9).planes


@pytest.fixture(scope="module")
def views():
    return load("random_slices").data(num=21, planes=500).views


@pytest.fixture(scope="module")
def rescaling():
    return load("rescaling").data(num=15)


# -- figure 12.1 -----------------------------------------------------------------------------------------------------


def test_the_section_shows_every_kind_and_each_is_that_of_the_landscape(section):
    figure, data = section
    kinds = [p.kind for p in data.points]
    assert sorted(kinds) == sorted([Kind.GLOBAL_MINIMUM] * 2 + [Kind.STRICT_SADDLE] * 2 + [Kind.LOCAL_MINIMUM])
    for p in data.points:
        found = nearest(figure.landscape(), to_float(p.theta))
        signs = found.classification.inertia
        assert (signs.negative, signs.positive) == ((1, 2) if p.kind is Kind.STRICT_SADDLE else (0, 3))
        assert all((a - b).contains(0) for a, b in zip(ball(found.theta), ball(p.theta), strict=True))
        assert (ball(p.theta)[1] - ball(p.theta)[2]).contains(0)


def test_the_section_keeps_gradients(section):
    figure, data = section
    model, points = figure.landscape(), data.section.points().reshape(-1, 3)
    g = model.gradient(points)
    assert (points[:, 1] == points[:, 2]).all()
    assert (np.abs(g[:, 1] - g[:, 2]) <= rounding(float, 20, 1 + np.abs(points).max() ** 5 + np.abs(g).max())).all()


def test_the_valley_is_spurious_in_the_whole_landscape(section):
    """The sphere through the saddles: AM-GM gives |w_1 w_2 w_3| <= s^3 < 1 there, so the loss is at least theirs."""
    _, data = section
    low, valley, saddle = (
        next(p for p in data.points if p.kind is kind)
        for kind in (Kind.GLOBAL_MINIMUM, Kind.LOCAL_MINIMUM, Kind.STRICT_SADDLE)
    )
    assert low.loss < valley.loss < saddle.loss
    s = abs(ball(saddle.theta)[0])
    assert all((abs(x) - s).contains(0) for x in ball(saddle.theta)) and s**3 < 1
    assert (saddle.loss - ((s**3 - 1) ** 2 + ball([Fraction(9, 10)])[0] * s**2)).contains(0)
    assert abs(ball(low.theta)[0]) > s  # the other side of the sphere


def test_the_global_minima_are_sharper(section):
    by_kind = {p.kind: p.curvature for p in section[1].points}
    assert by_kind[Kind.GLOBAL_MINIMUM] > 4 * by_kind[Kind.LOCAL_MINIMUM]


# -- figure 12.2 -----------------------------------------------------------------------------------------------------


def test_the_trained_points_are_seen_at_the_three_corners(planes):
    for plane in planes:
        points = plane.piece.frame.points(np.array(trained_planes.CORNERS, float))
        error = rounding(float, 2, np.abs(plane.ends).max())
        assert (np.abs(points - plane.ends) <= 2 * error).all()
        at = [
            [list(axis).index(c) for axis, c in zip(plane.piece.axes, corner, strict=True)]
            for corner in ((0, 0), (1, 0), (0, 1))
        ]
        seen = np.array([plane.piece.values[j, i] for i, j in at])
        assert (seen < trained_planes.LEVEL / 50).all() and (plane.losses < 0.005).all()


def test_losses_are_those_of_a_net_written_out(planes):
    """One hidden layer of 1000: sum a relu(W x + b) + c at the second point; the targets have mean 0 and variance 1."""
    with np.load(trained_planes.RESULTS) as results:
        X, y = results["X"], results["y"]
    W, b, a, c = np.split(planes[0].ends[1], np.cumsum([5000, 1000, 1000]))
    f = a @ np.maximum(W.reshape(1000, 5) @ X + b[:, None], 0) + c
    scale = np.abs(a).sum() * np.abs(np.maximum(W.reshape(1000, 5) @ X + b[:, None], 0)).max()
    assert abs(np.sqrt(np.mean((f - y) ** 2)) - np.sqrt(planes[0].losses[1])) <= rounding(float, 1000, scale)
    assert abs(y.mean()) <= rounding(float, 200, 1) and abs(y.var() - 1) <= rounding(float, 400, 1)


def test_deeper_nets_have_smaller_regions_of_low_loss_and_none_joins_two_points(planes):
    shares = {(p.activation, p.hidden): p.low_share for p in planes}
    for s in trained_planes.ACTIVATIONS:
        wide, middle, deep = (shares[s, hidden] for hidden in trained_planes.HIDDEN)
        assert wide > middle > deep
    for plane in planes:
        axes = [list(axis) for axis in plane.piece.axes]
        nodes = [(axes[1].index(y), axes[0].index(x)) for x, y in trained_planes.CORNERS]
        labels = merge_tree(plane.piece.values).labels(trained_planes.LEVEL)
        assert len({labels[node] for node in nodes}) == 3


# -- random slices ---------------------------------------------------------------------------------------------------


def test_minimum_and_saddle_are_exactly_that_and_random_planes_do_not_tell(views):
    minimum, saddle = views
    assert minimum.classification.kind is Kind.GLOBAL_MINIMUM and saddle.classification.kind is Kind.STRICT_SADDLE
    assert saddle.classification.inertia.negative == 1 and minimum.classification.inertia.negative == 0
    assert all(view.classification.gradient_bound == 0 for view in views)
    assert all(view.bowls == view.planes for view in views)
    assert all((line.values >= -2 * line.error).all() for view in views for line in view.lines)
    assert (
        saddle.least.values.min() < 0 < minimum.least.values.max()
        and minimum.least.values.min() >= -2 * minimum.least.error
    )


def test_a_plane_with_the_negative_direction_is_no_bowl(views):
    """The count of bowls must be able to say no."""
    figure, saddle = load("random_slices"), views[1]
    net = figure.HiddenSaddle(3, 2, "1/2")
    center = to_float(net.theta)
    model = figure.DeepLinearNet(net.net.widths, to_float(net.net.X), to_float(net.net.Y))
    assert 0 < figure.bowl_count(model, center, 500) < 500
    assert (saddle.plane.values >= -2 * saddle.plane.error).all()


# -- rescaling -------------------------------------------------------------------------------------------------------


def test_three_weight_vectors_are_one_function_with_loss_zero(rescaling):
    net, X = rescaling.net, np.random.default_rng(0).standard_normal((5, 50))
    other = DeepNet(net.widths, X, np.zeros((1, 50)), "relu")
    first, *rest = other.outputs(rescaling.weights)
    assert all(np.array_equal(first, f) for f in rest)
    exact = [rational([[Fraction(v) for v in row] for row in a.tolist()]) for a in (net.X, net.Y, rescaling.weights)]
    assert list(DeepNet(net.widths, *exact[:2], "relu").loss(exact[2])) == [0, 0, 0]


def test_filter_normalised_planes_see_neurons_rescaled_but_not_layers(rescaling):
    weights, layers, neurons = (piece.values for piece in rescaling.filters)
    assert np.array_equal(weights, layers) and not np.allclose(weights, neurons)
    plain = [piece.values for piece in rescaling.plain]
    assert not any(np.allclose(plain[0], other) for other in plain[1:])
