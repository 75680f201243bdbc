"""Derivatives of a hidden layer with one output, f(x) = sum_j a_j s(w_j.x + b_j) + c, in flat arrays.

The order is theta = (W (k, d), b (k,), a (k,), c), with or without c. X is (d, m), X1 = (X; 1) is (d + 1, m);
d_ji = a_j s'(u_ji) and s_ji = s(u_ji) are (batch, k, m).
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from theory import arrays
from theory.models.matrix_chain import T


def jacobian_into(J: np.ndarray, d: np.ndarray, s: np.ndarray, root: np.ndarray, X: np.ndarray) -> None:
    """Write root_i df(x_i)/dtheta to J (batch, n, m): the rows d_ji x_i, d_ji, s_ji, 1, each times root_i.

    root broadcasts as (batch, 1, m). There is no last row without c.
    """
    k, (inputs, m) = s.shape[-2], X.shape
    np.multiply(d[:, :, None], (X * root)[:, None], out=J[:, : k * inputs].reshape(-1, k, inputs, m))
    np.multiply(d, root, out=J[:, k * inputs : k * (inputs + 1)])
    np.multiply(s, root, out=J[:, k * (inputs + 1) : k * (inputs + 2)])
    J[:, k * (inputs + 2) :] = root


def gauss_newton_into(
    H: np.ndarray, J: np.ndarray, d: np.ndarray, s: np.ndarray, h: np.ndarray, X: np.ndarray, one: np.ndarray | None
) -> None:
    """Write sum_i h_i J_i J_i^T to H (batch, n, n); J (batch, n, m) is room for the Jacobian, h (batch, 1, m).

    ``one`` (1, 1) is 1 in the arithmetic at hand, or None for real floats h >= 0: J is then scaled by the root of h, so
    that both factors are one buffer and BLAS does half the work (SYRK).
    """
    if one is None:
        jacobian_into(J, d, s, np.sqrt(h), X)
        np.matmul(J, T(J), out=H)
    else:
        jacobian_into(J, d, s, one[None], X)
        H[...] = (J * h) @ T(J)


def second_moments(X1: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """The function that takes weights w (..., k, m) to sum_i w_ji x_pi x_qi for p <= q, (..., k, (d + 1)(d + 2) / 2).

    The products x_p x_q are formed once, unless they need more than an eighth of ``arrays.MAX_BYTES``: then at each
    call, block by block.
    """
    p, q = np.triu_indices(len(X1))
    starts = arrays.chunks(len(p), X1[0].nbytes, arrays.MAX_BYTES // 8)

    @functools.lru_cache(maxsize=1)
    def products(start: int) -> np.ndarray:
        part = slice(start, start + starts.step)
        return X1[p[part]] * X1[q[part]]

    return lambda w: np.concatenate([w @ products(start).T for start in starts], axis=-1)


def residual_positions(k: int, inputs: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Flat positions in an n x n Hessian of D^2 f, neuron by neuron, and their mirror images.

    For each neuron the upper triangle of the block of (w_j, b_j) row by row, then its row with a_j; all else is zero.
    """
    inner = np.hstack([np.arange(k * inputs).reshape(k, inputs), k * inputs + np.arange(k)[:, None]])
    outer = np.broadcast_to(k * (inputs + 1) + np.arange(k)[:, None], inner.shape)
    p, q = np.triu_indices(inputs + 1)
    rows, columns = np.hstack([inner[:, p], inner]), np.hstack([inner[:, q], outer])
    return (rows * n + columns).ravel(), (columns * n + rows).ravel()
