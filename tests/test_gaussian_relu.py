"""Gaussian population losses: against the literal definition, Monte Carlo, differences at parallel vectors; minima."""

import pickle
import random
from fractions import Fraction

import numpy as np
import pytest
import sympy
from sympy_balls import to_ball

from theory.arithmetic import ball, precision, rational, symbols, to_float
from theory.calculus.ball_inertia import ball_signs
from theory.calculus.differences import taylor_slope
from theory.calculus.exact_linalg import ball_matrix
from theory.calculus.inertia import inertia
from theory.calculus.tolerance import rounding
from theory.claims.gaussian_routes import reduced_point
from theory.critical import gaussian_relu as theory
from theory.critical.classify import classify
from theory.critical.gaussian_relu import (
    antipode,
    block_hessian,
    certified_point,
    invariant_matrices,
    isotypic_blocks,
    least_eigenvalue,
    orthonormal_teachers,
    symmetric_point,
)
from theory.definitions import gaussian_relu as definition
from theory.errors import NotExact, Undecided
from theory.landscape import Kind
from theory.models.gaussian_relu import GaussianReluNet

INSTANCES = list(GaussianReluNet.instances())
HALF = 2.0**-64  # half the digits of the working precision
# Loss and least eigenvalue of the Hessian at the symmetric point of k students.
TABLE = {
    3: ("0.0241236637049975", "-0.0444821696"),
    4: ("0.0280249813102649", "-0.0244237616"),
    5: ("0.0269704695256001", "-0.0077015191"),
    6: ("0.0250805810024630", "0.0047003547"),
    7: ("0.0232027149135661", "0.0140590132"),
    8: ("0.0215080371715214", "0.0213465892"),
    9: ("0.0200141758085110", "0.0271820870"),
    10: ("0.0187021945856070", "0.0319640276"),
    11: ("0.0175466759086806", "0.0359580361"),
    12: ("0.0165237927127927", "0.0393474055"),
    13: ("0.0156131542410891", "0.0422625599"),
    14: ("0.0147978288871427", "0.0447988000"),
    15: ("0.0140638817186826", "0.0470273759"),
    16: ("0.0133998450632822", "0.0490026267"),
    17: ("0.0127962454934667", "0.0507667225"),
    18: ("0.0122452133785655", "0.0523528952"),
    19: ("0.0117401703464233", "0.0537876923"),
    20: ("0.0112755819475817", "0.0550925814"),
}


# --- the battery and the definition ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "V", "patches"),
    [
        (1, [[1, 2]], 1),
        (1, [[1, 2, -1]], 3),
        (2, [[1, 0], [0, 1]], 1),
        (2, [[1, 1]], 2),
        (1, [[1, 0], [2, -1]], 1),
        (3, [[1], [-2]], 2),
    ],
)
def test_the_model_is_its_definition(n, V, patches):
    """Loss, gradient and one row of the Hessian of the SymPy expression, evaluated in balls at a rational point."""
    d, rng = len(V[0]), random.Random(str((n, V, patches)))
    weights = sympy.symbols(f"w:{n * d}", real=True)
    point = [sympy.Rational(rng.choice((-5, -4, -2, 1, 3, 7)), rng.choice((1, 2, 3))) for _ in weights]
    at = dict(zip(weights, point, strict=True))
    model = GaussianReluNet(n, V, patches)
    with precision(128):
        theta = ball([str(x) for x in point])
        assert to_ball(definition.loss(n, V, point, patches)).overlaps(model.loss(theta))
        if d == 1:
            return  # parallel vectors: the derivative of acos is infinite in the definition
        L = definition.loss(n, V, weights, patches)
        first = [L.diff(w) for w in weights]
        assert all(to_ball(g.subs(at)).overlaps(x) for g, x in zip(first, model.gradient(theta), strict=True))
        row = [first[0].diff(w).subs(at) for w in weights]
        assert all(to_ball(h).overlaps(x) for h, x in zip(row, model.hessian(theta)[0], strict=True))


