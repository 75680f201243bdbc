"""Batches are evaluated chunk by chunk: temporaries stay bounded, results do not show where a chunk ends."""

import tracemalloc

import numpy as np
import pytest

from theory.arithmetic import rational
from theory.arrays import MAX_BYTES
from theory.calculus.tolerance import rounding
from theory.errors import NotExact
from theory.landscape import Model
from theory.models import DeepLinearNet, DeepNet, LinearResNet, Quadratic, ReluNeuron, ShallowNet

RNG = np.random.default_rng(0)


def normal(*shape):
    return RNG.standard_normal(shape)


ABSOLUTE = DeepLinearNet((1, 1, 1), normal(1, 2000), normal(1, 2000), "absolute")
SQUARES = DeepLinearNet((4, 4, 4, 4), normal(4, 50), normal(4, 50))
RESNET = LinearResNet(2, normal(4, 9), normal(4, 9))
BOWL = Quadratic(np.eye(50))
SHALLOW = ShallowNet(20, normal(5, 200), normal(200), "relu")
WIDE = ShallowNet(1, normal(200, 1000), normal(1000))
DEEP = DeepNet((5, 20, 20, 1), normal(5, 200), normal(1, 200), "relu")
NEURON = ReluNeuron(normal(2, 100), normal(100))
NEURONS = ReluNeuron(normal(20, 10), normal(10))

CALLS = [
    (ABSOLUTE, "loss", 5_000),
    (ABSOLUTE, "gradient", 5_000),
    (ABSOLUTE, "sample_losses", 6_000),
    (ABSOLUTE, "sample_gradients", 6_000),
    (ABSOLUTE, "smooth_at", 6_000),
    (SQUARES, "gradient", 300_000),
    (SQUARES, "hvp", 200_000),
    (SQUARES, "sample_losses", 100_000),
    (SQUARES, "sample_gradients", 15_000),
    (RESNET, "gradient", 350_000),
    (BOWL, "loss", 400_000),
    (WIDE, "hessian", 1),
    (SHALLOW, "outputs", 5_000),
    (SHALLOW, "preactivations", 10_000),
    (SHALLOW, "smooth_at", 5_000),
    (SHALLOW, "activation_pattern", 5_000),
    (SHALLOW, "sample_gradients", 3_000),
    (DEEP, "outputs", 2_500),
    (DEEP, "smooth_at", 2_500),
    (DEEP, "activation_pattern", 2_500),
    (DEEP, "sample_gradients", 400),
    (NEURON, "one_sided_derivative", 50_000),
    (NEURON, "smooth_at", 200_000),
    (NEURONS, "hessian", 40_000),
]


@pytest.mark.parametrize(("model", "method", "count"), CALLS, ids=lambda x: str(x).split("(")[0])
def test_temporaries_are_bounded(model, method, count):
    theta = np.random.default_rng(1).standard_normal((count, model.dim))
    vectors = (theta, theta[:1]) if method in ("hvp", "one_sided_derivative") else (theta,)
    tracemalloc.start()
    try:
        result = getattr(model, method)(*vectors)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(result) == count and peak - result.nbytes < MAX_BYTES


ALONG = ("hvp", "one_sided_derivative")
METHODS = [
    *("loss", "gradient", "hessian", "sample_losses", "sample_gradients", "product", "outputs", "preactivations"),
    *("activation_pattern", "smooth_at", *ALONG),
]
INSTANCES = [
    pytest.param(model, id=f"{cls.__name__}: {label}")
    for cls in (DeepLinearNet, DeepNet, LinearResNet, Quadratic, ReluNeuron, ShallowNet)
    for label, model in cls.instances()
]


def values(model, theta, v):
    """(name, value) of every method that takes a batch, with one entry a layer for preactivations."""
    for name in METHODS:
        if hasattr(model, name) and (model.traits.has_samples or not name.startswith("sample")):
            value = getattr(model, name)(theta, *[v] * (name in ALONG))
            if isinstance(value, tuple):
                yield from ((f"{name} {layer}", u) for layer, u in enumerate(value))
            else:
                yield name, value


@pytest.mark.parametrize("model", INSTANCES)
def test_results_do_not_depend_on_the_chunks(model, monkeypatch):
    integers = np.random.default_rng(2).integers(-3, 4, (2, 3, model.dim))
    theta, v = rational(integers), rational(integers[:1, :, ::-1])
    try:
        model.loss(theta)
    except NotExact:
        theta, v = integers / 4, integers[:1, :, ::-1] / 8
    monkeypatch.setattr(Model, "_chunk_bytes", 2**40)
    whole = dict(values(model, theta, v))
    assert {"loss", "gradient", "hessian", "hvp"} <= set(whole)
    for chunk in (1, 2 * 8 * model._entries("loss")):  # one point, and two for the loss
        monkeypatch.setattr(Model, "_chunk_bytes", chunk)
        for name, value in values(model, theta, v):
            want = whole[name]
            assert value.shape == want.shape and value.dtype == want.dtype, name
            if want.dtype == float:
                assert (abs(value - want) <= rounding(float, 100 * model.dim, 1 + abs(want).max())).all(), name
            else:
                assert (value == want).all(), name


def test_a_vector_without_a_batch_meets_every_point():
    theta, v = np.random.default_rng(3).standard_normal((2, 30_000, SQUARES.dim))
    one = SQUARES.hvp(theta, v[0])
    assert (one == SQUARES.hvp(theta, v[:1])).all() and one.shape == theta.shape
    other = SQUARES.hvp(theta[0], v)
    scale = rounding(float, 100 * SQUARES.dim, abs(SQUARES.hessian(theta[0])).max() * abs(v[7]).sum())
    assert other.shape == v.shape and (abs(other[7] - SQUARES.hvp(theta[0], v[7])) <= scale).all()
