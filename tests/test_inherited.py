"""A subclass that changes the loss inherits no answers about the old one."""

import numpy as np
import pytest

from theory import Kind, classify, nearest
from theory.critical.inherited import is_unchanged, member
from theory.errors import Undecided
from theory.models import DeepLinearNet, LinearResNet, Quadratic


class Quartic(Quadratic):
    """-sum theta^4: 0 is its maximum."""

    def loss(self, theta):
        return -(self._points(theta) ** 4).sum(-1)

    def gradient(self, theta):
        return -4 * self._points(theta) ** 3

    def hessian(self, theta, out=None):
        theta = self._points(theta)
        return np.array([[-12 * x * x * (i == j) for j in range(len(theta))] for i, x in enumerate(theta)])


class Named(DeepLinearNet):
    """The same net with a constructor and examples of its own, and something new."""

    def __init__(self):
        super().__init__((1, 1, 1, 1), [[1]], [[2]])

    @classmethod
    def instances(cls):
        yield "only one", cls()

    def largest_weight(self, theta):
        return abs(theta).max()


class Tilted(DeepLinearNet):
    """The loss plus (w_1 - w_2)^4 for scalar layers: the rescalings are no symmetries any more."""

    def loss(self, theta):
        theta = self._points(theta)
        return super().loss(theta) + (theta[..., 0] - theta[..., 1]) ** 4

    def gradient(self, theta):
        theta = self._points(theta)
        g, slope = super().gradient(theta), 4 * (theta[..., 0] - theta[..., 1]) ** 3
        g[..., 0] += slope
        g[..., 1] -= slope
        return g

    def hessian(self, theta, out=None):
        theta = self._points(theta)
        H, c = super().hessian(theta, out=out), 12 * (theta[..., 0] - theta[..., 1]) ** 2
        for i, j, sign in ((0, 0, 1), (0, 1, -1), (1, 0, -1), (1, 1, 1)):
            H[..., i, j] += sign * c
        return H


class Rescaled(DeepLinearNet):
    """Another function of the weights, by way of a helper only."""

    def _f(self, kind):
        raise NotImplementedError


@pytest.mark.parametrize("theta", [[0, 0], np.zeros(2)], ids=["rational", "float"])
def test_neither_theory_nor_minimum_value_of_another_loss(theta):
    model = Quartic([[1, 0], [0, 1]])
    assert model.minimum_value() == model.loss([0, 0]) == 0
    assert classify(model, theta).kind == Kind.UNDECIDED


def test_symmetries_of_another_loss():
    """At (1, 1) the Hessian does not yet see the tilt, which makes the orbit of minima an isolated one."""
    plain, tilted = (net((1, 1, 1), [[1]], [[1]]) for net in (DeepLinearNet, Tilted))
    assert tuple(classify(plain, [1, 1]).inertia) == tuple(classify(tilted, [1, 1]).inertia) == (0, 1, 1)
    assert classify(plain, [1, 1]).kind == Kind.GLOBAL_MINIMUM
    assert classify(tilted, [1, 1]).kind == Kind.UNDECIDED
    assert nearest(plain, [1.25, 1.0]).kind == Kind.GLOBAL_MINIMUM
    with pytest.raises(Undecided):
        nearest(tilted, [1.25, 1.0])


def test_a_subclass_that_changes_nothing_keeps_its_theory():
    assert classify(Named(), [0, 0, 0]).kind == Kind.NON_STRICT_SADDLE
    assert is_unchanged(Named(), DeepLinearNet) and not is_unchanged(Tilted((1, 1, 1), [[1]], [[1]]), DeepLinearNet)
    assert not is_unchanged(Rescaled((1, 1), [[1]], [[1]]), DeepLinearNet)
    wide = nearest(Named(), np.array([1.26, 1.26, 1.26]))
    assert wide.kind == Kind.GLOBAL_MINIMUM


def test_what_the_class_itself_says_counts():
    class Own(Quartic):
        def minimum_value(self):
            return None

    assert member(Own([[1]]), "minimum_value") is not None and member(Quartic([[1]]), "minimum_value") is None
    assert member(object(), "minimum_value") is None


def test_a_resnet_of_a_changed_net():
    """At the origin of three layers the theory finds a saddle of the plain net, and nothing of the tilted one."""
    plain, tilted = (LinearResNet._of(net((1, 1, 1, 1), [[1]], [[1]])) for net in (DeepLinearNet, Tilted))
    assert classify(plain, [-1, -1, -1]).kind == Kind.NON_STRICT_SADDLE
    assert classify(tilted, [-1, -1, -1]).kind == Kind.UNDECIDED
