"""Kinds of critical points made by hand, in every arithmetic; theories, and what must stay undecided."""

from collections import Counter
from fractions import Fraction
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest

from theory import Kind, ball, classify, models, rational, symbols
from theory.arithmetic import arithmetic_of, flint, is_zero, to_float
from theory.calculus.tolerance import eigenvalue_error, rounding
from theory.checks import geometry, points
from theory.critical.deep_linear import decide as deep_linear_theory
from theory.critical.deep_linear import escape_line
from theory.critical.generic import Decision
from theory.critical.tangent import is_flat
from theory.errors import NotExact
from theory.manifolds.euclidean import Euclidean
from theory.manifolds.sphere import Sphere
from theory.models import DeepLinearNet, DeepNet, LinearResNet, Quadratic, ReluNeuron, ShallowNet, SphericalSpinGlass

MODELS = ("Quadratic", "DeepLinearNet", "LinearResNet", "ReluNeuron", "ShallowNet", "DeepNet", "SphericalSpinGlass")
I2 = [[1, 0], [0, 1]]
ZERO = np.zeros(8, int)
SCALAR = DeepLinearNet((1, 1, 1, 1), [[1]], [[2]])


def boxes(theta, radius):
    return np.array([flint().arb(float(x), radius) for x in theta], object)


def summary(answer):
    return str(answer.kind), answer.inertia and tuple(answer.inertia)


# --- deep linear nets: every integer critical point of a small box -------------------------------------------------

NETS = [
    ("bottleneck", (2, 1, 2), I2, [[2, 0], [0, 1]]),
    ("tie", (2, 1, 2), I2, I2),
    ("rank-deficient X", (2, 1, 1), [[1, 1], [1, 1]], [[2, 0]]),
    ("zero targets", (1, 1, 1), [[1]], [[0]]),
    ("zero inputs", (1, 1, 1), [[0]], [[1]]),
    ("depth 1", (2, 1), [[1], [2]], [[1]]),
    ("width 2 before 1", (1, 2, 1, 1), [[1]], [[1]]),
    ("two bottlenecks", (2, 1, 1, 2), I2, [[2, 0], [0, 1]]),
    ("scalar chain", (1, 1, 1, 1, 1), [[1]], [[1]]),
    ("three outputs", (1, 1, 3), [[1]], [[1], [0], [1]]),
]


def integer_critical_points(net):
    grid = np.array(list(product((-1, 0, 1), repeat=net.dim)), float)
    return grid[(net.gradient(grid) == 0).all(-1)]


@pytest.mark.parametrize("widths, X, Y", [net[1:] for net in NETS], ids=[net[0] for net in NETS])
def test_every_integer_critical_point_against_the_minimum_value_and_the_spectrum(widths, X, Y):
    """Global iff the loss is the minimum; else strict iff LAPACK finds a negative eigenvalue; certificates hold."""
    net = DeepLinearNet(widths, X, Y)
    t = symbols(t=1)
    ring = arithmetic_of(t)
    points = integer_critical_points(net)
    assert len(points)
    for theta in points:
        answer = classify(net, theta.astype(int))
        H = net.hessian(theta)
        smallest = np.linalg.eigvalsh(H)[0]
        if answer.loss == net.minimum_value():
            assert answer.kind == Kind.GLOBAL_MINIMUM
        elif smallest < -eigenvalue_error(H):
            assert answer.kind == Kind.STRICT_SADDLE
            v = answer.certificate["direction"]
            assert v @ net.hessian(rational(theta.astype(int))) @ v == answer.certificate["curvature"] < 0
        else:
            assert answer.kind == Kind.NON_STRICT_SADDLE
            v = answer.certificate["escape_line"]
            line = ring.convert(rational(theta.astype(int))) + ring.convert(v) * t
            assert net.loss(line) == ring.fraction(int(answer.loss.p), int(answer.loss.q))
            assert not is_zero(net.gradient(line)).all()
        assert answer.evidence == "exact" and answer.gradient_bound == 0
        as_floats = classify(net, theta)
        assert summary(as_floats) == summary(answer), "floats are dyadic numbers: the same exact answer"
        assert isinstance(as_floats.loss, float)
        assert summary(classify(net, ball(theta))) == summary(answer), "and so are exact balls"


