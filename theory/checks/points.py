"""Known points are what they are said to be, minima are lower bounds, and the manifold and the kinks are taken seriously."""

from __future__ import annotations

from typing import Any

import numpy as np

from theory.arithmetic import BALL, FLOAT, arithmetic_of, as_array, ball, flint, rational
from theory.calculus.inertia import Inertia, inertia
from theory.calculus.tolerance import rounding
from theory.checks.probes import agree, margin, modulus, operations, probes, random_floats, vanish
from theory.checks.report import NotApplicable, check, require
from theory.landscape import Kind, Point

_MINIMA = (Kind.GLOBAL_MINIMUM, Kind.LOCAL_MINIMUM)
_NEARBY = 2**20  # a local minimum is compared with points whose coordinates differ by multiples of 1/_NEARBY


def is_flat(model: Any) -> bool:
    """Whether the weights range over all of R^n."""
    return not hasattr(model, "manifold") or model.manifold.dimension == model.dim


@check("dim", "loss", "gradient", "hessian", "known_points")
def check_known_points(model: Any, rng: np.random.Generator) -> str:
    """Gradient zero on the tangent space, loss as stated, inertia and neighbours as the kind requires."""
    points = list(model.known_points())
    if not points:
        raise NotApplicable("needs known points, the model has none")
    for point in points:
        _check_point(model, point, rng)
    return f"{len(points)} points: " + ", ".join(f"{p.name} ({p.kind})" for p in points[:3]) + ", ..." * (len(points) > 3)


def _check_point(model: Any, point: Point, rng: np.random.Generator) -> None:
    theta = as_array(point.theta, f"known point {point.name}")
    require(theta.shape == (model.dim,), f"{point.name}: theta must have shape ({model.dim},), got {theta.shape}")
    loss = np.asarray(model.loss(theta))
    if point.loss is not None:
        require(_meet(model, loss[()], point.loss), f"{point.name}: the loss is {loss}, stated as {point.loss}")
    least = model.minimum_value() if hasattr(model, "minimum_value") else None
    if point.kind is Kind.GLOBAL_MINIMUM and least is not None:
        require(_meet(model, loss[()], least), f"{point.name}: a global minimum with loss {loss}, but minimum_value() is {least}")
    if point.kind in _MINIMA and is_flat(model):
        _no_lower_neighbour(model, point, theta, loss, rng)
    if not hasattr(model, "smooth_at") or model.smooth_at(theta):
        _check_derivatives(model, point, theta, rng)


def _meet(model: Any, a: Any, b: Any) -> bool:
    """Whether two numbers of any arithmetics agree: as balls, floats with their rounding as radius."""
    x, y = (_enclosure(model, as_array([number], "a loss")) for number in (a, b))
    return x.overlaps(y)


def _enclosure(model: Any, number: np.ndarray) -> Any:
    x = ball(number)[0]
    if arithmetic_of(number).name != FLOAT:
        return x
    return flint().arb(x, float(rounding(number.dtype, operations(model), 1 + modulus(number))))


def _no_lower_neighbour(model: Any, point: Point, theta: np.ndarray, loss: np.ndarray, rng: np.random.Generator) -> None:
    steps = arithmetic_of(theta).convert(rational(rng.integers(-4, 4, (32, model.dim), endpoint=True)))
    near = np.asarray(model.loss(theta + arithmetic_of(theta).fraction(1, _NEARBY) * steps))
    slack = rounding(float, operations(model), 1 + modulus(loss)) if near.dtype != object else 0
    lower = [x for x in near if x - loss[()] < -slack]
    require(not lower, f"{point.name}: stated as {point.kind} with loss {loss}, but a point beside it has {min(map(str, lower), default='')}")


def _check_derivatives(model: Any, point: Point, theta: np.ndarray, rng: np.random.Generator) -> None:
    kind, flat = arithmetic_of(theta), is_flat(model)
    g, H = model.gradient(theta), np.array(model.hessian(theta))
    if not flat:
        g, H = model.manifold.riemannian_gradient(theta, g), model.manifold.riemannian_hessian(theta, g, H)
    scale = None
    if kind.name == FLOAT:
        scale = model.dim * modulus(H) * modulus(theta) + modulus(model.gradient(random_floats(model, rng, 4)))
    critical = _is_zero(model, g, scale)
    require(critical != (point.kind is Kind.NOT_CRITICAL), f"{point.name}: stated as {point.kind}, the gradient is {g}")
    if not critical:
        return
    F = np.asarray(model.manifold.tangent_frame(theta)) if not flat else kind.eye(model.dim)
    if F.shape[-1]:
        signs = inertia(F.T @ H @ F)
        require(_consistent(point.kind, signs, F.shape[-1]), f"{point.name}: stated as {point.kind}, the Hessian has {signs}")
    if hasattr(model, "symmetry_directions"):
        d = model.symmetry_directions(theta)
        scale = None if scale is None else (1 + modulus(H)) * (1 + modulus(d)) * model.dim
        vanish(model, d @ H, scale, f"{point.name}: Hessian times symmetry direction at a critical point")


def _is_zero(model: Any, g: np.ndarray, scale: Any) -> bool:
    if scale is not None:
        return bool((abs(g) <= rounding(float, operations(model), scale)).all())
    return all(x.overlaps(flint().arb(0)) for x in g) if arithmetic_of(g).name == BALL else all(x == 0 for x in g)


