"""Gradient, Hessian and Hessian-vector product against what needs no closed form, and against each other."""

from __future__ import annotations

from typing import Any

import numpy as np

from theory.arithmetic import BALL, FLOAT, RATIONAL, arithmetic_of, to_float
from theory.calculus import differences
from theory.calculus.tolerance import rounding
from theory.checks.probes import agree, data_of, margin, modulus, operations, probes, questions, random_floats
from theory.checks.report import NotApplicable, check, require

# The error of a difference is an estimate, not a bound: closed forms may differ by this many estimates.
_ESTIMATES = 8
# Differences of a model with kinks are taken in a neighbourhood this much smaller, so that no step crosses one.
_ZOOM = 2.0**-12


def _zoom(model: Any) -> float:
    return 1.0 if getattr(getattr(model, "traits", None), "smooth", True) else _ZOOM


def _near_differences(model: Any, function: Any, theta: np.ndarray, got: np.ndarray, what: str) -> str:
    """Compare a closed form with the differences of ``function`` over theta + zoom * s at s = 0."""
    zoom = _zoom(model)
    noise = rounding(float, operations(model), modulus(function(theta)))
    around = theta.reshape(*theta.shape[:-1], 1, theta.shape[-1])
    estimate = differences.gradient(lambda s: function(around + zoom * s), np.zeros_like(theta), noise=noise)
    error = abs(got - estimate.value / zoom)
    allowed = _ESTIMATES * estimate.error / zoom + rounding(float, operations(model), modulus(got))
    worst = np.unravel_index((error - allowed).argmax(), error.shape)
    at = tuple(map(int, worst))
    require(
        (error <= allowed).all(),
        f"{what}: {(error > allowed).sum()} of {error.size} entries differ from differences, first of all {at}: "
        f"{got[worst]:.6g} and {estimate.value[worst] / zoom:.6g} +- {allowed[worst]:.0e}",
    )
    return margin(float((error[allowed > 0] / allowed[allowed > 0]).max(initial=0)))


def _slope(model: Any, theta: np.ndarray, v: np.ndarray, *derivatives: Any) -> float:
    """The order at which the Taylor remainder of the loss vanishes; it must exceed the number of derivatives by one."""
    order, v = len(derivatives), _zoom(model) * v
    noise = rounding(float, operations(model), modulus(model.loss(theta)) + modulus(derivatives))
    test = differences.taylor_slope(model.loss, theta, v, *derivatives, noise=noise)
    require(test.slope > order + 1 / 2, f"the Taylor remainder of order {order} falls with slope {test.slope:.2f}, not {order + 1}")
    return test.slope


@check("dim", "loss", "gradient")
def check_gradient(model: Any, rng: np.random.Generator) -> str:
    """The gradient is that of extrapolated central differences; the linear Taylor remainder has slope 2."""
    theta = random_floats(model, rng, 4)
    g = np.asarray(model.gradient(theta))
    used = _near_differences(model, model.loss, theta, g, "gradient")
    v = rng.standard_normal(theta.shape)
    slopes = [_slope(model, x, w, _zoom(model) * a @ w) for x, w, a in zip(theta, v, g, strict=True)]
    return f"differences: {used}; slope {min(slopes):.2f} of 2"


@check("dim", "loss", "gradient", "hessian")
def check_hessian(model: Any, rng: np.random.Generator) -> str:
    """The Hessian is the derivative of the gradient by differences; the quadratic Taylor remainder has slope 3."""
    theta = random_floats(model, rng, 3)
    g, H = model.gradient(theta), np.asarray(model.hessian(theta))
    used = _near_differences(model, model.gradient, theta, H, "hessian")
    v, z = rng.standard_normal(theta.shape), _zoom(model)
    slopes = [_slope(model, x, w, z * a @ w, z * z * (w @ A @ w)) for x, w, a, A in zip(theta, v, g, H, strict=True)]
    return f"differences: {used}; slope {min(slopes):.2f} of 3"


@check("dim", "loss", "gradient", "traits")
def check_analytic(model: Any, rng: np.random.Generator) -> str:
    """Loss and gradient accept complex theta, and the complex step gives gradient and Hessian to rounding."""
    if not model.traits.analytic:
        raise NotApplicable("needs the trait analytic, the model does not claim it")
    theta = random_floats(model, rng, 3)
    step = differences.COMPLEX_STEP
    g = model.gradient(theta)
    scale = modulus(g) + modulus(model.loss(theta))
    used = agree(model, differences.complex_step_gradient(model.loss, theta), g, "complex step of the loss and gradient", scale)
    if hasattr(model, "hessian"):
        v = rng.standard_normal(theta.shape)
        turned = np.asarray(model.gradient(theta + 1j * step * v))
        require(turned.dtype == np.complex128, f"gradient: complex theta must give complex128, got {turned.dtype}")
        H = model.hessian(theta)
        Hv = (H @ v[..., None])[..., 0]
        scale = model.dim * modulus(H) * modulus(v) + modulus(g)
        used = max(used, agree(model, turned.imag / step, Hv, "complex step of the gradient and Hessian times v", scale))
    return f"complex step to {margin(used)}"


@check("dim", "loss")
def check_arithmetics_agree(model: Any, rng: np.random.Generator) -> str:
    """At the same points balls enclose the rational answer, and floats differ from it by rounding."""
    points = probes(model, rng, 5)
    traits = getattr(model, "traits", None)
    exact_data = all(a.dtype == object and arithmetic_of(a).name == RATIONAL for a in data_of(model))
    if traits is not None and traits.polynomial_degree is not None and exact_data:
        require(RATIONAL in points, "a polynomial with exact data must have rational values, got NotExact")
    if len(points) == 1:
        raise NotApplicable("needs a loss with rational or ball values")
    used = 0.0
    for name, ask in questions(model).items():
        answers = {kind: np.asarray(ask(theta)) for kind, theta in points.items()}
        if answers[FLOAT].size == 0:
            continue
        want = answers.get(RATIONAL, answers.get(BALL))
        if BALL in answers and RATIONAL in answers:
            agree(model, want, answers[BALL], f"{name}: rational and ball")
        used = max(used, agree(model, answers[FLOAT], to_float(want), f"{name}: float and {arithmetic_of(want).name}"))
    return f"{', '.join(points)}; floats to {margin(used)}"


@check("dim", "loss", "hessian", "hvp")
def check_hvp(model: Any, rng: np.random.Generator) -> str:
    """hvp(theta, v) = hessian(theta) @ v, also where theta and v broadcast."""
    used, points, directions = 0.0, probes(model, rng, 3, 1), probes(model, rng, 2)
    for kind, theta in points.items():
        v = directions[kind]
        H = model.hessian(theta)
        want = (H @ v[..., None])[..., 0]
        scale = model.dim * modulus(H) * modulus(v)
        used = max(used, agree(model, model.hvp(theta, v), want, f"hvp and hessian @ v, {kind}", scale))
    return f"{', '.join(points)}; {margin(used)}"


@check("dim", "loss", "hessian")
def check_symmetric(model: Any, rng: np.random.Generator) -> str:
    """The Hessian equals its transpose."""
    used, points = 0.0, probes(model, rng, 3)
    for kind, theta in points.items():
        H = model.hessian(theta)
        used = max(used, agree(model, H, np.swapaxes(H, -1, -2), f"hessian and its transpose, {kind}"))
    return f"{', '.join(points)}; {margin(used)}"
