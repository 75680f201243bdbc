"""Many ReLU students that learn orthonormal teachers: the loss at the symmetric critical point falls like 1/k."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from theory.arithmetic import flint, precision
from theory.calculus.krawczyk import certify_zero, krawczyk
from theory.claims.claim import Claim, Verdict, verdict
from theory.claims.gaussian_many_students import curvature, loss_times_k, scaled, slopes
from theory.claims.gaussian_routes import (
    ENTRIES,
    Size,
    meet,
    printed,
    reduced_curvature,
    reduced_loss,
    reduced_point,
    reduced_slopes,
)

BITS = 192
LEAST = 40_000
RADII = ("0.15", "0.0015", "0.015", "0.018", "0.12")
EXPANDED = 30  # students from which the power series of the expansion converge fast
ELSEWHERE = ("2", "0.25", "-1", "1.5", "5")  # a z that is not critical


@dataclass(frozen=True)
class Expansion:
    """k F = limit - coefficient / sqrt(k) + O(1/k) at the point with z near ``centre`` (``gaussian_many_students``)."""

    limit: Any
    coefficient: Any
    centre: tuple[str, ...] = ("2.546", "0", "-1.189", "1.273", "5.357")

    def box(self) -> list[Any]:
        """What z may be for all k >= LEAST."""
        return [flint().arb(c, r) for c, r in zip(self.centre, map(float, RADII), strict=True)]


@lru_cache(maxsize=16)
def _is_the_only_one(centre: tuple[str, ...]) -> bool | None:
    """Whether for every s in [0, LEAST^(-1/2)] exactly one zero of ``slopes`` lies in the box, by Krawczyk's test."""
    lib = flint()
    with precision(BITS):
        s = lib.arb(0).union(1 / lib.arb(LEAST).sqrt())
        middle, radii = np.array([lib.arb(c) for c in centre], object), [lib.arb(r) for r in RADII]
        found = krawczyk(lambda z: slopes(z, s), lambda z: curvature(z, s), middle, radii)
        return True if found.proved else False if found.excluded else None


@lru_cache(maxsize=16)
def _at_infinity(centre: tuple[str, ...]) -> tuple[np.ndarray, Any]:
    """The zero z_0 of ``slopes`` at s = 0, and k F at this z as a power series in s up to s^2."""
    lib = flint()
    with precision(BITS):
        zero = lib.arb(0)
        z = certify_zero(
            lambda z: slopes(z, zero), lambda z: curvature(z, zero), np.array(centre, float), bits=BITS
        ).image
        assert z is not None, "a proved box has an image"
        return z, loss_times_k(list(z), lib.arb_series([0, 1], prec=3))


def _entries(k: int) -> tuple[np.ndarray, np.ndarray]:
    """Base (5,) and Jacobian (5, 5): the students with the unknowns z have the entries base + J z."""
    q = flint().fmpq
    J = np.full((5, 5), q(0), object)
    J[0, 0], J[3, 3], J[4, 4] = q(1, k * k), q(1, k), q(1, k)
    J[1] = (np.array([0, q(1, k), 0, 0, 0], object) - J[0] - J[3]) / (k - 2)
    J[2] = (np.array([0, 0, q(1, k), 0, 0], object) - J[4]) / (k - 1)
    return np.array([q(1), q(0), q(2, k - 1), q(0), q(-1)], object), J


def _is_the_gradient(k: int, z: np.ndarray) -> bool:
    """Whether ``loss_times_k``, ``slopes`` and ``curvature`` are k F and its derivatives, by counted pairs at z."""
    lib = flint()
    base, J = _entries(k)
    base, J = (np.vectorize(lib.arb, otypes=[object])(v) for v in (base, J))
    entries, s, weights = base + J @ z, 1 / lib.arb(k).sqrt(), np.array([k, 1, k, 1, k], object)
    pairs = [(loss_times_k(z, s), k * reduced_loss(k, entries))]
    pairs += zip(slopes(z, s), weights * (J.T @ reduced_slopes(k, entries)) * k, strict=True)
    second = weights[:, None] * (J.T @ reduced_curvature(k, entries) @ J) * k
    pairs += zip(curvature(z, s).ravel(), second.ravel(), strict=True)
    return all(meet(own, counted) for own, counted in pairs)


