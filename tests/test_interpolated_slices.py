"""Interpolated slices: the error is what they say it is, and they decline where interpolation does not pay."""

import tracemalloc

import numpy as np
import pytest

from theory.landscape import Traits
from theory.models import ReluNeuron, ShallowNet
from theory.slices import chebyshev, separable

BUDGET = 64 * 2**20  # of temporaries, whatever the grid


def filled(net, frame, x, y, tol):
    out = np.full((len(y), len(x)), np.nan)
    return out, chebyshev.fill(net, frame, x, y, out, tol)


def tanh_net(k=6, m=20, seed=4):
    rng = np.random.default_rng(seed)
    net = ShallowNet(k, rng.standard_normal((3, m)), rng.standard_normal(m))
    return net, rng.standard_normal((3, net.dim)) / 4


@pytest.mark.parametrize("tol", [1e-4, 1e-10])
@pytest.mark.parametrize("shape", [(200, 300), (1, 400), (400, 1), (5, 400), (400, 5)])
def test_interpolation_reaches_the_tolerance_and_knows_it(tol, shape):
    net, frame = tanh_net()
    y, x = (np.linspace(-1, 1, n) for n in shape)
    out, error = filled(net, frame, x, y, tol)
    exact = np.empty_like(out)
    bound = separable.fill(net, frame, x, y, exact)
    assert np.abs(out - exact).max() <= error + bound <= 2 * tol * exact.max()
    assert not np.abs(out[:, ::-1] - exact).max() <= error + bound or shape[1] == 1


def test_interpolation_declines_where_it_does_not_pay_or_does_not_converge():
    net, frame = tanh_net()
    x = np.linspace(-1, 1, 300)
    assert filled(net, frame, x[:20], x[:20], 1e-10)[1] is None
    assert filled(net, 1000 * frame, x, x, 1e-10)[1] is None
    assert filled(net, frame, x, x, 1e-15)[1] is None  # below the rounding


def test_interpolation_of_any_analytic_loss():
    class Wave:
        traits = Traits()

        def loss(self, theta):
            return np.sin(5 * theta[..., 0]) * np.cos(3 * theta[..., 1])

    class Roof(Wave):
        """Says that it is analytic, and is not."""

        def loss(self, theta):
            return np.abs(theta[..., 0] + theta[..., 1] / 2 - 0.1)

    x, frame = np.linspace(-1, 1, 300), np.eye(3, 2, -1)
    out, error = filled(Wave(), frame, x, x, 1e-9)
    assert (
        np.abs(out - Wave().loss(frame[0] + x[:, None] * frame[1] + x[:, None, None] * frame[2])).max() <= error <= 1e-9
    )
    assert filled(Roof(), frame, x, x, 1e-9)[1] is None


class Parabola:
    """Of a low degree, which a program cannot know from its loss."""

    traits = Traits()

    def loss(self, theta):
        return (theta * theta).sum(-1)


class Bump(Parabola):
    """A narrow peak beside it."""

    def loss(self, theta):
        return 1 + super().loss(theta) / 1000 + np.exp(-((theta - 0.13) ** 2).sum(-1) / 0.014**2)


def test_a_loss_of_low_degree_needs_few_points(monkeypatch):
    x, frame = np.linspace(-1, 1, 601), np.eye(3, 2, -1)
    assert filled(Parabola(), frame, x, x, 1e-9)[1] <= 1e-13
    monkeypatch.setattr(chebyshev, "_degree", lambda *_: 1)  # retries go up from any degree
    assert filled(Parabola(), frame, x, x, 1e-9)[1] <= 1e-13


def test_large_grids_are_checked_at_more_points(monkeypatch):
    """A peak on a thousandth of the grid, between the nodes, is seen by checks on the grid."""
    x, frame = np.linspace(-1, 1, 601), np.eye(3, 2, -1)
    assert filled(Bump(), frame, x, x, 1e-6)[1] is None
    monkeypatch.setattr(chebyshev, "_on_grid", lambda *_: 0.0)
    assert filled(Bump(), frame, x, x, 1e-6)[1] is not None


def test_long_lines_of_losses_that_do_not_converge_are_declined_in_little_memory():
    class Kink(Parabola):
        def loss(self, theta):
            return np.abs(theta[..., 0] - 0.1)

    x, out = np.linspace(-1, 1, 2**18), np.zeros((1, 2**18))
    tracemalloc.start()
    assert chebyshev.fill(Kink(), np.eye(3, 2, -1), x, np.zeros(1), out, 1e-9) is None
    assert chebyshev.fill(Parabola(), np.eye(3, 2, -1), x, np.zeros(1), out, 1e-9) is not None
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < BUDGET


def test_it_is_for_losses_that_say_they_are_analytic():
    X, y = [[1, 2]], [0, 1]
    assert chebyshev.applies(ShallowNet(2, X, y))
    assert not chebyshev.applies(ReluNeuron(X, y)) and not chebyshev.applies(np.sum)


def test_temporaries_are_small():
    net, frame = tanh_net()
    x, out = np.linspace(-1, 1, 1500), np.zeros((1500, 1500))
    tracemalloc.start()
    assert chebyshev.fill(net, frame, x, x, out, 1e-9) is not None
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < BUDGET
