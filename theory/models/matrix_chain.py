"""Chains of matrices W_H ... W_1: partial products, and the derivative of the product in factored form."""

from __future__ import annotations

from typing import Any

import numpy as np

from theory.arithmetic import Arithmetic


def T(a: np.ndarray) -> np.ndarray:
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
    batch = np.broadcast_shapes(*(g.shape[:-2] for g in layers))
    return np.concatenate([np.broadcast_to(g, batch + g.shape[-2:]).reshape(*batch, -1) for g in layers], axis=-1)


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