def test_the_integer_points_reach_every_kind():
    nets = [DeepLinearNet(*net[1:]) for net in NETS]
    kinds = {classify(net, t).kind for net in nets for t in integer_critical_points(net)}
    assert kinds == {Kind.GLOBAL_MINIMUM, Kind.STRICT_SADDLE, Kind.NON_STRICT_SADDLE}


@pytest.mark.parametrize("H", [2, 3, 4, 5])
def test_scalar_chain(H):
    """prod w = y/x: minima; exactly two zeros: strict, inertia (1, H - 2, 1); three or more: zero Hessian."""
    net = DeepLinearNet((1,) * (H + 1), [[2]], [[6]])
    assert classify(net, [3, *[1] * (H - 1)]).kind == Kind.GLOBAL_MINIMUM
    assert classify(net, [-3, -1, *[1] * (H - 2)]).inertia.positive == 1
    assert classify(net, [0, *[1] * (H - 1)]).kind == Kind.NOT_CRITICAL
    assert summary(classify(net, [0, 0, *[2] * (H - 2)])) == ("strict saddle", (1, H - 2, 1))
    if H > 2:
        assert summary(classify(net, [0, 0, 0, *[2] * (H - 3)])) == ("non-strict saddle", (0, H, 0))


def test_a_wrong_singular_direction_kept_by_a_bottleneck():
    """2-1-2 that fits the smaller singular value: strict although the product has full rank; the larger is global."""
    net = DeepLinearNet((2, 1, 2), I2, [[2, 0], [0, 1]])
    assert summary(classify(net, [0, 1, 0, 1])) == ("strict saddle", (1, 1, 2))
    assert summary(classify(net, [1, 0, 2, 0])) == ("global minimum", (0, 1, 3))
    assert classify(net, [1, 0, 2, 0]).loss == 1


def test_origin():
    """Strict for H = 2, not strict for H = 3, global if YX^T = 0; the Hessian alone cannot tell the last two apart."""
    Y = [[2, 0], [0, 1]]
    assert summary(classify(DeepLinearNet((2, 2, 2), I2, Y), ZERO)) == ("strict saddle", (4, 0, 4))
    deep = DeepLinearNet((1, 1, 1, 1), [[1, 1]], [[1, 2]])
    flat = DeepLinearNet((1, 1, 1, 1), [[1, 1]], [[1, -1]])
    assert summary(classify(deep, [0, 0, 0])) == ("non-strict saddle", (0, 3, 0))
    assert summary(classify(flat, [0, 0, 0])) == ("global minimum", (0, 3, 0))
    assert classify(deep, [0, 0, 0], theory=lambda model, facts: None).kind == Kind.UNDECIDED


def test_escape_line_below_injective_layers():
    """W_3 W_2 is injective, W_1 has rank 1 of 2: the line moves W_3 by what vanishes on the range of W_1."""
    net = DeepLinearNet((2, 2, 2, 3), I2, [[1, 0], [0, 0], [0, 1]])
    theta = rational([1, 0, 0, 0, 1, 1, 0, 1, 1, 0, 0, 1, 0, 0])
    assert summary(classify(net, theta))[0] == "strict saddle"
    R = net.product(theta)
    v = escape_line(net.unpack(theta), rational(I2), 2 * (R - net.Y))
    for t in (1, -2):
        assert net.loss(theta + t * v) == net.loss(theta) and not is_zero(net.gradient(theta + t * v)).all()


def test_irrational_minimum():
    """The minimum value is a ball here; ranks and signs decide all the same, and nearby data are not mixed up."""
    net = DeepLinearNet((2, 1, 1, 2), I2, [[1, 1], [0, 1]])
    assert arithmetic_of(np.array([net.minimum_value()], object)).name == "ball"
    assert classify(net, np.zeros(net.dim, int)).kind == Kind.NON_STRICT_SADDLE


def test_float_data_are_dyadic_too():
    """The origin beside float data: decided by balls and exact ranks, not by a tolerance."""
    X, Y = np.array([[0.1, 0.3]]), np.array([[0.7, 0.2]])
    for H, kind in ((2, Kind.STRICT_SADDLE), (3, Kind.NON_STRICT_SADDLE)):
        answer = classify(DeepLinearNet((1,) * (H + 1), X, Y), np.zeros(H))
        assert (answer.kind, answer.evidence) == (kind, "certified")
    with pytest.raises(NotExact):
        classify(DeepLinearNet((1, 1, 1), X, Y), [0, 0])


