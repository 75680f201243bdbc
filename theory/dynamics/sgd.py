"""Stochastic gradient descent in R^n, as it is used: minibatches of shuffled samples, with or without momentum."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from theory import arrays
from theory.arithmetic import Arithmetic, arithmetic_of, as_array, rational, sign
from theory.dynamics.flow import learning_rate, recorded, start_of
from theory.losses import SQUARED, Weighted
from theory.models.deep_linear import DeepLinearNet
from theory.models.deep_net import DeepNet
from theory.models.relu_neuron import ReluNeuron
from theory.models.shallow_net import ShallowNet

# Where the gradients of all samples of one start exceed the second-level cache, only those of its minibatch are formed.
_CACHE_BYTES = 2**20


def sgd(
    model: Any,
    theta: Any,
    eta: Any,
    steps: int,
    *,
    batch: int | None,
    replacement: bool = False,
    momentum: Any = 0,
    record: int = 1,
    seed: int = 0,
) -> np.ndarray:
    """v <- momentum v + g, theta <- theta - eta v, so many times, from each start; g estimates the gradient.

    g is ``sample_weight`` m times the mean of the sample gradients over a minibatch, so that E g = grad loss.

    Parameters
    ----------
    model : any model with ``dim`` and ``gradient``; for minibatches also ``sample_losses``, ``sample_gradients`` and
        ``sample_weight``.
    theta : (..., n), the starts; they choose the arithmetic, and rational steps are exact.
    eta : the learning rate, positive: a number, or one a start (...).
    steps : how many steps; 0 gives the starts.
    batch : samples a step, from 1 to m. The samples are shuffled anew for each epoch and taken in this order; where
        batch does not divide m, the last minibatch of an epoch is smaller. None: all samples, gradient descent.
    replacement : draw the samples of each step independently, with replacement, instead.
    momentum : 0 <= momentum < 1, of the heavy ball.
    record : keep every so many steps.
    seed : start number i (of the flattened batch) draws from ``default_rng([seed, i])``, whatever the other starts are.

    Returns
    -------
    (steps // record + 1, ..., n), the points after 0, record, 2 record, ... steps.

    Raises
    ------
    ValueError
        For a batch beyond the samples, rates that are not positive, negative steps, and steps that overflow.
    TypeError
        For models without samples.
    """
    where = "sgd"
    start = start_of(model, theta, where)
    kind, rate = arithmetic_of(start), learning_rate(eta, start, where)
    mu = kind.convert(as_array(momentum, f"{where}: momentum"))
    if mu.ndim or not 0 <= mu[()] < 1:
        raise ValueError(f"{where}: needs 0 <= momentum < 1, got {momentum}; larger ones do not settle")
    record = arrays.positive_int(record, where, "record")
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ValueError(f"{where}: seed must be an integer of at least 0, got {seed!r}")
    gradient = model.gradient if batch is None else _minibatch(model, start, batch, replacement, int(seed), where)
    v, still = kind.zeros(start.shape), sign(mu[None])[0] == 0

    def step(theta: np.ndarray) -> np.ndarray:
        nonlocal v
        g = gradient(theta)
        v = g if still else mu[()] * v + g
        return theta - rate * v

    return recorded(step, start, steps, record, where)


def _minibatch(
    model: Any, start: np.ndarray, batch: int, replacement: bool, seed: int, where: str
) -> Callable[[np.ndarray], np.ndarray]:
    """The function of theta (..., n) that draws the next minibatch of each start and gives its gradients."""
    missing = [name for name in ("sample_weight", "sample_losses", "sample_gradients") if not hasattr(model, name)]
    if missing or not getattr(getattr(model, "traits", None), "has_samples", True):
        lacks = f"one without {missing[0]}" if missing else "one whose traits say that it has none"
        raise TypeError(f"{where}: needs a model with samples, got {lacks}; batch=None descends along the gradient")
    rows = start.reshape(-1, start.shape[-1])
    m, kind = np.shape(model.sample_losses(rows[0]))[-1], arithmetic_of(start)
    if arrays.positive_int(batch, where, "batch") > m and not replacement:
        raise ValueError(f"{where}: batch must be at most the {m} samples, got {batch}; replacement=True allows more")
    draws = _draws(len(rows), m, int(batch), replacement, seed)
    restricted = _restricted(model, kind) if m * rows[0].nbytes > _CACHE_BYTES else None
    parts = arrays.chunks(len(rows), m * rows[0].nbytes)

    def all_samples(theta: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        out = np.empty_like(theta)
        for part in (slice(s, s + parts.step) for s in parts):
            G = np.asarray(model.sample_gradients(theta[part]))
            out[part] = np.take_along_axis(G, chosen[part, :, None], -2).sum(-2)
        return out * kind.convert(rational([model.sample_weight * Fraction(m, chosen.shape[1])]))

    def only_chosen(theta: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        nets = [restricted(samples) for samples in chosen] if restricted else []
        out = np.stack([net.gradient(t) for net, t in zip(nets, theta, strict=True)])
        factor = model.sample_weight / nets[0].sample_weight * Fraction(m, chosen.shape[1])
        return out * kind.convert(rational([factor]))

    of = only_chosen if restricted else all_samples
    return lambda theta: of(theta.reshape(rows.shape), next(draws)).reshape(theta.shape)


def _draws(starts: int, m: int, batch: int, replacement: bool, seed: int) -> Iterator[np.ndarray]:
    """The positions (starts, batch) of the samples of each step, each row from a generator of its own."""
    rngs = [np.random.default_rng([seed, i]) for i in range(starts)]
    while True:
        if replacement:
            yield np.stack([rng.integers(m, size=batch) for rng in rngs])
        else:
            order = np.stack([rng.permutation(m) for rng in rngs])
            yield from (order[:, s : s + batch] for s in range(0, m, batch))


def _restricted(model: Any, kind: Arithmetic) -> Callable[[np.ndarray], Any] | None:
    """The function from positions of samples to the model on these samples alone; None where it is not known how."""
    loss = getattr(model, "output_loss", getattr(getattr(model, "objective", None), "loss", SQUARED))
    if type(model) not in (DeepLinearNet, DeepNet, ReluNeuron, ShallowNet) or isinstance(loss, Weighted):
        return None
    name = "y" if hasattr(model, "y") else "Y"
    X, Y = kind.convert(model.X), kind.convert(getattr(model, name))
    if isinstance(model, DeepLinearNet):
        return lambda chosen: DeepLinearNet(model.widths, X[:, chosen], Y[:, chosen], loss)
    return lambda chosen: replace(model, X=X[:, chosen], **{name: Y[..., chosen]})
