"""Minibatch descent against its literal loop, trajectories in frames, and the principal axes of pure noise."""

from fractions import Fraction

import numpy as np
import pytest

import theory.dynamics.sgd
from theory.arithmetic import precision, rational
from theory.calculus.exact_linalg import symmetric_eigenvalues
from theory.calculus.tolerance import eigenvalue_error, rounding
from theory.dynamics.flow import gradient_descent
from theory.dynamics.sgd import sgd
from theory.losses import Weighted
from theory.models import DeepLinearNet, DeepNet, LinearResNet, Quadratic, ReluNeuron, ShallowNet
from theory.slices.directions import principal_frame, random_frame
from theory.slices.frame import Frame
from theory.slices.trajectories import (
    autoregressive_ratios,
    noise_ratios,
    noise_spectrum,
    project,
    quadratic_ratios,
    random_walk,
)

X, Y = [[1, 0, -1, 2, 3], [2, 1, 1, 0, -1]], [[1, 0, 2, -1, 1]]
NETS = {
    "deep linear": DeepLinearNet((2, 2, 1), X, Y),
    "ResNet": LinearResNet(2, X, [[1, 0, 2, -1, 1], [0, 1, 1, 2, 0]]),
    "weighted": DeepLinearNet((2, 1, 1), X, Y, Weighted([1, 2, 3, 4, 5])),
    "square": ShallowNet(2, X, Y[0], "square"),
    "relu": DeepNet((2, 2, 2, 1), X, Y, "relu"),
    "neuron": ReluNeuron(X, Y[0], bias=True),
}


def starts_of(net, count=2):
    return np.random.default_rng(1).integers(-2, 3, (count, net.dim))


# --- SGD -------------------------------------------------------------------------------------------------------------


def literal_sgd(net, theta, eta, steps, batch, replacement, momentum, seed, index):
    """One start, one step, one sample at a time."""
    rng, m = np.random.default_rng([seed, index]), net.sample_losses(theta).shape[-1]
    path, v, queue = [theta], 0 * theta, []
    for _ in range(steps):
        if replacement:
            chosen = rng.integers(m, size=batch)
        else:
            queue = queue or list(rng.permutation(m))
            chosen, queue = queue[:batch], queue[batch:]
        g = 0 * theta
        for i in chosen:
            g = g + net.sample_gradients(path[-1])[i]
        v = momentum * v + g * rational([net.sample_weight * Fraction(m, len(chosen))])[0]
        path.append(path[-1] - eta * v)
    return np.stack(path)


@pytest.mark.parametrize("only_chosen", [False, True], ids=["all samples", "only the chosen"])
@pytest.mark.parametrize(("batch", "replacement", "momentum"), [(2, False, 0), (3, True, "1/2"), (5, False, "1/3")])
@pytest.mark.parametrize("name", NETS)
def test_steps_are_the_literal_ones_exactly(monkeypatch, name, batch, replacement, momentum, only_chosen):
    if only_chosen:
        monkeypatch.setattr(theory.dynamics.sgd, "_CACHE_BYTES", 0)
    net = NETS[name]
    theta, (eta, mu) = rational(starts_of(net)), rational(["1/50", momentum])
    got = sgd(net, theta, "1/50", 4, batch=batch, replacement=replacement, momentum=momentum, seed=3)
    for i in range(2):
        assert (got[:, i] == literal_sgd(net, theta[i], eta, 4, batch, replacement, mu, 3, i)).all()


def test_an_epoch_uses_each_sample_once():
    """For losses linear in theta the sum of the steps of an epoch is that of one step along the full gradient."""
    net = DeepLinearNet((2, 1), X, Y, "absolute")  # far from its kinks the gradient is constant
    theta = rational([100, 60])
    path = sgd(net, theta, "1/1000", 6, batch=2, seed=4)
    signs = np.sign([100 * a + 60 * b - y for a, b, y in zip(*X, Y[0], strict=True)]).astype(int)
    gradient = rational(np.array(X) @ signs)
    # the third minibatch of an epoch has one sample of weight 5, the others two of weight 5/2
    gain = [path[k] - path[k + 1] for k in range(6)]
    for epoch in (gain[:3], gain[3:]):
        assert ((epoch[0] + epoch[1]) * 2 + epoch[2] == gradient * rational(["1/200"])).all()


