"""Linear ResNets near the identity: factors of a map, bounds of their norms and of gradients."""

from fractions import Fraction
from itertools import pairwise, permutations, product

import numpy as np
import pytest

from theory.arithmetic import ball, flint, precision, rational, to_float
from theory.calculus.tolerance import rounding
from theory.claims import resnet_gradient
from theory.claims.resnet_data import literal
from theory.critical.classify import classify
from theory.critical.near_identity import (
    gradient_constant,
    largest_norm,
    layers_near_identity,
    log_range,
    near_bound,
    norm_lower_bound,
    optimum_near_identity,
    printed_bound,
    reflection_norm,
    rotation_root,
)
from theory.errors import Degenerate, NotExact
from theory.landscape import Kind
from theory.models import LinearResNet


@pytest.fixture(autouse=True)
def balls():
    with precision():
        yield


def eye(d):
    return rational(np.eye(d, dtype=int))


def multiplied(W):
    P = eye(W.shape[-1])
    for w in W:
        P = (eye(len(w)) + w) @ P
    return P


def slack(bound):
    """The bound of the claim: room for rational layers."""
    return bound * 1001 / 1000


def preserving(d, seed):
    """A random integer matrix with det > 0."""
    rng = np.random.default_rng([d, seed])
    while True:
        R = rng.integers(-4, 5, (d, d))
        if np.linalg.det(R) > 1 / 2:
            return rational(R)


# --- factors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("H", [1, 2, 3, 8, 30])
@pytest.mark.parametrize("d", [1, 2, 3, 4, 5])
def test_factors_have_the_product_and_the_promised_norm(d, H):
    for seed in range(3):
        R = preserving(d, seed)
        W, norm = layers_near_identity(R, H)
        assert W.shape == (H, d, d) and (multiplied(W) == R).all()
        assert norm <= slack(near_bound(log_range(R), H))
        assert not norm < norm_lower_bound(R, H)
        floats = np.linalg.norm(to_float(W), 2, axis=(1, 2)).max()
        assert abs(float(norm.mid()) - floats) <= rounding(float, d * d, 2 * floats + 1)


def cube_rotations(d):
    """Signed permutations with det 1: half turns and quarter turns in any planes."""
    for order, signs in product(permutations(range(d)), product((1, -1), repeat=d)):
        R = np.diag(signs)[list(order)]
        if np.linalg.det(R) > 0:
            yield rational(R)


@pytest.mark.parametrize("d", [2, 3, 4])
def test_half_turns_pair_up(d):
    rotations = list(cube_rotations(d))
    assert len(rotations) == {2: 4, 3: 24, 4: 192}[d]
    for R in rotations:
        W, norm = layers_near_identity(R, 3)
        assert (multiplied(W) == R).all() and norm <= slack(near_bound(ball([0])[0], 3))