@pytest.mark.parametrize(
    ("n", "V", "patches"), [(1, [[1, 2, 0]], 1), (2, [[1, 0], [0, 1]], 1), (2, [[1, -1, 1]], 3)], ids=str
)
def test_monte_carlo(n, V, patches):
    """Empirical means within six standard errors of the loss and of the derivative in a direction."""
    rng = np.random.default_rng(n * patches)
    model, samples = GaussianReluNet(n, V, patches), 200_000
    W = rng.standard_normal((n, len(V[0])))
    x = rng.standard_normal((samples, patches, len(V[0])))
    u = rng.standard_normal(W.shape)
    g = (np.maximum(x @ W.T, 0).sum(-1) - np.maximum(x @ np.transpose(V), 0).sum(-1)).mean(-1)
    slope = (np.where(x @ W.T > 0, x @ u.T, 0).sum(-1)).mean(-1)
    for drawn, closed in ((g**2 / 2, model.loss(W.ravel())), (g * slope, model.gradient(W.ravel()) @ u.ravel())):
        assert abs(drawn.mean() - closed) < 6 * drawn.std() / np.sqrt(samples)


def test_another_loss_is_told_apart_by_monte_carlo():
    """The loss without the factor 1/2 is more than six standard errors away."""
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((200_000, 2)), np.array([0.5, 1.0])
    g = (np.maximum(x @ w, 0) - np.maximum(x[:, 0], 0)) ** 2
    error = 6 * g.std() / np.sqrt(len(g))
    loss = GaussianReluNet(1, [[1, 0]]).loss(w)
    assert abs(g.mean() / 2 - loss) < error < abs(g.mean() - loss)


# --- smoothness ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "W", [[[1.0, 2.0], [2.0, 4.0]], [[1.0, 2.0], [-1.0, -2.0]], [[-2.0, 1.0], [1.0, 0.0]]], ids=str
)
def test_twice_differentiable_at_parallel_and_opposite_vectors(W):
    """The quadratic remainder has slope 3 in every direction, although third derivatives jump there."""
    model, theta = GaussianReluNet(2, [[1, 2], [2, -1]]), np.ravel(W)
    g, H = model.gradient(theta), model.hessian(theta)
    for v in np.random.default_rng(1).standard_normal((6, 4)):
        noise = rounding(float, 16 * model.dim, 1 + abs(model.loss(theta)))
        assert taylor_slope(model.loss, theta, v, g @ v, v @ H @ v, noise=noise).slope > 5 / 2


def test_parallel_vectors_cost_no_digits_in_balls():
    model = GaussianReluNet(2, [["1/3", "2/3"], ["1/7", "-1/7"]])
    with precision(128):
        theta = ball(["1/3", "2/3", "-1/7", "1/7"])
        for values in (model.loss(theta), model.gradient(theta), model.hessian(theta)):
            assert max(float(x.rad()) for x in np.ravel(values)) < HALF


def test_at_a_dead_student_only_one_sided_derivatives():
    model, theta = GaussianReluNet(2, [[1, 0], [0, 1]], 2), np.array([0.0, 0.0, 1.0, 1.0])
    assert not model.smooth_at(theta) and model.smooth_at(theta + 1)
    for method in (model.gradient, model.hessian, lambda t: model.hvp(t, t)):
        with pytest.raises(ValueError, match=r"w_i = 0.*one_sided_derivative"):
            method(theta)
    with pytest.raises(Undecided):
        model.gradient(ball(["1/3"] * 4) - ball(["1/3"] * 4))
    for v in np.random.default_rng(0).standard_normal((5, 4)):
        slope = model.one_sided_derivative(theta, v)
        noise = rounding(float, 16 * model.dim, 1 + abs(model.loss(theta)))
        assert taylor_slope(model.loss, theta, v, slope, noise=noise).slope > 3 / 2
        assert taylor_slope(model.loss, theta, v, 2 * slope, noise=noise).slope < 3 / 2


def test_where_it_is_smooth_one_sided_derivatives_are_those_of_the_gradient():
    model, rng = GaussianReluNet(3, [[1, 0, 1], [0, 1, 0]], 2), np.random.default_rng(2)
    theta, v = rng.standard_normal((4, 9)), rng.standard_normal((4, 9))
    g = (model.gradient(theta) * v).sum(-1)
    assert (abs(model.one_sided_derivative(theta, v) - g) <= rounding(float, 200, abs(g).max())).all()


# --- refusals --------------------------------------------------------------------------------------------------------


