"""Majorants of polynomial models: the same formula with the moduli of the data, so that nothing cancels.

At |theta| a majorant adds up the moduli of all terms that the model adds at theta; times the rounding of as many
operations it bounds the error of the model in floats.

Source: own derivation; the error of a sum of products as in higham2002, section 3.1.
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from theory.arithmetic import arithmetic_of
from theory.models.deep_linear import DeepLinearNet
from theory.models.deep_net import DeepNet
from theory.models.linear_resnet import LinearResNet
from theory.models.quadratic import Quadratic
from theory.models.regularised import RegularisedNet
from theory.models.shallow_net import ShallowNet
from theory.models.spin_glass import SphericalSpinGlass

_FOUND: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()


def majorant(model: Any) -> Any:
    """The model whose residuals (whose loss, where it has none) at |theta| are the sums of the moduli; None if unknown.

    Built once a model. For a model of your own: ``make_majorant.register(MyModel, function)``. A subclass that replaces
    anything of the registered class may have another loss, and needs a majorant of its own.
    """
    if model.__hash__ is None:
        return _made(model)
    if model not in _FOUND:
        _FOUND[model] = _made(model)
    return _FOUND[model]


def _made(model: Any) -> Any:
    classes = type(model).__mro__
    registered = next(i for i, cls in enumerate(classes) if cls in make_majorant.registry)
    own = {name for cls in classes[:registered] for name in vars(cls) if not name.startswith("__")}
    return make_majorant(model) if own.isdisjoint(dir(classes[registered])) else None


@singledispatch
def make_majorant(model: Any) -> Any:
    """A new majorant of a model, by its class."""
    return None


@singledispatch
def operations(model: Any) -> int:
    """Rounded operations on the way to one residual (to the loss, where there are none), at most."""
    return ((model.traits.polynomial_degree or 0) + 1) * (model.dim + 8)


@make_majorant.register
def _(model: DeepLinearNet) -> Any:
    if not model.traits.squares:
        return None
    compressed = model._f(arithmetic_of(np.zeros(1)))
    return DeepLinearNet(model.widths, objective=compressed.majorant)


@operations.register
def _(model: DeepLinearNet) -> int:
    return (2 * model.depth + 1) * (model.dim + 8) + (0 if model.X is None else model.X.shape[1])


@make_majorant.register
def _(model: LinearResNet) -> Any:
    net = majorant(model.net)
    return None if net is None else LinearResNet._of(net)


@operations.register
def _(model: LinearResNet) -> int:
    return operations(model.net)


@make_majorant.register
def _(model: RegularisedNet) -> Any:
    net = majorant(model.net)
    return None if net is None else RegularisedNet(net, model.weights)


@operations.register
def _(model: RegularisedNet) -> int:
    return operations(model.net) + 8


@make_majorant.register
def _(model: Quadratic) -> Any:
    return Quadratic(abs(model.A), abs(model.b), abs(model.c))


@make_majorant.register
def _(model: SphericalSpinGlass) -> Any:
    return SphericalSpinGlass(model.N, model.p, abs(model.coefficients), model.max_bytes)


@operations.register
def _(model: SphericalSpinGlass) -> int:
    return model.p * max(model.N, 2) ** max(model.p - 1, 1)


@make_majorant.register
def _(model: ShallowNet) -> Any:
    if model.activation.degree is None:  # the polynomial ones are monomials
        return None
    return ShallowNet(model.width, abs(model.X), -abs(model.y), model.activation, model.output_bias, model.output_loss)


@make_majorant.register
def _(model: DeepNet) -> Any:
    if model.activation.degree is None and model.depth > 1:
        return None
    return DeepNet(model.widths, abs(model.X), -abs(model.Y), model.activation)
