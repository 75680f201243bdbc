"""What the book computes of slices and trajectories in floats, against the exact routes of its claims."""

from fractions import Fraction
from itertools import product, starmap

import numpy as np
import pytest

from theory.arithmetic import precision, rational
from theory.calculus.tolerance import rounding
from theory.claims.slice_normalisation import LAYERWISE, by_blocks, mirrored
from theory.claims.slice_sharpness import MEAN, VARIANCE
from theory.claims.trajectory_noise import Component, explained
from theory.claims.trajectory_pca import LAST
from theory.claims.trajectory_pca import MEAN as AROUND_MEAN
from theory.claims.trajectory_quadratic import SHARE, Descent
from theory.claims.trajectory_stationary import Stationary, share
from theory.slices.normalisation import blocks, normalised
from theory.slices.trajectories import autoregressive_ratios, noise_ratios, quadratic_ratios

CASES = [*LAYERWISE.examples, *(c.case for c in LAYERWISE.counterexamples)]


def layout_of(case):
    entries = []
    for k, (W, b) in enumerate(case.layers, 1):
        entries += [(f"W{k}", (len(W), len(W[0])))] + ([(f"b{k}", (len(b),))] if b else [])
    return tuple(entries)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_blocks_and_normalised_directions_are_those_of_the_claim(case):
    theta, _, own = case.flat()
    labels = blocks(layout_of(case), case.by, case.biases)
    found = {tuple(np.flatnonzero(labels == k)) for k in set(labels.tolist()) - {-1}}
    assert found == {tuple(sorted(B)) for _, B in own}
    d = mirrored(theta, own, case.numbers)
    want = by_blocks(theta, d, own).astype(float)
    got = normalised(d.astype(float), theta.astype(float), layout_of(case), case.by, case.biases)
    assert np.abs(got - want).max() <= rounding(float, 4 * len(theta), np.abs(want).max())


@pytest.mark.parametrize("sizes, norms", [((2, 3), (1, 2)), ((1, 4), (2, 1)), ((4,), (3,)), ((1, 1, 2), (1, 2, 3))])
def test_curvatures_along_drawn_directions_have_the_mean_and_variance_of_the_claims(sizes, norms):
    n, rng = sum(sizes), np.random.default_rng(len(sizes))
    integers = rng.integers(-3, 4, (n, n))
    H = integers + integers.T
    theta = np.concatenate([r * np.eye(k)[0] for r, k in zip(norms, sizes, strict=True)])
    spans = [(sum(sizes[:i]), sum(sizes[: i + 1])) for i in range(len(sizes))]
    squares = list(rational(norms) ** 2)
    mean, variance = (float(law(squares, rational(H), spans)) for law in (MEAN.law, VARIANCE.law))
    layout = tuple((f"W{i}", (1, k)) for i, k in enumerate(sizes))
    d = normalised(rng.standard_normal((40_000, n)), theta, layout, "filter")
    values = np.einsum("bi,ij,bj->b", d, H, d)
    assert abs(values.mean() - mean) <= 5 * np.sqrt(variance / len(values))
    fourth = ((values - mean) ** 4).mean()
    assert abs(((values - mean) ** 2).mean() - variance) <= 5 * np.sqrt((fourth - variance**2) / len(values))


def test_spectra_of_noise_are_those_of_the_claims():
    with precision():
        for n, origin in product((2, 3, 10, 100), (AROUND_MEAN, LAST)):
            got = noise_ratios(n, centred=origin == AROUND_MEAN)
            want = [float(explained(Component(n, origin, k=k))) for k in range(1, len(got) + 1)]
            assert np.abs(got - want).max() <= rounding(float, 16, 1.0)
        for n, rho in ((10, "1/2"), (50, "9/10"), (200, "99/100")):
            got, i = autoregressive_ratios(float(Fraction(rho)), n), np.arange(n)
            spread = 1 - (float(Fraction(rho)) ** abs(i - i[:, None])).mean()  # trace / n, beside entries up to 1
            assert abs(got[0] - float(share(Stationary(n, Fraction(rho))))) <= rounding(float, n, 1 + 1 / spread)


def test_ratios_of_descent_are_those_of_the_claim():
    cases = (((1, Fraction(1, 10)), (1, 1), 50), ((1, Fraction(1, 2)), (1, 3), 5), ((Fraction(1, 10), 3), (2, 1), 20))
    for case in starmap(lambda lam, x, T: Descent(lam, x, Fraction(1, 2), T, (0,)), cases):
        with precision():
            want = float(SHARE.law.share(case))
        got = quadratic_ratios([float(a) for a in case.lam], 0.5, case.steps, case.x)
        assert abs(got[0] - want) <= rounding(float, 4 * case.steps, 1.0)
        assert len(got) == 2
