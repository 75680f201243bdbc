"""The product map W -> W_H ... W_1: its rank, the orbits of GL in its fibres, and how many pieces a fibre has.

Source: trager2020, rank and fibres of the product map, in the form of; orbits and zero modes: own derivation.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from theory import arrays
from theory.arithmetic import RATIONAL, arithmetic_of, sign
from theory.calculus.exact_linalg import rank, rational_matrix
from theory.errors import Degenerate, NotExact
from theory.models.deep_linear import DeepLinearNet
from theory.models.matrix_chain import partial_products


def rank_of_product_map(net: Any, theta: Any) -> int:
    """The rank of d(W_H ... W_1) at a rational theta (n,), data apart: sum_i (rk A_i - rk A_{i-1}) rk B_i, A_0 := 0.

    The images of the layers are R^{d_H} (x) R^{d_0} restricted to range A_i (x) row space of B_i; the ranges grow with
    i and the row spaces shrink, so that layer i adds what is new in its range.
    """
    W = _layers(net, theta, "rank_of_product_map")
    A, B = partial_products(W, arithmetic_of(W[0]))
    a = [0, *map(rank, A)]
    return sum((new - old) * rank(b) for old, new, b in zip(a, a[1:], B, strict=False))


def orbit_dimension(net: Any, theta: Any) -> int:
    """The dimension of the orbit of a rational theta (n,) under GL of the hidden layers.

    At critical points the orbit lies in the kernel of the Hessian, and so does whatever X does not see in W_1.
    """
    _layers(net, theta, "orbit_dimension")
    return rank(D) if len(D := net.symmetry_directions(theta)) else 0


def fibre_components(widths: tuple[int, ...]) -> int:
    """Connected components 2^b of the fibre over a product of full rank k = min d_i; b hidden layers have width k."""
    return 2 ** sum(d == min(widths) for d in widths[1:-1])


def fibre_component(net: Any, theta: Any) -> tuple[int, ...]:
    """The component of the fibre in which a rational theta (n,) with a product of full rank lies.

    For each hidden layer i of width k the sign of det B_{i+1}[:, columns], where the columns are the first ones that
    are independent in R; B_{i+1} = W_i ... W_1 is determined by R up to GL(k), whose two pieces it tells apart.

    Raises
    ------
    Degenerate
        When the product has a lower rank: such fibres are connected.
    """
    W, k = _layers(net, theta, "fibre_component"), min(net.widths)
    _, B = partial_products(W, arithmetic_of(W[0]))
    R = W[-1] @ B[-1]
    if rank(R) < k:
        raise Degenerate(f"fibre_component: needs a product of rank k = {k}, got {rank(R)}, where fibres are connected")
    pivots = [c for c in range(R.shape[1]) if rank(R[:, : c + 1]) > (rank(R[:, :c]) if c else 0)]
    minors = [rational_matrix(b[:, pivots]).det() for b, d in zip(B[1:], net.widths[1:-1], strict=True) if d == k]
    return tuple(int(s) for s in sign(np.array(minors, object))) if minors else ()


def _layers(net: Any, theta: Any, where: str) -> tuple[np.ndarray, ...]:
    """The rational layers of one point of a deep linear net."""
    if not isinstance(net, DeepLinearNet):
        hint = "; take its .net at theta + vec(I)" if hasattr(net, "net") else ""
        raise TypeError(f"{where}: needs a DeepLinearNet, got {type(net).__name__}{hint}")
    theta = arrays.points(theta, net.dim, where)
    if theta.ndim != 1 or arithmetic_of(theta).name != RATIONAL:
        got = f"{arithmetic_of(theta).name} entries of shape {theta.shape}"
        raise NotExact(f"{where}: needs one rational point ({net.dim},), got {got}; ranks need exact numbers")
    return net.unpack(theta)
