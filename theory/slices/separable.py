"""Slices of nets with one hidden layer of tanh or logistic neurons: exponentials of rows and columns, not of points.

Pre-activations are affine on a slice, z = p + t q + s r, so that exp(kappa z) = P Q with P = exp(kappa t q) of the
columns and Q = exp(kappa (p + s r)) of the rows, and the activation is alpha + beta / (1 + P Q). Two neurons share one
quotient, with D = 1 + P Q:

    a_1 / D_1 + a_2 / D_2 = (a_1 D_2 + a_2 D_1) / (D_1 D_2),

whose numerator and denominator are sums of three (six where a depends on t) and of four products of a function of the
row with one of the column: small matrix products. In the denominator all terms are positive, so that nothing cancels.

Exponents cannot overflow: windows are cut into panels of columns with |kappa t q| <= 150, and what log Q has beyond 200
is cut off, where 1 / (1 + P Q) differs from 0 or 1 by less than exp(-50).

Source: own derivation.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from theory.arithmetic import to_float
from theory.arrays import unpack
from theory.calculus.tolerance import rounding
from theory.losses import Squared
from theory.models.shallow_net import ShallowNet
from theory.slices.aligned import scratch
from theory.slices.sigmoids import EXP, rms_to_loss, sigmoid_of
from theory.slices.window import CENTRING, centred, even, majorant

_TILE = 2**16  # quotients of a sample in a tile of the grid: with their denominators in a second-level cache
_MOST_ROWS, _LEAST_POINTS, _MOST_POINTS = 128, 2**8, 5000
_FACTORS, _MOST_FACTORS = 2**18, 2**20  # entries of the factors of rows and columns: where it can be, and at most
_COLUMN_EXPONENT, _ROW_EXPONENT = 150, 200


def applies(model: Any) -> bool:
    """Whether the model is a shallow net with tanh or logistic neurons under the squared loss."""
    return type(model) is ShallowNet and type(model.output_loss) is Squared and sigmoid_of(model) is not None


def fill(model: ShallowNet, frame: np.ndarray, x: np.ndarray, y: np.ndarray, out: np.ndarray) -> float:
    """Write the losses at center + x[i] d1 + y[j] d2 to out[j, i].

    Parameters
    ----------
    frame : (3, n), rows center, d1, d2.
    x, y : (nx,), (ny,), in any order.
    out : (ny, nx).

    Returns
    -------
    float
        A bound of the absolute error of every value, barring underflow; infinite or NaN where squares overflow.
    """
    _fill(model, frame, x, y, out)
    return _error(model, frame, x, y, float(out.max()))


def _fill(model: ShallowNet, frame: np.ndarray, x: np.ndarray, y: np.ndarray, out: np.ndarray) -> None:
    if len(x) < 16 < len(y):  # exponentials are shared along columns
        return _fill(model, frame[[0, 2, 1]], y, x, out.T)
    if not (x[1:] >= x[:-1]).all():
        order = np.argsort(x, kind="stable")
        values = np.empty_like(out)
        _fill(model, frame, x[order], y, values)
        out[:, order] = values
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        for panel in _panels(model, frame, x):
            _fill_panel(model, *centred(frame, x[panel], y), out[:, panel])


def _data(model: ShallowNet) -> tuple[np.ndarray, np.ndarray]:
    """(x_i, 1) in columns, (d + 1, m), and y (m,), as floats."""
    X = to_float(model.X).astype(float)
    return np.concatenate([X, np.ones((1, X.shape[1]))]), to_float(model.y).astype(float)


def _layers(model: ShallowNet, frame: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(W, b), a and c on each row of the frame: (3, k, d + 1), (3, k), (3,)."""
    W, b, a, *c = unpack(frame, model.layout)
    return np.concatenate([W, b[..., None]], axis=-1), a, c[0] if c else np.zeros(len(frame))


def _panels(model: ShallowNet, frame: np.ndarray, x: np.ndarray) -> Iterator[slice]:
    """Columns whose exponents stay small about their middle; a single column always does."""
    q = np.abs(_layers(model, frame)[0][1] @ _data(model)[0]).max()
    width = 2 * _COLUMN_EXPONENT / (abs(sigmoid_of(model).kappa) * max(float(q), 1e-300))  # type: ignore[union-attr]
    start = 0
    while start < len(x):
        stop = max(start + 1, int(np.searchsorted(x, x[start] + width)))
        yield slice(start, stop)
        start = stop


