"""The models: one file each, loaded when first used."""

from importlib import import_module
from typing import Any

_HOME = {
    "Quadratic": "quadratic",
    "DeepLinearNet": "deep_linear",
    "LinearResNet": "linear_resnet",
    "RegularisedNet": "regularised",
    "ReluNeuron": "relu_neuron",
    "ShallowNet": "shallow_net",
    "DeepNet": "deep_net",
    "GaussianReluNet": "gaussian_relu",
    "SphericalSpinGlass": "spin_glass",
}

__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'theory.models' has no attribute {name!r}")
    value = getattr(import_module(f"theory.models.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