def test_data_known_only_as_balls():
    """No exact ranks, but signs: strict at depth 2; at depth 3 the zero Hessian decides nothing."""
    X, Y = ball([["1/3"]]), ball([["1/7"]])
    for theta in (np.zeros(2), ball([0, 0])):
        answer = classify(DeepLinearNet((1, 1, 1), X, Y), theta)
        assert (answer.kind, answer.evidence) == (Kind.STRICT_SADDLE, "certified")
    assert classify(DeepLinearNet((1, 1, 1, 1), X, Y), np.zeros(3)).kind == Kind.UNDECIDED
    assert classify(DeepLinearNet((1, 1, 1), ball([[1]]), ball([[2]])), ball([1, 2])).kind == Kind.GLOBAL_MINIMUM


def test_resnet_with_all_layers_zero():
    """-I in every layer: strict for H = 2, not for H = 3; the certificate is one of the ResNet itself."""
    X, Y = I2, [[2, 0], [0, 1]]
    for H, kind in ((2, Kind.STRICT_SADDLE), (3, Kind.NON_STRICT_SADDLE)):
        model = LinearResNet(H, X, Y)
        answer = classify(model, [-1, 0, 0, -1] * H)
        assert answer.kind == kind
    theta = rational([-1, 0, 0, -1] * 3) + answer.certificate["escape_line"]
    assert model.loss(theta) == answer.loss and not is_zero(model.gradient(theta)).all()
    assert classify(model, np.array([-1.0, 0, 0, -1] * 3)).kind == kind


def test_other_losses_have_no_theory():
    """A weighted bottleneck has bad local minima, so the theorem must not speak: the same zeros stay undecided."""
    weighted = next(net for name, net in DeepLinearNet.instances() if name == "weighted squares")
    theta = np.zeros(weighted.dim, int)
    facts = SimpleNamespace(critical=True, inertia=classify(weighted, theta).inertia, evidence="exact", theta=theta)
    assert deep_linear_theory(weighted, facts) is None
    assert classify(DeepLinearNet((1, 1, 1), [[1]], [[1]], "absolute"), [1, 1]).kind == Kind.UNDECIDED


# --- other models ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "A, b, theta, kind, signs",
    [
        ([[2, 0], [0, 1]], [0, 0], [0, 0], "global minimum", (0, 0, 2)),
        ([[1, 2], [2, 1]], [0, 0], [0, 0], "strict saddle", (1, 0, 1)),
        ([[-1, 0], [0, -2]], [1, 0], [1, 0], "local maximum", (2, 0, 0)),
        ([[1, 1], [1, 1]], [1, 1], [0, -1], "global minimum", (0, 1, 1)),
        ([[-1, 0], [0, 0]], [0, 0], [0, 5], "local maximum", (1, 1, 0)),
        ([[0, 0], [0, 0]], [0, 0], [1, 2], "global minimum", (0, 2, 0)),
        ([[1, 0], [0, 0]], [0, 1], [0, 0], "not critical", None),
    ],
)
def test_quadratic(A, b, theta, kind, signs):
    model = Quadratic(A, b)
    assert summary(classify(model, theta)) == (kind, signs)
    assert summary(classify(model, np.array(theta, float))) == (kind, signs)


def test_flat_quadratic_needs_its_theory():
    """Zeros that no symmetry explains decide nothing without the minimum value or the theory."""
    concave = Quadratic([[-1, 0], [0, 0]])
    assert classify(concave, [0, 0], theory=lambda model, facts: None).kind == Kind.UNDECIDED


@pytest.mark.parametrize("model", [SphericalSpinGlass(3, 2, [2, 2, 0, 3, 2, -1]), SphericalSpinGlass(4, 2, range(10))])
def test_two_spin_has_two_points_of_each_index(model):
    N = model.N
    vectors = np.linalg.eigh(model.hessian(np.ones(N)))[1].T
    answers = [classify(model, sign * np.sqrt(N) * v) for v in vectors for sign in (1, -1)]
    assert Counter(a.inertia.negative for a in answers) == dict.fromkeys(range(N), 2)
    assert {a.kind for a in answers if a.inertia.negative == N - 1} == {Kind.LOCAL_MAXIMUM}
    assert all(a.inertia.zero == a.inertia.undecided == 0 and a.evidence == "numeric" for a in answers)


