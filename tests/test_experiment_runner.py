"""The runner of experiments: the same bytes on every executor, also when workers die; mistakes in one line."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from fractions import Fraction
from functools import partial
from pathlib import Path

import experiment_units as units
import numpy as np
import pytest
from experiment_units import LastFirst, saved
from threadpoolctl import threadpool_info

from experiments.__main__ import load, main, names
from experiments.executors import open_executor
from experiments.results_files import save, storable
from experiments.runner import map_units
from theory.arithmetic import rational
from theory.cli.output import Mistake
from theory.io.files import read

ROOT = Path(__file__).parent.parent


def refused(capsys, *arguments):
    """The one line of a mistake."""
    assert main([str(a) for a in arguments]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("experiments: ") and err.count("\n") == 1 and "Traceback" not in err
    return err


# --- units of work ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chunk", [1, 2, 7])
def test_a_unit_has_the_generator_of_seed_and_index(chunk):
    expected = [(i, np.random.default_rng([5, i]).random(2).tolist()) for i in range(5)]
    assert map_units(None, units.draw, units.Config(), 5, chunk) == expected
    assert map_units(LastFirst(), units.draw, units.Config(), 5, chunk) == expected
    assert map_units(None, units.draw, units.Config(), 0, chunk) == []


def test_blas_has_one_thread_in_every_mode():
    before = [library["num_threads"] for library in threadpool_info()]
    for pool in (open_executor("process", 1), open_executor("process", 2), ThreadPoolExecutor(2)):
        with pool as executor:
            assert set().union(*map_units(executor, units.threads, units.Config(), 4)) == {1}
    assert [library["num_threads"] for library in threadpool_info()][: len(before)] == before


@pytest.mark.parametrize("executor", [None, LastFirst(), ThreadPoolExecutor(1)])
def test_the_error_of_a_unit_names_it(executor):
    with pytest.raises(ArithmeticError, match="no number") as caught:
        map_units(executor, units.broken, units.Config(), 5)
    assert "unit 2 of experiment_units" in caught.value.__notes__[0]


def test_an_error_that_cannot_be_unpickled_is_no_killed_worker():
    with pytest.raises(RuntimeError, match="one and two") as caught, open_executor("process", 2) as executor:
        map_units(executor, units.odd, units.Config(), 5)
    assert "unit 2 of experiment_units" in str(caught.value)
    with pytest.raises(units.Odd) as original:
        map_units(None, units.odd, units.Config(), 5)
    assert "unit 2 of experiment_units" in original.value.__notes__[0]


@pytest.mark.parametrize("chunk", [1, 3])
def test_what_a_unit_changes_no_other_unit_sees(chunk):
    config, expected = units.Changeable(), [[i] for i in range(4)]
    assert map_units(None, units.changing, config, 4, chunk) == expected and config.seen == []
    for pool in (open_executor("process", 2), ThreadPoolExecutor(2)):
        with pool as executor:
            assert map_units(executor, units.changing, config, 4, chunk) == expected


class Interrupted(Executor):
    """The first task is interrupted, the others wait for ever."""

    def __init__(self):
        self.futures = []

    def submit(self, function, /, *arguments, **keywords):
        self.futures.append(Future())
        if len(self.futures) == 1:
            self.futures[0].set_exception(KeyboardInterrupt())
        return self.futures[-1]


def test_an_interrupt_cancels_what_has_not_started():
    executor = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        map_units(executor, units.draw, units.Config(), 4)
    assert [future.cancelled() for future in executor.futures] == [False, True, True, True]


@pytest.mark.parametrize(("count", "chunk"), [(-1, 1), (3, 0)])
def test_counts_are_refused(count, chunk):
    with pytest.raises(ValueError, match=f"count >= 0 and chunk >= 1, got {count} and {chunk}"):
        map_units(None, units.draw, units.Config(), count, chunk)


# --- workers that die ------------------------------------------------------------------------------------------------


def test_dask_finishes_the_work_of_a_killed_worker(tmp_path):
    """Two workers, one is killed within a unit: the bytes of an undisturbed run in one process."""
    pytest.importorskip("dask.distributed", reason="needs dask: pip install '.[cluster]'")
    experiment, marker = load("bowl_probability"), tmp_path / "killed"
    expected = saved(experiment.run(experiment.SMOKE, None))
    rows = saved({"rows": np.array([str(row) for row in map_units(None, experiment.saddle, experiment.SMOKE, 6)])})
    with open_executor("dask", 2) as executor:
        assert saved(experiment.run(experiment.SMOKE, executor)) == expected
        assert set().union(*map_units(executor, units.threads, units.Config(), 4)) == {1}
        config = units.Config(seed=experiment.SMOKE.seed, marker=str(marker))
        after = map_units(executor, units.killing, config, 6)
    assert marker.exists()
    assert saved({"rows": np.array([str(row) for row in after])}) == rows


def test_a_pool_whose_worker_is_killed_ends_in_words(tmp_path):
    config = units.Config(marker=str(tmp_path / "killed"))
    with pytest.raises(Mistake, match="a worker process was killed"), open_executor("process", 2) as executor:
        map_units(executor, units.killing, config, 6)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_interrupted_run_ends_in_one_line(workers, tmp_path):
    folder = tmp_path / "results"
    command = [sys.executable, "-m", "experiments", "trained_nets", "--workers", workers, "--out", str(folder)]
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # what runs in the background may ignore it
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heard
    )
    while not folder.exists() and process.poll() is None:
        time.sleep(0.05)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "experiments: interrupted\n")
    assert not os.listdir(folder)


# --- files -----------------------------------------------------------------------------------------------------------


def test_rationals_are_stored_as_strings(tmp_path):
    q = rational([["1/3", -2], [0, "10/4"]])
    save(tmp_path, "some", {"q": q, "x": [0.5], "n": 3}, {"config": units.Config(), "limit": Fraction(1, 3)})
    stored = read(tmp_path / "some.npz")
    assert stored["q"] == [["1/3", "-2"], ["0", "5/2"]] and stored["n"] == 3 and stored["x"] == [0.5]
    assert (rational(stored["q"]) == q).all()
    assert json.loads((tmp_path / "some.json").read_text())["limit"] == "1/3"


def test_nothing_is_pickled():
    with pytest.raises(TypeError, match="a needs numbers, rationals or strings, got object"):
        storable("a", np.array([{}], object))
    with pytest.raises(TypeError, match="got complex128"):
        storable("a", [1j])
    with pytest.raises(ValueError, match=r"identifiers, got 'a\.b'"):
        storable("a.b", [1])


# --- the command line ------------------------------------------------------------------------------------------------


def test_mistakes_are_one_line(tmp_path, capsys):
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert "got 'nothing'" in refused(capsys, "nothing")
    assert f"got {blocked}" in refused(capsys, "--smoke", "--out", blocked)
    assert f"got {blocked}" in refused(capsys, "--smoke", "--out", blocked / "deeper")
    assert "at least 1, got 0" in refused(capsys, "--smoke", "--workers", 0)
    assert "at least 1, got -2" in refused(capsys, "--smoke", "--executor", "dask", "--workers", -2)
    assert "at least 0, got -1" in refused(capsys, "--smoke", "--seed", -1)
    assert "add --executor dask" in refused(capsys, "--smoke", "--executor", "process", "--address", "tcp://x:1")
    assert "invalid int value" in refused(capsys, "--workers", "many")
    assert "invalid choice: 'mpi'" in refused(capsys, "--executor", "mpi")


def test_an_address_without_scheduler_is_one_line(capsys):
    pytest.importorskip("dask.distributed", reason="needs dask: pip install '.[cluster]'")
    assert "needs a Dask scheduler, got 'nowhere'" in refused(capsys, "--smoke", "--address", "nowhere")


def test_dask_that_is_not_installed_is_one_line(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "dask.distributed", None)
    assert 'pip install ".[cluster]"' in refused(capsys, "--smoke", "--executor", "dask")


def test_the_file_says_where_the_units_ran(tmp_path):
    for more, words in (((), "none: this process"), (("--workers", "2"), "process")):
        assert main(["trained_nets", "--smoke", "--out", str(tmp_path), *more]) in (0, 1)
        assert json.loads((tmp_path / "trained_nets.json").read_text())["executor"] == words


def test_the_list_shows_the_questions(capsys):
    assert main(["--list"]) == 0
    assert capsys.readouterr().out == "".join(f"{name}: {load(name).QUESTION}\n" for name in names())


def test_an_unexpected_outcome_is_status_1(monkeypatch, capsys):
    monkeypatch.setattr(load("bowl_probability"), "deviations", lambda config, arrays: ["all is different", "really"])
    assert main(["bowl_probability", "--smoke"]) == 1
    assert "differs from the expected: all is different; really" in capsys.readouterr().out
