"""Trajectories seen in a frame, and what principal axes show of a trajectory without any landscape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from theory import arrays, memory
from theory.arithmetic import to_float
from theory.landscape import ReadOnly
from theory.slices.frame import Frame


@dataclass(frozen=True, eq=False)
class Projection(ReadOnly):
    """A trajectory (T, ..., n) in a frame of k directions.

    Attributes
    ----------
    coordinates : (T, ..., k), of the nearest points of the frame's affine space.
    distances : (T, ...), to these points.
    explained : (...), the fraction of sum_t |theta_t - mean|^2 that lies along the directions; nan if nothing moves.
    """

    coordinates: np.ndarray
    distances: np.ndarray
    explained: np.ndarray


def project(frame: Frame, trajectory: Any) -> Projection:
    """The coordinates of a trajectory in a frame, its distances from it, and how much of its variance the frame shows.

    Parameters
    ----------
    frame : a frame in R^n, orthonormal or not.
    trajectory : (T, ..., n), time first, as ``sgd`` and ``gradient_descent`` give it; rounded to floats.
    """
    path = arrays.points(trajectory, frame.dim, "project", "trajectory")
    if path.ndim < 2:
        raise ValueError(f"project: needs a trajectory (T, ..., n), time first, got shape {path.shape}; add an axis")
    path = to_float(path)
    moves = path - path.mean(0)
    scale = np.abs(moves).max((0, -1), keepdims=True)
    moves = moves / np.where(scale > 0, scale, 1)
    inside = moves @ frame.orthonormalised().directions.T
    with np.errstate(invalid="ignore"):
        explained = (inside * inside).sum((0, -1)) / (moves * moves).sum((0, -1))
    values = to_float(frame.coordinates(path)), frame.distance(path), np.minimum(explained, 1)
    return Projection(*(arrays.frozen(a) for a in values))


def random_walk(dim: int, steps: int, *, seed: int) -> np.ndarray:
    """Sums of independent standard normal steps from the origin: (steps + 1, dim)."""
    dim, steps = (arrays.positive_int(k, "random_walk", name) for k, name in ((dim, "dim"), (steps, "steps")))
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ValueError(f"random_walk: seed must be an integer of at least 0, got {seed!r}")
    walk = memory.new((steps + 1, dim), float, "random_walk")
    walk[0] = 0
    np.random.default_rng(seed).standard_normal(out=walk[1:])
    return np.cumsum(walk, axis=0, out=walk)


def noise_spectrum(n: int, *, centred: bool = True) -> np.ndarray:
    """The principal spectrum of a random walk in high dimension: eigenvalues of A A^T / dim as dim -> infinity.

    Parameters
    ----------
    n : centred: the number of points, A = theta_t - mean. Uncentred: the number of steps, A = theta_t - theta_n for
        t = 0, ..., n - 1. Steps have variance 1 in each coordinate.

    Returns
    -------
    Descending: 1/(4 sin^2(pi k / 2n)), k < n, centred; 1/(4 sin^2((2k - 1) pi / (4n + 2))), k <= n, uncentred.

    Notes
    -----
    With the difference matrix D (n - 1, n) the steps are D theta, so that A = D^+ (D theta) and E A A^T / dim =
    D^+ D^+^T = (D^T D)^+: the inverse Laplacian of a path of n vertices, whose eigenvectors are cosines. Uncentred, the
    matrix is that of min(s, t), the inverse Laplacian of a path with one end held fast.
    Source: own derivation.
    """
    if not centred:
        n = arrays.positive_int(n, "noise_spectrum", "n")
        return 1 / (4 * np.sin((2 * np.arange(1, n + 1) - 1) * np.pi / (4 * n + 2)) ** 2)
    if arrays.positive_int(n, "noise_spectrum", "n") < 2:
        raise ValueError(f"noise_spectrum: needs n >= 2 points, got {n}; one point has no spread")
    return 1 / (4 * np.sin(np.pi * np.arange(1, n) / (2 * n)) ** 2)


def noise_ratios(n: int, *, centred: bool = True) -> np.ndarray:
    """The explained variance ratios of pure noise, ``noise_spectrum`` divided by its sum (n^2 - 1)/6, or n (n + 1)/2.

    As n -> infinity the ratio k tends to 6/(pi k)^2, centred: 60.8 % and 15.2 % for the first two axes; and to
    8/(pi (2k - 1))^2, uncentred: 81.1 % and 9.0 %.

    >>> noise_ratios(1000)[:2].round(3), noise_ratios(1000, centred=False)[:2].round(3)
    (array([0.608, 0.152]), array([0.811, 0.09 ]))
    """
    spectrum = noise_spectrum(n, centred=centred)
    return spectrum / ((n * n - 1) / 6 if centred else n * (n + 1) / 2)


def autoregressive_ratios(rho: float, n: int) -> np.ndarray:
    """Explained variance ratios, descending, of n points x_{t+1} = rho x_t + noise in high dimension, stationary.

    Those of the centred covariance rho^|s-t|, 0 <= rho < 1: SGD around a minimum with Hessian h I has rho = 1 - eta h.
    Source: own derivation.
    """
    if arrays.positive_int(n, "autoregressive_ratios", "n") < 2 or not 0 <= rho < 1:
        raise ValueError(f"autoregressive_ratios: needs 0 <= rho < 1 and n >= 2 points, got {rho} and {n}")
    K = float(rho) ** np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    K = K - K.mean(0)
    values = np.linalg.eigvalsh(K - K.mean(1, keepdims=True))[:0:-1]
    return values / values.sum()


def quadratic_ratios(eigenvalues: Any, eta: float, steps: int, start: Any = None) -> np.ndarray:
    """Explained variance ratios, descending, of descent on theta^T H theta / 2: theta_t = (I - eta H)^t theta_0.

    Parameters
    ----------
    eigenvalues : (n,), of H.
    eta, steps : learning rate > 0 and number of steps; the trajectory has steps + 1 points.
    start : (n,), in the eigenbasis; ones if None.

    Returns
    -------
    (min(n, steps),). For H = h I the trajectory is a segment: the first ratio is 1.

    Source: own derivation.
    """
    where = "quadratic_ratios"
    if not 0 < eta < np.inf:
        raise ValueError(f"{where}: needs a learning rate eta > 0, got {eta}; give a small positive one")
    lam = to_float(arrays.vector(eigenvalues, where, "eigenvalues"))
    x = np.ones(len(lam)) if start is None else to_float(arrays.vector(start, where, "start", len(lam)))
    with np.errstate(over="ignore", invalid="ignore"):
        path = (1 - eta * lam) ** np.arange(arrays.positive_int(steps, where, "steps") + 1)[:, None] * x
        moves = path - path.mean(0)
    size = np.abs(moves).max()
    if not 0 < size < np.inf:
        raise ValueError(
            f"{where}: needs a trajectory that moves and stays finite, got eta {eta}; change it or the start"
        )
    squares = np.linalg.svd(moves / size, compute_uv=False)[: min(len(lam), steps)] ** 2
    return squares / squares.sum()
