"""Linear nets by routes that share nothing with the models: autograd, SVD, random minimisation, differences."""

from itertools import combinations

import numpy as np
import pytest
from scipy.optimize import minimize

from theory.calculus import differences
from theory.calculus.tolerance import eigenvalue_error, frobenius, rounding
from theory.models import DeepLinearNet, LinearResNet

autograd = pytest.importorskip("autograd")
anp = pytest.importorskip("autograd.numpy")

# --- autograd --------------------------------------------------------------------------------------------------------


def shapes_of(widths):
    return list(zip(widths[1:], widths[:-1], strict=True))


def loss_by_hand(widths, X, Y, skip):
    """||Y - (s I + W_H) ... (s I + W_1) X||^2 written for autograd; s = 1 for a ResNet, else 0."""

    def loss(theta):
        signal, start = X, 0
        for p, q in shapes_of(widths):
            W = anp.reshape(theta[start : start + p * q], (p, q))
            signal, start = anp.dot(W, signal) + skip * signal if skip else anp.dot(W, signal), start + p * q
        return anp.sum((Y - signal) ** 2)

    return loss


def tolerances(widths, X, Y, theta, skip):
    """Bounds of the rounding errors of loss, gradient and Hessian.

    All three are sums of products of entries; with all entries replaced by their moduli and the signs of the data
    chosen so that nothing cancels, the same formulas give the sums of the moduli. An entry passes through the inner
    products of all layers, twice, and through the compression of m samples to d_0 + d_H.
    """
    size = np.abs(theta)
    if skip:
        size = size + np.tile(np.eye(widths[0]).ravel(), len(widths) - 1)
    largest = DeepLinearNet(widths, np.abs(X), -np.abs(Y))
    terms = 2 * sum(widths) + X.shape[1] * (widths[0] + widths[-1])
    values = (largest.loss(size), largest.gradient(size), largest.hessian(size))
    return [rounding(float, terms, frobenius(np.atleast_1d(v))) for v in values]


def random_widths(depth, rng, width=None):
    return tuple(int(d) for d in rng.integers(1, 4, depth + 1)) if width is None else (width,) * (depth + 1)


def assert_agrees(model, widths, X, Y, theta, v, skip):
    loss = loss_by_hand(widths, X, Y, skip)
    gradient, hessian = autograd.grad(loss)(theta), autograd.hessian(loss)(theta)
    of_loss, of_gradient, of_hessian = tolerances(widths, X, Y, theta, skip)
    assert abs(loss(theta) - model.loss(theta)) <= of_loss
    assert np.linalg.norm(gradient - model.gradient(theta)) <= of_gradient
    assert np.linalg.norm(hessian - model.hessian(theta)) <= of_hessian
    assert np.linalg.norm(hessian @ v - model.hvp(theta, v)) <= of_hessian * np.linalg.norm(v)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("width", [None, 1, 2], ids=["random widths", "width 1", "width 2"])
@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5])
def test_autograd_of_deep_linear_nets(depth, width, seed):
    rng = np.random.default_rng([depth, width or 0, seed])
    widths, m = random_widths(depth, rng, width), int(rng.integers(1, 7))
    X, Y = rng.standard_normal((widths[0], m)), rng.standard_normal((widths[-1], m))
    if seed == 3:
        X[-1] = X[0]  # a rank-deficient X where d_0 > 1
    model = DeepLinearNet(widths, X, Y)
    theta, v = rng.standard_normal((2, model.dim))
    assert_agrees(model, widths, X, Y, theta, v, 0)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("d", [1, 2, 3])
@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5])
def test_autograd_of_linear_resnets(depth, d, seed):
    rng = np.random.default_rng([depth, d, seed])
    X, Y = rng.standard_normal((2, d, int(rng.integers(1, 7))))
    model = LinearResNet(depth, X, Y)
    theta, v = rng.standard_normal((2, model.dim))
    assert_agrees(model, (d,) * (depth + 1), X, Y, theta, v, 1)


