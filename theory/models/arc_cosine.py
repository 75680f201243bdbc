"""The arc-cosine kernel E relu(w.x) relu(z.x), x ~ N(0, I), and what its derivatives are made of, for floats and balls.

In the plane of w and z, with u = w/|w|, P = z - (u.z) u, sigma = |P| = |z| sin t and tau = pi - t for their angle t,

    2 pi E relu(w.x) relu(z.x) = |w| sigma + tau (w.z),  whose gradient in w is sigma u + tau z.

Squares are taken after the subtraction, so that parallel vectors cost no digits; huge and tiny floats are brought to a
largest entry in [1/2, 1) by powers of two before they are multiplied, and keep their angles.
Source: chosaul2009, section 2, in the form of (the kernel); own derivation (the derivatives).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from theory.arithmetic import flint
from theory.constructors import each


class Pairs(NamedTuple):
    """Vectors w_i against z_j.

    r (..., n, 1) lengths |w_i|; u (..., n, d) their directions; N (..., n, m, d) the directions of z_j - (u_i.z_j) u_i
    and sigma (..., n, m) its length; tau (..., n, m) pi minus the angle; D (..., n, m) w_i.z_j; s (..., 1, m) |z_j|;
    v (..., m, d) the directions of the z_j.
    """

    r: np.ndarray
    u: np.ndarray
    N: np.ndarray
    sigma: np.ndarray
    tau: np.ndarray
    D: np.ndarray
    s: np.ndarray
    v: np.ndarray

    @property
    def kernel(self) -> np.ndarray:
        """2 pi E relu(w_i.x) relu(z_j.x), (..., n, m)."""
        return self.r * self.sigma + self.tau * self.D

    def curvature(self, across: np.ndarray) -> np.ndarray:
        """sum_j sigma_ij (I - u_i u_i^T + N_ij N_ij^T) / r_i, (..., n, d, d)."""
        spread = (self.sigma[..., None] * self.N).swapaxes(-1, -2) @ self.N
        return (self.sigma.sum(-1)[..., None, None] * across + spread) / self.r[..., None]

    def turned(self, x: np.ndarray) -> np.ndarray:
        """``curvature`` times x (..., n, d)."""
        across = x - self.u * (self.u * x).sum(-1, keepdims=True)
        along = self.sigma * (self.N * x[..., :, None, :]).sum(-1)
        spread = (along[..., None] * self.N).sum(-2)
        return (self.sigma.sum(-1)[..., None] * across + spread) / self.r

    def _turn(self) -> tuple[np.ndarray, np.ndarray]:
        """sin^2 and sin cos of the angle, (..., n, m)."""
        sin = self.sigma / self.s
        return sin * sin, sin * (self.u @ self.v.swapaxes(-1, -2))

    def reflections(self) -> np.ndarray:
        """sin t (cos t (u u^T - N N^T) + sin t (u N^T + N u^T)), (..., n, m, d, d)."""
        (a, b), u, N = self._turn(), self.u[..., None, :], self.N
        a, b = a[..., None, None], b[..., None, None]
        mixed = u[..., :, None] * N[..., None, :]
        return b * (u[..., :, None] * u[..., None, :] - N[..., :, None] * N[..., None, :]) + a * (
            mixed + mixed.swapaxes(-1, -2)
        )

    def reflected(self, x: np.ndarray) -> np.ndarray:
        """sum_l of ``reflections`` times x_l, (..., n, d)."""
        a, b = self._turn()
        ux, Nx = self.u @ x.swapaxes(-1, -2), (self.N * x[..., None, :, :]).sum(-1)
        return (b * ux + a * Nx).sum(-1)[..., None] * self.u + ((a * ux - b * Nx)[..., None] * self.N).sum(-2)


def pairs_of(w: np.ndarray, z: np.ndarray) -> Pairs:
    """The planes of w (..., n, d) and z (..., m, d)."""
    r, s = _length(w), _length(z)
    if w.dtype != object and not (_is_moderate(r) and _is_moderate(s)):
        return _pairs_of_any_length(w, z)
    u = _direction(w, r)
    P = z[..., None, :, :] - (u @ z.swapaxes(-1, -2))[..., None] * u[..., None, :]
    sigma, D = _length(P), w @ z.swapaxes(-1, -2)
    N, sigma = _direction(P, sigma), sigma[..., 0]
    return Pairs(r, u, N, sigma, _supplement(r * sigma, D), D, s.swapaxes(-1, -2), _direction(z, s))


def _pairs_of_any_length(w: np.ndarray, z: np.ndarray) -> Pairs:
    """The planes of huge or tiny floats, from those of moderate ones."""
    (w, p), (z, q) = _scaled(w), _scaled(z)
    pairs, q = pairs_of(w, z), q.swapaxes(-1, -2)
    with np.errstate(over="ignore"):  # derivatives need no D, and the kernel then says so itself
        lengths = np.ldexp(pairs.r, p), np.ldexp(pairs.sigma, q), np.ldexp(pairs.D, p + q), np.ldexp(pairs.s, q)
    return pairs._replace(**dict(zip(("r", "sigma", "D", "s"), lengths, strict=True)))


def _is_moderate(length: np.ndarray) -> bool:
    """Whether no product of two such lengths, zeros apart, leaves the floats or their full precision."""
    least = _least_square(length.dtype) ** 0.5
    return bool(((length == 0) | ((length > least) & (length < 1 / least))).all())


@lru_cache(8)
def _least_square(dtype: np.dtype) -> Any:
    """The squares from which on a sum of squares has all its digits."""
    info = np.finfo(dtype)
    return info.tiny / info.eps


def _scaled(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Floats x = y 2^k as y and k (..., 1), the largest entry of y along the last axis in [1/2, 1)."""
    k = np.frexp(np.abs(x).max(-1, keepdims=True))[1]
    return np.ldexp(x, -k), k


