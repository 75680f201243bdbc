"""Gradient, Hessian and Hessian-vector product against what needs no closed form, and against each other."""

from __future__ import annotations

from typing import Any

import numpy as np

from theory.arithmetic import BALL, FLOAT, RATIONAL, arithmetic_of, to_float
from theory.calculus import differences
from theory.calculus.tolerance import rounding
from theory.checks.probes import Comparison, data_of, modulus, operations, probes, questions, random_floats
from theory.checks.report import NotApplicable, check, require

_ESTIMATES = 8  # the error of a difference is an estimate, not a bound: closed forms may differ by so many of them
_ZOOM = 2.0**-12  # differences of a model with kinks are taken so much closer that no step crosses one


def _zoom(model: Any) -> float:
    return 1.0 if getattr(getattr(model, "traits", None), "smooth", True) else _ZOOM


def _match_differences(model: Any, function: Any, theta: np.ndarray, got: np.ndarray, what: str) -> str:
    """Compare a closed form with the differences of s -> function(theta + zoom s) at s = 0."""
    zoom, noise = _zoom(model), rounding(float, operations(model), modulus(function(theta)))
    base = theta[..., None, :]
    estimate = differences.gradient(lambda s: function(base + zoom * s), np.zeros_like(theta), noise=noise)
    want, error = estimate.value / zoom, abs(got - estimate.value / zoom)
    allowed = _ESTIMATES * estimate.error / zoom + rounding(float, operations(model), modulus(got))
    worst = tuple(map(int, np.unravel_index((error - allowed).argmax(), error.shape)))
    count = f"{(error > allowed).sum()} of {error.size} entries differ from differences"
    example = f"{got[worst]:.6g} and {want[worst]:.6g} +- {allowed[worst]:.0e} at {worst}"
    require((error <= allowed).all(), f"{what}: {count}, worst {example}")
    return f"{np.max(error / np.where(allowed > 0, allowed, 1)):.0e} of the bound"


def _slope(model: Any, theta: np.ndarray, v: np.ndarray, *derivatives: Any) -> float:
    """The order at which the Taylor remainder of the loss along v vanishes: one more than there are derivatives."""
    order = len(derivatives)
    noise = rounding(float, operations(model), modulus(model.loss(theta)) + modulus(derivatives))
    slope = differences.taylor_slope(model.loss, theta, v, *derivatives, noise=noise).slope
    require(slope > order + 1 / 2, f"Taylor remainder of order {order}: falls with slope {slope:.2f}, not {order + 1}")
    return slope


@check("dim", "loss", "gradient")
def check_gradient(model: Any, rng: np.random.Generator) -> str:
    """The gradient is that of extrapolated central differences; the linear Taylor remainder has slope 2."""
    theta = random_floats(model, rng, 4)
    g = np.asarray(model.gradient(theta))
    used = _match_differences(model, model.loss, theta, g, "gradient")
    v = _zoom(model) * rng.standard_normal(theta.shape)
    slopes = [_slope(model, theta[i], v[i], g[i] @ v[i]) for i in range(len(theta))]
    return f"differences: {used}; slope {min(slopes):.2f}, at least 2 expected"


@check("dim", "loss", "gradient", "hessian")
def check_hessian(model: Any, rng: np.random.Generator) -> str:
    """The Hessian is the derivative of the gradient by differences; the quadratic Taylor remainder has slope 3."""
    theta = random_floats(model, rng, 3)
    g, H = model.gradient(theta), np.asarray(model.hessian(theta))
    used = _match_differences(model, model.gradient, theta, H, "hessian")
    v = _zoom(model) * rng.standard_normal(theta.shape)
    slopes = [_slope(model, theta[i], v[i], g[i] @ v[i], v[i] @ H[i] @ v[i]) for i in range(len(theta))]
    return f"differences: {used}; slope {min(slopes):.2f}, at least 3 expected"


@check("dim", "loss", "gradient", "traits")
def check_analytic(model: Any, rng: np.random.Generator) -> str:
    """Loss and gradient accept complex theta, and the complex step gives gradient and Hessian to rounding."""
    if not model.traits.analytic:
        raise NotApplicable("needs the trait analytic, the model does not claim it")
    compare, theta = Comparison(model), random_floats(model, rng, 3)
    g = model.gradient(theta)
    stepped = differences.complex_step_gradient(model.loss, theta)
    compare.agree(stepped, g, "complex step of the loss and gradient", modulus(g) + modulus(model.loss(theta)))
    if hasattr(model, "hessian"):
        v, h = rng.standard_normal(theta.shape), differences.COMPLEX_STEP
        turned = np.asarray(model.gradient(theta + 1j * h * v))
        require(turned.dtype == np.complex128, f"gradient: complex theta must give complex128, got {turned.dtype}")
        H = model.hessian(theta)
        scale = model.dim * modulus(H) * modulus(v) + modulus(g)
        want = (H @ v[..., None])[..., 0]
        compare.agree(turned.imag / h, want, "complex step of the gradient and Hessian times v", scale)
    return f"complex step: {compare}"


@check("dim", "loss")
def check_arithmetics_agree(model: Any, rng: np.random.Generator) -> str:
    """At the same points balls meet the rational answer, and floats of both precisions differ from it by rounding."""
    compare, points = Comparison(model), probes(model, rng, 5)
    degree = getattr(getattr(model, "traits", None), "polynomial_degree", None)
    if degree is not None and all(a.dtype == object and arithmetic_of(a).name == RATIONAL for a in data_of(model)):
        require(RATIONAL in points, "a polynomial with exact data must have rational values, got NotExact")
    if len(points) == 1:
        raise NotApplicable("needs a loss with rational or ball values")
    for name, ask in questions(model).items():
        answers = {kind: np.asarray(ask(theta)) for kind, theta in points.items()}
        if answers[FLOAT].size == 0:
            continue
        exact = RATIONAL if RATIONAL in answers else BALL
        if BALL in answers:
            compare.agree(answers[exact], answers[BALL], f"{name}: {exact} and ball")
        for dtype in (np.float64, np.float32):
            got = answers[FLOAT] if dtype is np.float64 else ask(points[FLOAT].astype(dtype))
            compare.agree(got, to_float(answers[exact]), f"{name}: {dtype.__name__} and {exact}")
    return f"{', '.join(points)}; {compare}"


@check("dim", "loss", "hessian", "hvp")
def check_hvp(model: Any, rng: np.random.Generator) -> str:
    """hvp(theta, v) = hessian(theta) @ v, also where theta and v broadcast."""
    compare, points, directions = Comparison(model), probes(model, rng, 3, 1), probes(model, rng, 2)
    for kind, theta in points.items():
        H, v = model.hessian(theta), directions[kind]
        scale = model.dim * modulus(H) * modulus(v)
        compare.agree(model.hvp(theta, v), (H @ v[..., None])[..., 0], f"hvp and hessian @ v, {kind}", scale)
    return f"{', '.join(points)}; {compare}"


@check("dim", "loss", "hessian")
def check_symmetric(model: Any, rng: np.random.Generator) -> str:
    """The Hessian equals its transpose."""
    compare, points = Comparison(model), probes(model, rng, 3)
    for kind, theta in points.items():
        H = model.hessian(theta)
        compare.agree(H, np.swapaxes(H, -1, -2), f"hessian and its transpose, {kind}")
    return f"{', '.join(points)}; {compare}"
