"""The problem file: one model, one point, one set of options, for every sub-command.

{
  "schema": "exact-landscapes/problem/1",
  "model": "DeepLinearNet",
  "architecture": {"widths": [5, 3, 3]},
  "data": {"csv": "iris", "Y": "species", "bias": true},
  "theta": {"W1": [[0, "1/2", ...], ...], "W2": ...},
  "options": {"arithmetic": "rational"}
}

Data are arrays (samples as columns) or columns of a CSV file (samples as rows). Integers and strings are exact, numbers
with a point are floats. In .npz the same keys are joined by dots (``data.X``, ``theta.W1``), rationals are strings.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from theory import arrays
from theory.arithmetic import BALL, ball, precision
from theory.errors import BadFile, LandscapeError
from theory.io import files
from theory.io.entries import ARITHMETICS, array_from, lists_from, strings_from
from theory.io.schema import Write, build, describe, refuse_keys

SCHEMA = "exact-landscapes/problem/1"
_BITS = 128


@dataclass(frozen=True, eq=False)
class Problem:
    """A model, a point theta (n,) or None, and options: ``arithmetic`` and ``gtol``."""

    model: Any
    theta: np.ndarray | None = None
    options: dict[str, Any] = field(default_factory=dict)


def load(path: str | Path, **options: Any) -> Problem:
    """The problem of a JSON or .npz file; keywords replace its options.

    Raises
    ------
    BadFile
        For anything that is wrong with it, in one sentence.
    """
    return from_plain(files.read(path), where=str(path), **options)


def from_plain(nested: dict[str, Any], *, where: str = "problem", **options: Any) -> Problem:
    """The problem that a nested dictionary describes; CSV paths are relative to the file ``where``."""
    try:
        refuse_keys("problem", nested, ("schema", "model", "data"), ("architecture", "theta", "options"))
        if nested["schema"] != SCHEMA:
            raise BadFile(f"schema: needs {SCHEMA!r}, got {nested['schema']!r}")
        chosen = _options({**_object(nested, "options"), **{k: v for k, v in options.items() if v is not None}})
        arithmetic = chosen.get("arithmetic")
        architecture = _object(nested, "architecture")
        model = build(nested["model"], architecture, nested["data"], arithmetic, Path(where).parent)
        return Problem(model, _theta(model, nested.get("theta"), arithmetic), chosen)
    except (LandscapeError, ValueError, TypeError) as error:
        raise BadFile(f"{where}: {error}") from error


def _object(nested: dict[str, Any], key: str) -> dict[str, Any]:
    value = nested.get(key)
    if value is not None and not isinstance(value, dict):
        raise BadFile(f"{key}: needs an object of named values, got {type(value).__name__}")
    return value or {}


def _options(options: dict[str, Any]) -> dict[str, Any]:
    refuse_keys("options", options, (), ("arithmetic", "gtol"))
    if options.get("arithmetic", ARITHMETICS[0]) not in ARITHMETICS:
        raise BadFile(f"options.arithmetic: needs one of {', '.join(ARITHMETICS)}, got {options['arithmetic']!r}")
    gtol = options.get("gtol", 0)
    if isinstance(gtol, bool) or not isinstance(gtol, int | float) or not 0 <= gtol <= sys.float_info.max:
        raise BadFile(f"options.gtol: needs a finite number of at least 0, got {gtol!r}")
    return options


def _one_point(model: Any, theta: Any) -> np.ndarray:
    theta = arrays.points(theta, model.dim, type(model).__name__)
    if theta.ndim != 1:
        raise ValueError(f"theta: needs one point of shape ({model.dim},), got {theta.shape}")
    return theta


def _theta(model: Any, value: Any, arithmetic: str | None) -> np.ndarray | None:
    """The flat vector, from itself or from its layers."""
    if value is None:
        return None
    if isinstance(value, dict):
        names = tuple(name for name, _ in model.layout)
        refuse_keys("theta", value, names)
        layers = [array_from(value[name], f"theta.{name}", arithmetic) for name in names]
        for layer, (name, shape) in zip(layers, model.layout, strict=True):
            if layer.shape != shape:
                raise ValueError(f"theta.{name}: needs shape {shape}, got {layer.shape}")
        theta = model.pack(*layers)
    else:
        theta = array_from(value, "theta", arithmetic)
    theta = _one_point(model, theta)
    if arithmetic != BALL:
        return theta
    with precision(_BITS):
        return ball(theta)


def save(path: str | Path, problem: Problem) -> None:
    """Write a problem as JSON, or as .npz if the path ends so; rationals stay exact and floats round trip.

    Raises
    ------
    TypeError, NotExact
        For a model without data (a function of the product), for balls and symbols.
    BadFile
        When the file cannot be written.
    """
    binary = Path(path).suffix == ".npz"
    files.write(path, to_plain(problem, strings_from if binary else lists_from))


def to_plain(problem: Problem, write: Write = lists_from) -> dict[str, Any]:
    """The nested dictionary of a problem; ``write(array, where)`` says what becomes of arrays."""
    if not isinstance(problem, Problem):
        raise TypeError(f"save: needs a theory.Problem(model, theta), got {type(problem).__name__}")
    name, architecture, data = describe(problem.model, write)
    out: dict[str, Any] = {"schema": SCHEMA, "model": name, "architecture": architecture, "data": data}
    if problem.theta is not None:
        layout, theta = problem.model.layout, _one_point(problem.model, problem.theta)
        layers = zip(layout, arrays.unpack(theta, layout), strict=True)
        out["theta"] = {layer: write(part, f"theta.{layer}") for (layer, _), part in layers}
    return {**out, "options": _options(dict(problem.options))}
