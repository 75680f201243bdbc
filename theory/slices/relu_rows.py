"""Slices of a ReLU neuron: on each row a quartic between breakpoints, evaluated without visiting the samples.

On a row of a slice z_i = w.x_i + b, a and c are affine in the coordinate t, and z_i vanishes at t = -P_i / q_i. With

    m loss = sum_i (c - y_i)^2 + a sum_{i active} z_i (a z_i + 2 (c - y_i)),

the second sum changes at these breakpoints only, by one cubic each. On each row, the cubics are added up by the grid
points before their breakpoints, then along the row, so that every point reads the cubic of its piece. The loss is
continuous, so that a breakpoint on a grid point, or off by its rounding, may count on either side.

Source: own derivation.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from theory.arithmetic import to_float
from theory.calculus.tolerance import rounding
from theory.models.relu_neuron import ReluNeuron
from theory.slices.window import CENTRING, centred, majorant

_BLOCK, _EVENTS = 2**15, 2**13  # grid points and events of a block of rows: what is in work fits into a cache
_COLUMNS = 2**18  # grid points of a row that are in work together


def applies(model: Any) -> bool:
    """Whether the model is a ReLU neuron."""
    return type(model) is ReluNeuron


def fill(model: ReluNeuron, frame: np.ndarray, x: np.ndarray, y: np.ndarray, out: np.ndarray) -> float:
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
    if not (x[1:] >= x[:-1]).all():
        order = np.argsort(x, kind="stable")
        values = np.empty_like(out)
        error = fill(model, frame, x[order], y, values)
        out[:, order] = values
        return error
    with np.errstate(over="ignore", invalid="ignore"):
        full, t, s = _scaled(model, *centred(frame, x, y))
        rows = min(len(s), max(1, min(_BLOCK // len(t), _EVENTS // model.X.shape[1])))
        for i in range(0, len(t), _COLUMNS):
            neuron = _Rows(model, full, t[i : i + _COLUMNS], rows)
            for j in range(0, len(s), rows):
                out[j : j + rows, i : i + _COLUMNS] = neuron.losses(s[j : j + rows])
        return _error(model, frame, x, y)


def _data(model: ReluNeuron) -> tuple[np.ndarray, np.ndarray]:
    """(x_i, 1) in columns, (d + 1, m), and y (m,), as floats."""
    X = to_float(model.X).astype(float)
    return np.concatenate([X, np.ones((1, X.shape[1]))]), to_float(model.y).astype(float)


def _parameters(model: ReluNeuron, frame: np.ndarray) -> np.ndarray:
    """The frame in the coordinates (w, b, a, c): (3, d + 3), with a = 1 and b = c = 0 where they are no parameters."""
    full = np.zeros((3, model.X.shape[0] + 3))
    full[0, -2] = 1
    full[:, model._kept] = frame
    return full


def _scaled(
    model: ReluNeuron, frame: np.ndarray, t: np.ndarray, s: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Parameters (3, d + 3) and coordinates of the same slice with moduli of t, s and z of at most 1.

    Factors are powers of two, hence exact: 2^k in t against d1, in s against d2, in (w, b) against a. Coefficients of
    t^4 then overflow or vanish with the loss only.
    """
    _, i, j = np.frexp([1.0, np.abs(t).max(), np.abs(s).max()])[1]
    full = np.ldexp(_parameters(model, frame), np.array([[0], [i], [j]]))
    k = np.frexp((np.abs(full[:, :-2]) @ np.abs(_data(model)[0])).sum(0).max())[1]
    full[:, :-2], full[:, -2] = np.ldexp(full[:, :-2], -k), np.ldexp(full[:, -2], k)
    return full, np.ldexp(t, -i), np.ldexp(s, -j)


