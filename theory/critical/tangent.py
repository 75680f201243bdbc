"""Loss, gradient and Hessian at one point, in its arithmetic, and on the tangent space of the model's manifold."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from theory.arithmetic import BALL, RATIONAL, arithmetic_of, as_array, ball, is_zero
from theory.calculus.tolerance import rounding
from theory.critical.inherited import member
from theory.errors import NotExact, Undecided
from theory.manifolds.euclidean import dot


def is_flat(model: Any) -> bool:
    """Whether the weights move freely in R^n: the model has no manifold, or its manifold says ``is_flat``."""
    manifold = getattr(model, "manifold", None)
    return manifold is None or getattr(manifold, "is_flat", False)


def loss_at(model: Any, theta: np.ndarray) -> Any:
    """The loss as a number; None for a box across a kink, on which it cannot be evaluated."""
    try:
        return _answer(model.loss(theta), theta, (), "loss")[()]
    except Undecided:
        return None


def gradient_at(model: Any, theta: np.ndarray) -> np.ndarray:
    """The gradient (n,) in the ambient space."""
    return _answer(model.gradient(theta), theta, theta.shape, "gradient")


def hessian_at(model: Any, theta: np.ndarray) -> np.ndarray:
    """The Hessian (n, n) in the ambient space."""
    return _answer(model.hessian(theta), theta, 2 * theta.shape, "hessian")


def _answer(a: Any, theta: np.ndarray, shape: tuple[int, ...], name: str) -> np.ndarray:
    """What a model answers, in the arithmetic of theta: integers are taken into it, nothing else changes its kind."""
    out = as_array(a, f"classify: {name}")
    if out.shape != shape:
        raise ValueError(f"classify: {name} needs shape {shape} at one point, got {out.shape}; correct the model")
    here, kind = arithmetic_of(out), arithmetic_of(theta)
    if here.name not in (kind.name, RATIONAL):
        raise NotExact(
            f"classify: {name} needs {kind.name} entries at a {kind.name} theta, got {here.name} ones, which prove "
            f"nothing here; compute it in the arithmetic of theta, or evaluate at a {here.name} theta"
        )
    return out if here.name == kind.name else kind.convert(out)


def symmetry_directions_at(model: Any, theta: np.ndarray) -> np.ndarray:
    """(k, n) tangent vectors of the symmetry orbit; none if the model states none, or on a curved manifold."""
    directions = member(model, "symmetry_directions") if is_flat(model) else None
    return np.empty((0, len(theta)), theta.dtype) if directions is None else np.asarray(directions(theta))


def tangent_gradient(model: Any, theta: np.ndarray) -> np.ndarray:
    """The Riemannian gradient (n,), in ambient coordinates."""
    g = gradient_at(model, theta)
    return g if is_flat(model) else model.manifold.riemannian_gradient(theta, g)


def tangent_hessian(model: Any, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """(F^T Hess F, F) for columns F that span the tangent space: its inertia is the Hessian's; F is None in R^n."""
    H = hessian_at(model, theta)
    if is_flat(model):
        return H, None
    H = model.manifold.riemannian_hessian(theta, gradient_at(model, theta), H)
    F = model.manifold.tangent_frame(theta)
    return F.T @ H @ F, F


def moduli(g: np.ndarray) -> np.ndarray:
    """Upper bounds (n,), in floats, of the moduli of exact entries or balls; 0 only for what is exactly 0."""
    bounds = [math.nextafter(float(x.abs_upper()), math.inf) for x in ball(g)]
    return np.where(is_zero(g), 0.0, bounds)


def refuse_off_manifold(model: Any, theta: np.ndarray, where: str = "classify") -> bool:
    """True for a point of the manifold (floats: up to rounding; balls: a box that meets it); ValueError otherwise."""
    radius_squared = getattr(getattr(model, "manifold", None), "radius_squared", None)
    if radius_squared is None:
        return True
    kind = arithmetic_of(theta)
    r2: Any = kind.convert(as_array([radius_squared]))[0]
    length: Any = dot(theta, theta)
    if kind.name == RATIONAL:
        on = length == r2
    elif kind.name == BALL:
        on = length.overlaps(r2)
    else:
        on = abs(length - r2) <= rounding(theta.dtype, len(theta) + 2, r2)
    if not on:
        raise ValueError(
            f"{where}: theta must lie on the sphere |theta|^2 = {radius_squared}, got |theta|^2 = {length}; "
            "rescale it, or take a ball around the irrational point"
        )
    return True
