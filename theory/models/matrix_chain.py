"""Chains of matrices W_H ... W_1: partial products and the shapes in which NumPy multiplies their entries fast."""

from __future__ import annotations

from typing import Any

import numpy as np

from theory import arrays
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


def spans(layout: arrays.Layout) -> list[slice]:
    stops = np.cumsum([0, *(p * q for _, (p, q) in layout)])
    return [slice(a, b) for a, b in zip(stops[:-1], stops[1:], strict=True)]


def outer(U: np.ndarray, V: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Factors of U[p,p'] V[q,q'] as arrays (..., p, 1, p'q') and (..., 1, q, p'q'): long inner loops for NumPy."""
    return np.repeat(U, V.shape[-1], -1)[..., :, None, :], np.tile(V, U.shape[-1])[..., None, :, :]


def crossed(G: np.ndarray, C: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Factors of G[p,q'] C[q,p'] in the same form."""
    return np.tile(G, C.shape[-1])[..., :, None, :], np.repeat(C, G.shape[-1], -1)[..., None, :, :]


def jacobian(A: list[np.ndarray], B: list[np.ndarray]) -> np.ndarray:
    """dR[a,b] / dW_i[p,q] = A_i[a,p] B_i[q,b]: (..., d_H d_0, n)."""
    blocks = [np.einsum("...ap,...qb->...abpq", a, b) for a, b in zip(A, B, strict=True)]
    blocks = [J.reshape(*J.shape[:-4], J.shape[-4] * J.shape[-3], -1) for J in blocks]
    batch = np.broadcast_shapes(*(J.shape[:-2] for J in blocks))
    return np.concatenate([np.broadcast_to(J, batch + J.shape[-2:]) for J in blocks], axis=-1)
