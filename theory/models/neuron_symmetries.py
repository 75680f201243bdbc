"""Symmetries of one hidden layer, A s(W x + b) + c: permutations, sign flips, rescalings, GL for linear activations.

Arrays are W (..., k, d), b (..., k), A (..., e, k); shallow and deep nets assemble the answers into their own layouts.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from theory.activations import IDENTITY, SQUARE, Activation
from theory.arithmetic import arithmetic_of

Layer = tuple[np.ndarray, np.ndarray, np.ndarray]


def degree_of_homogeneity(s: Activation) -> int:
    """p with s(t u) = t^p s(u) for t > 0, or 0 where there is none."""
    return 1 if s.homogeneous else 2 if s is SQUARE else 0


def in_words(s: Activation, k: int, bias: bool) -> str:
    """The symmetry group of k hidden neurons; ``bias`` says whether c is a parameter."""
    if s is IDENTITY:
        return f"GL({k})" + " with shifts of the bias" * bias
    actions = ["permutations"] * (k > 1) + ["sign flips"] * (s.odd or s is SQUARE)
    actions += ["rescalings"] * bool(degree_of_homogeneity(s))
    return f"{', '.join(actions)} of {k} hidden neuron{'s' * (k > 1)}" if actions else ""


def directions(W: np.ndarray, b: np.ndarray, A: np.ndarray, s: Activation, bias: bool) -> tuple[np.ndarray, ...]:
    """Tangents (dW, db, dA, dc), each (..., K, its own shape), of the continuous symmetries; K may be 0.

    (xi W, xi b, -p A xi, 0) with xi = E_jj where s(tu) = t^p s(u); for linear s with every xi = E_ij, and with
    (0, delta, 0, -A delta) where c is a parameter. Own derivation.
    """
    k, p, kind = b.shape[-1], degree_of_homogeneity(s), arithmetic_of(b)
    linear = s is IDENTITY
    units = np.arange(k * k) if linear else (k + 1) * np.arange(k if p else 0)
    shifts = k if linear and bias else 0
    xi = kind.zeros((len(units) + shifts, k, k))
    xi[: len(units)] = kind.eye(k * k)[units].reshape(-1, k, k)
    delta = kind.zeros((len(xi), k))
    delta[len(units) :] = kind.eye(k)[:shifts]
    W, b, A = W[..., None, :, :], b[..., None, :], A[..., None, :, :]
    return xi @ W, (xi @ b[..., None])[..., 0] + delta, -p * (A @ xi), -(A @ delta[..., None])[..., 0]


def images(W: np.ndarray, b: np.ndarray, A: np.ndarray, s: Activation) -> Iterator[Layer]:
    """The layer with its first two neurons swapped, and with the first one flipped or rescaled: the same function."""
    k, kind = b.shape[-1], arithmetic_of(b)
    if k > 1:
        swap = [1, 0, *range(2, k)]
        yield W[..., swap, :], b[..., swap], A[..., swap]
    p, even = degree_of_homogeneity(s), s is SQUARE
    factors = [(kind.fraction(-1), kind.fraction(1 if even else -1))] * (s.odd or even)
    for inner, outer in factors + [(kind.fraction(2), kind.fraction(1, 2**p))] * bool(p):
        t, u = kind.zeros(k) + kind.fraction(1), kind.zeros(k) + kind.fraction(1)
        t[0], u[0] = inner, outer
        yield W * t[:, None], b * t, A * u