def test_full_batches_are_gradient_descent():
    net = NETS["square"]
    theta = rational(starts_of(net))
    want = gradient_descent(net, theta, ["1/50", "1/90"], 3)
    assert (sgd(net, theta, ["1/50", "1/90"], 3, batch=None) == want).all()
    assert (sgd(net, theta, ["1/50", "1/90"], 3, batch=5, seed=8) == want).all()
    heavy, g = sgd(net, theta, "1/50", 2, batch=None, momentum="1/2"), net.gradient
    step = g(heavy[1]) + g(theta) * rational([Fraction(1, 2)])
    assert (heavy[2] == heavy[1] - step * rational(["1/50"])).all()
    bowl = Quadratic([[2, 0], [0, 1]])
    assert (sgd(bowl, [1, 1], "1/2", 1, batch=None)[1] * 2 == rational([0, 1])).all()


@pytest.mark.parametrize("only_chosen", [False, True], ids=["all samples", "only the chosen"])
def test_a_start_does_not_depend_on_the_others(monkeypatch, only_chosen):
    if only_chosen:
        monkeypatch.setattr(theory.dynamics.sgd, "_CACHE_BYTES", 0)
    rng = np.random.default_rng(0)
    net = DeepNet((3, 5, 4, 1), rng.standard_normal((3, 20)), rng.standard_normal((1, 20)))
    theta = rng.standard_normal((2, 3, net.dim))
    all_ = sgd(net, theta, 0.05, 20, batch=6, seed=2)
    assert (sgd(net, theta, 0.05, 20, batch=6, record=7, seed=2) == all_[::7]).all()
    few = sgd(net, theta.reshape(6, -1)[:4], 0.05, 20, batch=6, seed=2)
    scale = np.abs(all_).max()
    # twenty steps, each of which rounds sums of at most 20 products, through a map that is about the identity
    assert np.abs(few - all_.reshape(21, 6, -1)[:, :4]).max() <= rounding(float, 20 * 20 * net.dim, scale)
    assert (sgd(net, theta, 0.05, 20, batch=6, seed=5)[1:] != all_[1:]).any((0, -1)).all()
    same = sgd(net, np.broadcast_to(theta[0, 0], (2, net.dim)), 0.05, 1, batch=6, seed=2)
    assert (same[1, 0] != same[1, 1]).any()


def test_minibatches_of_large_nets_need_no_gradients_of_all_samples():
    rng = np.random.default_rng(0)
    net = ShallowNet(400, rng.standard_normal((5, 200)), rng.standard_normal(200), "relu")

    class Watched(ShallowNet):
        def sample_gradients(self, theta):
            raise AssertionError("formed for all samples")

    theta = rng.standard_normal((2, net.dim)) / 20
    path = sgd(net, theta, 1e-3, 30, batch=10, record=30)
    assert (net.loss(path[-1]) < net.loss(path[0])).all()
    with pytest.raises(AssertionError, match="formed for all samples"):  # a subclass may have changed the loss
        sgd(Watched(400, net.X, net.y, "relu"), theta, 1e-3, 1, batch=10)


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"eta": 0}, ValueError, "needs eta > 0, got 0"),
        ({"eta": -0.1}, ValueError, "needs eta > 0, got -0.1"),
        ({"eta": np.nan}, ValueError, "eta: entries must be finite"),
        ({"eta": [0.1, 0.2, 0.3]}, ValueError, r"eta must be a number or have the batch \(2,\), got shape \(3,\)"),
        ({"steps": -1}, ValueError, "steps must be an integer of at least 0, got -1"),
        ({"batch": 6}, ValueError, "batch must be at most the 5 samples, got 6; replacement=True"),
        ({"batch": 0}, ValueError, "batch must be an integer of at least 1, got 0"),
        ({"batch": 2.0}, ValueError, "batch must be an integer of at least 1, got 2.0"),
        ({"momentum": 1}, ValueError, "needs 0 <= momentum < 1, got 1"),
        ({"momentum": -0.5}, ValueError, "needs 0 <= momentum < 1, got -0.5"),
        ({"record": 0}, ValueError, "record must be an integer of at least 1, got 0"),
        ({"seed": None}, ValueError, "seed must be an integer of at least 0, got None"),
        ({"theta": np.ones(3)}, ValueError, "theta needs 6 parameters along its last axis"),
        ({"theta": np.full((2, 6), np.nan)}, ValueError, "theta: entries must be finite"),
        ({"model": Quadratic(np.eye(6, dtype=int))}, TypeError, "needs a model with samples, got one without"),
        ({"model": DeepLinearNet.from_moments((2, 2, 1), np.eye(2), [[1, 1]], [[9]])}, TypeError, "traits say"),
        ({"model": sum}, TypeError, "needs a model with dim and gradient"),
        ({"eta": 1e3, "steps": 50}, ValueError, "needs steps that stay finite, got infinity at step"),
    ],
)
def test_bad_input_is_refused_in_one_line(change, error, text):
    given = {"model": NETS["deep linear"], "theta": np.ones((2, 6)), "eta": 0.1, "steps": 2, "batch": 2, **change}
    with pytest.raises(error, match=text) as caught:
        sgd(given.pop("model"), given.pop("theta"), given.pop("eta"), given.pop("steps"), **given)
    assert "\n" not in str(caught.value)