def test_autograd_tells_a_wrong_formula():
    """The tolerances are far below what a forgotten term changes: the residual part of the Hessian, for one."""
    rng = np.random.default_rng(0)
    widths, X, Y = (2, 3, 2), rng.standard_normal((2, 5)), rng.standard_normal((2, 5))
    theta = rng.standard_normal(DeepLinearNet(widths, X, Y).dim)
    fitted = DeepLinearNet(widths, X, DeepLinearNet(widths, X, Y).product(theta) @ X)
    wrong = fitted.hessian(theta)  # no residual: the Gauss-Newton part
    of_hessian = tolerances(widths, X, Y, theta, 0)[2]
    assert np.linalg.norm(autograd.hessian(loss_by_hand(widths, X, Y, 0))(theta) - wrong) > of_hessian


# --- nets to be minimised --------------------------------------------------------------------------------------------


def spectrum_data(sigma, d0, dH, m, seed, rank_x=None):
    """Random X of the stated rank, and Y such that Y X^+ X has the singular values sigma; a residue beyond it."""
    rng = np.random.default_rng(seed)
    r = rank_x or d0
    X = rng.standard_normal((d0, r)) @ rng.standard_normal((r, m))
    rows = np.linalg.svd(X)[2][:r]
    n = min(r, dH, len(sigma))
    turn, left = np.linalg.qr(rng.standard_normal((r, r)))[0], np.linalg.qr(rng.standard_normal((dH, dH)))[0]
    Z = left[:, :n] * np.array(sigma[:n], float) @ (turn[:n] @ rows)
    noise = rng.standard_normal((dH, m))
    return X, Z + noise - noise @ rows.T @ rows


NETS = {
    "2-2-2": ((2, 2, 2), (3, 1), {}),
    "bottleneck 3-1-3": ((3, 1, 3), (3, 2, 1), {}),
    "bottleneck 3-2-3": ((3, 2, 3), (3, 2, 1), {}),
    "wide 2-4-2": ((2, 4, 2), (2, 1), {}),
    "tied under a bottleneck 3-1-3": ((3, 1, 3), (2, 2, 1), {}),
    "rank-deficient X 3-2-3": ((3, 2, 3), (3, 1), {"rank_x": 2}),
    "uncorrelated direction 2-2-2": ((2, 2, 2), (2, 0), {}),
    "H = 3, 2-2-2-2": ((2, 2, 2, 2), (3, 1), {}),
    "H = 3, bottleneck 3-2-1-3": ((3, 2, 1, 3), (3, 2, 1), {}),
    "H = 3, tied 3-3-2-3": ((3, 3, 2, 3), (2, 1, 1), {}),
    "H = 3, rank-deficient X 3-1-2-2": ((3, 1, 2, 2), (3, 1), {"rank_x": 2}),
    "H = 4, bottleneck 2-2-1-2-2": ((2, 2, 1, 2, 2), (3, 1), {}),
    "H = 4, scalar": ((1, 1, 1, 1, 1), (2,), {}),
    "H = 4, 3-3-2-3-2": ((3, 3, 2, 3, 2), (3, 1), {}),
}
STARTS = {"BFGS": 200, "L-BFGS-B": 20, "trust-ncg": 20}
ROUNDS, GTOL = 12, float(np.sqrt(np.finfo(float).eps))


def net_of(name):
    widths, sigma, options = NETS[name]
    X, Y = spectrum_data(sigma, widths[0], widths[-1], widths[0] + 2, list(NETS).index(name), **options)
    return DeepLinearNet(widths, X, Y)


def svd_of(net):
    """(floor, U, sigma, least-squares map) from numpy's SVD and pseudoinverse of Y X^+ X alone."""
    X, Y = net.X, net.Y
    best = Y @ np.linalg.pinv(X, rcond=X.size * np.finfo(float).eps)
    U, sigma, _ = np.linalg.svd(best @ X)
    return np.linalg.norm(Y - best @ X) ** 2, U, sigma[: len(U)], best


