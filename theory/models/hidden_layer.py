"""Where the derivatives of a hidden layer with one output sit in flat arrays: theta = (W (k, d), b (k,), a (k,), c)."""

from __future__ import annotations

import numpy as np


def jacobian_into(J: np.ndarray, d: np.ndarray, s: np.ndarray, root: np.ndarray, X: np.ndarray) -> None:
    """Write root_i df(x_i)/dtheta to J (batch, n, m): the rows d_ji x_i, d_ji, s_ji, 1, each times root_i.

    X is (d, m), d_ji = a_j s'(u_ji) and s_ji = s(u_ji) are (batch, k, m), root broadcasts as (batch, 1, m). There is no
    last row without c.
    """
    k, (inputs, m) = s.shape[-2], X.shape
    np.multiply(d[:, :, None], (X * root)[:, None], out=J[:, : k * inputs].reshape(-1, k, inputs, m))
    np.multiply(d, root, out=J[:, k * inputs : k * (inputs + 1)])
    np.multiply(s, root, out=J[:, k * (inputs + 1) : k * (inputs + 2)])
    J[:, k * (inputs + 2) :] = root


def residual_positions(k: int, inputs: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Flat positions in an n x n Hessian of D^2 f, neuron by neuron, and their mirror images.

    For each neuron the upper triangle of the block of (w_j, b_j) row by row, then its row with a_j; all else is zero.
    """
    inner = np.hstack([np.arange(k * inputs).reshape(k, inputs), k * inputs + np.arange(k)[:, None]])
    outer = np.broadcast_to(k * (inputs + 1) + np.arange(k)[:, None], inner.shape)
    p, q = np.triu_indices(inputs + 1)
    rows, columns = np.hstack([inner[:, p], inner]), np.hstack([inner[:, q], outer])
    return (rows * n + columns).ravel(), (columns * n + rows).ravel()
