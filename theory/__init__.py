"""Exact Landscapes: an executable book of loss-landscape theory. Names load when first used."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOME = {
    "rational": "arithmetic",
    "ball": "arithmetic",
    "symbols": "arithmetic",
    "precision": "arithmetic",
    "inertia": "calculus.inertia",
    "classify": "critical.classify",
    "nearest": "critical.nearest",
    "check_model": "checks",
    "registry": "claims.registry",
    "verify": "claims.engine",
    "load": "io",
    "save": "io",
    "Problem": "io",
    "Kind": "landscape",
    "Claim": "claims.claim",
    "models": "models",
}

__all__ = [*_HOME, "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'theory' has no attribute {name!r}")
    module = import_module(f"theory.{_HOME[name]}")
    value = module if name == "models" else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
