"""Second routes to Gaussian population losses: quadrature with error bounds, Taylor series, the printed derivatives."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from theory.arithmetic import ball, flint, precision
from theory.calculus.krawczyk import certify_zero
from theory.claims.cases import Case, Matrix
from theory.definitions import gaussian_relu as definition

# The entries (a, b, c, d, e) of the symmetric critical point of k students, rounded.
ENTRIES = {
    3: ("0.659453", "-0.318180", "0.659453", "0.659453", "-0.318180"),
    4: ("0.890605", "-0.142780", "0.484025", "0.407398", "-0.489812"),
    5: ("0.961607", "-0.079083", "0.376065", "0.287550", "-0.559778"),
    6: ("0.986704", "-0.050413", "0.308011", "0.224516", "-0.601512"),
    7: ("0.996923", "-0.035080", "0.261691", "0.185991", "-0.632704"),
    8: ("1.001434", "-0.025884", "0.228089", "0.159816", "-0.658256"),
    9: ("1.003475", "-0.019915", "0.202525", "0.140709", "-0.680050"),
    10: ("1.004355", "-0.015812", "0.182368", "0.126042", "-0.699037"),
}


@dataclass(frozen=True)
class Size(Case):
    """The number k of students and teachers."""

    k: int


def meet(a: Any, b: Any) -> bool:
    """Whether two balls, both narrow, overlap."""
    narrow = flint().arb(2) ** -60
    return bool(a.overlaps(b) and a.rad() < narrow and b.rad() < narrow)


def printed(digits: str) -> Any:
    """All numbers that round to these decimals: half a unit of the last one printed to both sides."""
    fmpq, places = flint().fmpq, len(digits.partition(".")[2])
    value, half = fmpq(int(digits.replace(".", "")), 10**places), fmpq(1, 2 * 10**places)
    return flint().arb(value - half).union(flint().arb(value + half))


def angle(w: tuple, z: tuple) -> tuple[Any, Any, Any]:
    """Lengths and angle t of two integer vectors, from integers: |w|^2 |z|^2 - (w.z)^2 = |w|^2 |z|^2 sin^2 t."""
    lib = flint()
    A, B, D = (sum(a * b for a, b in zip(x, y, strict=True)) for x, y in ((w, w), (z, z), (w, z)))
    r, s, S = (lib.arb(x).sqrt() for x in (A, B, A * B - D * D))
    return r, s, lib.arb.atan2(S, lib.arb(D))


@lru_cache(maxsize=1024)
def overlap_integral(w: tuple, z: tuple) -> Any:
    """(1/pi) times the integral of r cos(phi) s cos(phi - t) over t - pi/2 < phi < pi/2, in balls of 128 bits.

    The plane of the two vectors in polar coordinates: E |x|^2 = 2, and the direction is uniform.
    """
    lib = flint()
    with precision(128):
        (r, s, t), pi = angle(w, z), lib.arb.pi()
        ends = (lib.acb(x) for x in (t - pi / 2, pi / 2))
        value = lib.acb.integral(lambda phi, _: phi.cos() * (phi - lib.acb(t)).cos(), *ends)
        return r * s * value.real / pi


@lru_cache(maxsize=64)
def second_order(W: Matrix, V: Matrix, patches: int, u: tuple) -> list[Any]:
    """Coefficients of 1, x, x^2 of the definition at W + x u, in balls of 128 bits."""
    import sympy

    x = sympy.Symbol("x", real=True)
    line = [a + x * b for a, b in zip((a for row in W for a in row), u, strict=True)]
    with precision(128):
        out = _series(definition.loss(len(W), V, line, patches), x)
        return [out[i] for i in range(3)]


def _series(e: Any, x: Any) -> Any:
    """A SymPy expression in x as a power series in balls up to x^2, by walking through it."""
    lib = flint()
    if e == x:
        return lib.arb_series([0, 1], prec=3)
    if e.is_Rational:
        return lib.arb_series([lib.arb(lib.fmpq(int(e.p), int(e.q)))], prec=3)
    if e.is_NumberSymbol:
        return lib.arb_series([lib.arb.pi()], prec=3)
    if e.is_Pow:
        base = _series(e.base, x)
        root = base.sqrt() if e.exp.q == 2 else base
        power = root
        for _ in range(abs(int(e.exp.p)) - 1):
            power = power * root
        return 1 / power if e.exp.p < 0 else power
    parts = [_series(a, x) for a in e.args]
    if e.is_Add or e.is_Mul:
        out = parts[0]
        for part in parts[1:]:
            out = out + part if e.is_Add else out * part
        return out
    return getattr(parts[0], e.func.__name__)()


def displayed(
    W: Matrix, V: Matrix, patches: int, radial: int = 1, normal: int = 1, plane: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Gradient and Hessian of the loss, pair by pair as the statement displays them; 0 leaves a term out."""
    lib, n, d = flint(), len(W), len(W[0])
    pi, one = lib.arb.pi(), ball(np.eye(d, dtype=int))
    G, H = ball(np.zeros((n, d), int)), ball(np.zeros((n, d, n, d), int))
    excess = sum(c * angle(z, z)[0] for c, z in [(1, w) for w in W] + [(-1, v) for v in V])
    mean = lib.arb(patches - 1) / (2 * pi * patches)
    for i, w in enumerate(W):
        r, unit = angle(w, w)[0], ball(w) / angle(w, w)[0]
        G[i] = G[i] + ball(w) / (2 * patches) + mean * excess * unit
        H[i, :, i] = H[i, :, i] + one / (2 * patches) + mean * excess * (one - np.outer(unit, unit)) / r
        for j, other in enumerate(W):
            H[i, :, j] = H[i, :, j] + mean * np.outer(unit, ball(other) / angle(other, other)[0])
        for c, z in [(1, x) for j, x in enumerate(W) if j != i] + [(-1, v) for v in V]:
            _, s, t = angle(w, z)
            n_vw = (ball(z) / s - t.cos() * unit) / t.sin()
            G[i] = G[i] + c * (radial * s * t.sin() * unit + (pi - t) * ball(z)) / (2 * pi * patches)
            bend = one - np.outer(unit, unit) + normal * np.outer(n_vw, n_vw)
            H[i, :, i] = H[i, :, i] + c * s * t.sin() / (2 * pi * r * patches) * bend
        for j, z in enumerate(W):
            if j != i:
                _, s, t = angle(w, z)
                v = ball(z) / s
                n_vw, n_wv = (v - t.cos() * unit) / t.sin(), (unit - t.cos() * v) / t.sin()
                turn = np.outer(n_wv, v) + np.outer(n_vw, unit)
                H[i, :, j] = H[i, :, j] + ((pi - t) * one + plane * turn) / (2 * pi * patches)
    return G.ravel(), H.reshape(n * d, n * d)


