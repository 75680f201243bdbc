"""The certified critical point beside a trained vector."""

from fractions import Fraction

import numpy as np
import pytest
from scipy.optimize import minimize

from theory import Kind, classify, nearest, rational
from theory.arithmetic import arithmetic_of, is_zero
from theory.calculus.tolerance import rounding
from theory.errors import NotCritical, Undecided
from theory.models import DeepLinearNet, LinearResNet, Quadratic, ShallowNet, SphericalSpinGlass

I2 = [[1, 0], [0, 1]]
X, Y = [[1, 0, 1], [0, 2, 1]], [[1, 1, 0], [3, 0, "1/2"]]


def descent(model, theta, rate, steps):
    for _ in range(steps):
        theta = theta - rate * model.gradient(theta)
    return theta


def trained(model, seed, scale=0.7):
    theta = scale * np.random.default_rng(seed).standard_normal(model.dim)
    return minimize(model.loss, theta, jac=model.gradient, method="BFGS", options={"gtol": 1e-9}).x


def contains_zero(g):
    return all(x.contains(0) for x in g)


def test_gradient_descent_on_a_deep_linear_net():
    """A half-trained vector is not critical; the certified minimum beside it is about as far as 10^4 more steps go."""
    net = DeepLinearNet((2, 2, 2), X, Y)
    theta = descent(net, 0.5 * np.random.default_rng(0).standard_normal(net.dim), 0.01, 500)
    assert classify(net, theta).kind == Kind.NOT_CRITICAL
    found = nearest(net, theta)
    assert (found.kind, found.classification.evidence) == (Kind.GLOBAL_MINIMUM, "certified")
    assert tuple(found.classification.inertia) == (0, 4, 4)
    assert (found.classification.loss - net.minimum_value()).contains(0)
    limit = descent(net, theta, 0.01, 10_000)
    assert np.linalg.norm(limit - theta) / 2 < found.distance < 2 * np.linalg.norm(limit - theta)
    assert contains_zero(net.gradient(found.theta))


@pytest.mark.parametrize("widths", [(2, 3, 2), (2, 4, 3, 2), (2, 1, 2), (2, 2, 1, 2)])
def test_deep_linear_nets_modulo_their_gauge(widths):
    net = DeepLinearNet(widths, X, Y)
    found = nearest(net, trained(net, 1), gtol=1e-6)
    assert found.kind == Kind.GLOBAL_MINIMUM and found.distance < 1e-6
    assert found.classification.inertia.undecided == 0
    assert (found.classification.loss - net.minimum_value()).contains(0)


DEFICIENT = [[1, 2], [2, 4], [0, 1]], [[1, 0]]
WIDE = np.array([[0.3, 0.1, 0.9], [0.7, 0.2, 0.4], [0.6, 0.8, 0.1]]), np.array([[1.0, 0.5, 0.2]])


@pytest.mark.parametrize("data", [DEFICIENT, WIDE], ids=["rank-deficient X", "float data"])
def test_families_larger_than_the_gauge(data):
    """Rank-deficient X, or more neurons and inputs than outputs: the theory moves one layer onto an exact minimum."""
    net = DeepLinearNet((3, 2, 1), *data)
    theta = trained(net, 0)
    found = nearest(net, theta)
    assert (found.kind, found.classification.evidence) == (Kind.GLOBAL_MINIMUM, "exact") and found.distance < 1e-6
    step = found.theta - rational([Fraction(x) for x in theta])
    squared, bound = step @ step, rational([Fraction(found.distance) ** 2])[0]
    assert squared <= bound <= squared * rational([1 + Fraction(rounding(float, 4))])[0]


def test_exact_resnet():
    resnet = LinearResNet(2, [[1, 2], [2, 4]], I2)
    found = nearest(resnet, trained(resnet, 2, 0.1))
    assert (found.kind, found.classification.evidence) == (Kind.GLOBAL_MINIMUM, "exact") and found.distance < 1e-6
    assert is_zero(resnet.gradient(found.theta)).all() and found.classification.loss == resnet.minimum_value()


def test_resnet_and_tanh_net():
    resnet = LinearResNet(3, X, Y)
    assert nearest(resnet, trained(resnet, 2, 0.1)).kind == Kind.GLOBAL_MINIMUM
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((2, 25))
    net = ShallowNet(2, inputs, np.tanh(inputs[0] - inputs[1]) + 0.3 * rng.standard_normal(25))
    theta = trained(net, 5)
    found = nearest(net, theta)
    assert found.kind == Kind.LOCAL_MINIMUM and tuple(found.classification.inertia) == (0, 0, 9)
    assert classify(net, theta, gtol=1e-6).kind == found.kind


def test_saddles_and_maxima_on_the_sphere():
    model = SphericalSpinGlass(3, 3, [1, 2, -1, 0, "1/2", 3, -2, 1, 0, 1])
    rng, kinds = np.random.default_rng(0), set()
    for _ in range(20):
        try:
            found = nearest(model, model.manifold.random_point(rng))
        except Undecided:
            continue
        kinds.add(found.kind)
        assert (found.theta @ found.theta).contains(3) and contains_zero(model.riemannian_gradient(found.theta))
        assert found.classification.inertia.undecided == found.classification.inertia.zero == 0
    assert kinds == {Kind.LOCAL_MINIMUM, Kind.STRICT_SADDLE, Kind.LOCAL_MAXIMUM}


def test_rational_critical_points_are_read_off():
    q = Quadratic([[2, 1], [1, 3]], [1, -1])
    found = nearest(q, np.array([-0.79, 0.61]))
    assert (found.theta == rational(["-4/5", "3/5"])).all() and is_zero(q.gradient(found.theta)).all()
    assert found.classification.evidence == "exact"
    exact = (Fraction(-0.79) + Fraction(4, 5)) ** 2 + (Fraction(0.61) - Fraction(3, 5)) ** 2
    assert exact <= Fraction(found.distance) ** 2 <= exact * (1 + Fraction(rounding(float, 4)))
    irrational = nearest(DeepLinearNet((1, 1, 1), [[1]], [[2]]), [1.4, 1.4])
    assert arithmetic_of(irrational.theta).name == "ball"


def test_what_cannot_be_certified():
    """Families larger than the orbits, interpolation, no critical point at all, an untrained vector."""
    deficient = DeepLinearNet((2, 1, 2), [[1, 2], [2, 4]], [[1, 0], [0, 1]])
    with pytest.raises(Undecided, match="larger family"):
        nearest(deficient, np.full(deficient.dim, 1e-6))
    with pytest.raises(Undecided, match="left the slice"):  # beside a non-strict saddle no minimum is called near
        nearest(DeepLinearNet((1, 1, 1, 1), [[1]], [[2]]), np.full(3, 1e-3))
    rng = np.random.default_rng(0)
    interpolating = ShallowNet(3, rng.standard_normal((2, 4)), rng.standard_normal(4))
    with pytest.raises(Undecided, match="larger family"):
        nearest(interpolating, trained(interpolating, 0))
    with pytest.raises(Undecided):
        nearest(Quadratic([[1, 0], [0, 0]], [0, 1]), np.zeros(2))
    with pytest.raises(NotCritical, match="gtol"):
        nearest(DeepLinearNet((1, 1, 1), [[1]], [[2]]), [1.0, 1.0], gtol=1e-3)
    with pytest.raises(ValueError, match="batch"):
        nearest(deficient, np.zeros((2, deficient.dim)))
