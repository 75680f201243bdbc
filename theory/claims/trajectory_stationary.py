"""Principal components of noise at equilibrium around a minimum: an autoregressive sequence in high dimension."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from theory.arithmetic import ball, flint, precision, rational
from theory.claims.cases import Case
from theory.claims.claim import Claim, Counterexample, Hypothesis, Verdict, verdict
from theory.claims.gaussian_routes import printed
from theory.claims.trajectory_noise import enclosed

BITS = 160
SMALL, WIDTH = 10, 1e-15


@dataclass(frozen=True)
class Stationary(Case):
    """n points of theta_{t+1} = rho theta_t + noise at equilibrium, in high dimension, around their mean or not."""

    n: int
    rho: Any
    centred: bool = True


def covariance(case: Stationary) -> np.ndarray:
    """rho^|i - j| (n, n), its row and column means subtracted where centred; in balls for many points."""
    i = np.arange(case.n)
    numbers = rational if case.n <= SMALL else ball
    K = (numbers([case.rho])[0] ** i)[abs(i[:, None] - i)]
    return K - K.mean(0) - K.mean(1)[:, None] + K.mean() if case.centred else K


@lru_cache(16)
def largest_share(case: Stationary) -> tuple[Any, Any]:
    """Bounds of the largest eigenvalue mu of K >= 0 with trace 1: tr K^{2p} / tr K^p <= mu^p <= tr K^p, p = 2^q."""
    n = case.n
    K = flint().arb_mat(n, n, covariance(case).ravel().tolist())
    K = K / K.trace()
    for q in range(16):
        square = K * K
        low, high = (square.trace() / K.trace()).root(2**q), K.trace().root(2**q)
        if high - low < WIDTH:
            break
        K = square
    return low, high


PRINTED, DIGITS = Stationary(200, Fraction(99, 100)), "0.451530470258273"


def _check(case: Stationary, law: Callable[[Stationary], Any]) -> Verdict:
    """Few points by exact inertia on both sides of the value, many by the traces of powers."""
    with precision(BITS):
        value = law(case)
        if case.n <= SMALL:
            K = covariance(case)
            holds = enclosed(K, 1, value * np.trace(K))
        else:
            low, high = largest_share(case)
            holds = bool(high - low < WIDTH) and bool(abs(value - low) < WIDTH)
        holds = holds and (case != PRINTED or printed(DIGITS).contains(value))
        return verdict(holds, "certified", f"share {value.str(15, radius=False)}")


def share(case: Stationary) -> Any:
    """(1 - rho^2) / ((1 - 2 rho cos w + rho^2) V) with the root w of the equation, V the trace of the covariance."""
    n, rho = case.n, flint().arb(rational([case.rho])[0])
    w, V = _frequency(n, rho), _total(n, rho)
    return (1 - rho * rho) / ((1 - 2 * rho * w.cos() + rho * rho) * V)


def _frequency(n: int, rho: Any) -> Any:
    """The root of sin((n + 1) w/2) = rho sin((n - 1) w/2) between pi/n and 2 pi/(n + 1), by bisection."""
    low, high = flint().arb.pi() / n, 2 * flint().arb.pi() / (n + 1)
    for _ in range(120):
        w = ((low + high) / 2).mid()
        above = ((n + 1) * w / 2).sin() > rho * ((n - 1) * w / 2).sin()
        low, high = (w, high) if above else (low, w)
    return low.union(high)


def _total(n: int, rho: Any) -> Any:
    """n - (1 + rho)/(1 - rho) + 2 rho (1 - rho^n) / (n (1 - rho)^2): n times the variance around the mean."""
    return n - (1 + rho) / (1 - rho) + 2 * rho * (1 - rho**n) / (n * (1 - rho) ** 2)


def _other(frequency: Callable[[int, Any], Any], total: Callable[[int, Any], Any] = _total) -> Callable[..., Any]:
    """The law with another w or another total variance."""

    def law(case: Stationary) -> Any:
        n, rho = case.n, flint().arb(rational([case.rho])[0])
        return (1 - rho * rho) / ((1 - 2 * rho * frequency(n, rho).cos() + rho * rho) * total(n, rho))

    return law


SHARE = Claim(
    id="trajectories.stationary_explained",
    title="Noise around a minimum looks structured as long as it is slow",
    statement=r"Let $\theta_1, \dots, \theta_n \in \mathbb{R}^d$ be a stationary autoregressive sequence, "
    r"$\theta_{t+1} = \rho\theta_t + \xi_t$ with $0 < \rho < 1$ and independent standard normal coordinates of all "
    r"$\xi_t$, such as small steps on an isotropic quadratic with noise. As $d \to \infty$, the first component "
    r"around its mean explains $(1 - \rho^2)/(V(1 - 2\rho\cos\omega + \rho^2))$, where $\sin\frac{n + 1}2\omega = "
    r"\rho\sin\frac{n - 1}2\omega$, $\frac\pi n < \omega < \frac{2\pi}{n + 1}$, and $V = n - \frac{1 + \rho}{1 - "
    r"\rho} + \frac{2\rho(1 - \rho^n)}{n(1 - \rho)^2}$: $0.451530470258273$ for $\rho = 0.99$, $n = 200$.",
    source="own derivation",
    case_type=Stationary,
    cases=(
        *(Stationary(n, rho) for n in (2, 3, 5, 8, 10) for rho in (Fraction(1, 2), Fraction(9, 10), Fraction(99, 100))),
        Stationary(50, Fraction(9, 10)),
        PRINTED,
    ),
    law=share,
    check=_check,
    proof=r"The covariance $\rho^{|i-j|}$ commutes with reversing the order, and odd vectors have mean zero, so that "
    r"its odd eigenvectors are those of the centred one: $\sin(\omega(j - \frac{n+1}2))$ solves the equations of its "
    r"tridiagonal inverse inside, and at the ends by the equation for $\omega$. That it is the first is checked case "
    r"by case.",
    hypotheses=(Hypothesis("centred", "the mean is subtracted", lambda case: case.centred),),
    counterexamples=(
        Counterexample("centred", Stationary(5, Fraction(1, 2), False), "the mean is the first component"),
    ),
    false_laws={
        "as for the random walk": _other(lambda n, rho: flint().arb.pi() / n),
        "as for independent points": _other(lambda n, rho: 2 * flint().arb.pi() / (n + 1)),
        "of n times the variance of a point": _other(_frequency, lambda n, rho: flint().arb(n)),
        "for long sequences": _other(_frequency, lambda n, rho: n - (1 + rho) / (1 - rho)),
        "the limit of the random walk": lambda case: 6 / flint().arb.pi() ** 2,
    },
    uses=("trajectories.noise_components",),
)

CLAIMS = (SHARE,)