def _fill_panel(model: ShallowNet, frame: np.ndarray, t: np.ndarray, s: np.ndarray, out: np.ndarray) -> None:
    (X1, y), net = _data(model), _Pairs(model, frame)
    tile = _Tile(net.count, len(s), len(t))
    each = 10 * net.count
    samples = max(1, min(y.size, _FACTORS // (each * (len(s) + len(t)))))
    chunk = max(1, _MOST_FACTORS // (each * samples))
    out[...] = 0
    for h in range(0, len(t), chunk):
        columns = _Columns(net, t[h : h + chunk], samples)
        for j in range(0, len(s), chunk):
            rows, block = _Rows(net, s[j : j + chunk], samples), out[j : j + chunk, h : h + chunk]
            for i in range(0, y.size, samples):
                p, q, r = net.exponents(X1[:, i : i + samples])
                tile.add_squares(rows.factors(p, r), columns.factors(q), y[i : i + samples], block)
    out *= 1 / y.size


class _Pairs:
    """The neurons two by two, on a slice; a last neuron without a partner gets one without output weight."""

    def __init__(self, model: ShallowNet, frame: np.ndarray) -> None:
        sigmoid = sigmoid_of(model)
        assert sigmoid is not None
        W, a, c = _layers(model, frame)
        if model.width % 2:
            W, a = np.pad(W, ((0, 0), (0, 1), (0, 0))), np.pad(a, ((0, 0), (0, 1)))
        self.W, self.a, self.count = sigmoid.kappa * W, sigmoid.beta * a, a.shape[1] // 2
        self.base = sigmoid.alpha * a.sum(1) + c
        self.terms = 6 if a[1].any() else 3

    def exponents(self, X1: np.ndarray) -> np.ndarray:
        """p, q, r of kappa z = p + t q + s r: (3, samples, pairs, 2)."""
        return np.ascontiguousarray((self.W @ X1).swapaxes(1, 2)).reshape(3, -1, self.count, 2)


class _Factors:
    """(1, P_1, P_2, P_1 P_2), and weights times the first three, (samples, pairs, K, n), in memory that stays."""

    def __init__(self, samples: int, pairs: int, n: int, parts: int) -> None:
        self.below, self.above = scratch(samples, pairs, 4, n), scratch(samples, pairs, parts, 3, n)
        self.below[:, :, 0] = 1

    def fill(self, slope: np.ndarray, t: np.ndarray, start: np.ndarray | None, weights: Any) -> tuple[np.ndarray, ...]:
        """P = exp(start + slope t); start and slope (samples, pairs, 2)."""
        below, above = self.below[: len(slope)], self.above[: len(slope)]
        P = below[:, :, 1:3]
        np.multiply(slope[..., None], t, out=P)
        if start is not None:
            P += start[..., None]
            np.clip(P, -_ROW_EXPONENT, _ROW_EXPONENT, out=P)
        np.exp(P, out=P)
        np.multiply(P[:, :, 0], P[:, :, 1], out=below[:, :, 3])
        np.multiply(below[:, :, None, :3], weights, out=above)
        return below, above.reshape(*above.shape[:2], -1, len(t))


class _Columns:
    """Factors of the columns: (1, P_1, P_2, P_1 P_2) and (1, P_1, P_2, t, t P_1, t P_2), (samples, pairs, K, nx)."""

    def __init__(self, net: _Pairs, t: np.ndarray, samples: int) -> None:
        self.t, self.base = t, np.stack([np.ones_like(t), t])
        self.room = _Factors(samples, net.count, len(t), net.terms // 3)
        self.weights = self.base[: net.terms // 3, None]

    def factors(self, q: np.ndarray) -> tuple[np.ndarray, ...]:
        return *self.room.fill(q, self.t, None, self.weights), self.base


class _Rows:
    """What multiplies them: (1, Q_1, Q_2, Q_1 Q_2) and (a_1 + a_2, a_2 Q_1, a_1 Q_2), also for the slope of a in t."""

    def __init__(self, net: _Pairs, s: np.ndarray, samples: int) -> None:
        self.s, self.room = s, _Factors(samples, net.count, len(s), net.terms // 3)
        a = np.stack([net.a[0] + s[:, None] * net.a[2], np.broadcast_to(net.a[1], (len(s), 2 * net.count))])
        a = a[: net.terms // 3].reshape(-1, len(s), net.count, 2)
        self.weights = np.moveaxis(np.stack([a.sum(-1), a[..., 1], a[..., 0]], axis=1), -1, 0)  # (pairs, 1 or 2, 3, ny)
        self.base = np.stack([net.base[0] + s * net.base[2], np.full_like(s, net.base[1])], axis=1)

    def factors(self, p: np.ndarray, r: np.ndarray) -> tuple[np.ndarray, ...]:
        below, above = self.room.fill(r, self.s, p, self.weights)
        return below.swapaxes(-1, -2), above.swapaxes(-1, -2), self.base


class _Tile:
    """Some rows and columns at a time, sample by sample, in memory that is used again and stays in the cache."""

    def __init__(self, pairs: int, rows: int, columns: int) -> None:
        points = min(_MOST_POINTS, max(_LEAST_POINTS, _TILE // pairs))
        self.rows = even(rows, min(_MOST_ROWS, points))
        self.columns = min(columns, -(-even(columns, points // self.rows) // 8) * 8)  # whole cache lines
        points = self.rows * self.columns
        self.below, self.terms = scratch(pairs * points), scratch((pairs + 2) * points)
        self.sums, self.weights = scratch(2, points), np.ones(pairs + 2)

    def add_squares(
        self, of_rows: tuple[np.ndarray, ...], of_columns: tuple[np.ndarray, ...], y: np.ndarray, out: np.ndarray
    ) -> None:
        """Add the sum of (f - y)^2 over some samples to out (ny, nx): f - y sums all quotients, the base and -y."""
        pairs = len(self.weights) - 2
        for j in range(0, out.shape[0], self.rows):
            Q_below, Q_above, Q_base = (Q[..., j : j + self.rows, :] for Q in of_rows)
            for h in range(0, out.shape[1], self.columns):
                P_below, P_above, P_base = (P[..., h : h + self.columns] for P in of_columns)
                shape = Q_base.shape[0], P_base.shape[1]
                size = shape[0] * shape[1]
                below = self.below[: pairs * size].reshape(pairs, *shape)
                terms = self.terms[: (pairs + 2) * size].reshape(pairs + 2, *shape)
                np.matmul(Q_base, P_base, out=terms[-2])
                terms[-1] = 1
                total, e = self.sums[:, :size]
                total[:] = 0
                for i, target in enumerate(y):
                    np.matmul(Q_below[i], P_below[i], out=below)
                    np.matmul(Q_above[i], P_above[i], out=terms[:-2])
                    terms[:-2] /= below
                    self.weights[-1] = -target
                    np.matmul(self.weights, terms.reshape(pairs + 2, size), out=e)
                    e *= e
                    total += e
                out[j : j + self.rows, h : h + self.columns] += total.reshape(shape)


def _error(model: ShallowNet, frame: np.ndarray, x: np.ndarray, y: np.ndarray, largest: float) -> float:
    """Of the activation sigma, off by sigma (1 - sigma) <= 1/4 times the relative error of P Q; then of the quotients.

    Pre-activations: d + 1 products, the data, the window, three for p + t q + s r. P Q: two exponentials. Numerators
    and denominators: at most 10 and 7 of the moduli of their terms, and the quotient.
    """
    sigmoid = sigmoid_of(model)
    assert sigmoid is not None
    alpha, beta, kappa = sigmoid
    (X1, targets), (d, k) = _data(model), (model.X.shape[0], model.width)
    W, a, c = (top[0] for top in _layers(model, majorant(frame, x, y)[None]))
    with np.errstate(over="ignore", invalid="ignore"):
        z = rounding(float, d + 5 + CENTRING, abs(kappa) * (W @ np.abs(X1)))
        active = (z + rounding(float, 2 * EXP)) / 4 + rounding(float, 18)
        sizes = a.sum() * (abs(alpha) + abs(beta)) + c + np.abs(targets)
        residuals = abs(beta) * a @ active + rounding(float, 2 * k + 6 + CENTRING, sizes)
        return float(rms_to_loss(largest, np.sqrt((residuals**2).mean()), targets.size))
