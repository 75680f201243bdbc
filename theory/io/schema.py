"""How each model is written in a problem file: the keys of its architecture and of its data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from theory import models
from theory.errors import BadFile
from theory.io.entries import array_from, exact
from theory.io.tables import data_of

Write = Callable[[Any, str], Any]


@dataclass(frozen=True)
class Form:
    """One constructor of a model: its arguments by name, in two groups, required and optional."""

    data: tuple[str, ...]
    architecture: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    optional_data: tuple[str, ...] = ()
    constructor: str = ""

    def takes(self, keys: set[str]) -> bool:
        """Whether these are its data."""
        return set(self.data) <= keys <= {*self.data, *self.optional_data}


_MOMENTS = ("Sxx", "Syx", "Syy")

FORMS: dict[str, tuple[Form, ...]] = {
    "Quadratic": (Form(("A",), optional_data=("b", "c")), Form(("X", "y"), constructor="regression")),
    "DeepLinearNet": (
        Form(("X", "Y"), ("widths",), ("loss",)),
        Form(_MOMENTS, ("widths",), constructor="from_moments"),
    ),
    "LinearResNet": (
        Form(("X", "Y"), ("depth",)),
        Form(("R", "Sigma"), ("depth",), optional_data=("noise",), constructor="population"),
        Form(_MOMENTS, ("depth",), constructor="from_moments"),
    ),
    "ReluNeuron": (Form(("X", "y"), (), ("output_weight", "bias", "output_bias")),),
    "ShallowNet": (Form(("X", "y"), ("width",), ("activation", "output_bias", "loss")),),
    "DeepNet": (Form(("X", "Y"), ("widths",), ("activation",)),),
    "GaussianReluNet": (Form(("V",), ("n",), ("patches",)),),
    "SphericalSpinGlass": (Form(("coefficients",), ("N", "p")),),
}

# A net inside another: architecture and data of both in one, with the name of the inner one as "net".
REGULARISED = "RegularisedNet"

_FLAGS = ("output_weight", "bias", "output_bias")


def build(name: Any, architecture: Any, data: Any, arithmetic: str | None, folder: Path) -> Any:
    """The model of a problem file.

    Raises
    ------
    BadFile, ValueError, TypeError
        For an unknown model, missing or unknown keys, and whatever the model itself refuses.
    """
    if not isinstance(name, str) or name not in (*FORMS, REGULARISED):
        raise BadFile(f"model: needs one of {', '.join((*FORMS, REGULARISED))}, got {name!r}")
    for key, value in (("architecture", architecture), ("data", data)):
        if not isinstance(value, dict):
            raise BadFile(f"{key}: needs an object of named values, got {type(value).__name__}")
    if name == REGULARISED:
        refuse_keys("architecture", architecture, ("net",), tuple(architecture))
        refuse_keys("data", data, ("weights",), tuple(data))
        sizes, rest = ({k: v for k, v in part.items() if k not in ("net", "weights")} for part in (architecture, data))
        net = build(architecture["net"], sizes, rest, arithmetic, folder)
        return models.RegularisedNet(net, array_from(data["weights"], "data.weights", arithmetic))
    if "csv" in data:
        data = data_of(data, folder)
    arrays = {key: array_from(value, f"data.{key}", arithmetic) for key, value in data.items()}
    form = _form(name, set(data))
    refuse_keys("architecture", architecture, form.architecture, form.optional)
    constructor = getattr(models, name)
    if form.constructor:
        constructor = getattr(constructor, form.constructor)
    arguments = {key: _argument(key, value) for key, value in architecture.items()}
    return constructor(**arguments, **{key: a if a.ndim else a[()] for key, a in arrays.items()})


def _form(name: str, keys: set[str]) -> Form:
    for form in FORMS[name]:
        if form.takes(keys):
            return form
    wanted = " or ".join("(" + ", ".join([*f.data, *(f"[{k}]" for k in f.optional_data)]) + ")" for f in FORMS[name])
    raise BadFile(f"data: {name} needs the keys {wanted}, or csv with columns, got ({', '.join(sorted(keys))})")


Names = tuple[str, ...]


def refuse_keys(where: str, given: Mapping[str, Any], required: Names, optional: Names = ()) -> None:
    """Refuse the first missing or unknown key."""
    for key in required:
        if key not in given:
            raise BadFile(f"{where}: needs the key {key!r}, got {', '.join(given) or 'nothing'}")
    for key in given:
        if key not in (*required, *optional):
            raise BadFile(f"{where}: knows the keys {', '.join([*required, *optional]) or '(none)'}, got {key!r}")


def _argument(key: str, value: Any) -> Any:
    if key in _FLAGS and not isinstance(value, bool):
        raise BadFile(f"architecture.{key}: needs true or false, got {value!r}")
    return _loss(value) if key == "loss" else value


def _loss(value: Any) -> Any:
    """A loss from its name, or from {"name", "weights" or "delta"}."""
    from theory.losses import Huber, Weighted, loss_named

    if not isinstance(value, dict):
        return loss_named(value)
    if set(value) == {"name", "weights"} and value["name"] == "weighted":
        return Weighted(array_from(value["weights"], "architecture.loss.weights"))
    if set(value) == {"name", "delta"} and value["name"] == "huber" and isinstance(value["delta"], int | str):
        return Huber(Fraction(exact(value["delta"], "architecture.loss.delta")))
    forms = '{"name": "weighted", "weights"} or {"name": "huber", "delta": "p/q"}'
    raise BadFile(f"architecture.loss: needs a name, {forms}, got {value}")


def describe(model: Any, write: Write) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """(name, architecture, data) of a model; ``write(array, where)`` turns arrays into what the file holds.

    Raises
    ------
    TypeError
        For models that no problem file can hold.
    """
    name = type(model).__name__
    if name == REGULARISED:
        net, architecture, data = describe(model.net, write)
        return name, {"net": net, **architecture}, {**data, "weights": write(model.weights, "data.weights")}
    for form in FORMS.get(name, ()):
        data = {key: _value(model, key) for key in form.data + form.optional_data}
        if all(data[key] is not None for key in form.data):
            arrays = {key: write(np.asarray(value), f"data.{key}") for key, value in data.items() if value is not None}
            values = {key: _plain(_value(model, key), write) for key in form.architecture + form.optional}
            return name, {key: value for key, value in values.items() if value is not None}, arrays
    raise TypeError(f"save: needs a model that is given by data ({', '.join(FORMS)}), got {model!r}")


def _value(model: Any, key: str) -> Any:
    """What the constructor was given for ``key``: the model, the net inside it or its objective knows."""
    net = getattr(model, "net", model)
    objective = getattr(net, "objective", None)
    if key == "loss":
        return getattr(model, "output_loss", getattr(objective, "loss", None))
    return next((v for part in (model, net, objective) if (v := getattr(part, key, None)) is not None), None)


def _plain(value: Any, write: Write) -> Any:
    if hasattr(value, "weights"):
        return {"name": value.name, "weights": write(value.weights, "loss.weights")}
    if hasattr(value, "delta"):
        return {"name": value.name, "delta": str(Fraction(value.delta))}
    return list(value) if isinstance(value, tuple) else getattr(value, "name", value)
