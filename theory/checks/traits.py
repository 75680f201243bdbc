"""What a model says of itself is true: traits, samples, symmetries. None is trusted."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations
from math import comb
from typing import Any

import numpy as np

from theory.arithmetic import BALL, FLOAT, RATIONAL, arithmetic_of
from theory.calculus.tolerance import rounding
from theory.checks.probes import Comparison, modulus, operations, probes, random_floats
from theory.checks.report import Mismatch, NotApplicable, check, require

_LINES, _HALVINGS = 8, 14


def _claimed(model: Any, trait: str) -> Any:
    """The value of the trait; ``NotApplicable`` where the model does not claim it."""
    value = getattr(model.traits, trait)
    if value is None or value is False or value == ():
        raise NotApplicable(f"needs the trait {trait}, the model does not claim it")
    return value


@check("dim", "loss", "gradient", "traits")
def check_samples(model: Any, rng: np.random.Generator) -> str:
    """loss == sample_weight * sum of the sample losses, and so for the gradient: exactly in exact arithmetic."""
    _claimed(model, "has_samples")
    weight = model.sample_weight
    require(type(weight) is Fraction, f"sample_weight must be a fractions.Fraction, got {type(weight).__name__}")
    compare, points = Comparison(model), probes(model, rng, 4)
    for kind, theta in points.items():
        w = arithmetic_of(theta).fraction(weight.numerator, weight.denominator)
        losses, gradients = model.sample_losses(theta), model.sample_gradients(theta)
        require(gradients.shape[-2] == losses.shape[-1], "sample_gradients and sample_losses differ in their samples")
        compare.agree(w * losses.sum(-1), model.loss(theta), f"weighted sample losses and loss, {kind}")
        what = f"weighted sample gradients and gradient, {kind}"
        compare.agree(w * gradients.sum(-2), model.gradient(theta), what, modulus(gradients))
    return f"{losses.shape[-1]} samples, weight {weight}; {', '.join(points)}; {compare}"


@check("dim", "loss", "traits")
def check_residuals(model: Any, rng: np.random.Generator) -> str:
    """loss == sum of the squared residuals, at floats."""
    _claimed(model, "squares")
    require(hasattr(model, "residuals"), "traits.squares, but there are no residuals")
    compare, theta = Comparison(model), random_floats(model, rng, 16)
    r = model.residuals(theta)
    compare.agree((r * r).sum(-1), model.loss(theta), "sum of squared residuals and loss")
    return f"{r.shape[-1]} residuals; {compare}"


@check("dim", "loss", "gradient", "symmetry_directions")
def check_symmetry_directions(model: Any, rng: np.random.Generator) -> str:
    """<gradient, d> = 0 for every symmetry direction d, at every probe."""
    compare, points = Comparison(model), probes(model, rng, 4)
    for kind, theta in points.items():
        d, g = model.symmetry_directions(theta), model.gradient(theta)
        if d.shape[-2] == 0:
            raise NotApplicable("needs symmetry directions, the model has none")
        scale = model.dim * modulus(d) * modulus(g)
        compare.vanish((d * g[..., None, :]).sum(-1), f"<gradient, symmetry direction>, {kind}", scale)
    return f"{d.shape[-2]} directions; {', '.join(points)}; {compare}"


@check("dim", "loss", "symmetry_images")
def check_symmetry_images(model: Any, rng: np.random.Generator) -> str:
    """Every image of theta has the loss of theta."""
    compare, points = Comparison(model), probes(model, rng, 4)
    for kind, theta in points.items():
        images, loss = model.symmetry_images(theta), np.asarray(model.loss(theta))
        if len(images) == 0:
            raise NotApplicable("needs symmetry images, the model has none")
        losses = np.asarray(model.loss(images))
        compare.agree(losses, np.broadcast_to(loss, losses.shape), f"loss of images and of theta, {kind}")
    return f"{len(images)} images; {', '.join(points)}; {compare}"


@check("dim", "loss", "traits", "symmetry_directions", "symmetry_images")
def check_stated_members(model: Any, rng: np.random.Generator) -> str:
    """Symmetries are named iff directions or images exist; samples answer iff claimed; kinks can be asked for."""
    theta, traits = probes(model, rng)[FLOAT], model.traits
    found = len(model.symmetry_directions(theta)), len(model.symmetry_images(theta))
    text = f"{found[0]} directions and {found[1]} images"
    require(bool(traits.symmetry) == any(found), f"traits.symmetry is {traits.symmetry!r}, but there are {text}")
    missing = [m for m in ("sample_weight", "sample_losses", "sample_gradients") if not hasattr(model, m)]
    require(not traits.has_samples or not missing, f"traits.has_samples, but there is no {', no '.join(missing)}")
    if not traits.has_samples and hasattr(model, "sample_losses"):
        try:
            model.sample_losses(theta)
        except TypeError:
            pass
        else:
            raise Mismatch("traits.has_samples is False, but sample_losses answers")
    require(traits.smooth or hasattr(model, "smooth_at"), "traits.smooth is False, but there is no smooth_at(theta)")
    require(traits.smooth or not traits.analytic, "traits.analytic claims more than traits.smooth allows")
    return f"symmetry {traits.symmetry!r}: {text}; has_samples {traits.has_samples}"


@check("dim", "loss", "traits")
def check_polynomial_degree(model: Any, rng: np.random.Generator) -> str:
    """Differences of order d + 1 along random lines vanish: exactly, or as balls around 0."""
    d, points = _claimed(model, "polynomial_degree"), probes(model, rng, 2, 3)
    exact = next((kind for kind in (RATIONAL, BALL) if kind in points), None)
    if exact is None:
        raise NotApplicable("needs a loss with rational or ball values")
    start, end = points[exact]
    values = np.asarray(model.loss(start + np.arange(d + 2)[:, None, None] * (end - start)))
    order = {k: sum((-1) ** (k - i) * comb(k, i) * values[i] for i in range(k + 1)) for k in (d, d + 1)}
    Comparison(model).vanish(order[d + 1], f"difference of order {d + 1} of a loss of degree {d}")
    attained = any(x != 0 for x in np.asarray(order[d]))
    return f"degree {d}, {'attained' if attained else 'not attained'} on {len(start)} random lines, {exact}"


@check("dim", "loss", "traits")
def check_homogeneous_degree(model: Any, rng: np.random.Generator) -> str:
    """loss(t theta) = t^d loss(theta) for t = 2, 3, 1/2."""
    d = _claimed(model, "homogeneous_degree")
    compare, points = Comparison(model), probes(model, rng, 4)
    for kind, theta in points.items():
        for p, q in ((2, 1), (3, 1), (1, 2)):
            t, power = (arithmetic_of(theta).fraction(p**k, q**k) for k in (1, d))
            what = f"loss({p}/{q} theta) of degree {d}, {kind}"
            compare.agree(model.loss(t * theta), power * model.loss(theta), what)
    return f"degree {d}; {', '.join(points)}; {compare}"


@check("dim", "loss", "traits", "layout", "pack", "unpack")
def check_layer_groups(model: Any, rng: np.random.Generator) -> str:
    """Doubling one group of layers and halving another leaves the loss unchanged, for every ordered pair."""
    groups, names = _claimed(model, "layer_groups"), [name for name, _ in model.layout]
    unknown = sorted({name for group in groups for name in group}.difference(names))
    require(not unknown, f"traits.layer_groups: {', '.join(unknown)} not among {', '.join(names)}")
    if len(groups) < 2:
        raise NotApplicable("needs two layer groups, there is one")
    compare, points = Comparison(model), probes(model, rng, 4)
    for kind, theta in points.items():
        parts, loss = dict(zip(names, model.unpack(theta), strict=True)), model.loss(theta)
        two, half = arithmetic_of(theta).fraction(2), arithmetic_of(theta).fraction(1, 2)
        for up, down in permutations(groups, 2):
            scaled = [two * a if name in up else half * a if name in down else a for name, a in parts.items()]
            what = f"loss with {', '.join(up)} doubled and {', '.join(down)} halved, {kind}"
            compare.agree(model.loss(model.pack(*scaled)), loss, what)
    return f"{len(groups)} groups; {', '.join(points)}; {compare}"


@check("dim", "loss", "gradient", "hessian", "traits")
def check_smooth(model: Any, rng: np.random.Generator) -> str:
    """Bisection to the roughest interval of random lines: (g(b) - g(a)) / h - (H(a) + H(b)) v / 2 must fall with h.

    For C^3 losses it falls like h^2; in the half where the gradient or the Hessian jumps it does not fall.
    """
    _claimed(model, "smooth")
    x, y = random_floats(model, rng, 2, _LINES)
    v = y - x

    def defect(s: np.ndarray, h: float) -> np.ndarray:
        a, b = x + s[:, None] * v, x + (s[:, None] + h) * v
        mean = ((model.hessian(a) + model.hessian(b)) / 2 @ v[..., None])[..., 0]
        return abs((model.gradient(b) - model.gradient(a)) / h - mean).max(-1)

    start, h, roughest = np.full(_LINES, -1.0), 3.0, []
    for _ in range(_HALVINGS):
        h = h / 2
        left, right = defect(start, h), defect(start + h, h)
        start = start + h * (right > left)
        roughest.append(np.maximum(left, right).max())
    scale = roughest[0] + model.dim * modulus(model.hessian(x + start[:, None] * v)) * modulus(v)
    # After k halvings 4^-k of the first defect is left of a smooth one and all of a jump; 2^-k lies between.
    allowed = scale * 2.0**-_HALVINGS + rounding(float, operations(model), scale / h)
    require(roughest[-1] <= allowed, f"derivatives jump by {roughest[-1]:.1e} within {h:.1e}: not C^2")
    return f"{_LINES} lines, {_HALVINGS} bisections; {roughest[-1] / (allowed or 1):.0e} of the bound"
