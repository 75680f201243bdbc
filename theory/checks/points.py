"""Known points are what they are said to be, and the minimum value is a lower bound that they attain."""

from __future__ import annotations

from typing import Any

import numpy as np

from theory.arithmetic import BALL, FLOAT, arithmetic_of, as_array, ball, flint, is_zero, rational
from theory.calculus.inertia import Inertia, inertia
from theory.calculus.tolerance import rounding
from theory.checks.probes import Comparison, has_values, modulus, operations, random_floats
from theory.checks.report import NotApplicable, check, require
from theory.critical.tangent import is_flat
from theory.landscape import Kind, Point

_MINIMA = (Kind.GLOBAL_MINIMUM, Kind.LOCAL_MINIMUM)
_NEARBY = 2**20  # minima are compared with points whose coordinates differ by multiples of 1/_NEARBY


@check("dim", "loss", "gradient", "hessian", "known_points")
def check_known_points(model: Any, rng: np.random.Generator) -> str:
    """Gradient zero on the tangent space, loss as stated, inertia and neighbours as the kind requires."""
    points = list(model.known_points())
    if not points:
        raise NotApplicable("needs known points, the model has none")
    for point in points:
        theta = as_array(point.theta, f"known point {point.name}: theta")
        require(theta.shape == (model.dim,), f"{point.name}: theta needs shape ({model.dim},), got {theta.shape}")
        theta = theta if has_values(model, theta) else ball(theta)
        _check_loss(model, point, theta, rng)
        if not hasattr(model, "smooth_at") or model.smooth_at(theta):
            _check_derivatives(model, point, theta, rng)
    return f"{len(points)} points: {', '.join(f'{p.name} ({p.kind})' for p in points[:3])}{', ...' * (len(points) > 3)}"


def _check_loss(model: Any, point: Point, theta: np.ndarray, rng: np.random.Generator) -> None:
    loss = np.asarray(model.loss(theta))[()]
    least = model.minimum_value() if hasattr(model, "minimum_value") else None
    stated = point.loss is None or _meet(model, loss, point.loss)
    require(stated, f"{point.name}: the loss is {loss}, stated as {point.loss}")
    if point.kind is Kind.GLOBAL_MINIMUM and least is not None:
        require(_meet(model, loss, least), f"{point.name}: a global minimum {loss}, but minimum_value() is {least}")
    if point.kind in _MINIMA and is_flat(model):
        kind = arithmetic_of(theta)
        steps = kind.convert(rational(rng.integers(-4, 4, (32, model.dim), endpoint=True)))
        here = _enclosure(model, loss)
        near = np.asarray(model.loss(theta + kind.fraction(1, _NEARBY) * steps))
        lower = [x for x in near if _enclosure(model, x) < here]
        require(not lower, f"{point.name}: a {point.kind} with loss {loss}, but beside it the loss is {lower[:1]}")


def _enclosure(model: Any, number: Any) -> Any:
    """A number of any arithmetic as a ball: floats with the rounding of the model as radius."""
    x, a = ball([number])[0], as_array([number], "a loss")
    if arithmetic_of(a).name != FLOAT:
        return x
    return flint().arb(x, float(rounding(a.dtype, operations(model), 1 + modulus(a))))


def _meet(model: Any, a: Any, b: Any) -> bool:
    return _enclosure(model, a).overlaps(_enclosure(model, b))


def _check_derivatives(model: Any, point: Point, theta: np.ndarray, rng: np.random.Generator) -> None:
    g, H, F = model.gradient(theta), np.array(model.hessian(theta)), arithmetic_of(theta).eye(model.dim)
    if not is_flat(model):
        g = model.manifold.riemannian_gradient(theta, g)
        H = model.manifold.riemannian_hessian(theta, model.gradient(theta), H)
        F = model.manifold.tangent_frame(theta)
    # A float gradient is the Hessian times the rounding of theta, and rounding of its own.
    scale = model.dim * modulus(H) * modulus(theta) + modulus(model.gradient(random_floats(model, rng, 4)))
    critical = _vanishes(g, rounding(float, operations(model), scale))
    fits = critical != (point.kind is Kind.NOT_CRITICAL)
    require(fits, f"{point.name}: stated as {point.kind}, but the gradient there is {g.tolist()}")
    if not critical:
        return
    if F.shape[-1]:
        signs = inertia(F.T @ H @ F)
        require(_allows(signs, point.kind, F.shape[-1]), f"{point.name}: a {point.kind}, but the Hessian has {signs}")
    if hasattr(model, "symmetry_directions"):
        d = model.symmetry_directions(theta)
        what = f"{point.name}: Hessian times symmetry directions at a critical point"
        Comparison(model).vanish(d @ H, what, scale + modulus(H) * modulus(d))


def _vanishes(g: np.ndarray, bound: float) -> bool:
    kind = arithmetic_of(g).name
    if kind == FLOAT:
        return bool((abs(g) <= bound).all())
    return all(x.contains(0) for x in g) if kind == BALL else bool(is_zero(g).all())


def _allows(signs: Inertia, kind: Kind, n: int) -> bool:
    """Whether the proved signs of the Hessian on the tangent space, of dimension n, allow this kind."""
    if kind in _MINIMA or kind is Kind.NON_STRICT_SADDLE:
        return signs.negative == 0
    if kind is Kind.LOCAL_MAXIMUM:
        return signs.positive == 0
    return kind is not Kind.STRICT_SADDLE or 0 < signs.negative < n


@check("dim", "loss", "minimum_value")
def check_minimum_value(model: Any, rng: np.random.Generator) -> str:
    """No random point, no known point and no descent finds a loss below ``minimum_value()``."""
    least = model.minimum_value()
    if least is None:
        raise NotApplicable("needs a minimum_value, the model does not know it")
    theta = [*random_floats(model, rng, 64), *(_descents(model, rng) if is_flat(model) else ())]
    losses = [*np.asarray(model.loss(np.stack(theta))), *(p.loss for p in _known(model) if p.loss is not None)]
    below = [x for x in losses if _enclosure(model, x) < _enclosure(model, least)]
    require(not below, f"minimum_value() is {least}, but there are losses below it: {below[:3]}")
    return f"{least} is not above any of {len(losses)} losses"


def _known(model: Any) -> list[Point]:
    return list(model.known_points()) if hasattr(model, "known_points") else []


def _descents(model: Any, rng: np.random.Generator) -> list[np.ndarray]:
    """Two points to which a few steps of L-BFGS lead."""
    from scipy.optimize import minimize

    gradient, steps = getattr(model, "gradient", None), {"maxiter": 30}
    starts = random_floats(model, rng, 2)
    return [minimize(model.loss, x, jac=gradient, method="L-BFGS-B", options=steps).x for x in starts]