def values_of(net, sizes):
    """Sorted values floor + sum of sigma_q^2 over the q outside S, for the sizes |S|."""
    floor, _, sigma, _ = svd_of(net)
    squares = np.concatenate([sigma, np.zeros(net.widths[-1] - len(sigma))]) ** 2
    n = range(len(squares))
    return np.sort([floor + squares.sum() - squares[list(S)].sum() for r in sizes for S in combinations(n, r)])


def slack(net, theta):
    """How far the loss can be from a critical value, given the gradient G at theta; infinite where that is open.

    Let A = W_H ... W_2 have rank p, P the projection on its columns, B = W_(H-1) ... W_1, S = X X^T, C = Y X^T,
    T = C S^+ C^T and M = 2 (R S - C). G_1 = A^T M and G_H = M B^T give |P M| <= eta = |G_1| / s_min(A) and, on the rows
    of B, |M| <= zeta = |G_H| / s_min(B). Then R X = P Y X^+ X + P M S^+ X / 2, so that
        loss = floor + tr (I - P) T + |P M S^+ X|^2 / 4,
    and (I - P) T P = -(I - P) M R^T / 2 - (I - P) C S^+ M^T P / 2 is at most e = zeta |R| / 2 + |C S^+| eta / 2. By
    Weyl the p eigenvalues of T on the columns of P are within e of p of its eigenvalues. If P = I, or if B has all d_0
    rows, then eta or zeta alone bounds |M|, and loss - floor = |M S^+ X|^2 / 4. Source: own derivation.
    """
    W, G = net.unpack(theta), net.unpack(net.gradient(theta))
    A, B = W[-1], W[0]
    for w in W[-2:0:-1]:
        A = A @ w
    for w in W[1:-1]:
        B = w @ B
    (d0, *_, dH), p, q = net.widths, min(net.widths[1:]), min(net.widths[:-1])
    best, x = svd_of(net)[3], np.linalg.svd(net.X, compute_uv=False)
    least = x[x > net.X.size * np.finfo(float).eps * x[0]][-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        eta = np.linalg.norm(G[0]) / np.linalg.svd(A, compute_uv=False)[p - 1]
        zeta = np.linalg.norm(G[-1]) / np.linalg.svd(B, compute_uv=False)[q - 1]
        e = (zeta * np.linalg.norm(net.product(theta)) + np.linalg.norm(best) * eta) / 2
    whole = [size for size, full in ((eta, p == dH), (zeta, q == d0)) if full]
    bounds = [p * e + (eta / least) ** 2 / 4, *((size / least) ** 2 / 4 for size in whole)]
    known = [bound for bound in bounds if np.isfinite(bound)]
    return min(known, default=np.inf) + rounding(float, 100 * net.dim, float(net.loss(np.zeros(net.dim))))


def gap_above_minimum(net):
    values = values_of(net, range(min(net.widths) + 1))
    above = values[values > values[0] + rounding(float, 100 * net.dim, values[-1])]
    return above[0] - values[0] if len(above) else np.inf


def rescaled(net, theta):
    """The layers brought to one norm by factors with product 1: another point of the same loss, well scaled."""
    W = net.unpack(theta)
    norms = np.array([np.linalg.norm(w) for w in W])
    if not norms.all():
        return theta
    return net.pack(*(w * c for w, c in zip(W, np.exp(np.log(norms).mean()) / norms, strict=True)))


def run(net, theta, method="BFGS"):
    """Minimise until the slack tells critical values apart; the end point (n,).

    Line searches may jump to layers of very different norms, where they end early. Such runs are continued from a point
    of the same loss, by Newton steps in a trust region. What is undecided after ``ROUNDS`` is not called converged.
    """
    for _ in range(ROUNDS):
        second = {"hess": net.hessian} if method == "trust-ncg" else {}
        theta = minimize(net.loss, theta, jac=net.gradient, method=method, tol=GTOL, **second).x
        if slack(net, theta) < gap_above_minimum(net) / 4:
            break
        theta, method = rescaled(net, theta), "trust-ncg"
    return theta


def at_minimum(net, ends):
    """Which of the end points are within their slack of the global minimum; (len(ends),)."""
    minimum, gap = values_of(net, [min(net.widths)])[0], gap_above_minimum(net)
    losses, slacks = net.loss(np.array(ends)), np.array([slack(net, theta) for theta in ends])
    return (slacks < gap / 4) & (np.abs(losses - minimum) <= slacks)


@pytest.mark.parametrize("name", NETS)
def test_the_loss_is_within_the_slack_of_a_critical_value(name):
    """At any point, and closely where the gradient is small."""
    net, rng = net_of(name), np.random.default_rng([5, list(NETS).index(name)])
    values, end = values_of(net, [min(net.widths[1:])]), run(net, rng.standard_normal(net.dim))
    for size in 2.0 ** np.arange(-20, 3, 2):
        for theta in end + size * rng.standard_normal((20, net.dim)):
            assert np.abs(net.loss(theta) - values).min() <= slack(net, theta)


@pytest.mark.parametrize("method", STARTS)
@pytest.mark.parametrize("name", NETS)
def test_minimisation_from_random_starts_ends_at_the_minimum(name, method):
    """Every local minimum is global: no run ends at another critical value, and none stays undecided."""
    net = net_of(name)
    rng = np.random.default_rng([7, list(NETS).index(name), list(STARTS).index(method)])
    starts = rng.standard_normal((STARTS[method], net.dim))
    reached = at_minimum(net, [run(net, theta, method) for theta in starts])
    assert reached.all(), f"{reached.sum()} of {len(starts)} at the minimum"


# --- critical values by SVD ------------------------------------------------------------------------------------------

CRITICAL = [
    (name, S)
    for name, (widths, sigma, options) in NETS.items()
    for r in range(min(*widths, options.get("rank_x", widths[0])) + 1)
    for S in combinations(range(min(widths[-1], options.get("rank_x", widths[0]))), r)
    if all((*sigma, 0, 0, 0)[s] > 0 for s in S)
]


def critical_point(net, S, scale=1):
    """Layers with product scale^H U_S U_S^T Y X^+, the rest zero."""
    _, U, _, best = svd_of(net)
    layers = [np.zeros(shape) for _, shape in net.layout]
    for W in layers[1:-1]:
        W[range(len(S)), range(len(S))] = scale
    layers[0][: len(S)] = scale * U[:, S].T @ best
    layers[-1][:, : len(S)] = scale * U[:, S]
    return net.pack(*layers)


def negative_directions(net, S):
    """n- at ``critical_point``: a kept sigma_s turned towards a larger one, and for H = 2 unused hidden units."""
    sigma, r = svd_of(net)[2], len(S)
    rest = [q for q in range(len(sigma)) if q not in S]
    nonzero = [q for q in rest if sigma[q] > rounding(float, 100, sigma[0])]
    ties = rounding(float, 100, sigma[0])
    turned = sum(sigma[q] > sigma[s] + ties for s in S for q in rest)
    return turned + (net.widths[1] - r) * len(nonzero) * (net.depth == 2)


@pytest.mark.parametrize(("name", "S"), CRITICAL, ids=[f"{name}, S = {S}" for name, S in CRITICAL])
def test_critical_values_and_signs_by_svd_and_differences(name, S):
    """Loss and gradient from numpy's SVD; the negative eigenvalues from differences of the gradient."""
    net, S = net_of(name), list(S)
    floor, _, sigma, _ = svd_of(net)
    theta = critical_point(net, S)
    scale = max(1, np.abs(theta).max()) ** (2 * net.depth) * float(net.loss(np.zeros(net.dim)))
    tolerance = rounding(float, 100 * net.dim, scale)
    want = floor + (sigma**2).sum() - (sigma[S] ** 2).sum()
    assert abs(net.loss(theta) - want) <= tolerance
    assert np.abs(net.gradient(theta)).max() <= tolerance
    H = differences.hessian_from_gradient(net.gradient, theta)
    bound = eigenvalue_error(H.value) + np.linalg.norm(H.error)
    assert (np.linalg.eigvalsh(H.value) < -bound).sum() == negative_directions(net, S)
    assert np.linalg.norm(net.hessian(theta) - H.value) <= np.linalg.norm(H.error) + tolerance


@pytest.mark.parametrize("name", NETS)
def test_every_other_critical_point_is_left_for_the_minimum(name):
    """From each one, strict or not, a run that starts beside it falls, and ends at the global minimum."""
    net, rng = net_of(name), np.random.default_rng([11, list(NETS).index(name)])
    minimum, tolerance = values_of(net, [min(net.widths)])[0], gap_above_minimum(net) / 4
    points = [critical_point(net, list(S)) for other, S in CRITICAL if other == name]
    saddles = [theta for theta in points if net.loss(theta) > minimum + tolerance]
    ends = [run(net, theta + rng.standard_normal(net.dim) / 10) for theta in saddles]
    assert saddles and at_minimum(net, ends).all()


@pytest.mark.parametrize("widths", [(2, 1, 2), (2, 2, 2), (2, 3, 2), (2, 2, 2, 2), (2, 1, 2, 2, 2)], ids=str)
def test_a_run_that_stays_at_a_saddle_is_recognised(widths):
    """X = I, Y = diag(3, 1): weights that are zero stay zero, so that a run can end at the value 9 of S = {2}."""
    net = DeepLinearNet(widths, np.eye(2), np.diag([3.0, 1.0]))
    layers = [np.zeros(shape) for _, shape in net.layout]
    for W in layers:
        W[-1, -1] = 3 / 4
    theta = minimize(net.loss, net.pack(*layers), jac=net.gradient, method="BFGS", tol=GTOL).x
    assert set(np.flatnonzero(theta)) == set(np.flatnonzero(net.pack(*layers)))
    assert np.abs(net.gradient(theta)).max() <= GTOL
    chain = DeepLinearNet((1,) * len(widths), [[1.0]], [[1.0]])
    assert abs(net.loss(theta) - 9) <= slack(chain, theta[theta != 0])
    assert not at_minimum(net, [theta]).any()
    assert np.linalg.eigvalsh(net.hessian(theta))[0] < -eigenvalue_error(net.hessian(theta))
    kicks = np.random.default_rng(0).standard_normal((10, net.dim)) / 10
    assert at_minimum(net, [run(net, theta + kick) for kick in kicks]).all()


@pytest.mark.parametrize("seed", range(20))
def test_exact_minimum_values_are_those_of_numpy(seed):
    """Integer data, among them rank-deficient X: exact values, in balls where irrational, against SVD and pinv."""
    rng = np.random.default_rng([13, seed])
    widths = tuple(int(d) for d in rng.integers(1, 5, int(rng.integers(2, 5))))
    r, m = int(rng.integers(1, widths[0] + 1)), int(rng.integers(1, 6))
    X = rng.integers(-2, 3, (widths[0], r)) @ rng.integers(-2, 3, (r, m))
    Y = rng.integers(-3, 4, (widths[-1], m))
    floats = DeepLinearNet(widths, X.astype(float), Y.astype(float))
    floor, _, sigma, _ = svd_of(floats)
    want = floor + (sigma[min(widths) :] ** 2).sum()
    tolerance = rounding(float, 100 * m, (Y * Y).sum() * np.linalg.cond(np.eye(len(X)) + X @ X.T))
    for net in (floats, DeepLinearNet(widths, X, Y)):
        assert abs(float(net.minimum_value()) - want) <= tolerance
