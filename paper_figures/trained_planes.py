"""Planes through three trained points of each of six nets: the data of two figures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from theory.models import DeepNet
from theory.slices.directions import through
from theory.slices.slice import Slice, cut

RESULTS = Path(__file__).parent.parent / "experiments" / "results" / "trained_nets.npz"
ACTIVATIONS = ("relu", "tanh")
HIDDEN = ((1, 1000), (4, 20), (7, 10))  # number of hidden layers, neurons in each
CORNERS = ((0, 0), (1, 0), (0, 1))  # the coordinates of the trained points
LOW, HIGH = -0.5, 1.5
LEVEL = 0.5  # half the variance of the targets, which is the loss of the best constant


@dataclass(frozen=True)
class Plane:
    """The loss on the plane through three trained points (3, n), which lie at ``CORNERS``, and their losses (3,)."""

    activation: str
    hidden: tuple[int, int]
    ends: np.ndarray
    losses: np.ndarray
    piece: Slice

    @property
    def title(self) -> str:
        """Activation and hidden layers in words."""
        number, width = self.hidden
        layers = f"one layer of {width}" if number == 1 else f"{number} layers of {width}"
        return f"{'ReLU' if self.activation == 'relu' else self.activation}, {layers}"

    @property
    def low_share(self) -> float:
        """The share of the window with a loss below ``LEVEL``, by the trapezoidal rule."""
        weights = [np.convolve(np.diff(axis), (0.5, 0.5)) for axis in self.piece.axes]
        return float(weights[1] @ (self.piece.values < LEVEL) @ weights[0]) / (HIGH - LOW) ** 2


def model_of(results: Any, activation: str, hidden: tuple[int, int]) -> DeepNet:
    """The loss whose minimisation ended at the stored points."""
    number, width = hidden
    return DeepNet((len(results["X"]), *[width] * number, 1), results["X"], results["y"][None], activation)


@dataclass(frozen=True)
class Data:
    """Six planes, row by row."""

    planes: tuple[Plane, ...]


def axis(num: int) -> np.ndarray:
    """``num`` even steps from ``LOW`` to ``HIGH``, and finer ones around the coordinates 0 and 1 of the points."""
    fine = np.arange(-4, 5) / 64
    return np.unique(np.concatenate([np.linspace(LOW, HIGH, num), fine, 1 + fine]).round(12))


def data(num: int = 33) -> Data:
    """The architectures of ``HIDDEN``, each with both activations, from the stored points."""
    with np.load(RESULTS, allow_pickle=False) as results:
        return Data(tuple(_plane(results, s, hidden, axis(num)) for hidden in HIDDEN for s in ACTIVATIONS))


def _plane(results: Any, activation: str, hidden: tuple[int, int], x: np.ndarray) -> Plane:
    model, ends = model_of(results, activation, hidden), results[f"{activation}_{hidden[0]}x{hidden[1]}"]
    return Plane(activation, hidden, ends, model.loss(ends), cut(model, through(*ends), x, x))
