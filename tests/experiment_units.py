"""Executors and units of work, which other processes can import: one reports, one fails, one kills its worker."""

import io
import os
import signal
import threading
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info

from experiments import exp_bowl_probability
from experiments.results_files import storable


@dataclass(frozen=True)
class Config:
    seed: int = 5
    marker: str = ""


def draw(config, index, rng):
    return index, rng.random(2).tolist()


def threads(config, index, rng):
    import scipy.linalg

    scipy.linalg.eigvalsh([[1.0]])
    return {library["num_threads"] for library in threadpool_info()}


def broken(config, index, rng):
    if index == 2:
        raise ArithmeticError("no number")
    return index


class Odd(Exception):
    """It can be pickled, and not be unpickled."""

    def __init__(self, first, second):
        super().__init__(f"{first} and {second}")


def odd(config, index, rng):
    if index == 2:
        raise Odd("one", "two")
    return index


def changing(config, index, rng):
    """A unit that changes what it was given."""
    config.seen.append(index)
    return list(config.seen)


@dataclass
class Changeable:
    seed: int = 0
    seen: list = field(default_factory=list)


def killing(config, index, rng):
    """A saddle of the small experiment; at index 1 the worker dies in the middle of it, the first time."""
    if index == 1 and not Path(config.marker).exists():
        Path(config.marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return exp_bowl_probability.saddle(exp_bowl_probability.SMOKE, index, rng)


class LastFirst(Executor):
    """Runs the task that was submitted last first, once no more have come for a moment."""

    def __init__(self):
        self.tasks, self.thread = [], None

    def submit(self, function, /, *arguments, **keywords):
        future = Future()
        self.tasks.append((future, function, arguments, keywords))
        if self.thread is None or not self.thread.is_alive():
            self.thread = threading.Timer(0.05, self.work)
            self.thread.start()
        return future

    def work(self):
        while self.tasks:
            future, function, arguments, keywords = self.tasks.pop()
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(function(*arguments, **keywords))
                except Exception as error:
                    future.set_exception(error)


def saved(arrays):
    """The bytes of the file."""
    out = io.BytesIO()
    np.savez(out, **{key: storable(key, a) for key, a in arrays.items()})
    return out.getvalue()