def test_sphere_exactly():
    """Signs on the tangent space: the Euclidean Hessian 2 diag(1, 2, 3, 4) is positive definite at all these points."""
    model = SphericalSpinGlass(4, 2, [1, 0, 0, 0, 2, 0, 0, 3, 0, 4])
    kinds = ["global minimum", "strict saddle", "strict saddle", "local maximum"]
    for i, kind in enumerate(kinds):
        theta = [2 * (j == i) for j in range(4)]
        answer = classify(model, theta)
        assert summary(answer) == (kind, (i, 0, 3 - i))
        assert summary(classify(model, np.array(theta, float))) == (kind, (i, 0, 3 - i))
        assert summary(classify(model, ball(theta))) == (kind, (i, 0, 3 - i))
        if i:
            v = answer.certificate["direction"]
            curvature = v @ model.riemannian_hessian(rational(theta)) @ v
            assert v[i] == 0 and curvature == answer.certificate["curvature"] < 0
    assert classify(model, [1, 1, 1, 1]).kind == Kind.NOT_CRITICAL
    for off in ([2, 1, 0, 0], [2.0, 1e-3, 0.0, 0.0], boxes([2, 1, 0, 0], 0.1)):
        with pytest.raises(ValueError, match="sphere"):
            classify(model, off)


def test_linear_form_on_the_sphere():
    """Its Hessian in the ambient space vanishes, so rounding must be measured by the gradient itself."""
    model = SphericalSpinGlass(3, 1, [1, -2, "1/3"])
    c = model.gradient(np.ones(3))
    top = np.sqrt(3) * c / np.linalg.norm(c)
    assert summary(classify(model, top)) == ("local maximum", (2, 0, 0))
    assert summary(classify(model, -top)) == ("global minimum", (0, 0, 2))


@pytest.mark.parametrize("p", [1, 3])
def test_a_single_spin_of_odd_degree(p):
    """Both points of the sphere {-1, 1} are isolated; only the one with the negative value is a global minimum."""
    for c in (2, -2):
        model = SphericalSpinGlass(1, p, [c])
        lower, upper = (np.array([s]) for s in ((-1, 1) if c > 0 else (1, -1)))
        for convert in (rational, ball, np.float64):
            assert classify(model, convert(lower)).kind == Kind.GLOBAL_MINIMUM
            assert summary(classify(model, convert(upper))) == ("local minimum", (0, 0, 0))


def test_repeated_eigenvalues_on_the_sphere():
    """Zeros that no symmetry direction explains: for p = 2 the theory decides, for p = 4 nothing does."""
    double = SphericalSpinGlass(4, 2, [1, 0, 0, 0, 1, 0, 0, 2, 0, 2])
    assert summary(classify(double, [2, 0, 0, 0])) == ("global minimum", (0, 1, 2))
    assert summary(classify(double, [0, 0, 0, 2])) == ("local maximum", (2, 1, 0))
    assert classify(double, [0, 0, 0, 2], theory=lambda model, facts: None).kind == Kind.UNDECIDED
    quartic = SphericalSpinGlass(1, 4, [1])
    assert summary(classify(quartic, [1])) == ("local minimum", (0, 0, 0))
    fourth_power = SphericalSpinGlass(4, 4, [1] + [0] * 34)
    assert summary(classify(fourth_power, [0, 2, 0, 0])) == ("undecided", (0, 3, 0))


@pytest.mark.parametrize("model", MODELS)
def test_known_points(model):
    """What the models say of their own points; only transcendental nets cannot be asked at rational points."""
    for _, instance in getattr(models, model).instances():
        for point in instance.known_points():
            try:
                answer = classify(instance, point.theta)
            except NotExact:
                answer = classify(instance, to_float(point.theta))
            higher_order = point.kind == Kind.NON_STRICT_SADDLE and model == "DeepNet"
            assert answer.kind == (Kind.UNDECIDED if higher_order else point.kind), point.name