def reduced_loss(k: int, entries: Any) -> Any:
    """The loss of k students with the entries (a, b, c, d, e) and the teachers e_1, ..., e_k, by counting equal pairs.

    The k - 1 students (a at i, b elsewhere, c last) and the student (d, ..., d, e). Entries are balls or power series.
    """
    a, b, c, d, e = entries
    p, pi = k - 1, flint().arb.pi()
    first, last = a * a + (p - 1) * b * b + c * c, p * d * d + e * e

    def moment(square: Any, other: Any, product: Any) -> Any:
        lengths = square.sqrt() * other.sqrt()
        t = (product / lengths).acos()
        return (lengths * t.sin() + (pi - t) * product) / (2 * pi)

    one = 0 * a + 1
    among = p * (p - 1) * moment(first, first, 2 * a * b + (p - 2) * b * b + c * c)
    own = (p * first + last) / 2 + among + 2 * p * moment(first, last, a * d + (p - 1) * b * d + c * e)
    taught = moment(first, one, a) + (p - 1) * moment(first, one, b) + moment(first, one, c)
    taught = p * taught + p * moment(last, one, d) + moment(last, one, e)
    return (own - 2 * taught + (k * pi + k * p) / (2 * pi)) / 2


def _along(k: int, entries: np.ndarray, direction: Any, order: int) -> Any:
    """The coefficient of x^order of ``reduced_loss`` at entries + x direction."""
    line = flint().arb_series
    moved = [line([x, int(v)], prec=order + 1) for x, v in zip(entries, direction, strict=True)]
    return reduced_loss(k, moved)[order]


def reduced_slopes(k: int, entries: np.ndarray) -> np.ndarray:
    """The five partial derivatives of ``reduced_loss``, in balls, by power series."""
    return np.array([_along(k, entries, e, 1) for e in np.eye(5, dtype=int)], object)


def reduced_curvature(k: int, entries: np.ndarray) -> np.ndarray:
    """The second derivatives (5, 5) of ``reduced_loss``: q(e_i + e_j) - q(e_i) - q(e_j) = H_ij."""
    E = np.eye(5, dtype=int)
    q = [_along(k, entries, e, 2) for e in E]
    H = [[_along(k, entries, E[i] + E[j], 2) - q[i] - q[j] if i != j else 2 * q[i] for j in range(5)] for i in range(5)]
    return np.array(H, object)


def reduced_point(k: int) -> np.ndarray:
    """The entries (5,) of the symmetric critical point from ``reduced_loss`` alone, certified, also for large k.

    Newton's method starts near what the entries are for small k, and tend to for large: c = 2/k, d = 4/(pi k), e = -1.
    """
    start = np.array([1, -1.5 / k**2, 1.85 / k, 1.3 / k, -1 + (2.7 / k if k < 30 else 0)])
    found = certify_zero(lambda x: reduced_slopes(k, x), lambda x: reduced_curvature(k, x), start, bits=192)
    assert found.image is not None, "a proved box has an image"
    return found.image