def _consistent(kind: Kind, signs: Inertia, n: int) -> bool:
    """Whether the proved signs of the Hessian on the tangent space allow this kind."""
    if kind in _MINIMA or kind is Kind.NON_STRICT_SADDLE:
        return signs.negative == 0
    if kind is Kind.LOCAL_MAXIMUM:
        return signs.positive == 0
    return kind is not Kind.STRICT_SADDLE or 0 < signs.negative < n


@check("dim", "loss", "minimum_value")
def check_minimum_value(model: Any, rng: np.random.Generator) -> str:
    """No point of the manifold, random or known, has a loss below ``minimum_value()``."""
    least = model.minimum_value()
    if least is None:
        raise NotApplicable("needs a minimum_value, the model does not know it")
    bound = _enclosure(model, as_array([least], "minimum_value"))
    losses = [np.asarray(model.loss(random_floats(model, rng, 64)))]
    losses += [np.asarray(model.loss(p.theta)).reshape(1) for p in getattr(model, "known_points", tuple)()]
    if is_flat(model):
        losses.append(np.asarray(model.loss(_descent(model, rng))))
    below = [x for values in losses for x in values if _enclosure(model, as_array([x], "a loss")) < bound]
    require(not below, f"minimum_value() is {least}, but a point has the loss {below[0] if below else ''}")
    return f"{least}, below every one of {sum(map(len, losses))} losses"


def _descent(model: Any, rng: np.random.Generator) -> np.ndarray:
    """Points (2, n) to which a few steps of L-BFGS lead from random ones."""
    from scipy.optimize import minimize

    gradient = model.gradient if hasattr(model, "gradient") else None
    starts, steps = random_floats(model, rng, 2), {"maxiter": 30}
    return np.stack([minimize(model.loss, x, jac=gradient, method="L-BFGS-B", options=steps).x for x in starts])


@check("dim", "loss", "gradient", "hessian", "manifold")
def check_manifold(model: Any, rng: np.random.Generator) -> str:
    """Dimensions fit; on a curved W the Riemannian derivatives are tangent and are those along geodesics."""
    W, n = model.manifold, model.dim
    require(W.dim == n, f"manifold.dim is {W.dim}, the model has {n} parameters")
    x = random_floats(model, rng, 4)
    if is_flat(model):
        return f"flat, dimension {W.dimension}"
    g, H = model.gradient(x), model.hessian(x)
    rg, rH = W.riemannian_gradient(x, g), W.riemannian_hessian(x, g, H.copy())
    used = agree(model, W.projection(x, rg), rg, "Riemannian gradient and its tangent part", modulus(g))
    for name, value in (("riemannian_gradient", rg), ("riemannian_hessian", rH)):
        if hasattr(model, name):
            scale = modulus(value) + modulus(g) + modulus(H) * modulus(x)
            used = max(used, agree(model, getattr(model, name)(x), value, f"{name} of the model and of its manifold", scale))
    v = W.projection(x, rng.standard_normal((4, n)))
    _along_geodesics(model, x, v, (rg * v).sum(-1), ((rH @ v[..., None])[..., 0] * v).sum(-1))
    return f"dimension {W.dimension} in R^{n}; {margin(used)}"


def _along_geodesics(model: Any, x: np.ndarray, v: np.ndarray, slope: np.ndarray, curvature: np.ndarray) -> None:
    """loss(exp(x, t v)) - loss(x) - t slope - t^2 curvature / 2 is O(t^3): halving t must divide it by nearly 8."""

    def remainder(t: float) -> np.ndarray:
        terms = t * slope, t * t / 2 * curvature
        return abs(model.loss(model.manifold.exp(x, t * v)) - model.loss(x) - sum(terms))

    t = 2.0**-6
    noise = rounding(float, operations(model), modulus(model.loss(x)) + modulus(slope))
    large, small = remainder(t), remainder(t / 4)
    # t^3 gives a factor of 64, a wrong second derivative 16 and a wrong slope 4; the middle in powers is 32.
    require((small <= large.max() / 32 + noise).all(), f"loss along geodesics: second-order remainder {large.max():.1e} falls only to {small.max():.1e}")


@check("dim", "loss", "gradient", "smooth_at")
def check_kinks(model: Any, rng: np.random.Generator) -> str:
    """``smooth_at`` agrees with ``activation_pattern``: where the pattern differs, a kink lies between, and it is found exactly."""
    if getattr(getattr(model, "traits", None), "smooth", True):
        require(np.all(model.smooth_at(random_floats(model, rng, 8))), "smooth_at: denies smoothness that traits.smooth claims")
        return "smooth everywhere, as claimed"
    points = probes(model, rng, 8)
    for kind, theta in points.items():
        smooth = np.asarray(model.smooth_at(theta))
        require(smooth.shape == (8,) and smooth.dtype == bool, f"smooth_at: must give booleans (8,), got {smooth.dtype} {smooth.shape} ({kind})")
        require(smooth.all(), f"smooth_at: {kind} arithmetic denies what another arithmetic proves at the same points")
    if not hasattr(model, "activation_pattern"):
        return f"{', '.join(points)}; no activation pattern"
    pattern = np.asarray(model.activation_pattern(points[FLOAT]))
    require(pattern.dtype == bool and pattern.shape[0] == 8, f"activation_pattern: must give booleans (8, width, m), got {pattern.dtype} {pattern.shape}")
    for kind, theta in points.items():
        require((np.asarray(model.activation_pattern(theta)) == pattern).all(), f"activation_pattern: {kind} and float arithmetic differ")
    return f"{', '.join(points)}; patterns {pattern.shape[1:]}"