# --- projections -----------------------------------------------------------------------------------------------------


def test_projections_are_least_squares():
    rng = np.random.default_rng(3)
    path = rng.standard_normal((30, 4, 9)).cumsum(0)
    frame = Frame(rng.standard_normal(9), rng.standard_normal((2, 9)) * [[1], [100]])
    got = project(frame, path)
    assert got.coordinates.shape == (30, 4, 2) and got.distances.shape == (30, 4) and got.explained.shape == (4,)
    scale, cond = np.abs(path).max(), np.linalg.cond(frame.directions)
    for t, i in np.ndindex(30, 4):
        c, square, *_ = np.linalg.lstsq(frame.directions.T, path[t, i] - frame.center, rcond=None)
        error = rounding(float, 4 * 9, cond * scale)
        assert np.abs(got.coordinates[t, i] - c).max() <= error and abs(got.distances[t, i] - square[0] ** 0.5) <= error
    for i in range(4):
        alone = project(frame, path[:, i])
        assert abs(alone.explained - got.explained[i]) <= rounding(float, 30 * 9)
        inside = frame.points(alone.coordinates)
        share = ((inside - inside.mean(0)) ** 2).sum() / ((path[:, i] - path[:, i].mean(0)) ** 2).sum()
        assert abs(alone.explained - share) <= rounding(float, 30 * 9, cond**2)


def test_no_plane_shows_more_than_the_principal_one():
    path = random_walk(50, 20, seed=0)
    frame = principal_frame(path)
    shown = project(frame, path)
    assert abs(shown.explained - sum(frame.about["explained variance ratio"])) <= rounding(float, 21 * 50, 2)
    assert np.abs(shown.coordinates.mean(0)).max() <= rounding(float, 21 * 50, np.abs(shown.coordinates).max())
    others = [project(random_frame(sum, path[-1], seed=s), path).explained for s in range(20)]
    assert max(others) < shown.explained
    assert 1 - project(Frame(path[0], np.eye(50)), path).explained <= rounding(float, 21 * 50)


def test_what_does_not_move_has_no_explained_variance():
    still = np.stack([np.ones((4, 3)), random_walk(3, 3, seed=1)], 1)
    explained = project(Frame(np.zeros(3), np.eye(3)[:2]), still).explained
    assert np.isnan(explained[0]) and 0 < explained[1] < 1
    with pytest.raises(ValueError, match=r"needs a trajectory \(T, ..., n\), time first"):
        project(Frame([0, 0], [[1, 0]]), [1, 2])
    with pytest.raises(ValueError, match="trajectory needs 2 parameters"):
        project(Frame([0, 0], [[1, 0]]), [[1, 2, 3]])


# --- pure noise ------------------------------------------------------------------------------------------------------


def random_walk_covariance(n, centred):
    """E A A^T / dim as rationals: min(s, t), for n points after 1, ..., n steps, centred in both indices."""
    K = rational(np.minimum.outer(np.arange(1, n + 1), np.arange(1, n + 1)))
    C = rational(np.eye(n, dtype=int)) - rational(["1/" + str(n)])
    return C @ K @ C if centred else K


@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize("n", [2, 3, 6, 9])
def test_the_spectrum_of_noise_is_that_of_the_covariance(n, centred):
    """Exactly: the eigenvalues of the rational covariance, isolated in balls, hold the closed form."""
    with precision(160):
        balls = [v for v, k in symmetric_eigenvalues(random_walk_covariance(n, centred)) for _ in range(k)]
        values = sorted((float(v.mid()) if hasattr(v, "mid") else float(v.p) / float(v.q) for v in balls), reverse=True)
    want = noise_spectrum(n, centred=centred)
    assert len(want) == n - centred and (np.diff(want) < 0).all()
    assert np.abs(np.array(values[: len(want)]) - want).max() <= rounding(float, 16, want[0])
    assert all(abs(v) <= rounding(float, 16) for v in values[len(want) :])
    ratios = noise_ratios(n, centred=centred)
    assert abs(ratios.sum() - 1) <= rounding(float, 16 * n)
    assert np.abs(ratios * want[0] - want * ratios[0]).max() <= rounding(float, 16, want[0])


