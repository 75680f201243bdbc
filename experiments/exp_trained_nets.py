"""Three trained parameter vectors of each of six nets, for sections through three points of a loss landscape.

Inputs in R^5, one output, ReLU and tanh; one hidden layer of 1000 neurons, four of 20, seven of 10. The target is a sum
of four random sine waves, with mean 0 and variance 1 on the sample. L-BFGS from random weights of variance 2 / fan-in
(ReLU) or 1 / fan-in (tanh), all biases 0. Another processor may round otherwise and so arrive at other points: the
stored ones are those that are shown.

Claims: sections.plane_coordinates
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from experiments.runner import map_units
from theory.models import DeepNet

QUESTION = "Do wide shallow nets have wider minima, joined by lower barriers, than narrow deep ones?"
CLAIMS = ("sections.plane_coordinates",)
EXPECTED = (
    "Every run ends below a hundredth of the variance of the targets. For ReLU and for tanh the mean barrier on the "
    "straight segments between the end points is higher for the last architecture, the deepest, than for the first, "
    "the widest (petersenzech2024, section 12.1: minima get steeper and more disconnected with depth)."
)
WAVES, MEMORY = 4, 20


@dataclass(frozen=True)
class Config:
    """``hidden``: (number, width) of the hidden layers of each architecture; ``points`` on each segment."""

    seed: int = 0
    inputs: int = 5
    samples: int = 200
    activations: tuple[str, ...] = ("relu", "tanh")
    hidden: tuple[tuple[int, int], ...] = ((1, 1000), (4, 20), (7, 10))
    runs: int = 3
    steps: int = 3000
    points: int = 51


SMOKE = Config(samples=20, hidden=((1, 100), (6, 8)), steps=300, points=11)


def run(config: Config, executor: Executor | None) -> dict[str, np.ndarray]:
    """The sample, the end points and what is known of them.

    Returns
    -------
    X (d, m), y (m,) : the sample.
    relu_1x1000, ... (runs, n) : end points by activation and hidden layers, flat as ``DeepNet`` packs them.
    loss, gradient, steps (activations, architectures, runs) : mean squared error, largest entry of its gradient,
        steps taken.
    segments (activations, architectures, pairs, points) : losses from one end point to the other, pairs in the order
        of ``itertools.combinations``.
    """
    shape = len(config.activations), len(config.hidden), config.runs
    thetas, *facts = zip(*map_units(executor, trained, config, int(np.prod(shape))), strict=True)
    X, y = sample(config)
    out = {"X": X, "y": y}
    segments = []
    for i, (activation, hidden) in enumerate(nets(config)):
        ends = np.array(thetas[i * config.runs : (i + 1) * config.runs])
        segments.append(along_segments(net(config, activation, hidden), ends, config.points))
        out[name(activation, hidden)] = ends
    out |= {key: np.reshape(fact, shape) for key, fact in zip(("loss", "gradient", "steps"), facts, strict=True)}
    out["segments"] = np.reshape(segments, (*shape[:2], -1, config.points))
    return out


def nets(config: Config) -> list[tuple[str, tuple[int, int]]]:
    """(activation, hidden layers) of all nets, in the order of the units."""
    return [(activation, hidden) for activation in config.activations for hidden in config.hidden]


def name(activation: str, hidden: tuple[int, int]) -> str:
    """The name of the array of end points: relu_1x1000."""
    return f"{activation}_{hidden[0]}x{hidden[1]}"


def sample(config: Config) -> tuple[np.ndarray, np.ndarray]:
    """X (d, m) and y (m,), the same for all nets."""
    rng = np.random.default_rng(config.seed)
    X = rng.standard_normal((config.inputs, config.samples))
    phases = rng.uniform(0, 2 * np.pi, (WAVES, 1))
    y = np.sin(rng.standard_normal((WAVES, config.inputs)) @ X + phases).sum(0)
    return X, (y - y.mean()) / y.std()


def net(config: Config, activation: str, hidden: tuple[int, int]) -> DeepNet:
    """The loss that is minimised."""
    X, y = sample(config)
    return DeepNet((config.inputs, *[hidden[1]] * hidden[0], 1), X, y[None], activation)


def trained(config: Config, index: int, rng: np.random.Generator) -> tuple[np.ndarray, float, float, int]:
    """End point, loss, largest entry of the gradient, and steps of one run."""
    from scipy.optimize import minimize

    model = net(config, *nets(config)[index // config.runs])
    options = {"maxiter": config.steps, "maxfun": 2 * config.steps, "maxcor": MEMORY, "ftol": 0, "gtol": 1e-6}

    def value_and_gradient(theta: np.ndarray) -> tuple[float, np.ndarray]:
        return float(model.loss(theta)), model.gradient(theta)

    end = minimize(value_and_gradient, start(model, rng), jac=True, method="L-BFGS-B", options=options)
    return end.x, float(model.loss(end.x)), float(np.abs(model.gradient(end.x)).max()), int(end.nit)


def start(model: Any, rng: np.random.Generator) -> np.ndarray:
    """Weights of variance 2 / fan-in for ReLU, else 1 / fan-in; biases 0."""
    gain = 2 if model.activation.homogeneous else 1
    shapes = [shape for _, shape in model.layout]
    layers = [rng.standard_normal(s) * np.sqrt(gain / s[1]) if len(s) == 2 else np.zeros(s) for s in shapes]
    return model.pack(*layers)


def along_segments(model: Any, ends: np.ndarray, points: int) -> np.ndarray:
    """Losses (pairs, points) on the straight segments between all pairs of end points."""
    t = np.linspace(0, 1, points)[:, None]
    return np.array([model.loss((1 - t) * a + t * b) for a, b in combinations(ends, 2)])


def barriers(segments: np.ndarray) -> np.ndarray:
    """How far the loss rises above the higher end, (..., points) -> (...)."""
    return segments.max(-1) - np.maximum(segments[..., 0], segments[..., -1])


def deviations(config: Config, arrays: dict[str, np.ndarray]) -> list[str]:
    """What is not as expected."""
    found = []
    if arrays["loss"].max() >= 0.01:
        found.append(f"a run ends at the loss {arrays['loss'].max():.2g}")
    means = barriers(arrays["segments"]).mean(-1)
    for activation, heights in zip(config.activations, means, strict=True):
        if heights[-1] <= heights[0]:
            found.append(f"{activation}: mean barrier {heights[0]:.2g} of the widest, {heights[-1]:.2g} of the deepest")
    return found