def test_relu_kinks_report_clarke():
    neuron = ReluNeuron([[-1, 0, 1]], [0, 3, 1], output_weight=True, bias=True, output_bias=True)
    for theta, stationary in (([1, 0, 1, 1], False), ([0, 0, 0, "4/3"], True)):
        answer = classify(neuron, theta)
        assert answer.kind == Kind.UNDECIDED and answer.certificate == {"clarke_stationary": stationary}
    assert classify(neuron, boxes([1, 0, 1, 1], 0.1)).kind == Kind.UNDECIDED
    assert classify(neuron, np.array([1.0, 0, 1, 1])).kind == Kind.UNDECIDED


HIDDEN_KINK = [["1/10"], ["2/10"], ["-3/10"]]


@pytest.mark.parametrize(
    "model, theta",
    [
        (ReluNeuron(HIDDEN_KINK, [1]), [1.0, 1, 1]),
        (ReluNeuron(HIDDEN_KINK, [1], output_weight=True), [1.0, 1, 1, 1]),
        (ReluNeuron(rational(HIDDEN_KINK).repeat(2, 1), [1, 0], bias=True), [1.0, 1, 1, 0]),
        (ShallowNet(1, HIDDEN_KINK, [1], "relu"), [1.0, 1, 1, 0, 1, 0]),
        (DeepNet((3, 1, 1), HIDDEN_KINK, [[1]], "relu"), [1.0, 1, 1, 0, 1, 0]),
    ],
)
def test_a_kink_that_rounding_hides(model, theta):
    """0.1 + 0.2 - 0.3 is not 0 in floats, but the data are fractions and theta is exactly at the kink."""
    answer = classify(model, theta)
    assert answer.kind == Kind.UNDECIDED and "kink" in answer.rule and answer.inertia is None
    assert classify(model, rational([int(x) for x in theta])).kind == Kind.UNDECIDED


def test_a_kink_that_rounding_invents():
    """3 w - 1 is 0 in floats and -2^-54 exactly: nothing numeric is said across it, something certified may be."""
    theta = np.array([1 / 3, -1.0])
    fitted = ReluNeuron([[3, 6, 9]], [0, 1, 2], bias=True)
    assert bool(fitted.smooth_at(rational([Fraction(x) for x in theta]))) and not fitted.smooth_at(theta)
    answer = classify(fitted, theta)
    assert answer.kind == Kind.UNDECIDED and "kink" in answer.rule
    away = classify(ReluNeuron([[3, 6, 9]], [0, 1, 3], bias=True), theta)
    assert (away.kind, away.evidence) == (Kind.NOT_CRITICAL, "certified")


def test_a_user_model_says_where_its_kinks_are():
    """smooth_at counts without traits."""
    modulus = Polynomial(lambda x, y: abs(x) + y * y, lambda x, y: [0 * x, 2 * y], lambda x, y: [[0, 0], [0, 2]])
    modulus.smooth_at = lambda theta: theta[0] != 0
    for theta in ([0, 0], np.zeros(2), ball([0, 0])):
        assert "kink" in classify(modulus, theta).rule


def test_relu_off_the_kinks():
    """Dead neurons and linear ones explain their zeros; without them the same Hessian decides nothing."""
    neuron = ReluNeuron([[-1, 0, 1]], [0, 3, 1], output_weight=True, bias=True, output_bias=True)
    for theta, zeros in (([0, -1, 1, "4/3"], 3), ([1, 2, "1/2", "1/3"], 2)):
        assert summary(classify(neuron, theta)) == ("local minimum", (0, zeros, 4 - zeros))
        assert classify(neuron, theta, theory=lambda model, facts: None).kind == Kind.UNDECIDED
    twice = ReluNeuron([[1, 1]], [0, 2], output_weight=True, bias=True, output_bias=True)
    assert summary(classify(twice, [1, 0, 1, 0])) == ("undecided", (0, 3, 1)), "two of the three zeros are explained"


# --- a user's model -------------------------------------------------------------------------------------------------


class Polynomial:
    """Only dim, loss, gradient, hessian, in every arithmetic."""

    dim = 2

    def __init__(self, loss, gradient, hessian):
        self.f, self.g, self.h = loss, gradient, hessian

    def loss(self, theta):
        return self.f(*theta)

    def gradient(self, theta):
        return np.array(self.g(*theta))

    def hessian(self, theta):
        return np.array(self.h(*theta))


