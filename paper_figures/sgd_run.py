"""One run of SGD on a deep linear net: the data of two figures."""

from __future__ import annotations

import numpy as np

from theory.dynamics.sgd import sgd
from theory.models import DeepLinearNet

STEPS = 400
WIDTH, LAYERS, SAMPLES = 8, 3, 64


def run() -> tuple[DeepLinearNet, np.ndarray]:
    """The net 8-8-8-8 (192 weights) on 64 noisy samples of a linear map, and the path (401, 192) of SGD, batch 4."""
    rng = np.random.default_rng(0)
    X, R = rng.standard_normal((WIDTH, SAMPLES)), rng.standard_normal((WIDTH, WIDTH))
    Y = R @ X + rng.standard_normal((WIDTH, SAMPLES))
    model = DeepLinearNet((WIDTH,) * (LAYERS + 1), X / SAMPLES**0.5, Y / SAMPLES**0.5)
    start = 0.75 * rng.standard_normal(model.dim) / WIDTH**0.5
    return model, sgd(model, start, 0.01, STEPS, batch=4, seed=1)
