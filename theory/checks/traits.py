"""What a model says of itself is true: traits, samples, symmetries. None is trusted."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations
from math import comb
from typing import Any

import numpy as np

from theory.arithmetic import FLOAT, arithmetic_of
from theory.calculus.tolerance import rounding
from theory.checks.probes import agree, exactest, margin, modulus, operations, probes, random_floats, vanish
from theory.checks.report import Mismatch, NotApplicable, check, require

_LINES, _HALVINGS = 8, 14


def trait(model: Any, name: str) -> Any:
    """The trait, or ``NotApplicable`` where the model does not claim it."""
    value = getattr(model.traits, name)
    if value is None or value is False or value == ():
        raise NotApplicable(f"needs the trait {name}, the model does not claim it")
    return value


@check("dim", "loss", "traits")
def check_samples(model: Any, rng: np.random.Generator) -> str:
    """loss == sample_weight * sum of the sample losses, and so for the gradient: exactly in exact arithmetic."""
    trait(model, "has_samples")
    weight = model.sample_weight
    require(type(weight) is Fraction, f"sample_weight must be a fractions.Fraction, got {type(weight).__name__}")
    used, points = 0.0, probes(model, rng, 4)
    for kind, theta in points.items():
        w = arithmetic_of(theta).fraction(weight.numerator, weight.denominator)
        losses = model.sample_losses(theta)
        used = max(used, agree(model, w * losses.sum(-1), model.loss(theta), f"sample_weight * sample_losses.sum(-1) and loss, {kind}"))
        if hasattr(model, "sample_gradients"):
            gradients, total = model.sample_gradients(theta), model.gradient(theta)
            require(gradients.shape[-2] == losses.shape[-1], "sample_gradients and sample_losses count samples differently")
            scale = max(modulus(gradients), modulus(total))
            what = f"sample_weight * sample_gradients.sum(-2) and gradient, {kind}"
            used = max(used, agree(model, w * gradients.sum(-2), total, what, scale))
    return f"{losses.shape[-1]} samples, weight {weight}; {', '.join(points)}; {margin(used)}"


@check("dim", "gradient", "symmetry_directions")
def check_symmetry_directions(model: Any, rng: np.random.Generator) -> str:
    """<gradient, d> = 0 for every symmetry direction d, at every probe."""
    used, points = 0.0, probes(model, rng, 4)
    for kind, theta in points.items():
        d, g = model.symmetry_directions(theta), model.gradient(theta)
        if d.shape[-2] == 0:
            raise NotApplicable("needs symmetry directions, the model has none")
        slopes = (d * g[..., None, :]).sum(-1)
        used = max(used, vanish(model, slopes, modulus(d) * modulus(g), f"<gradient, symmetry direction>, {kind}"))
    return f"{d.shape[-2]} directions; {', '.join(points)}; {margin(used)}"


@check("dim", "loss", "symmetry_images")
def check_symmetry_images(model: Any, rng: np.random.Generator) -> str:
    """Every image of theta has the loss of theta."""
    used, points = 0.0, probes(model, rng, 4)
    for kind, theta in points.items():
        images, loss = model.symmetry_images(theta), np.asarray(model.loss(theta))
        if len(images) == 0:
            raise NotApplicable("needs symmetry images, the model has none")
        used = max(used, agree(model, model.loss(images), np.stack([loss] * len(images)), f"loss of images and of theta, {kind}"))
    return f"{len(images)} images; {', '.join(points)}; {margin(used)}"


@check("dim", "loss", "traits", "symmetry_directions", "symmetry_images")
def check_stated_members(model: Any, rng: np.random.Generator) -> str:
    """The symmetry text is empty iff there are neither directions nor images; samples are offered iff they are claimed."""
    theta, traits = probes(model, rng)[FLOAT], model.traits
    directions, images = len(model.symmetry_directions(theta)), len(model.symmetry_images(theta))
    found = f"{directions} directions and {images} images"
    require(bool(traits.symmetry) == bool(directions + images), f"traits.symmetry is {traits.symmetry!r}, but there are {found}")
    answers = {"sample_losses", "sample_gradients", "sample_weight"}
    missing = sorted(name for name in answers if not hasattr(model, name))
    require(not (traits.has_samples and missing), f"traits.has_samples, but the model lacks {', '.join(missing)}")
    if not traits.has_samples and hasattr(model, "sample_losses"):
        try:
            model.sample_losses(theta)
        except TypeError:
            pass
        else:
            raise Mismatch("traits.has_samples is False, but sample_losses answers")
    require(traits.smooth or hasattr(model, "smooth_at"), "traits.smooth is False, so the model must say where: smooth_at(theta)")
    require(traits.smooth or not traits.analytic, "traits: what is analytic is smooth")
    return f"symmetry {traits.symmetry!r}: {found}; has_samples {traits.has_samples}"


@check("dim", "loss", "traits")
def check_polynomial_degree(model: Any, rng: np.random.Generator) -> str:
    """Differences of order d + 1 along random lines vanish: exactly, or as balls around 0."""
    d = trait(model, "polynomial_degree")
    ends = exactest(probes(model, rng, 2, 3))
    if arithmetic_of(ends).name == FLOAT:
        raise NotApplicable("needs a loss with rational or ball values")
    t = np.arange(d + 2)[:, None, None]
    along = ends[0] + t * (ends[1] - ends[0])
    values = np.asarray(model.loss(along))
    differences = {k: sum((-1) ** (k - i) * comb(k, i) * values[i] for i in range(k + 1)) for k in (d, d + 1)}
    vanish(model, differences[d + 1], None, f"difference of order {d + 1} of a loss of degree {d}")
    attained = any(x != 0 for x in np.asarray(differences[d]))
    return f"degree {d}, {'attained' if attained else 'not attained on'} {ends.shape[1]} random lines"


@check("dim", "loss", "traits")
def check_homogeneous_degree(model: Any, rng: np.random.Generator) -> str:
    """loss(t theta) = t^d loss(theta) for t = 2, 3, 1/2."""
    d = trait(model, "homogeneous_degree")
    used, points = 0.0, probes(model, rng, 4)
    for kind, theta in points.items():
        for p, q in ((2, 1), (3, 1), (1, 2)):
            t, power = (arithmetic_of(theta).fraction(p**k, q**k) for k in (1, d))
            used = max(used, agree(model, model.loss(t * theta), power * model.loss(theta), f"loss({p}/{q} theta), degree {d}, {kind}"))
    return f"degree {d}; {', '.join(points)}; {margin(used)}"


@check("dim", "loss", "traits", "layout", "pack", "unpack")
def check_layer_groups(model: Any, rng: np.random.Generator) -> str:
    """Scaling one group of layers by 2 and another by 1/2 leaves the loss unchanged, for every ordered pair of groups."""
    groups = trait(model, "layer_groups")
    names = [name for name, _ in model.layout]
    unknown = [name for group in groups for name in group if name not in names]
    require(not unknown, f"traits.layer_groups: {', '.join(unknown)} not in the layout {', '.join(names)}")
    if len(groups) < 2:
        raise NotApplicable("needs two layer groups, there is one")
    used, points = 0.0, probes(model, rng, 4)
    for kind, theta in points.items():
        two, half, loss = arithmetic_of(theta).fraction(2), arithmetic_of(theta).fraction(1, 2), model.loss(theta)
        for up, down in permutations(groups, 2):
            parts = dict(zip(names, model.unpack(theta), strict=True))
            scaled = [two * a if n in up else half * a if n in down else a for n, a in parts.items()]
            what = f"loss with {', '.join(up)} doubled and {', '.join(down)} halved, {kind}"
            used = max(used, agree(model, model.loss(model.pack(*scaled)), loss, what))
    return f"{len(groups)} groups; {', '.join(points)}; {margin(used)}"


@check("dim", "gradient", "hessian", "traits")
def check_smooth(model: Any, rng: np.random.Generator) -> str:
    """Bisection to the roughest interval of random lines: g(b) - g(a) - h (H(a) + H(b)) v / 2 is o(h) for C^2 losses.

    At a kink of the gradient or of the Hessian it stays of the order h times the jump, in the half that contains it.
    """
    trait(model, "smooth")
    x, y = random_floats(model, rng, 2, _LINES)
    v = y - x

    def defect(s: np.ndarray, h: float) -> np.ndarray:
        a, b = x + s[:, None] * v, x + (s[:, None] + h) * v
        mean = ((model.hessian(a) + model.hessian(b)) / 2 @ v[..., None])[..., 0]
        return abs((model.gradient(b) - model.gradient(a)) / h - mean).max(-1)

    start, h, largest = np.full(_LINES, -1.0), 3.0, []
    for _ in range(_HALVINGS):
        h = h / 2
        left, right = defect(start, h), defect(start + h, h)
        start = start + h * (right > left)
        largest.append(np.maximum(left, right).max())
    scale = largest[0] + model.dim * modulus(model.hessian(x + start[:, None] * v)) * modulus(v)
    # Smooth: the defect falls like h^2, 4^-k after k halvings. A jump keeps it; 2^-k lies between.
    allowed = scale * 2.0**-_HALVINGS + rounding(float, operations(model), scale / h)
    require(largest[-1] <= allowed, f"derivatives jump by {largest[-1]:.1e} within an interval of {h:.1e}: not C^2")
    return f"{_LINES} lines, {_HALVINGS} bisections; {margin(largest[-1] / allowed if allowed else 0.0)}"