def _check_limit(case: Size, law: Callable[[], Expansion]) -> Verdict:
    """All k >= LEAST at once; and this k by the critical point from counted pairs, a zero of ``slopes``."""
    k, lib = case.k, flint()
    with precision(BITS):
        claimed = law()
        only = _is_the_only_one(claimed.centre)
        z, series = _at_infinity(claimed.centre)
        expanded = meet(series[0], claimed.limit) and meet(-series[1], claimed.coefficient)
        inside = all(b.contains(v) for b, v in zip(claimed.box(), z, strict=True))
        entries = reduced_point(k)
        own, value = scaled(k, entries), k * reduced_loss(k, entries)
        root = lib.arb(k).sqrt()
        if k >= LEAST:
            inside = inside and all(b.contains(v) for b, v in zip(claimed.box(), own, strict=True))
        if k in ENTRIES:
            inside = inside and all(printed(d).contains(v) for d, v in zip(ENTRIES[k], entries, strict=True))
        rewritten = k < EXPANDED or (
            meet(loss_times_k(own, 1 / root), value)
            and all(meet(v, lib.arb(0)) for v in slopes(own, 1 / root))
            and _is_the_gradient(k, np.array([lib.arb(v) for v in ELSEWHERE], object))
        )
        rest = k * (claimed.limit - claimed.coefficient / root - value)
        small = bool(0 < rest < lib.arb(3) / 2)
    holds = expanded and inside and rewritten and small and only is not False
    detail = f"k F = {value.str(12, radius=False)}, remainder -{rest.str(6, radius=False)} / k"
    return verdict(None if holds and only is None else holds, "certified", detail)


def _limit() -> Any:
    return flint().arb(1) / 2 - 2 / flint().arb.pi() ** 2


def _coefficient() -> Any:
    return flint().arb(32) / (3 * flint().arb.pi() ** 4)


LIMIT = Claim(
    id="gaussian_relu.symmetric_loss_limit",
    title="Many students: the loss at the symmetric point falls like 1/k",
    statement=r"In the setting of $k$ students and $k$ orthonormal teachers, for every $k \ge 40000$ exactly one "
    r"critical point of the form of gaussian_relu.symmetric_values has $k^2(a - 1)$, $k(a + (k - 2)b + d - 1)$, "
    r"$k((k - 1)c + e - 1)$, $kd$, $k(e + 1)$ within $0.15, 0.0015, 0.015, 0.018, 0.12$ of $2.546, 0, -1.189, 1.273, "
    r"5.357$. There $kF = \frac12 - \frac{2}{\pi^2} - \frac{32}{3\pi^4}k^{-1/2} + O(1/k)$, so $kF \to \frac12 - "
    r"\frac{2}{\pi^2}$. For $k = 10, 10^2, \dots, 10^8$ the remainder is between $-\frac{3}{2k}$ and 0.",
    source="own derivation",
    case_type=Size,
    cases=tuple(Size(10**j) for j in range(1, 9)),
    exhaustive=True,
    law=lambda: Expansion(_limit(), _coefficient()),
    check=_check_limit,
    uses=("gaussian_relu.symmetric_values",),
    proof="k F is analytic in s = k^(-1/2) and five unknowns z, affine in the entries "
    "(theory.claims.gaussian_many_students); value and derivatives are compared with counted pairs. Krawczyk's test "
    "for all s in [0, 1/200] at once gives one zero z(s) of the scaled gradient in the box, with a regular Jacobian: "
    "by the implicit function theorem z(s) and k F are analytic in s up to s = 0. There k F = ((pi/2) mu^2 + (2 - "
    "delta)^2 + (pi/2 - 1)(4 + delta^2))/(4 pi), least at mu = 0, delta = 4/pi with the value 1/2 - 2/pi^2; its "
    "gradient is 0 and the other unknowns enter with s^2, so the coefficient of s is the partial one, -delta^3/(6 pi) "
    "= -32/(3 pi^4).",
    false_laws={
        "the limit 1/2 - 1/pi": lambda: Expansion(flint().arb(1) / 2 - 1 / flint().arb.pi(), _coefficient()),
        "the limit 3/10": lambda: Expansion(flint().arb(3) / 10, _coefficient()),
        "no limit: k F grows without bound": lambda: Expansion(flint().arb("inf"), _coefficient()),
        "no term of order 1/sqrt(k)": lambda: Expansion(_limit(), flint().arb(0)),
        "the coefficient 11/100": lambda: Expansion(_limit(), flint().arb(11) / 100),
        "the other sign of the term": lambda: Expansion(_limit(), -_coefficient()),
        "another point: d = 2/k, as c": lambda: Expansion(
            _limit(), _coefficient(), ("2.546", "0", "-1.189", "2", "5.357")
        ),
    },
)

CLAIMS = (LIMIT,)