def test_there_are_no_rational_and_no_symbolic_values():
    model = GaussianReluNet(1, [[1, 2]])
    for theta in ([1, 2], rational(["1/2", 1]), symbols(theta=2)):
        for method in (model.loss, model.gradient, model.hessian, model.symmetry_directions):
            with pytest.raises(NotExact, match=r"theory.ball\(theta\)"):
                method(theta)
    with pytest.raises(NotExact, match="V must be"):
        GaussianReluNet(1, symbols(v=(1, 2)))


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((0, [[1, 2]]), ValueError, "n must be an integer"),
        ((1.0, [[1, 2]]), ValueError, "n must be an integer"),
        ((1, [[1, 2]], 0), ValueError, "patches must be an integer"),
        ((1, [1, 2]), ValueError, r"V needs shape \(k, d\)"),
        ((1, [[1, np.nan]]), ValueError, "finite"),
        ((1, [[1, 2j]]), TypeError, "real"),
        ((1, []), ValueError, "at least one"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(arguments, error, words):
    with pytest.raises(error, match=words) as caught:
        GaussianReluNet(*arguments)
    assert "\n" not in str(caught.value)


def test_complex_points_are_refused():
    with pytest.raises(TypeError, match="real"):
        GaussianReluNet(1, [[1, 2]]).loss([1 + 1j, 2])


@pytest.mark.parametrize("k", [0, 2, 65, 6.0, True, "6"], ids=repr)
def test_sizes_of_the_symmetric_point(k):
    with pytest.raises(ValueError, match="symmetric_point: "):
        symmetric_point(k)


def test_guesses_of_the_wrong_size_are_refused():
    with pytest.raises(ValueError, match=r"guess needs shape \(2,\)"):
        certified_point((6,), [1, 0, 0])
    with pytest.raises(ValueError, match="each part"):
        certified_point((0, 6), [1, 0])


# --- classification --------------------------------------------------------------------------------------------------


def kind(model, theta):
    return classify(model, theta, theory=theory).kind


def test_kinds_of_one_filter():
    for patches in (1, 3):
        assert kind(GaussianReluNet(1, [[1, 2]], patches), [1.0, 2.0]) is Kind.GLOBAL_MINIMUM
        assert kind(GaussianReluNet(1, [[1, 2]], patches), [1.0, -2.0]) is Kind.NOT_CRITICAL
        assert kind(GaussianReluNet(1, [[1, 2]], patches), [0.0, 0.0]) is Kind.UNDECIDED
    rho = float(antipode(3).mid())
    assert kind(GaussianReluNet(1, [[1, 2]], 3), [-rho, -2 * rho]) is Kind.NON_STRICT_SADDLE
    assert kind(GaussianReluNet(1, [[2]], 3), [-2 * rho]) is Kind.LOCAL_MINIMUM


def test_students_that_are_the_teachers_in_another_order():
    model = orthonormal_teachers(4)
    assert kind(model, np.eye(4)[[2, 0, 1, 3]].ravel()) is Kind.GLOBAL_MINIMUM
    theta = to_float(symmetric_point(6).theta)
    assert kind(orthonormal_teachers(6), theta) is Kind.LOCAL_MINIMUM
    assert kind(orthonormal_teachers(5), to_float(symmetric_point(5).theta)) is Kind.STRICT_SADDLE


# --- the symmetric point ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", range(3, 8))
def test_blocks_decompose_the_whole_space(k):
    """Bases orthogonal, dimensions k^2, spectra with their multiplicities those of the whole Hessian."""
    blocks, model = isotypic_blocks(k), orthonormal_teachers(k)
    assert sum(b.multiplicity * len(b.basis) for b in blocks) == k * k
    rows = np.concatenate([b.basis for b in blocks])
    gram = rows @ rows.T
    assert (gram == np.diag(gram.diagonal())).all()
    theta = np.random.default_rng(k).standard_normal(len(blocks[0].basis)) @ blocks[0].basis
    with precision(128):
        found = [
            np.repeat(np.linalg.eigvalsh(to_float(block_hessian(model, ball(theta), b))), b.multiplicity)
            for b in blocks
        ]
    H = model.hessian(theta)
    error = rounding(float, k**4, np.linalg.norm(H))
    assert (abs(np.sort(np.concatenate(found)) - np.linalg.eigvalsh(H)) <= error).all()


@pytest.mark.parametrize("k", [3, 5, 6, 8])
def test_the_certified_point_is_critical_and_its_signs_are_those_of_the_whole_hessian(k):
    point, model = symmetric_point(k), orthonormal_teachers(k)
    with precision(128):
        g, H = model.gradient(point.theta), model.hessian(point.theta)
        assert all(x.contains(0) and x.rad() < HALF for x in g)
        assert tuple(inertia(H)) == tuple(point.inertia)
        low, high = (H - ball([x])[0] * ball(np.eye(k * k, dtype=int)) for x in point.least)
        assert inertia(low).positive == k * k and inertia(high).negative > 0
    assert all(float(x.rad()) < HALF for x in point.entries)


@pytest.mark.slow
def test_values_and_signs_for_all_sizes():
    """k = 3, ..., 20: loss to 16 decimals, least eigenvalue to 10, signs from blocks, to k = 14 also from all of H."""
    half_a_unit = Fraction(1, 2 * 10**16)
    for k, (loss, least) in TABLE.items():
        point = symmetric_point(k)
        assert abs(point.loss - ball([loss])[0]) <= ball([half_a_unit])[0]
        assert {f"{x:.10f}" for x in point.least} == {least}
        negative = k - 2 if k < 6 else 0
        assert tuple(point.inertia) == (negative, 0, k * k - negative)
        if k <= 14:
            with precision(128):
                H = ball_matrix(orthonormal_teachers(k).hessian(point.theta))
                assert ball_signs(H) == (negative, k * k - negative)


@pytest.mark.parametrize("k", [3, 4, 6, 9])
def test_counted_pairs_lead_to_the_same_point(k):
    """Krawczyk's test on the loss in five numbers, differentiated by power series."""
    point = symmetric_point(k)
    assert all(x.overlaps(y) and x.rad() < HALF for x, y in zip(reduced_point(k), point.entries, strict=True))


def test_more_bits_give_narrower_boxes_around_the_same_point(monkeypatch):
    coarse = symmetric_point(6)
    monkeypatch.setattr(theory, "BITS", 256)
    fine = symmetric_point.__wrapped__(6)
    assert fine.loss.overlaps(coarse.loss) and fine.loss.rad() < coarse.loss.rad() * coarse.loss.rad()


def test_descent_from_beside_the_spurious_minimum_stays_there():
    from scipy.optimize import minimize

    point, model = symmetric_point(6), orthonormal_teachers(6)
    start = to_float(point.theta) + np.random.default_rng(0).standard_normal(36) / 100
    end = minimize(model.loss, start, jac=model.gradient, method="BFGS", options={"gtol": 1e-9})
    loss = float(point.loss.mid())
    assert abs(end.fun - loss) <= rounding(float, model.dim**2) < loss


def test_invariant_matrices_are_the_classes_of_equal_entries():
    assert invariant_matrices((3,)).tolist() == [[0, 1, 1, 1, 0, 1, 1, 1, 0], [1, 0, 0, 0, 1, 0, 0, 0, 1]]
    for k in (3, 5):
        same = {tuple(row) for row in invariant_matrices((k - 1, 1)).tolist()}
        assert same == {tuple(row) for row in isotypic_blocks(k)[0].basis.tolist()}


def test_bounds_of_the_least_eigenvalue():
    with precision(128):
        low, high = least_eigenvalue(ball([[2, 1, 0], [1, 2, 0], [0, 0, 1]]))
        assert low < 1 < high and high - low <= 12 * theory.WIDTH * (1 + high)
        wide = ball([[1, 0], [0, 1]]) + ball(np.zeros((2, 2), int))
        wide[0, 0] = wide[0, 0] + wide[0, 0].__class__(0, 1)
        with pytest.raises(Undecided, match="least_eigenvalue"):
            least_eigenvalue(wide)


def test_pickled_and_batched():
    model = pickle.loads(pickle.dumps(GaussianReluNet(2, [[1, 0], [0, 1]])))
    grid = np.random.default_rng(3).standard_normal((3, 5, 4))
    assert model.loss(grid).shape == (3, 5) and not model.V.flags.writeable


@pytest.mark.parametrize("V", [[[1.0, 0.0]], [[0.3, 0.7]], [[1.0]]], ids=str)
def test_a_fading_gradient_beside_the_kink_is_no_minimum(V):
    """At -s v the gradient is -s v / 2, but the loss 1/4 |v|^2 is that of the zero network."""
    net = GaussianReluNet(1, V)
    answer = classify(net, -1e-6 * np.array(V[0]), gtol=1e-5)
    assert answer.kind not in (Kind.GLOBAL_MINIMUM, Kind.LOCAL_MINIMUM)
