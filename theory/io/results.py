"""Answers as plain JSON: rationals as "p/q", balls as intervals, arrays as nested lists."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

RESULTS = "exact-landscapes/results/1"
CLASSIFICATION = "exact-landscapes/classification/1"
ATLAS = "exact-landscapes/atlas/1"


def plain(value: Any) -> Any:
    """Anything that a result holds as what JSON can hold; floats beyond JSON become words."""
    if value is None or isinstance(value, bool | str):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else str(float(value))
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if hasattr(value, "_asdict"):
        return plain(value._asdict())
    if hasattr(value, "__dataclass_fields__"):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, Iterable):
        return [plain(v) for v in value]
    return str(value)


def verification(results: Iterable[Any]) -> dict[str, Any]:
    """The results of ``verify`` with a summary; every ``case`` can be handed to ``verify(id, case=...)`` again."""
    results = list(results)
    answers = [r.answer for r in results]
    return {
        "schema": RESULTS,
        "results": [plain(r.to_json()) for r in results],
        "summary": {
            "claims": len(results),
            "passed": all(r.passed for r in results),
            "answers": {a: answers.count(a) for a in dict.fromkeys(answers)},
            "seconds": sum(r.seconds for r in results),
        },
    }


def classification(model: Any, answer: Any) -> dict[str, Any]:
    """A ``Classification`` with the normalisation of the loss."""
    return {
        "schema": CLASSIFICATION,
        "model": type(model).__name__,
        "loss_normalisation": model.loss_normalisation,
        **plain(answer),
    }


def atlas(model: Any, found: Any) -> dict[str, Any]:
    """All critical values of a model; of a single neuron its local minima, valleys and barriers."""
    return {
        "schema": ATLAS,
        "model": type(model).__name__,
        "parameters": model.dim,
        "loss_normalisation": model.loss_normalisation,
        **plain(found),
    }