def test_the_first_ratios_of_long_walks():
    k, n = np.arange(1, 4), 10**6
    for centred, limit in ((True, 6 / (np.pi * k) ** 2), (False, 8 / (np.pi * (2 * k - 1)) ** 2)):
        # 1/sin^2 x = 1/x^2 + 1/3 + O(x^2): the relative error of the limit is of the order 1/n
        assert np.abs(noise_ratios(n, centred=centred)[:3] / limit - 1).max() < 2 / n
    assert noise_ratios(100)[0].round(14) == round(0.608037908112336, 14)


def test_a_walk_has_the_spectrum_of_noise():
    """Eigenvalues of a Wishart matrix of d degrees scatter by sqrt(2/d) of themselves; six times that is allowed."""
    d = 20_000
    walk = random_walk(d, 40, seed=7)
    assert walk.shape == (41, d) and not walk[0].any()
    centred, last = (
        np.array(principal_frame(walk, 3, center=c).about["explained variance ratio"]) for c in ("mean", "last")
    )
    spread = 6 * np.sqrt(2 / d)
    assert np.abs(centred / noise_ratios(41)[:3] - 1).max() < spread
    assert np.abs(last / noise_ratios(40, centred=False)[:3] - 1).max() < spread
    assert np.abs(centred / noise_ratios(40, centred=False)[:3] - 1).max() > 2 * spread
    assert (random_walk(3, 5, seed=7) == random_walk(3, 5, seed=7)).all()


def test_a_stationary_walk_against_its_singular_values():
    for rho, n in ((0.99, 200), (0.5, 7), (0.0, 5)):
        K = rho ** np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
        L = np.linalg.cholesky(K)
        squares = np.linalg.svd(L - L.mean(0), compute_uv=False)[:-1] ** 2
        error = eigenvalue_error(K) * 2 / squares.sum()
        assert np.abs(autoregressive_ratios(rho, n) - squares / squares.sum()).max() <= error
    assert autoregressive_ratios(0.99, 200)[0].round(12) == 0.451530470258


def test_descent_on_a_quadratic_against_its_trajectory():
    bowl, start = Quadratic(np.diag([1.0, 0.1, 0.4])), np.array([1.0, -2, 0.5])
    path = gradient_descent(bowl, start, 0.5, 50)
    frame = principal_frame(path, 3)
    want = frame.about["explained variance ratio"]
    assert np.abs(quadratic_ratios([1, 0.1, 0.4], 0.5, 50, start) - want).max() <= rounding(float, 51 * 3)
    assert quadratic_ratios([1, 0.1], 0.5, 50).round(14).tolist() == [0.8421729909108, 0.1578270090892]
    assert 1 - quadratic_ratios([2, 2, 2], 0.1, 9)[0] <= rounding(float, 27)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: noise_spectrum(1), "needs n >= 2 points, got 1"),
        (lambda: noise_spectrum(0, centred=False), "n must be an integer of at least 1, got 0"),
        (lambda: random_walk(0, 5, seed=0), "dim must be an integer of at least 1"),
        (lambda: random_walk(2, 5, seed=0.5), "seed must be an integer"),
        (lambda: autoregressive_ratios(1, 5), "needs 0 <= rho < 1 and n >= 2 points, got 1 and 5"),
        (lambda: autoregressive_ratios(np.nan, 5), "needs 0 <= rho < 1"),
        (lambda: quadratic_ratios([1, 2], 9.0, 2000), "that moves and stays finite, got eta 9.0"),
        (lambda: quadratic_ratios([0, 0], 1, 5), "that moves and stays finite"),
        (lambda: quadratic_ratios([1, 2], 0, 5), "eta > 0, got 0"),
        (lambda: quadratic_ratios([1, 2], -0.1, 5), "eta > 0, got -0.1"),
        (lambda: quadratic_ratios([1, 2], np.nan, 5), "eta > 0, got nan"),
        (lambda: quadratic_ratios([1, 2], 1, 5, [1]), r"start needs shape \(2,\), got \(1,\)"),
    ],
)
def test_bad_sizes_are_refused(make, text):
    with pytest.raises(ValueError, match=text):
        make()
