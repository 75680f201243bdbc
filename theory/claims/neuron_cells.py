"""A single ReLU neuron on the line over rectangles of (slope, kink): exact bounds of its loss, for certified topology.

The networks s relu(x - t) + c with the best offset c have the loss g(s, t) = Var(y - s z_t), z_t = relu(x - t), that of
theta = (w, b, a, c) = (1, -t, s, mean(y - s z_t)). Below Var(y) the components of {g <= c} are those of the networks
with w > 0, because the constants s = 0 separate s > 0 from s < 0; w < 0 is the same with -x for x.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from theory.arithmetic import rational
from theory.topology.certified import Enclosure, interval_enclosure


def cell_bounds(x: np.ndarray, y: np.ndarray, slopes: np.ndarray, kinks: np.ndarray) -> Enclosure:
    """Bounds of g on the cells [s_i, s_i+1] x [t_j, t_j+1]: rationals (slopes - 1, kinks - 1).

    g = m^-2 sum_{i<j} ((y_i - y_j) - s (z_i - z_j))^2; each z_i - z_j is monotone in t, so each difference is between
    its values at the four corners of the cell, and its square between the extremes of the squares of that interval.
    """
    i, j = np.triu_indices(len(x), 1)
    z = _relu(x[:, None] - kinks)
    d = (y[i] - y[j])[:, None, None] - slopes[:, None] * (z[i] - z[j])[:, None, :]
    lo, up = np.minimum.reduce(_corners(d)), np.maximum.reduce(_corners(d))
    weight = 1 / rational([len(x)])[0] ** 2
    least = _relu(lo) + _relu(-up)  # the distance of the interval from 0
    most = np.maximum(up, -lo)
    known = np.minimum.reduce(_corners(node_losses(x, y, slopes, kinks)))
    return interval_enclosure(weight * (least * least).sum(0), weight * (most * most).sum(0), known)


def node_losses(x: np.ndarray, y: np.ndarray, slopes: np.ndarray, kinks: np.ndarray) -> np.ndarray:
    """g(s_i, t_j), literally: the variance of y - s z_t."""
    e = y[:, None, None] - slopes[:, None] * _relu(x[:, None] - kinks)[:, None, :]
    share = 1 / rational([len(x)])[0]
    mean = share * e.sum(0)
    return share * ((e - mean) * (e - mean)).sum(0)


def network(x: np.ndarray, y: np.ndarray, s: Any, t: Any) -> np.ndarray:
    """theta = (w, b, a, c) with w = 1, kink t, a = s and the best offset."""
    one = rational([1])[0]
    e = y - s * _relu(x - t)
    return np.array([one, -t, s, e.sum() / rational([len(x)])[0]], object)


def _corners(a: np.ndarray) -> np.ndarray:
    """Values at the nodes (..., r + 1, c + 1) as those at the four corners of the cells: (4, ..., r, c)."""
    return np.stack([a[..., :-1, :-1], a[..., 1:, :-1], a[..., :-1, 1:], a[..., 1:, 1:]])


def _relu(a: np.ndarray) -> np.ndarray:
    return np.maximum(a, 0 * a)
