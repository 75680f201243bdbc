"""How often does a random two-dimensional slice through a strict saddle of index one look like the bottom of a bowl?

At balanced critical points of deep linear nets that keep one wrong singular vector, with Gaussian directions, where the
chance is enclosed by the eigenvalues alone, and with filter-normalised ones, where it is not.

Claims: deep_linear.balanced_spectrum, deep_linear.inertia_of_largest_rank, sections.strict_minimum_at_saddle
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from experiments.runner import map_units
from theory.calculus.tolerance import eigenvalue_error
from theory.models import DeepLinearNet
from theory.slices.normalisation import normalised
from theory.slices.random_curvature import bowl_probability

QUESTION = "How often does a random 2-D slice through a saddle of index one look like a bowl?"
CLAIMS = ("deep_linear.balanced_spectrum", "deep_linear.inertia_of_largest_rank", "sections.strict_minimum_at_saddle")
EXPECTED = (
    "Gaussian directions: the share is 1 - 2^{-(n-2)/2} for n - 1 eigenvalues 1 and one -1, and lies in the certified "
    "interval of the eigenvalues at saddles of deep linear nets. Filter-normalised directions: every slice is a bowl "
    "at saddles along the coordinate axes, since the negative direction needs a filter that is zero there; more than "
    "half of all slices are bowls at saddles in general position."
)
FALSE_ALARM = 1e-6  # for all comparisons together, as for the claims
GAUSSIAN, GENERAL, AXES = 0, 1, 2


@dataclass(frozen=True)
class Config:
    """Dimensions n of signature (n - 1, 1); widths (k, ..., k) of nets whose least width is less than k."""

    seed: int = 0
    dimensions: tuple[int, ...] = (3, 4, 6, 8, 10, 14)
    widths: tuple[tuple[int, ...], ...] = ((2, 1, 2), (2, 1, 1, 2), (3, 2, 3), (3, 2, 2, 3), (3, 1, 2, 3), (4, 3, 3, 4))
    saddles: int = 20
    slices: int = 50_000


SMOKE = Config(dimensions=(3, 6), widths=((2, 1, 2), (3, 2, 2, 3)), saddles=2, slices=2000)


def run(config: Config, executor: Executor | None) -> dict[str, np.ndarray]:
    """One row a saddle: those of equal moduli, then ``saddles`` for each net.

    Returns
    -------
    net : which of the widths, -1 for equal moduli; eigenvalues: how many are not zero.
    bowls (N, 3) : slices with positive definite Hessian: Gaussian directions, filter-normalised ones in general
        position, filter-normalised ones along the axes; -1 where there are no filters.
    lower, upper : bounds of the probability for Gaussian directions, equal up to rounding for equal moduli.
    """
    count = len(config.dimensions) + len(config.widths) * config.saddles
    rows = map_units(executor, saddle, config, count, chunk=4)
    net, eigenvalues, bowls, lower, upper = (np.array(column) for column in zip(*rows, strict=True))
    return {"net": net, "eigenvalues": eigenvalues, "bowls": bowls, "lower": lower, "upper": upper}


def saddle(config: Config, index: int, rng: np.random.Generator) -> tuple[int, int, list[int], float, float]:
    """The row of one saddle."""
    equal = len(config.dimensions)
    if index < equal:
        values = np.array([1.0] * (config.dimensions[index] - 1) + [-1.0])
        D = rng.standard_normal((config.slices, 2, len(values)))
        return -1, len(values), [bowls(np.diag(values), D), -1, -1], *enclosed(values)
    net = (index - equal) // config.saddles
    widths = config.widths[net]
    k = widths[0]
    sigma = np.sort(rng.uniform(0.5, 2, k))[::-1]
    model, theta = swapped(widths, sigma, rotation(k, rng), rotation(k, rng))
    axes, at = swapped(widths, sigma, np.eye(k), np.eye(k))
    H = model.hessian(theta)
    values = np.linalg.eigvalsh(H)
    values = values[np.abs(values) > eigenvalue_error(H)]
    D = rng.standard_normal((config.slices, 2, model.dim))
    filtered = (bowls(m.hessian(t), normalised(D, t, m.layout, "filter")) for m, t in ((model, theta), (axes, at)))
    return net, len(values), [bowls(H, D), *filtered], *enclosed(values)


def enclosed(values: np.ndarray) -> tuple[float, float]:
    """Lower and upper bound of the probability of a bowl, from the eigenvalues that are not zero."""
    chance = bowl_probability(values)
    return float(chance.lower()), float(chance.upper())


def swapped(widths: tuple[int, ...], sigma: np.ndarray, U: np.ndarray, V: np.ndarray) -> tuple[Any, np.ndarray]:
    """The net with X = I, Y = U diag(sigma) V^T, and its balanced critical point that keeps sigma_{r+1} for sigma_r.

    Of the largest rank r, with one swap: its index is one.
    """
    r, H = min(widths), len(widths) - 1
    kept = [*range(r - 1), r]
    c = sigma[kept] ** (1 / H)
    layers = [np.zeros((b, a)) for a, b in pairwise(widths)]
    layers[0][:r] = c[:, None] * V[:, kept].T
    layers[-1][:, :r] = U[:, kept] * c
    for W in layers[1:-1]:
        W[:r, :r] = np.diag(c)
    net = DeepLinearNet(widths, np.eye(widths[0]), (U * sigma) @ V.T)
    return net, net.pack(*layers)


def rotation(k: int, rng: np.random.Generator) -> np.ndarray:
    """A random orthogonal matrix (k, k)."""
    return np.linalg.qr(rng.standard_normal((k, k)))[0]


def bowls(H: np.ndarray, D: np.ndarray) -> int:
    """How many of the slices D (N, 2, n) have a positive definite Hessian D H D^T."""
    P = D @ H @ D.swapaxes(-1, -2)
    return int(((P[:, 0, 0] > 0) & (P[:, 0, 0] * P[:, 1, 1] > P[:, 0, 1] * P[:, 1, 0])).sum())


def deviations(config: Config, arrays: dict[str, np.ndarray]) -> list[str]:
    """What is not as expected; the exact binomial tails of all rows have probability ``FALSE_ALARM`` together."""
    from scipy.stats import binom

    k, N = arrays["bowls"], config.slices
    level = FALSE_ALARM / (2 * len(k))
    few = binom.cdf(k[:, GAUSSIAN], N, arrays["lower"]) < level
    many = binom.sf(k[:, GAUSSIAN] - 1, N, arrays["upper"]) < level
    nets = arrays["net"] >= 0
    found = [f"row {row}: {k[row, GAUSSIAN]} of {N} slices are bowls" for row in np.flatnonzero(few | many)]
    if (k[nets, AXES] != N).any():
        found.append(f"saddles along the axes: only {k[nets, AXES].min()} of {N} filter-normalised slices are bowls")
    if 2 * k[nets, GENERAL].sum() <= N * nets.sum():
        found.append(f"general saddles: only {k[nets, GENERAL].sum() / (N * nets.sum()):.0%} of the slices are bowls")
    return found