class _Rows:
    """A neuron on blocks of rows of a slice, z = p + t q + s r with a and c likewise, in memory that is used again.

    Fresh memory would cost more than the arithmetic. Events are (rows, m), samples with q < 0 first: these are active
    before their breakpoints, all others after them.
    """

    def __init__(self, model: ReluNeuron, full: np.ndarray, t: np.ndarray, rows: int) -> None:
        X1, y = _data(model)
        order = np.argsort((full[1, :-2] @ X1) >= 0, kind="stable")
        self.p, self.q, self.r = full[:, :-2] @ X1[:, order]
        self.t, self.y, self.left = t, y[order], int((self.q < 0).sum())
        self.a, self.c, self.size = full[:, -2], full[:, -1], np.abs(self.q)
        self.sides = np.where(self.q < 0, -1.0, 1.0)
        self.breakpoints = _Breakpoints(t, self.size, rows)
        self.events, self.terms = np.empty((2, 4, rows, y.size))
        self.pieces, self.grid = np.empty((rows, y.size + 1)), np.empty((3, rows, len(t)))

    def losses(self, s: np.ndarray) -> np.ndarray:
        """The losses (ny, nx), in memory that the next call overwrites."""
        rows, t, (a0, a1, a2), (c0, c1, c2) = len(s), self.t, self.a, self.c
        a, c, mean = (a0 + s * a2)[:, None], (c0 + s * c2)[:, None], self.y.mean()
        E, before = self._events(s[:, None], a, c)
        active = before[:, : self.left] > 0
        first = -np.einsum("kji,ji->kj", E[:, :, : self.left], active)  # they leave later; what has left before adds 0
        np.copyto(before[:, : self.left], len(t), where=~active)
        total, factor = self.grid[:2, :rows]
        total[...] = 0
        for sums in (self._by_pieces if len(t) > 2 * self.y.size else self._by_points)(E, first, before):
            total *= t
            total += sums
        total *= np.add(a / self.y.size, a1 / self.y.size * t, out=factor)
        np.add(c - mean, c1 * t, out=factor)
        factor *= factor
        factor += ((self.y - mean) ** 2).mean()
        total += factor
        return np.maximum(total, 0, out=total)

    def _by_points(self, E: np.ndarray, first: np.ndarray, before: np.ndarray) -> Iterator[np.ndarray]:
        """The sums of E (4, ny, m) over the active samples at all points, (ny, nx), from t^3 to the constant."""
        rows, n = len(before), len(self.t) + 1
        before += n * np.arange(rows)[:, None]
        for k in (3, 2, 1, 0):
            entering = np.bincount(before.ravel(), E[k].ravel(), n * rows).reshape(rows, n)
            entering[:, 0] += first[k]
            yield np.cumsum(entering[:, :-1], axis=1, out=self.grid[2, :rows])

    def _by_pieces(self, E: np.ndarray, first: np.ndarray, before: np.ndarray) -> Iterator[np.ndarray]:
        """The same from sums over the sorted breakpoints, for more points than these."""
        rows, m = before.shape
        bits = m.bit_length()
        before <<= bits
        before |= np.arange(m)
        before.sort(axis=1)  # one integer holds both, so that nothing else has to be sorted along
        order = (before & ((1 << bits) - 1)) + m * np.arange(rows)[:, None]
        before >>= bits
        counts = np.diff(before, axis=1, prepend=0, append=len(self.t))
        piece = np.repeat(np.arange(counts.size), counts.ravel()).reshape(rows, -1)
        sums = self.pieces[:rows]
        for k in (3, 2, 1, 0):
            sums[:, 0] = first[k]
            E[k].take(order, out=sums[:, 1:], mode="wrap")
            yield np.cumsum(sums, axis=1, out=sums).take(piece, out=self.grid[2, :rows], mode="wrap")

    def _events(self, s: np.ndarray, a: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Coefficients in t of +-z (a z + 2 (c - y)), constant first, + where q >= 0; and the points before z = 0."""
        a1, c1, size, E = self.a[1], self.c[1], self.size, self.terms[:, : len(s)]
        P, H0, H1, product = self.events[:, : len(s)]
        np.multiply(s, self.r, out=P)
        P += self.p
        np.multiply(a, P, out=H0)  # H = a z + 2 (c - y) is H0 + H1 t + H2 t^2
        H0 -= 2 * self.y
        H0 += 2 * c
        np.multiply(a, self.q, out=H1)
        H1 += 2 * c1
        if a1:
            H1 += np.multiply(a1, P, out=product)
        P *= self.sides  # now |q| t + P = +-z
        np.multiply(P, H0, out=E[0])
        np.multiply(P, H1, out=E[1])
        E[1] += np.multiply(size, H0, out=product)
        np.multiply(size, H1, out=E[2])
        if a1:
            E[2] += np.multiply(P, a1 * self.q, out=product)
        E[3] = size * (a1 * self.q)
        return E, self.breakpoints.before(P)


class _Breakpoints:
    """The number of grid points before the breakpoints -P / |q| of the samples on rows."""

    def __init__(self, t: np.ndarray, size: np.ndarray, rows: int) -> None:
        self.t, n = t, len(t)
        self.step = (t[-1] - t[0]) / max(n - 1, 1)
        drift = np.abs(t - (t[0] + self.step * np.arange(n))).max()
        self.even = self.step > 0 and drift <= 4 * np.spacing(np.abs(t).max())
        with np.errstate(divide="ignore", over="ignore"):
            self.per_P = -1 / size  # -inf for q = 0: active everywhere for P > 0, nowhere for P < 0
        self.counts = np.empty((rows, len(size)), np.intp)

    def before(self, P: np.ndarray) -> np.ndarray:
        """(ny, m), in memory that the next call overwrites; overwrites P."""
        counts = self.counts[: len(P)]
        P *= self.per_P
        if self.even:
            P -= self.t[0]
            P *= 1 / self.step
            np.ceil(np.fmin(np.fmax(P, 0, out=P), len(self.t), out=P), out=P)  # fmax also for NaN: 0 / 0
            np.copyto(counts, P, casting="unsafe")
        else:
            counts[...] = np.searchsorted(self.t, np.nan_to_num(P, copy=False, nan=-np.inf))
        return counts


def _error(model: ReluNeuron, frame: np.ndarray, x: np.ndarray, y: np.ndarray) -> float:
    """Roundings times (1/m) sum (|a| |z_i| + |c| + |y_i|)^2, the sum of the moduli of all terms of the loss.

    z takes d + 1 roundings in its dot product, one in the data, one in t q and s r, two in their sum, and those of the
    moved window; a product of two such factors twice as many. The two sums over samples, the coefficients and Horner's
    rule take 2 m + 32. The double count of what is added and taken away again is in ``rounding``. A breakpoint is off
    by the error of z, in the units of z, and on an even grid by 14 more.
    """
    X1, targets = _data(model)
    top = majorant(_parameters(model, frame), x, y)
    z, a, c = np.abs(top[:-2]) @ np.abs(X1), top[-2], top[-1]
    d, m = len(X1), targets.size
    scale = float(((a * z + c + np.abs(targets)) ** 2).mean())
    return float(rounding(float, 3 * (d + 4 + CENTRING) + 2 * m + 46, scale))
