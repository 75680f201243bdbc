"""Where the weights live and where the loss is smooth: derivatives along geodesics, and what is said of kinks."""

from __future__ import annotations

from typing import Any

import numpy as np

from theory.arithmetic import FLOAT, arithmetic_of, rational, to_float
from theory.calculus.tolerance import rounding
from theory.checks.probes import Comparison, has_values, modulus, operations, probes, random_floats
from theory.checks.report import NotApplicable, check, require
from theory.critical.tangent import is_flat

_STEP = 2.0**-6
_CORNERS = 24
_NEAR = 2**20  # neighbours of a point differ from it by 1/_NEAR, and smooth derivatives by little more


@check("dim", "loss", "gradient", "hessian", "manifold")
def check_manifold(model: Any, rng: np.random.Generator) -> str:
    """Dimensions fit; on a curved manifold the Riemannian derivatives are tangent and are those along geodesics."""
    W, n, x, compare = model.manifold, model.dim, random_floats(model, rng, 4), Comparison(model)
    require(W.dim == n and x.shape == (4, n), f"manifold: lies in R^{W.dim}, the model has {n} parameters")
    if is_flat(model):
        return f"flat, dimension {n}"
    g, H = model.gradient(x), model.hessian(x)
    rg, rH = W.riemannian_gradient(x, g), W.riemannian_hessian(x, g, H.copy())
    scale = modulus(g) + n * modulus(H) * modulus(x)
    compare.agree(W.projection(x, rg), rg, "Riemannian gradient and its tangent part", scale)
    for name, want in (("riemannian_gradient", rg), ("riemannian_hessian", rH)):
        if hasattr(model, name):
            compare.agree(getattr(model, name)(x), want, f"{name} of the model and of its manifold", scale)
    v = W.projection(x, rng.standard_normal((4, n)))
    _along_geodesics(model, x, v, (rg * v).sum(-1), ((rH @ v[..., None])[..., 0] * v).sum(-1))
    return f"dimension {W.dimension} in R^{n}; {compare}"


def _along_geodesics(model: Any, x: np.ndarray, v: np.ndarray, slope: np.ndarray, curvature: np.ndarray) -> None:
    """loss(exp(x, t v)) - loss(x) - t slope - t^2 curvature / 2 is O(t^3)."""

    def remainder(t: float) -> np.ndarray:
        along = model.loss(model.manifold.exp(x, t * v)) - model.loss(x)
        return abs(along - t * slope - t * t / 2 * curvature)

    noise = rounding(float, operations(model), modulus(model.loss(x)) + modulus(slope))
    large, small = remainder(_STEP).max(), remainder(_STEP / 4).max()
    # A quarter of t divides t^3 by 64, but a wrong second derivative by 16 and a wrong slope by 4.
    require(small <= large / 32 + noise, f"loss along geodesics: remainder falls only from {large:.1e} to {small:.1e}")


@check("dim", "loss", "gradient", "hessian", "smooth_at")
def check_kinks(model: Any, rng: np.random.Generator) -> str:
    """``smooth_at`` holds at random floats; where it holds, no derivative jumps close by. Activation patterns agree.

    The points are those of ``_corners``.
    """
    require(np.all(model.smooth_at(random_floats(model, rng, 16))), "smooth_at: denies a random point")
    theta = _corners(model, rng)
    smooth = np.asarray(model.smooth_at(theta))
    found = f"{smooth.dtype} {smooth.shape}"
    fits = smooth.shape == (_CORNERS,) and smooth.dtype == bool
    require(fits, f"smooth_at: must give booleans ({_CORNERS},), got {found}")
    if smooth.any():
        _quiet_around(model, theta[smooth], rng)
    pattern = _same_pattern(model, probes(model, rng, 5)) if hasattr(model, "activation_pattern") else ""
    return f"{smooth.sum()} of {_CORNERS} points smooth, and quiet around them{pattern}"


def _corners(model: Any, rng: np.random.Generator) -> np.ndarray:
    """The origin and random points (_CORNERS, n) with entries -1, 0, 1 that meet kinks; exact if possible."""
    entries = rng.integers(-1, 1, (_CORNERS, model.dim), endpoint=True)
    entries[0] = 0
    theta = rational(entries)
    return theta if has_values(model, theta) else entries.astype(float)


def _quiet_around(model: Any, theta: np.ndarray, rng: np.random.Generator) -> None:
    """Gradient and Hessian at theta +- v / _NEAR are those at theta, up to a little."""
    kind = arithmetic_of(theta)
    v = kind.convert(rational(rng.choice([-1, 1], theta.shape)))
    beside = theta + np.stack([v, -v]) * kind.fraction(1, _NEAR)
    g, gs, H, Hs = (to_float(f(x)) for f in (model.gradient, model.hessian) for x in (theta, beside))
    for name, jump in (("gradient", abs(gs - g).max()), ("hessian", abs(Hs - H).max())):
        quiet = jump <= (modulus(gs) + modulus(Hs)) / _NEAR**0.5
        require(quiet, f"smooth_at: holds at a point beside which the {name} jumps by {jump:.1e}")


def _same_pattern(model: Any, points: dict[str, np.ndarray]) -> str:
    """The activation pattern is the same in every arithmetic, and that of a batch is that of its points."""
    pattern = np.asarray(model.activation_pattern(points[FLOAT]))
    boolean = pattern.dtype == bool and pattern.ndim == 3
    require(boolean, f"activation_pattern: must give booleans (..., width, m), got {pattern.dtype} {pattern.shape}")
    for kind, theta in points.items():
        alone = np.stack([model.activation_pattern(t) for t in theta])
        for got, note in ((model.activation_pattern(theta), "in floats and here"), (alone, "in a batch and alone")):
            require(np.array_equal(got, pattern), f"activation_pattern, {kind}: differs {note}")
    return f"; patterns {pattern.shape[1:]} in {', '.join(points)}"


@check("dim", "loss", "one_sided_derivative")
def check_one_sided(model: Any, rng: np.random.Generator) -> str:
    """one_sided_derivative(theta, v) is the limit from the right of (loss(theta + h v) - loss(theta)) / h."""
    theta = _corners(model, rng)
    kind = arithmetic_of(theta)
    if kind.name == FLOAT:
        raise NotApplicable("needs a loss with rational values")
    v = kind.convert(rational(rng.integers(-3, 3, theta.shape, endpoint=True)))

    def quotient(h: Any) -> np.ndarray:
        return (model.loss(theta + h * v) - model.loss(theta)) / h

    limit = 2 * quotient(kind.fraction(1, 2 * _NEAR)) - quotient(kind.fraction(1, _NEAR))  # no linear term
    error = modulus(model.one_sided_derivative(theta, v) - limit)
    require(error <= modulus(limit) / _NEAR, f"one_sided_derivative: is {error:.1e} from the limit of the quotients")
    return f"{len(theta)} points, kinks among them; off by {error:.0e}, O(h^2) expected for h = 2^-20"
