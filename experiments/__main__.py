"""Run the experiments: ``python -m experiments [names] [--smoke] [--workers N] [--executor process|dask]``."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType

from experiments.executors import KINDS, open_executor
from experiments.results_files import save
from theory.cli.main import INTERRUPTED, Parser
from theory.cli.output import Mistake, one_line, writable_folder
from theory.errors import BadFile, UnknownName

HERE = Path(__file__).parent
RESULTS = HERE / "results"


def names() -> tuple[str, ...]:
    """All experiments, by the names of their files without ``exp_``."""
    return tuple(sorted(path.stem.removeprefix("exp_") for path in HERE.glob("exp_*.py")))


def load(name: str) -> ModuleType:
    """The module of an experiment, with or without the prefix ``exp_``.

    Raises
    ------
    UnknownName
        For a name that is no experiment.
    """
    short = name.removeprefix("exp_")
    if short not in names():
        raise UnknownName(f"one of {', '.join(names())}, got {name!r}; --list shows what they ask")
    return import_module(f"experiments.exp_{short}")


def carry_out(name: str, options: Namespace, executor: Executor | None) -> bool:
    """Run, judge and save one experiment, and print its outcome; whether it is the expected one."""
    experiment = load(name)
    config = experiment.SMOKE if options.smoke else experiment.Config()
    if options.seed is not None:
        config = replace(config, seed=options.seed)
    start = time.perf_counter()
    arrays = experiment.run(config, executor)
    seconds = time.perf_counter() - start
    found = experiment.deviations(config, arrays)
    outcome = "differs from the expected: " + "; ".join(found) if found else "as expected"
    print(f"{name}: {outcome} ({seconds:.1f} s)")
    if options.out:
        manifest = {
            "question": experiment.QUESTION,
            "claims": experiment.CLAIMS,
            "expected": experiment.EXPECTED,
            "outcome": outcome,
            "config": config,
            "executor": "none: this process" if executor is None else options.executor,
            "workers": "those of the cluster" if options.address else options.workers,
            "wall_seconds": round(seconds, 1),
        }
        print(save(options.out, name, arrays, manifest))
    return not found


def parser() -> Parser:
    """The parser of the command line."""
    out = Parser(
        "python -m experiments",
        description="Run all experiments, or the named ones, and compare the outcomes with the expected ones.",
        epilog="Exit status: 0 every outcome is the expected one; 1 some outcome differs; 2 a mistake in the call.",
        allow_abbrev=False,
    )
    out.add_argument("names", nargs="*", help="experiments to run (default: all)")
    out.add_argument("--list", action="store_true", help="print the names and the questions, and stop")
    out.add_argument("--smoke", action="store_true", help="the small version, a few seconds; saved only with --out")
    out.add_argument("--workers", type=int, default=1, help="default: 1")
    out.add_argument("--executor", choices=KINDS, help="default: process, with --address dask")
    out.add_argument("--address", help="of a Dask scheduler, tcp://host:port; default: a cluster on this machine")
    out.add_argument("--out", type=Path, help="folder of the results (default: experiments/results)")
    out.add_argument("--seed", type=int, help="in place of the seed of the configuration")
    return out


def run(options: Namespace) -> int:
    """Exit status 0 or 1.

    Raises
    ------
    Mistake
        For whatever the user can mend, before any work where that is possible.
    """
    if options.list:
        for name in names():
            print(f"{name}: {load(name).QUESTION}")
        return 0
    try:
        chosen = [load(name).__name__.rpartition("exp_")[2] for name in options.names or names()]
    except UnknownName as error:
        raise Mistake(str(error)) from None
    if options.seed is not None and options.seed < 0:
        raise Mistake(f"seed: an integer of at least 0, got {options.seed}")
    options.executor = options.executor or ("dask" if options.address else "process")
    if options.out is None and not options.smoke:
        options.out = RESULTS
    if options.out:
        writable_folder(options.out)
    try:
        with open_executor(options.executor, options.workers, options.address) as executor:
            outcomes = [carry_out(name, options, executor) for name in dict.fromkeys(chosen)]
    except BadFile as error:
        raise Mistake(str(error)) from None
    return 0 if all(outcomes) else 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line: 0 as expected, 1 an outcome differs, 2 a mistake of the user's, 130 interrupted."""
    try:
        return run(parser().parse_args(arguments))
    except Mistake as mistake:
        print(f"experiments: {one_line(mistake)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("experiments: interrupted", file=sys.stderr)
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