MONKEY = Polynomial(
    lambda x, y: x * x * x - 3 * x * y * y,
    lambda x, y: [3 * x * x - 3 * y * y, -6 * x * y],
    lambda x, y: [[6 * x, -6 * y], [-6 * y, -6 * x]],
)
QUARTIC = Polynomial(
    lambda x, y: x * x * x * x + y * y,
    lambda x, y: [4 * x * x * x, 2 * y],
    lambda x, y: [[12 * x * x, 0 * x], [0 * x, 0 * y + 2]],
)


def quartic_theory(model, facts):
    return Decision(Kind.GLOBAL_MINIMUM, "a sum of even powers", {"value": 0}) if facts.loss == 0 else None


@pytest.mark.parametrize("theta", [[0, 0], np.zeros(2)], ids=["rational", "float"])
def test_higher_orders_are_undecided_until_a_theory_decides(theta):
    assert classify(MONKEY, theta).kind == classify(QUARTIC, theta).kind == Kind.UNDECIDED
    answer = classify(QUARTIC, theta, theory=quartic_theory)
    assert answer.kind == Kind.GLOBAL_MINIMUM and answer.certificate == {"value": 0}
    assert classify(QUARTIC, theta, theory=SimpleNamespace(decide=quartic_theory)).kind == Kind.GLOBAL_MINIMUM
    assert classify(QUARTIC, np.array([1.0, 0.0]), theory=quartic_theory).kind == Kind.NOT_CRITICAL


def test_gtol_does_not_turn_a_flat_direction_into_a_sign():
    """x^3 at x = 1e-3 has slope 3e-6 and curvature 6e-3, but two Newton steps on, the curvature is 0."""
    cubic = Polynomial(
        lambda x, y: x * x * x + y * y,
        lambda x, y: [3 * x * x, 2 * y],
        lambda x, y: [[6 * x, 0 * x], [0 * x, 0 * y + 2]],
    )
    theta = np.array([1e-3, 0.0])
    assert classify(cubic, theta).kind == Kind.NOT_CRITICAL
    answer = classify(cubic, theta, gtol=1e-5)
    assert answer.kind == Kind.UNDECIDED and answer.inertia.undecided == 1 and "gtol" in answer.rule


def test_a_theory_that_contradicts_the_hessian_is_refused():
    with pytest.raises(ValueError, match="strict saddle"):
        classify(QUARTIC, [0, 0], theory=lambda model, facts: Decision(Kind.STRICT_SADDLE, "wrong"))
    with pytest.raises(ValueError, match="global minimum"):
        classify(SCALAR, [0, 0, 1], theory=lambda model, facts: Decision(Kind.GLOBAL_MINIMUM, "wrong"))
    with pytest.raises(TypeError, match="Decision"):
        classify(QUARTIC, [0, 0], theory=lambda model, facts: Kind.GLOBAL_MINIMUM)
    with pytest.raises(TypeError, match="callable"):
        classify(QUARTIC, [0, 0], theory="deep_linear")


def test_wrong_symmetries_explain_nothing():
    """Directions outside the kernel are no symmetries: the zero they would explain stays open."""

    class Wrong(Polynomial):
        def symmetry_directions(self, theta):
            return rational([[0, 1]])

    wrong = Wrong(QUARTIC.f, QUARTIC.g, QUARTIC.h)
    assert classify(wrong, [0, 0]).kind == Kind.UNDECIDED


def test_flat_is_what_the_manifold_says():
    """Not the dimension: a curved metric on R^2 is not flat, and the battery asks the same question."""
    curved = SimpleNamespace(dim=2, dimension=2)
    for manifold, flat in ((Euclidean(2), True), (Sphere(2), False), (curved, False), (None, True)):
        assert is_flat(SimpleNamespace(dim=2, manifold=manifold)) == flat
    assert is_flat(QUARTIC) and geometry.is_flat is points.is_flat is is_flat


# --- floats and balls -----------------------------------------------------------------------------------------------


