"""Figures of slices, paths and noise: what is drawn is what the captions say, in exact arithmetic where they say so."""

import numpy as np
import pytest

from paper_figures.rendering import load
from theory.arithmetic import flint, rational, to_float
from theory.calculus.tolerance import rounding
from theory.critical.deep_linear.fibres import fibre_component
from theory.landscape import Kind
from theory.models import DeepLinearNet
from theory.slices.slice import cut
from theory.slices.trajectories import noise_ratios


def q(p, r=1):
    return flint().fmpq(p, r)


def test_the_origin_of_linear_nets():
    two, three, residual = load("linear_saddles").data(num=13)
    assert [tuple(p.found[0].inertia) for p in (two, three)] == [(1, 0, 1), (0, 3, 0)]
    kinds = [[found.kind for found in p.found] for p in (two, three, residual)]
    first = [Kind.STRICT_SADDLE, Kind.NON_STRICT_SADDLE, Kind.NOT_CRITICAL]
    assert kinds == [[kind, *[Kind.GLOBAL_MINIMUM] * k] for kind, k in zip(first, (4, 3, 1), strict=True)]
    for p in (two, three, residual):  # the points lie in the planes
        assert (p.piece.frame.distance(to_float(p.points)) < rounding(float, 10, 10)).all()
    shifted = DeepLinearNet((1, 1, 1, 1), [[1]], [[2]])
    assert residual.model.loss([0, 0, 0]) == shifted.loss([1, 1, 1]) == 1


def test_plain_and_residual_slices_show_one_minimum_of_one_landscape():
    figure = load("depth_width")
    for plain, residual in zip(*figure.data(num=5), strict=True):
        d = plain.model.widths[0]
        identity = np.tile(rational(np.eye(d, dtype=int)).ravel(), plain.depth)
        assert (plain.theta == residual.theta + identity).all()
        assert plain.model.loss(plain.theta) == residual.model.loss(residual.theta) == 0
        assert plain.curvature > 4 * residual.curvature
        # along the same directions both landscapes have the same values
        frame = residual.piece.frame
        there, here = (
            m.loss(frame.points(np.eye(2)) + i) for m, i in ((plain.model, to_float(identity)), (residual.model, 0))
        )
        assert (abs(there - here) <= rounding(float, plain.depth * d, here)).all()
    plain, residual = figure.data(num=5)
    assert [p.curvature for p in plain[:4]] == sorted(p.curvature for p in plain[:4])
    assert [p.curvature for p in residual[:4]] == sorted((p.curvature for p in residual[:4]), reverse=True)


def test_the_mean_curvature_of_a_filter_normalised_slice():
    """Against the curvatures along many directions that are normalised filter by filter."""
    from theory.slices.normalisation import normalised

    p = load("depth_width").data(num=5)[0][0]
    theta = to_float(p.theta)
    D = normalised(np.random.default_rng(0).standard_normal((20_000, len(theta))), theta, p.model.layout, "filter")
    scale = float((p.model.Y**2).sum())
    found = np.einsum("ki,ij,kj->k", D, p.model.hessian(theta), D) / scale
    assert abs(found.mean() - p.curvature) < 6 * found.std() / len(D) ** 0.5


def test_obstacles_on_segments():
    figure = load("interpolation")
    data = figure.data(num=101)
    assert set(data.kinds) == {Kind.GLOBAL_MINIMUM}
    swapped, negative = (max(piece.values) for piece in data.segments)
    assert (swapped, negative) == (q(5, 2), 5)
    first, copy, minus = (fibre_component(figure.SQUARE, rational(theta)) for theta in figure.MINIMA)
    assert first == minus != copy
    # between components det W_1 vanishes, where the product has rank one
    assert DeepLinearNet((2, 1, 2), figure.SQUARE.X, figure.SQUARE.Y).minimum_value() == 1
    c, s = q(3, 5), q(4, 5)  # rotations of the hidden layer join the minimum and its negative at loss 0
    turned = rational([c, -s, s, c, 2 * c, 2 * s, -s, c])
    assert figure.SQUARE.loss(turned) == 0
    assert (data.segment.values[0], data.segment.values[-1]) == (q(106235001, 200000000), q(1, 8))
    assert max(data.segment.values) > q(535, 1000) > data.segment.values[0]
    assert (np.diff(data.losses) < 0).all() and 0 <= data.losses[-1] - 1 / 8 < 1e-6
    assert [kind for *_, kind in data.points] == [Kind.GLOBAL_MINIMUM, Kind.STRICT_SADDLE]
    assert (data.flow[0] == data.ends[0]).all()


def test_the_ratio_and_the_index_disagree():
    figure = load("curvature_ratio")
    data = figure.data(num=6)
    assert {name: found.inertia.negative for name, found in data.found.items()} == {"M": 0, "A": 15, "B": 4}
    assert data.found["M"].kind is Kind.GLOBAL_MINIMUM and data.found["A"].kind is Kind.STRICT_SADDLE
    assert data.ratios["A"] == pytest.approx(1 / 32) and data.ratios["B"] > 0.9
    assert data.map.index.min() >= 0 and not data.map.undecided.any()


def test_random_planes_and_principal_planes():
    data = load("paths_random_pca").data(num=3)
    random, principal = data.projections
    assert random.explained < 0.02 < 0.75 < principal.explained
    assert data.mean == 2 / 192
    assert (principal.distances[-1], random.distances[-1]) == (0, 0)
    for piece in data.pieces:
        again = cut(load("paths_random_pca").run()[0], piece.frame, *piece.axes)
        assert (again.values == piece.values).all()


def test_noise_has_the_components_of_the_law():
    figure = load("noise_pca")
    data = figure.data()
    assert (data.law == noise_ratios(figure.STEPS + 1)[: figure.COMPONENTS]).all()
    k, n = np.arange(1, 4), figure.STEPS + 1
    limit = 6 / (np.pi * k) ** 2
    assert (abs(data.law[:3] / limit - 1) < 2 * (k / n) ** 2).all()  # x^2 / sin^2 x - 1 is about x^2/3, x = pi k / 2n
    assert (abs(data.ratios_walk[:3] / data.law[:3] - 1) < 6 * (2 / figure.DIM) ** 0.5).all()
    cosine = (
        (data.walk * data.cosines).sum(0) / np.linalg.norm(data.walk, axis=0) / np.linalg.norm(data.cosines, axis=0)
    )
    assert (cosine > 0.97).all()
    assert data.ratios_walk[:2].sum() > 0.7 < data.ratios_sgd[:2].sum()


def test_bowls_and_densities():
    figure = load("bowl_probability")
    data = figure.data()
    assert np.allclose(data.probability, 1 - 2.0 ** (-(data.dimensions - 2) / 2), rtol=rounding(float, 4, 1))
    n, share = data.equal
    chance = 1 - 2 ** (-(n - 2) / 2)
    assert (abs(share - chance) < 6 * (chance * (1 - chance) / data.slices) ** 0.5).all()
    wide = np.linspace(-8, 8, 801)
    for (p, halves), negative in zip(figure.SPECTRA, data.negative, strict=True):
        f = figure.density(wide, p, halves)
        step = wide[1] - wide[0]
        assert f.sum() * step == pytest.approx(1) and f.min() > -rounding(float, 4000, f.max())
        assert (f * wide).sum() * step == pytest.approx((p - halves / 2) / 40)
        below = f[wide < 0].sum() * step + f[wide == 0].sum() * step / 2
        assert below == pytest.approx(float(negative), abs=step**2)