@pytest.mark.parametrize("H", [1, 2, 5, 40])
@pytest.mark.parametrize("angles", [(np.pi,), (np.pi - 2.0**-30, 1), (np.pi, np.pi), (-3, 0), (2.0**-40,)], ids=str)
def test_rotation_roots(angles, H):
    """Also for eigenvalues next to -1, and in a basis that hides the planes."""
    d = 2 * len(angles) + 1
    Q = np.eye(d)
    for i, a in enumerate(angles):
        Q[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] = [[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]
    basis = np.linalg.qr(np.random.default_rng(d).standard_normal((d, d)))[0]
    Q = basis @ Q @ basis.T
    T = rotation_root(Q, H)
    error = rounding(float, 20 * d * d * H, np.sqrt(d))
    assert np.linalg.norm(np.linalg.matrix_power(T, H) - Q) <= error
    assert np.linalg.norm(T - np.eye(d), 2) <= 2 * np.sin(np.pi / (2 * H)) + error


def test_badly_scaled_maps_are_factored_exactly():
    R = rational([[-(10**9), 1], [0, -1]])
    W, norm = layers_near_identity(R, 12)
    assert (multiplied(W) == R).all() and norm <= slack(near_bound(log_range(R), 12))
    W, norm = layers_near_identity(rational([["1/1000000007", 0], [0, "1/3"]]), 7)
    assert norm < 1


def test_the_identity_needs_no_layers():
    W, norm = layers_near_identity(eye(3), 4)
    assert (W == 0).all() and norm == 0


@pytest.mark.parametrize(
    ("R", "H", "error", "says"),
    [
        ([[1, 2]], 2, ValueError, r"R must be square \(d, d\), got shape \(1, 2\)"),
        ([1, 2], 2, ValueError, "R must be square"),
        ([[1, 2], [2, 4]], 2, ValueError, "needs det R > 0, got a singular R"),
        ([[0, 1], [1, 0]], 2, ValueError, r"needs det R > 0, got -1; reverse one output, or give x and y"),
        ([[2]], 0, ValueError, "H must be an integer of at least 1, got 0"),
        ([[2]], 1.5, ValueError, "H must be an integer"),
        ([[2.0]], 2, NotExact, r"R: needs rational entries, got float; build the matrix with theory.rational"),
        ([[10**17, 0], [0, 1]], 2, Degenerate, "needs a condition number below"),
    ],
)
def test_what_cannot_be_factored_is_refused(R, H, error, says):
    with pytest.raises(error, match=f"layers_near_identity: {says}"):
        layers_near_identity(R, H)


def test_the_remedies_of_the_refusal_work():
    R = rational([[0, 1], [1, 0]])
    reversed_output = rational([[1, 0], [0, -1]]) @ R
    longer = rational([[0, 1, 0], [1, 0, 0], [0, 0, -1]])  # (x, b) -> (R x, -b)
    for oriented in (reversed_output, longer):
        assert layers_near_identity(oriented, 10)[1] < flint().fmpq(1, 2)


# --- optima of models ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("noise", [0, "1/3"])
@pytest.mark.parametrize("H", [1, 2, 6])
def test_the_optimum_near_the_identity_is_an_exact_global_minimum(H, noise):
    model = LinearResNet.population(H, [[1, 2], [-1, 1]], [[2, 1], [1, 1]], noise)
    theta, norm = optimum_near_identity(model)
    assert model.loss(theta) == model.minimum_value() and norm <= slack(near_bound(log_range([[1, 2], [-1, 1]]), H))
    assert classify(model, theta).kind is Kind.GLOBAL_MINIMUM


def test_the_optimum_of_samples_is_least_squares():
    X, Y = rational([[1, 0, 2], [0, 1, 1]]), rational([[2, 0, 1], [0, 1, 1]])
    model = LinearResNet(3, X, Y)
    theta, _ = optimum_near_identity(model)
    assert model.loss(theta) == model.minimum_value() > 0


@pytest.mark.parametrize(
    ("model", "error", "says"),
    [
        (LinearResNet(2, [[1.0, 2.0]], [[1.0, 2.0]]), NotExact, "needs rational data, got float"),
        (LinearResNet(2, [[1, 2], [2, 4]], [[1, 0], [0, 1]]), Degenerate, "needs an invertible X X"),
        (LinearResNet.population(2, [[-1]], [[1]]), ValueError, "needs det R > 0"),
    ],
)
def test_models_without_such_an_optimum(model, error, says):
    with pytest.raises(error, match=says):
        optimum_near_identity(model)


# --- norms -----------------------------------------------------------------------------------------------------------


def test_norms_are_certified_and_sharp():
    W = np.stack([rational([[0, 2], [0, 0]]), rational([["1/2", "1/3"], ["-1/7", 0]])])
    assert largest_norm(W) == 2
    norm = largest_norm(W[1:])
    assert norm.rad() < flint().arb((1, -100))
    square = norm * norm
    trace, det = (W[1] * W[1]).sum(), (W[1][0, 0] * W[1][1, 1] - W[1][0, 1] * W[1][1, 0]) ** 2
    assert (square * square - square * trace + det).contains(0)


@pytest.mark.parametrize("H", [2, 3, 10])
def test_minus_the_identity_shows_that_pi_is_the_right_constant(H):
    """sin(pi/H) <= max ||W_k||, and 2 sin(pi/2H) is reached: both are pi/H to first order."""
    low, high = norm_lower_bound([[-1, 0], [0, -1]], H), near_bound(ball([0])[0], H)
    assert low.contains((low.pi() / H).sin()) and high.contains(2 * (low.pi() / (2 * H)).sin())
    assert low <= layers_near_identity([[-1, 0], [0, -1]], H)[1] <= slack(high)


def test_lower_bounds():
    assert norm_lower_bound([[8]], 3).contains(1)
    assert norm_lower_bound([["1/8"]], 3).contains(flint().fmpq(1, 2))
    assert norm_lower_bound([[0]], 3) == 1 and norm_lower_bound([[0, 1], [1, 0]], 50) == 1
    assert norm_lower_bound([[1, 0], [0, 0]], 2) == 1
    assert norm_lower_bound([[1]], 2) == 0
    with pytest.raises(NotExact, match="needs rational entries"):
        norm_lower_bound([[1.0]], 2)


@pytest.mark.parametrize("gamma", [0, 1, Fraction(7, 3)])
def test_the_printed_bound_is_more_than_twice_as_large(gamma):
    g = ball([gamma])[0]
    H = max(1, -int(-3 * gamma // 1))
    for depth in range(H, H + 50):
        assert 2 * near_bound(g, depth) < printed_bound(g, depth)


def test_reflections():
    """The roots of (a - 1)(a + 1)^{H-1} = 1: 2, the square root of 2, and so on down to 1."""
    brackets = [reflection_norm(1, H) for H in range(1, 30)]
    assert all(low <= high for low, high in brackets) and brackets[0][0] <= 2 <= brackets[0][1]
    assert brackets[1][0] ** 2 <= 2 <= brackets[1][1] ** 2
    assert [round(float(Fraction(str(low))), 5) for low, _ in brackets[1:4]] == [1.41421, 1.20557, 1.10692]
    assert all(low > next_high for (low, _), (_, next_high) in pairwise(brackets))
    assert all(low > 1 for low, _ in brackets)


def test_reflections_of_other_sizes():
    low, high = reflection_norm("1/4", 2)  # a^2 = 5/4
    assert low**2 <= flint().fmpq(5, 4) <= high**2
    low, high = reflection_norm(24, 1)
    assert low <= 25 <= high
    with pytest.raises(ValueError, match="rho must be positive, got -1"):
        reflection_norm(-1, 2)
    with pytest.raises(NotExact):
        reflection_norm(0.5, 2)


@pytest.mark.parametrize("d", [2, 3])
def test_a_reflection_in_any_dimension_attains_the_root(d):
    """diag(-1, 1, ..., 1): the scalar optimum beside layers 0, and no factors are nearer to the identity."""
    H = 4
    low, high = reflection_norm(1, H)
    a = ball([low])[0].union(ball([high])[0])
    weights = [-a, *[a] * (H - 1)]
    factors = a * 0 + 1
    for w in weights:
        factors = factors * (1 + w)
    assert factors.contains(-1) and norm_lower_bound(rational(np.diag([-1] + [1] * (d - 1))), H) < a


# --- gradients -------------------------------------------------------------------------------------------------------


def random_points(d, H, count, seed):
    """A model with random R and Sigma, and points (count, n) with max ||W_k|| = tau (count,)."""
    rng = np.random.default_rng([d, H, seed])
    X, R = rng.standard_normal((d, 2 * d)), rng.standard_normal((d, d))
    model = LinearResNet(H, X, R @ X)
    W = rng.standard_normal((count, H, d, d))
    tau = rng.uniform(size=count)
    W *= (tau / np.linalg.norm(W, 2, axis=(-2, -1)).max(-1))[:, None, None, None]
    scale = 4 * H * (2**H * (1 + np.linalg.norm(R)) * np.linalg.norm(X) ** 2) ** 2
    return model, X @ X.T, W.reshape(count, -1), tau, rounding(float, 40 * model.dim, scale)


def violations(d, H, count, seed):
    """How often random points violate the bound by layers, the bound by tau, and the printed one."""
    model, Sigma, theta, tau, error = random_points(d, H, count, seed)
    square, excess = (model.gradient(theta) ** 2).sum(-1), model.loss(theta)
    least = np.linalg.eigvalsh(Sigma)[0]
    layers = gradient_constant(model, theta) * excess
    radius = 4 * H * (1 - tau) ** (2 * (H - 1)) * least * excess
    printed = 4 * H * (1 - tau) ** (H - 1) * least**2 * excess
    assert (radius <= layers + error).all()
    return [int((bound > square + error).sum()) for bound in (layers, radius, printed)]


def test_the_corrected_gradient_bound_is_never_violated_and_the_printed_one_often():
    counts = np.array([violations(d, H, 100, seed) for d in (1, 2, 3) for H in (1, 2, 3, 4) for seed in range(4)])
    layers, radius, printed = counts.sum(0)
    assert (layers, radius) == (0, 0)
    assert printed > 4800 // 10


def test_the_witness_of_the_erratum_violates_the_inequality_itself():
    case = resnet_gradient.GRADIENT_ERRATUM.witness
    square, excess = literal(case, case.near(), rational(case.R))
    assert square < resnet_gradient.printed_law(3, flint().fmpq(1, 3), case.variances, excess)


@pytest.mark.parametrize(
    ("H", "w", "Sigma", "square", "printed"),
    [(2, "-1/2", 1, "9/8", "9/4"), (1, 0, 2, 16, 32)],
)
def test_worked_violations_of_the_printed_bound(H, w, Sigma, square, printed):
    """Scalars with excess 9/16 and 2: the exponent of 1 - tau, and the exponent of Sigma."""
    model = LinearResNet.population(H, [[1]] if H == 2 else [[2]], [[Sigma]])
    theta = rational([w] * H)
    g = model.gradient(theta)
    values = resnet_gradient.printed_law(H, abs(theta[0]), rational([Sigma]).tolist(), model.loss(theta))
    assert (g * g).sum() == rational([square])[0] and values == rational([printed])[0]
    assert gradient_constant(model, theta) * ball([model.loss(theta)])[0] == ball([square])[0]


def test_constants_of_exact_and_float_points_agree():
    X, Y = rational([[1, 0, 2], [0, 1, 1]]), rational([[1, 1, 0], [0, 1, 3]])
    model, theta = LinearResNet(2, X, Y), rational(np.arange(16).reshape(2, 8)) * flint().fmpq(1, 7)
    exact, floats = gradient_constant(model, theta), gradient_constant(model, to_float(theta))
    assert exact.shape == floats.shape == (2,)
    assert (abs(to_float(exact) - floats) <= rounding(float, 1000, 1 + floats)).all()
    assert type(gradient_constant(model, theta[0])) is flint().arb


def test_constants_of_degenerate_inputs():
    theta = rational([0, 0, 0, 0])
    assert gradient_constant(LinearResNet.population(1, eye(2), [[3, 0], [0, 0]]), theta) == 12
    assert gradient_constant(LinearResNet.population(1, eye(2), [[0, 0], [0, 0]]), theta) == 0
    assert gradient_constant(LinearResNet.population(1, eye(2), [[0, 0], [0, 0]]), to_float(theta)) == 0
    assert gradient_constant(LinearResNet(2, [[1]], [[1]]), rational([-1, -1])) == 0
    assert gradient_constant(LinearResNet(2, [[1]], [[1]]), rational([-1, 1])) == 16


def test_constants_need_data_and_points_without_radius():
    with pytest.raises(NotExact, match="needs data without radius"):
        gradient_constant(LinearResNet(1, ball([["1/3"]]), [[1]]), rational([0]))
    with pytest.raises(NotExact, match="needs rational entries"):
        gradient_constant(LinearResNet(1, [[1]], [[1]]), ball(["1/3"]))
