"""The certified critical point beside a trained vector."""

from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.optimize import minimize

from theory import Kind, ball, classify, nearest, precision, rational
from theory.arithmetic import arithmetic_of, is_zero
from theory.calculus.tolerance import rounding
from theory.errors import NotCritical, Undecided
from theory.manifolds.sphere import Sphere
from theory.models import DeepLinearNet, LinearResNet, Quadratic, ReluNeuron, ShallowNet, SphericalSpinGlass

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


@pytest.mark.parametrize(
    ("net", "size", "kind"),
    [
        (DeepLinearNet((2, 1, 2), [[1, 2], [2, 4]], I2), 1e-6, Kind.STRICT_SADDLE),
        (DeepLinearNet((1, 1, 1, 1), [[1]], [[2]]), 1e-3, Kind.NON_STRICT_SADDLE),
    ],
    ids=["rank-deficient X", "a non-strict saddle"],
)
def test_beside_a_saddle_no_minimum_is_called_near(net, size, kind):
    """Newton's method finds nothing isolated there; the normal form finds the saddle, here the origin."""
    found = nearest(net, np.full(net.dim, size))
    assert found.kind == kind and is_zero(found.theta).all() and found.classification.evidence == "exact"


def test_what_cannot_be_certified():
    """Interpolation, no critical point at all, an untrained vector."""
    deficient = DeepLinearNet((2, 1, 2), [[1, 2], [2, 4]], [[1, 0], [0, 1]])
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


def test_a_critical_point_far_away_is_not_near():
    """From (1000, 1000) Newton's method walks to (1.41, 1.41); on a sphere it may walk to the other side."""
    net = DeepLinearNet((1, 1, 1), [[1]], [[2]])
    with pytest.raises(Undecided, match="within 707 of theta"):
        nearest(net, [1000.0, 1000.0])
    assert nearest(net, [2.0, 2.0]).distance < 1
    rng, far = np.random.default_rng(0), 0
    for _ in range(10):
        glass = SphericalSpinGlass.random(6, 3, rng=rng)
        try:
            assert nearest(glass, glass.manifold.random_point(rng)).distance <= np.sqrt(6) / 2
        except Undecided as error:
            far += "within" in str(error)
    assert far


def test_the_origin_has_neighbours():
    """A residual net trained to the identity: the critical point 0 is as far as theta is long."""
    found = nearest(LinearResNet(2, [[1, 2]], [[1, 2]]), [1e-9, 2e-9])
    assert found.kind == Kind.GLOBAL_MINIMUM and found.distance < 1e-8
    assert nearest(Quadratic([[2]]), [0.25]).distance <= 0.25 * (1 + rounding(float, 4))


def test_starts_off_the_sphere():
    glass = SphericalSpinGlass(3, 3, [1, 2, -1, 0, "1/2", 3, -2, 1, 0, 1])
    for start in (np.zeros(3), np.ones(3) * 1.01):
        with pytest.raises(ValueError, match="nearest: theta must lie on the sphere"):
            nearest(glass, start)
    assert nearest(glass, nearest(glass, glass.manifold.random_point(np.random.default_rng(0))).theta).distance < 1e-9


def test_fractions_off_the_sphere_are_not_read_off():
    """(1, 0) lies in the box, and x y^2 has a vanishing gradient there; but the sphere is larger by 5e-51."""
    radius_squared = 1 + Fraction(1, 10**50)
    model = SimpleNamespace(
        dim=2,
        manifold=Sphere(2, radius_squared),
        loss=lambda s: s[0] * s[1] * s[1],
        gradient=lambda s: np.array([s[1] * s[1], 2 * s[0] * s[1]]),
        hessian=lambda s: np.array([[0 * s[0], 2 * s[1]], [2 * s[1], 2 * s[0]]]),
    )
    found = nearest(model, [1.0, 0.0])
    assert arithmetic_of(found.theta).name == "ball" and found.kind == Kind.LOCAL_MINIMUM
    assert (found.theta @ found.theta - rational([radius_squared])[0]).contains(0)


def test_starts_at_a_kink():
    hidden = ReluNeuron([["1/10"], ["2/10"], ["-3/10"]], [1])
    open_ = ReluNeuron([[-1, 0, 1]], [0, 3, 1], output_weight=True, bias=True, output_bias=True)
    for model, theta in ((hidden, np.ones(3)), (open_, np.array([1.0, 0, 1, 1]))):
        with pytest.raises(Undecided, match="nearest: needs a theta at which the loss is smooth"):
            nearest(model, theta)


def test_the_precision_in_force_is_kept():
    with precision(400):
        found = nearest(DeepLinearNet((1, 1, 1), [[1]], [[2]]), [1.4, 1.4])
        assert max(float(x.rad()) for x in found.theta) < 2.0**-300


def test_data_known_only_as_balls():
    """Enclosures of 1/3 and 1/7 at the precision of floats: the box contains the minimum of the exact data."""
    net = DeepLinearNet((1, 1, 1), ball([["1/3"]]), ball([["1/7"]]))
    found = nearest(net, [0.65, 0.65])
    assert (found.kind, found.classification.evidence) == (Kind.GLOBAL_MINIMUM, "certified")
    assert (found.theta[0] * found.theta[1] - rational(["3/7"])[0]).contains(0)


def test_an_exactly_critical_point_is_its_own_answer():
    """Also where no box could be proved: the origin of three layers is no isolated critical point."""
    net = DeepLinearNet((1, 1, 1, 1), [[1]], [[2]])
    for theta in ([0, 0, 0], [0.0, 0.0, 0.0]):
        found = nearest(net, theta)
        assert found.distance == 0 and found.kind == Kind.NON_STRICT_SADDLE
        assert found.classification.evidence == "exact"
