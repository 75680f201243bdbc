"""Every critical point of a deep linear net, built from its index set, its free blocks and a change of basis.

With r = |S|, U_S the kept left singular vectors and U_Q a basis of their orthogonal complement,

    W_1 = [U_S^+ Y X^+; Z_1],   W_i = [I_r 0; 0 Z_i],   W_H = [U_S  U_Q Z_H],

up to invertible changes of basis in the hidden layers, and up to N with N X = 0, which X does not see, in W_1. It is
critical iff Z_H ... Z_1 X = 0 and Z_{i-1} ... Z_1 M^T U_Q Z_H ... Z_{i+1} = 0 for all i, M = grad f(R);
``strings.free_blocks`` builds all such Z.
Source: achour2024, parametrisation of critical points, in the form of; without hypotheses on the data: own derivation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from theory.arithmetic import BALL, RATIONAL, Arithmetic, arithmetic_of, as_array, flint, is_zero, precision
from theory.calculus.exact_linalg import column_space, null_space, solve
from theory.critical.deep_linear.spectrum import (
    BITS,
    IndexSet,
    Spectrum,
    index_set,
    invertible,
    mixed,
    orthogonal,
    rational_net,
    spectrum_of,
)
from theory.critical.deep_linear.strings import Ends, String, free_blocks, integers, random_strings, shapes
from theory.errors import Degenerate, NotCritical, NotExact
from theory.models.matrix_chain import T, flat

Blocks = Mapping[int, np.ndarray]
_EXACT = Arithmetic(RATIONAL)


def normal_form(net: Any, S: Sequence[int], Z: Any = None, gauge: Any = None) -> np.ndarray:
    """A critical point theta (n,) with R X = P_S Y X^+ X.

    Parameters
    ----------
    net : a ``DeepLinearNet`` with the squared loss.
    S : indices of nonzero singular values of Y X^+ X, in descending order, at most k of them.
    Z : the free blocks Z_1 (d_1 - r, d_0), Z_i (d_i - r, d_{i-1} - r), Z_H (d_H - r, d_{H-1} - r) by their i, in the
        basis U_Q of eigenvectors; what is missing is zero. For H = 1 a Z_1 (d_1, d_0) with Z_1 X = 0.
    gauge : invertible matrices (d_i, d_i) for the hidden layers, or a ``numpy.random.Generator`` that draws them; None
        for the identity.

    Returns
    -------
    Rational theta if the kept sigma^2 are rational or all are kept; else balls that contain a critical point.

    Raises
    ------
    ValueError
        For an S of wrong size, and for blocks or a gauge of wrong shape.
    NotCritical
        For blocks that make no critical point.
    NotExact
        For blocks beside irrational singular vectors.
    Degenerate
        For a singular gauge.

    >>> from theory.models import DeepLinearNet
    >>> net = DeepLinearNet((2, 2, 2), [[1, 0], [0, 1]], [[2, 0], [0, 1]])
    >>> net.loss(normal_form(net, (1,)))  # keeps sigma = 1, leaves out sigma = 2
    4
    """
    f, chosen = spectrum_of(net), index_set(net, S)
    blocks = _blocks(net, len(chosen), {} if Z is None else Z)
    with precision(max(BITS, flint().ctx.prec)):
        return _built(net, f, bases(f, chosen), blocks, gauge)


def random_critical_point(
    net: Any, S: Sequence[int], rng: np.random.Generator, strings: Iterable[String] | None = None
) -> np.ndarray:
    """A rational critical point theta (n,) with index set S, from the whole of that part of the critical set.

    Free blocks, the kept vectors of multiple singular values, all bases and what X does not see in W_1 are drawn; the
    blocks are a direct sum of ``strings`` (``free_blocks``), by default random ones.

    Raises
    ------
    NotExact
        Unless all sigma^2 are rational, or all are kept.
    """
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"random_critical_point: rng needs a numpy.random.Generator, got {type(rng).__name__}")
    f, chosen = spectrum_of(net), index_set(net, S)
    US, UQ = bases(f, chosen, rng)
    if BALL in {arithmetic_of(U).name for U in (US, UQ) if U.size}:
        raise NotExact("random_critical_point: needs rational singular vectors, got irrational ones; use normal_form")
    ends = Ends.of(f, UQ, len(chosen), rng)
    if strings is None:
        strings = random_strings(net.widths, len(chosen), ends, rng)
    blocks = {i: block for i, block in free_blocks(net.widths, len(chosen), ends, strings).items() if block.size}
    unseen = T(null_space(f.S))
    N = integers((net.widths[1], len(unseen)), rng) @ unseen if len(unseen) else None
    return _built(net, f, (US, UQ), blocks, rng, N)


def _built(
    net: Any, f: Spectrum, U: tuple[np.ndarray, np.ndarray], Z: Blocks, gauge: Any, N: np.ndarray | None = None
) -> np.ndarray:
    """The point of the normal form, with N added to W_1, checked."""
    if Z and BALL in {arithmetic_of(u).name for u in U if u.size}:
        raise NotExact("normal_form: blocks need rational singular vectors, got irrational ones; give S alone")
    W = _layers(net, f, *U, Z)
    if N is not None:
        W[0] = W[0] + N
    theta = flat(_changed(W, gauge))
    if arithmetic_of(theta).name == RATIONAL and not is_zero(rational_net(net).gradient(theta)).all():
        raise NotCritical(
            "normal_form: needs blocks with Z_H ... Z_1 X = 0 and Z_{i-1} ... Z_1 M^T U_Q Z_H ... Z_{i+1} = 0, got a "
            "point with a gradient; strings.free_blocks builds those of all critical points"
        )
    return theta


def bases(f: Spectrum, S: IndexSet, rng: np.random.Generator | None = None) -> tuple[np.ndarray, np.ndarray]:
    """(U_S, U_Q): orthogonal columns (d_H, r) and (d_H, d_H - r); U_Q starts with the nonzero sigma_q, in order."""
    if len(S) == len(f.squares):  # all are kept: their span is rational whatever they are
        return orthogonal(column_space(f.Sigma)), orthogonal(mixed(null_space(f.Sigma), rng))
    u = f.eigenvectors(rng)
    kept, others = ([u[q] for q in range(len(u)) if (q in S) is wanted] for wanted in (True, False))
    return _columns(kept, len(u)), _columns(others, len(u))


def _columns(vectors: list[np.ndarray], d: int) -> np.ndarray:
    """The matrix (d, m) of these columns: in balls as soon as one is."""
    if not vectors:
        return np.empty((d, 0), object)
    kinds = [arithmetic_of(v) for v in vectors]
    kind = next((k for k in kinds if k.name == BALL), _EXACT)
    return np.stack([kind.convert(v) for v in vectors], axis=1)


def _blocks(net: Any, r: int, Z: Any) -> dict[int, np.ndarray]:
    """The given blocks, rational and of the right shapes."""
    if not isinstance(Z, dict):
        raise TypeError(f"normal_form: Z needs a dictionary from the layer i to Z_i, got {type(Z).__name__}")
    wanted, out = shapes(net.widths, r), {}
    for i, block in Z.items():
        if i not in wanted:
            raise ValueError(f"normal_form: Z needs layers 1, ..., {net.depth}, got {i!r}")
        if not isinstance(block, np.ndarray) or block.size:
            block = as_array(block, f"normal_form: Z[{i}]")
        if block.shape != wanted[i]:
            raise ValueError(f"normal_form: Z[{i}] needs shape {wanted[i]} for |S| = {r}, got {block.shape}")
        if block.size and arithmetic_of(block).name != RATIONAL:
            raise NotExact(f"normal_form: Z[{i}] needs rational entries, got {arithmetic_of(block).name} ones")
        if block.size:
            out[i] = block
    return out


def _layers(net: Any, f: Spectrum, US: np.ndarray, UQ: np.ndarray, Z: Blocks) -> list[np.ndarray]:
    """W_1, ..., W_H in the normal form."""
    H, r = net.depth, US.shape[1]
    kind = arithmetic_of(US) if r else _EXACT
    W = [kind.zeros(shape) for _, shape in net.layout]
    for i, block in Z.items():
        if i == H > 1:
            block = UQ @ block
        W[i - 1][r if i < H else 0 :, r if i > 1 else 0 :] += block
    if r:
        coordinates = T(US) @ kind.convert(f.best) / (US * US).sum(0)[:, None]  # U_S^+ Y X^+
        if H == 1:
            W[0] += US @ coordinates
            return W
        W[0][:r] += coordinates
        W[-1][:, :r] += US
        for w in W[1:-1]:
            w[:r, :r] += kind.eye(r)
    return W


def _changed(W: list[np.ndarray], gauge: Any) -> list[np.ndarray]:
    """W_i -> g_i W_i g_{i-1}^{-1}."""
    if gauge is None:
        return W
    hidden, kind = [len(w) for w in W[:-1]], arithmetic_of(W[0])
    if isinstance(gauge, np.random.Generator):
        gauge = [invertible(d, gauge) for d in hidden]
    if not isinstance(gauge, Sequence | np.ndarray):
        raise TypeError(f"normal_form: gauge needs a list of matrices or a Generator, got {type(gauge).__name__}")
    if len(gauge) != len(hidden):
        raise ValueError(f"normal_form: gauge needs a matrix for each of {len(hidden)} hidden layers, got {len(gauge)}")
    W = list(W)
    for i, d in enumerate(hidden):
        g = as_array(gauge[i], "normal_form: gauge")
        if g.shape != (d, d):
            raise ValueError(f"normal_form: gauge[{i}] needs shape {(d, d)}, got {g.shape}")
        if arithmetic_of(g).name != RATIONAL:
            raise NotExact(f"normal_form: gauge[{i}] needs rational entries, got {arithmetic_of(g).name} ones")
        try:
            inverse = solve(g, _EXACT.eye(d))
        except Degenerate:
            raise Degenerate(f"normal_form: gauge[{i}] needs an invertible matrix, got a singular one") from None
        W[i], W[i + 1] = kind.convert(g) @ W[i], W[i + 1] @ kind.convert(inverse)
    return W
