"""What gradient flow of a deep linear net conserves, and the differential equation of its product."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from theory.arithmetic import FLOAT, arithmetic_of, as_array
from theory.arrays import positive_int, unpack
from theory.models.deep_linear import DeepLinearNet
from theory.models.matrix_chain import T, partial_products


def imbalance(model: DeepLinearNet, theta: Any) -> tuple[np.ndarray, ...]:
    """D_i = W_{i+1}^T W_{i+1} - W_i W_i^T for i = 1, ..., H - 1, which gradient flow leaves as they are.

    Since W_{i+1}^T G_{i+1} = G_i W_i^T for the gradients G of any differentiable f(W_H ... W_1), dD_i / dt = 0; with
    weight decay lam ||W||^2 it is D_i(t) = e^{-4 lam t} D_i(0). The layers are balanced where all D_i vanish.

    Parameters
    ----------
    theta : (..., n).

    Returns
    -------
    H - 1 arrays (..., d_i, d_i) in the arithmetic of theta; none for depth 1.

    Source: arora2018, proof of Theorem 1, in the form of.

    >>> imbalance(DeepLinearNet((1, 1, 1), [[1]], [[2]]), [1, 3])
    (array([[8]], dtype=object),)
    """
    W = _net(model, "imbalance").unpack(theta)
    return tuple(T(V) @ V - U @ T(U) for U, V in pairwise(W))


def drift(model: DeepLinearNet, theta: Any, eta: Any) -> tuple[np.ndarray, ...]:
    """What one gradient step of rate eta adds to the imbalance: eta^2 (G_{i+1}^T G_{i+1} - G_i G_i^T), exactly.

    Parameters
    ----------
    theta : (..., n).
    eta : the learning rate, a number in the arithmetic of theta.

    Returns
    -------
    H - 1 arrays (..., d_i, d_i).

    Source: own derivation.
    """
    net = _net(model, "drift")
    gradient = np.asarray(net.gradient(theta))
    rate = arithmetic_of(gradient).convert(as_array(eta, "drift: eta"))
    if rate.ndim:
        raise ValueError(f"drift: eta must be a number, got shape {rate.shape}; call drift once a rate")
    return tuple(rate * rate * (T(V) @ V - U @ T(U)) for U, V in pairwise(unpack(gradient, net.layout)))


def end_to_end_velocity(model: DeepLinearNet, theta: Any) -> np.ndarray:
    """dR / dt of the product R = W_H ... W_1 under gradient flow: -sum_j A_j A_j^T grad f(R) B_j^T B_j.

    A_j = W_H ... W_{j+1} and B_j = W_{j-1} ... W_1, without the inputs.

    Parameters
    ----------
    theta : (..., n).

    Returns
    -------
    (..., d_H, d_0) in the arithmetic of theta.

    Source: arora2018, proof of Theorem 1, in the form of.
    """
    W = _net(model, "end_to_end_velocity").unpack(theta)
    A, B = partial_products(W, arithmetic_of(W[0]))
    M = gradient_of_product(model, W[-1] @ B[-1])
    return -sum(a @ (T(a) @ M @ T(b)) @ b for a, b in zip(A, B, strict=True))


def gradient_of_product(model: DeepLinearNet, R: np.ndarray) -> np.ndarray:
    """grad f (..., d_H, d_0) of the net's function f of its product, at R (..., d_H, d_0)."""
    shallow = DeepLinearNet((model.widths[0], model.widths[-1]), objective=model.objective)
    return shallow.gradient(R.reshape(*R.shape[:-2], -1)).reshape(R.shape)


def balanced_velocity(R: Any, M: Any, depth: int) -> np.ndarray:
    """dR / dt of balanced layers as a function of R alone: -sum_j [R R^T]^{(H-j)/H} M [R^T R]^{(j-1)/H}, M = grad f(R).

    With R = U diag(s) V^T it is -U (K * U^T M V) V^T, K_ab = sum_j s_a^{2(H-j)/H} s_b^{2(j-1)/H}; the zeroth power of a
    singular matrix is the identity.

    Parameters
    ----------
    R, M : (..., d_H, d_0) floats.
    depth : H >= 1.

    Returns
    -------
    (..., d_H, d_0), with the rounding of a singular value decomposition; fractional powers have no rational values.

    Source: arora2018, Theorem 1, in the form of.
    """
    H = positive_int(depth, "balanced_velocity", "depth")
    R, M = as_array(R, "balanced_velocity: R"), as_array(M, "balanced_velocity: M")
    if R.ndim < 2 or R.shape[-2:] != M.shape[-2:]:
        raise ValueError(f"balanced_velocity: R and M need one shape (..., d_H, d_0), got {R.shape} and {M.shape}")
    for name, a in (("R", R), ("M", M)):
        if arithmetic_of(a).name != FLOAT:
            raise TypeError(f"balanced_velocity: {name} must be floats, got {arithmetic_of(a).name}; use to_float")
    U, s, Vt = np.linalg.svd(R)
    left, right = (np.zeros((*s.shape[:-1], n)) for n in R.shape[-2:])
    left[..., : s.shape[-1]] = right[..., : s.shape[-1]] = s
    powers = [(left ** (2 * (H - j) / H), right ** (2 * (j - 1) / H)) for j in range(1, H + 1)]
    K = sum(a[..., :, None] * b[..., None, :] for a, b in powers)
    return -U @ (K * (T(U) @ M @ T(Vt))) @ Vt


def _net(model: Any, where: str) -> DeepLinearNet:
    """The model, if its loss is a function of the product of its layers."""
    if not isinstance(model, DeepLinearNet):
        raise TypeError(
            f"{where}: needs a DeepLinearNet, got {type(model).__name__}; "
            "of a LinearResNet take model.net at the layers I + W_k"
        )
    return model