def _length(x: np.ndarray) -> np.ndarray:
    """|x| along the last axis, which stays with length 1; an enclosure also for balls that meet 0."""
    if x.dtype == object:
        return each(_root, (x * x).sum(-1, keepdims=True))
    with np.errstate(over="ignore"):
        square = (x * x).sum(-1)
    length, odd = np.sqrt(square), ~((square > _least_square(x.dtype)) & (square < np.inf))
    if odd.any():
        y, k = _scaled(x[odd])
        length[odd] = np.ldexp(np.sqrt((y * y).sum(-1)), k[:, 0])
    return length[..., None]


def _root(x: Any) -> Any:
    """sqrt of a square: of a ball the part that is not negative."""
    if x > 0 or x == 0:
        return x.sqrt()
    half = x.abs_upper().sqrt().upper() / 2
    return flint().arb(half, half.upper())


def _direction(x: np.ndarray, length: np.ndarray) -> np.ndarray:
    """x / |x|; 0 for the zero vector, and all of [-1, 1] in every entry for balls that meet 0."""
    if x.dtype != object:
        return np.divide(x, length, out=np.zeros_like(x), where=length > 0)
    whole, out = flint().arb(0, 1), x.copy()
    for at in np.ndindex(length.shape[:-1]):
        r = length[at][0]
        out[at] = x[at] / r if r > 0 else x[at] if r == 0 else whole
    return out


def _supplement(S: np.ndarray, D: np.ndarray) -> np.ndarray:
    """pi minus the angle whose sine and cosine are as S >= 0 to D: exactly 0 for opposite directions."""
    if S.dtype != object:
        return np.arctan2(S, -D)
    pi, atan2 = flint().arb.pi(), flint().arb.atan2
    out = np.empty(S.shape, object)
    out.ravel()[:] = [pi - atan2(s, c) if c > 0 else atan2(s, -c) for s, c in zip(S.flat, D.flat, strict=True)]
    return out
