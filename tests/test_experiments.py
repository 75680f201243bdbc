"""Experiments: they expect before they run, what is stored is what they find, and wrong results are told apart."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError, fields, replace
from itertools import pairwise

import numpy as np
import pytest
from experiment_units import LastFirst, saved

from experiments.__main__ import RESULTS, load, main, names
from experiments.executors import open_executor
from experiments.exp_bowl_probability import enclosed, swapped
from experiments.exp_trained_nets import barriers, net, sample
from experiments.exp_trained_nets import name as name_of
from experiments.exp_trained_nets import nets as nets_of
from theory.calculus.tolerance import eigenvalue_error, rounding
from theory.claims.registry import registry
from theory.io.files import read
from theory.io.results import plain

# --- every experiment ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", names())
def test_an_experiment_asks_and_expects_before_it_runs(name):
    experiment = load(name)
    assert experiment is load(f"exp_{name}")
    assert experiment.QUESTION.endswith("?") and experiment.EXPECTED.endswith(".")
    assert experiment.CLAIMS and set(experiment.CLAIMS) <= set(registry)
    assert all(claim in experiment.__doc__ for claim in experiment.CLAIMS)
    assert isinstance(experiment.SMOKE, experiment.Config) and experiment.SMOKE != experiment.Config()
    with pytest.raises(FrozenInstanceError):
        experiment.SMOKE.seed = 1


@pytest.mark.parametrize("name", names())
def test_results_depend_on_the_seed_and_on_nothing_else(name):
    experiment = load(name)
    expected = saved(experiment.run(experiment.SMOKE, None))
    assert saved(experiment.run(experiment.SMOKE, LastFirst())) == expected
    for pool in (open_executor("process", 2), ThreadPoolExecutor(2)):
        with pool as executor:
            assert saved(experiment.run(experiment.SMOKE, executor)) == expected
    assert saved(experiment.run(replace(experiment.SMOKE, seed=1), None)) != expected


@pytest.mark.parametrize("name", names())
def test_smoke_writes_arrays_and_manifest(name, tmp_path, capsys):
    status = main([name, "--smoke", "--out", str(tmp_path), "--seed", "3"])
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith(f"{name}: ") and out[1] == str(tmp_path / f"{name}.npz")
    experiment, manifest = load(name), json.loads((tmp_path / f"{name}.json").read_text())
    config = replace(experiment.SMOKE, seed=3)
    assert manifest["config"] == plain(config) and manifest["expected"] == experiment.EXPECTED
    assert manifest["versions"]["numpy"] == np.__version__ and manifest["wall_seconds"] >= 0
    assert saved(experiment.run(config, None)) == (tmp_path / f"{name}.npz").read_bytes()
    assert (manifest["outcome"] == "as expected") == (status == 0)


@pytest.mark.parametrize("name", names())
def test_what_is_stored_is_what_was_configured(name):
    experiment, manifest = load(name), json.loads((RESULTS / f"{name}.json").read_text())
    raw = (RESULTS / f"{name}.npz").read_bytes()
    arrays = {key: np.array(a) for key, a in read(RESULTS / f"{name}.npz").items()}
    assert manifest["config"] == plain(experiment.Config()) and manifest["expected"] == experiment.EXPECTED
    assert manifest["sha256"] == hashlib.sha256(raw).hexdigest()
    assert manifest["arrays"] == {key: f"{a.dtype.kind}{list(a.shape)}" for key, a in arrays.items()}
    found = experiment.deviations(experiment.Config(), arrays)
    assert manifest["outcome"] == ("differs from the expected: " + "; ".join(found) if found else "as expected")


# --- what is expected ------------------------------------------------------------------------------------------------


def test_wrong_bowls_are_told_apart():
    experiment = load("bowl_probability")
    arrays = experiment.run(experiment.SMOKE, None)
    assert experiment.deviations(experiment.SMOKE, arrays) == []
    # exponents (n-1)/2 and n/2 - 2 in place of (n-2)/2; a filter-normalised slice that shows the saddle
    for shift in (0.5, -1):
        wrong = 1 - 2.0 ** -(np.array(experiment.SMOKE.dimensions) / 2 - 1 + shift)
        planted = {key: a.copy() for key, a in arrays.items()}
        planted["lower"][: len(wrong)] = planted["upper"][: len(wrong)] = wrong
        assert experiment.deviations(experiment.SMOKE, planted)
    for column in (experiment.AXES, experiment.GENERAL):
        planted = {**arrays, "bowls": arrays["bowls"].copy()}
        planted["bowls"][len(experiment.SMOKE.dimensions) :, column] = 900
        assert len(experiment.deviations(experiment.SMOKE, planted)) == 1


def test_the_bounds_are_those_of_the_formula():
    """Signature (n - 1, 1) in closed form; else det(I + M)^{-1/2} times the roots of 1 + min M and 1 + max M."""
    low, high = enclosed(np.array([-1.0] + [1.0] * 9))
    assert abs(low - 0.9375) <= rounding(float, 10) and abs(high - 0.9375) <= rounding(float, 10)
    low, high = enclosed(np.array([-2.0, 2.0, 4.0, 6.0]))  # M = 1, 2, 3; det(I + M) = 24
    outwards = 2.0**-29  # the radius of a ball is rounded up to 30 bits, here below 1/2
    assert 0 <= (1 - (4 / 24) ** 0.5) - low <= outwards and 0 <= high - (1 - (2 / 24) ** 0.5) <= outwards


@pytest.mark.parametrize("widths", load("bowl_probability").Config.widths)
def test_the_saddles_are_critical_of_index_one(widths):
    """Literally: the gradient from the layers, and one negative eigenvalue beyond the error of the solver."""
    rng = np.random.default_rng(widths)
    U, V = (np.linalg.qr(rng.standard_normal((widths[0],) * 2))[0] for _ in range(2))
    sigma = np.sort(rng.uniform(0.5, 2, widths[0]))[::-1]
    model, theta = swapped(widths, sigma, U, V)
    W = model.unpack(theta)
    assert [w.shape for w in W] == [(b, a) for a, b in pairwise(widths)]
    product = W[0]
    for w in W[1:]:
        product = w @ product
    kept = [*range(min(widths) - 1), min(widths)]
    error = rounding(float, 4 * widths[0] * len(W), widths[0] * sigma[0])
    assert np.abs(product - (U[:, kept] * sigma[kept]) @ V[:, kept].T).max() <= error
    assert np.abs(model.gradient(theta)).max() <= 2 * widths[0] ** 2 * sigma[0] * error  # 2 A^T (R - Y) B^T
    H = model.hessian(theta)
    assert (np.linalg.eigvalsh(H) < -eigenvalue_error(H)).sum() == 1


def test_trained_nets_have_the_stored_losses():
    """To the forward error of a net with 1-Lipschitz activations: gamma of the summed widths, times |W_L| ... |x|."""
    experiment = load("trained_nets")
    config, stored = experiment.Config(), read(RESULTS / "trained_nets.npz")
    X, y = sample(config)
    for key, again in (("X", X), ("y", y)):
        assert np.abs(stored[key] - again).max() <= rounding(float, config.samples, np.abs(again).max())
    for i, (activation, hidden) in enumerate(nets_of(config)):
        at = divmod(i, len(config.hidden))
        model = replace(net(config, activation, hidden), X=stored["X"], Y=stored["y"][None])
        ends = stored[name_of(activation, hidden)]
        assert ends.shape == (config.runs, model.dim) and ends.dtype == float
        for theta, loss in zip(ends, stored["loss"][at], strict=True):
            error = np.abs(model.outputs(theta) - model.Y)
            delta = rounding(float, sum(model.widths) + 4 * model.depth, largest_outputs(model, theta))
            bound = (2 * error * delta + delta**2).mean() + rounding(float, config.samples, loss)
            assert abs(model.loss(theta) - loss) <= 2 * bound
            assert abs(2 * loss - model.loss(theta)) > 2 * bound  # the normalisation is told apart


def largest_outputs(model, theta):
    """|W_L| (... (|W_1| |x| + |b_1|) ...) + |b_L|, (1, m)."""
    layers = [np.abs(part) for part in model.unpack(theta)]
    A = np.abs(model.X)
    for W, b in zip(layers[::2], layers[1::2], strict=True):
        A = W @ A + b[:, None]
    return A


def test_barriers_are_heights_above_the_higher_end():
    assert barriers(np.array([[1, 3, 2], [2, 0, 1.0]])).tolist() == [1, 0]
    experiment = load("trained_nets")
    segments = np.zeros((2, 3, 3, 5))
    segments[:, 2, :, 2] = 1
    good = {"loss": np.zeros(1), "segments": segments}
    assert experiment.deviations(experiment.Config(), good) == []
    assert len(experiment.deviations(experiment.Config(), {**good, "segments": segments[:, ::-1]})) == 2
    assert len(experiment.deviations(experiment.Config(), {**good, "loss": np.ones(1)})) == 1


def test_configurations_can_be_stored():
    for name in names():
        config = load(name).Config()
        assert json.loads(json.dumps(plain(config))).keys() == {field.name for field in fields(config)}