def test_float_points_with_irrational_coordinates():
    """2^(1/3) three times: critical up to rounding only, so numeric; 1e-6 away it is not, unless gtol says so."""
    theta = np.full(3, 2 ** (1 / 3))
    answer = classify(SCALAR, theta)
    assert summary(answer) == ("global minimum", (0, 2, 1)) and answer.evidence == "numeric"
    assert 0 < answer.gradient_bound <= rounding(float, 3, np.abs(SCALAR.hessian(theta)).sum(1).max() * theta[0])
    away = theta + np.array([1e-6, 0, 0])
    refused = classify(SCALAR, away)
    assert refused.kind == Kind.NOT_CRITICAL and refused.evidence == "certified"
    assert classify(SCALAR, away, gtol=1e-4).kind == Kind.GLOBAL_MINIMUM
    assert isinstance(answer.loss, float)
    single = classify(SCALAR, theta.astype(np.float32))
    assert summary(single) == summary(answer) and single.gradient_bound > 1e6 * answer.gradient_bound


def test_float_only_models():
    """A user's transcendental float model: numeric, and its sample gradients are not needed."""
    model = Polynomial(
        lambda x, y: float(np.cosh(float(x)) + float(y) ** 2),
        lambda x, y: [float(np.sinh(float(x))), 2 * float(y)],
        lambda x, y: [[float(np.cosh(float(x))), 0.0], [0.0, 2.0]],
    )
    answer = classify(model, np.zeros(2))
    assert (answer.kind, answer.evidence) == (Kind.LOCAL_MINIMUM, "numeric")
    assert classify(model, np.array([1e-3, 0.0])).kind == Kind.NOT_CRITICAL


FLOAT_HESSIAN = [[0.1 + 0.2 - 0.3, 0.0], [0.0, 1.0]]


def test_float_derivatives_prove_nothing_beside_exact_points():
    """-x^4 + y^2 with a float Hessian whose rounding looks like a positive sign; gradients, Hessians and losses."""
    f, g, h = lambda x, y: y * y - x * x * x * x, lambda x, y: [-4 * x * x * x, 2 * y], lambda x, y: FLOAT_HESSIAN
    float_hessian = Polynomial(f, g, h)
    float_gradient = Polynomial(f, lambda x, y: [0.0, 0.0], QUARTIC.h)
    float_loss = Polynomial(lambda x, y: 0.0, g, QUARTIC.h)
    for model, name in ((float_hessian, "hessian"), (float_gradient, "gradient"), (float_loss, "loss")):
        for theta in ([0, 0], ball([0, 0])):
            with pytest.raises(NotExact, match=f"{name} needs .* got float"):
                classify(model, theta)
        assert classify(model, np.zeros(2)).evidence == "numeric"
    integers = Polynomial(f, g, lambda x, y: [[-2, 0], [0, 2]])
    assert classify(integers, [0, 0]).evidence == classify(integers, np.zeros(2)).evidence == "exact"
    balls = Polynomial(f, lambda x, y: ball([0, 0]), QUARTIC.h)
    with pytest.raises(NotExact, match="got ball"):
        classify(balls, [0, 0])


def test_not_critical_is_certified_only_if_a_ball_excludes_zero():
    """The gradient at 0 is exactly 0, its balls only contain 0, and rounding a theta of 0 changes nothing."""
    answer = classify(ShallowNet(1, [[1, 2, 3]], ["1/3", "1/7", "-10/21"]), np.zeros(4))
    assert answer.kind != Kind.NOT_CRITICAL and answer.evidence == "numeric"


def test_the_rule_names_the_entry_that_exceeds_its_rounding():
    """The largest entry is below its own rounding, the smaller one far above its own."""
    model = Quadratic([[10**20, 0], [0, 1]], [-1, 0])
    theta = np.array([1e-20, 1e-17])
    answer = classify(model, theta)
    assert answer.kind == Kind.NOT_CRITICAL and answer.rule.startswith("entry 1 of the gradient (1.0e-17) exceeds")
    assert "gtol = 1.0e-18" in classify(model, theta, gtol=1e-18).rule


def test_bounds_do_not_underflow():
    """A gradient below the smallest float is not zero."""
    tiny = classify(Quadratic([[2]]), rational([Fraction(1, 10**400)]))
    assert tiny.kind == Kind.NOT_CRITICAL and tiny.gradient_bound > 0
    assert classify(Quadratic([[2]]), [0]).gradient_bound == 0


