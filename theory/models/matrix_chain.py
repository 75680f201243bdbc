"""Chains of matrices W_H ... W_1: partial products, the derivative of the product, the Hessian of a function of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from theory.arithmetic import Arithmetic
from theory.arrays import join


def T(a: np.ndarray) -> np.ndarray:
    """The transposes of matrices (..., p, q)."""
    return a.swapaxes(-1, -2)


def product(W: Any) -> np.ndarray:
    """W_H ... W_1."""
    R = W[0]
    for w in W[1:]:
        R = w @ R
    return R


def partial_products(W: Any, kind: Arithmetic) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """A_i = W_H ... W_{i+1} and B_i = W_{i-1} ... W_1, without the data."""
    A, B = [kind.eye(W[-1].shape[-2])], [kind.eye(W[0].shape[-1])]
    for w in reversed(W[1:]):
        A.insert(0, A[0] @ w)
    for w in W[:-1]:
        B.append(w @ B[-1])
    return A, B


def flat(layers: list[np.ndarray]) -> np.ndarray:
    """Row-major concatenation of matrices (..., p, q) whose batches broadcast."""
    return join(layers, [g.shape[-2:] for g in layers])


def beside(blocks: list[np.ndarray]) -> np.ndarray:
    """Matrices (..., p, q_i) whose batches broadcast, one beside the other: (..., p, sum q_i)."""
    batch = np.broadcast_shapes(*(b.shape[:-2] for b in blocks))
    out = np.empty((*batch, blocks[0].shape[-2], sum(b.shape[-1] for b in blocks)), blocks[0].dtype)
    stop = 0
    for b in blocks:
        out[..., stop : (stop := stop + b.shape[-1])] = b
    return out


def rank_one_factors(A: list[np.ndarray], B: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """P (..., d_H, n) and Q (..., d_0, n) with dR / dtheta_k = P_k Q_k^T, column A_i[:, p] times row B_i[q, :]."""
    P = [np.repeat(a, b.shape[-2], axis=-1) for a, b in zip(A, B, strict=True)]
    Q = [np.tile(T(b), a.shape[-1]) for a, b in zip(A, B, strict=True)]
    return beside(P), beside(Q)


def jacobian(P: np.ndarray, Q: np.ndarray) -> np.ndarray:
    """dR[a,b] / dtheta_k = P[a,k] Q[b,k]: (..., d_H d_0, n), row-major."""
    J = P[..., :, None, :] * Q[..., None, :, :]
    return J.reshape(*J.shape[:-3], -1, J.shape[-1])


def hessian_into(out: np.ndarray, W: Any, f: Any, kind: Arithmetic) -> None:
    """Write the Hessian of f(W_H ... W_1) in the layers to out (..., n, n); f as in ``product_loss``.

    The blocks j <= i of a row are written at once, side by side, with C = [C_i1 ... C_i,i-1] expanded to the columns
    of theta.
    """
    A, B = partial_products(W, kind)
    P, Q = rank_one_factors(A, B)
    R = W[-1] @ B[-1]
    MQ, C, start = f.gradient(R) @ Q, Q[..., :0], 0
    if f.S is None:
        J = jacobian(P, Q)
        out[...] = T(J) @ f.hessian(R) @ J
    else:
        P, Q = 2 * P, f.S @ Q
    for w, a, b in zip(W, A, B, strict=True):
        past, here = slice(0, start), slice(start, start + w.shape[-1] * w.shape[-2])
        start = here.stop
        rows = out[..., here, :start].reshape(*out.shape[:-2], *w.shape[-2:], start)
        if f.S is not None:
            np.multiply((T(a) @ P[..., :start])[..., :, None, :], (b @ Q[..., :start])[..., None, :, :], out=rows)
        rows[..., past] += (T(a) @ MQ[..., past])[..., :, None, :] * C[..., None, :, :]
        out[..., past, here] = T(out[..., here, past])
        C = beside([w @ C, np.repeat(kind.eye(w.shape[-2]), w.shape[-1], axis=-1)])