def test_boxes():
    """No critical point; a proved one inside; too wide to tell."""
    q = Quadratic([[2, 1], [1, 3]], [1, -1])
    assert classify(q, boxes([0, 0], 0.1)).kind == Kind.NOT_CRITICAL
    inside = classify(q, boxes([-0.75, 0.5], 0.25))
    assert (inside.kind, inside.evidence) == (Kind.GLOBAL_MINIMUM, "certified")
    assert all((x - q).contains(0) for x, q in zip(inside.certificate["box"], rational(["-4/5", "3/5"]), strict=True))
    wide = classify(QUARTIC, boxes([0, 0], 0.1))
    assert wide.kind == Kind.UNDECIDED and wide.inertia.undecided == 1 and wide.inertia.positive == 1
    flat = classify(q, np.append(boxes([-0.75], 0.25), boxes([0.6], 0)))
    assert flat.kind == Kind.UNDECIDED and flat.inertia.positive == 2, "a box without interior proves nothing"


def test_boxes_across_an_orbit():
    """A box around a minimum of the scalar chain meets a 2-dimensional orbit; a slice across it isolates one point."""
    answer = classify(SCALAR, boxes([2 ** (1 / 3)] * 3, 1e-6))
    assert summary(answer) == ("global minimum", (0, 2, 1)) and answer.evidence == "certified"


# --- bad input ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "theta, error, words",
    [
        (np.zeros((2, 3)), ValueError, "batch"),
        ([0, 0], ValueError, "3 parameters"),
        ([0.0, np.nan, 1.0], ValueError, "finite"),
        (np.zeros(3, complex), TypeError, "real"),
        (np.array([0.0, 1.0, 2.0], object), TypeError, "one kind"),
        (symbols(theta=3), NotExact, "symbols"),
    ],
)
def test_bad_points(theta, error, words):
    with pytest.raises(error, match=words):
        classify(SCALAR, theta)


def test_bad_models_and_options():
    with pytest.raises(TypeError, match="hessian"):
        classify(SimpleNamespace(dim=1, loss=None, gradient=None), [0])
    with pytest.raises(ValueError, match="gtol"):
        classify(SCALAR, np.zeros(3), gtol=-1)
    flat = Polynomial(QUARTIC.f, lambda x, y: [x], QUARTIC.h)
    with pytest.raises(ValueError, match="gradient needs shape"):
        classify(flat, [0, 0])


# --- wide ReLU nets, and their kinks ---


def test_wide_relu_nets_are_decided_whatever_their_kernel():
    """Errors orthogonal to all lines: ten neurons active everywhere, whose kernel the symmetries explain in part."""
    theta = rational([*range(1, 11), *[1] * 10, *[1, -2] * 5, 0])
    X, e = [[0, 1, 2]], rational([1, -2, 1])
    net = ShallowNet(10, X, ShallowNet(10, X, [0, 0, 0], "relu").outputs(theta) - e, "relu")
    answer = classify(net, theta)
    assert answer.kind == Kind.LOCAL_MINIMUM and answer.evidence == "exact" and answer.loss == 2
    assert classify(net, to_float(theta)).kind == Kind.LOCAL_MINIMUM
    assert classify(net, theta, theory=lambda model, facts: None).kind == Kind.UNDECIDED
    assert classify(ShallowNet(10, X, net.y + e, "relu"), theta).kind == Kind.GLOBAL_MINIMUM


def test_kinks_of_relu_nets_are_decided_at_first_order():
    """relu(x - 1) on 1, 2, 3 with the target -1 at the kink, where it cannot be reached, and with 1, where it can."""
    for y, kind in ((-1, Kind.LOCAL_MINIMUM), (0, Kind.GLOBAL_MINIMUM), (1, Kind.UNDECIDED)):
        net = ShallowNet(1, [[1, 2, 3]], [y, 1, 2], "relu", output_bias=False)
        answer = classify(net, [1, -1, 1])
        assert answer.kind == kind and "kink" in answer.rule and answer.inertia is None
        assert classify(net, np.array([1.0, -1.0, 1.0])).kind == kind
    start, direction = answer.certificate["start"], answer.certificate["direction"]
    assert net.loss(start) == answer.loss > net.loss(start + direction / 16)
