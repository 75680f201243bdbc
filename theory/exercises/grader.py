"""Grading: a student's file runs in a process with limits, its answers are judged here by exact arithmetic."""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from theory.errors import BadFile
from theory.exercises.exercise import BadAnswer, Exercise, Item

SANDBOX = Path(__file__).with_name("sandbox.py")
GIB = 2**30
MAX_SOURCE = 2**18


@dataclass(frozen=True)
class Grade:
    """The result of grading one file.

    Attributes
    ----------
    passed : whether every item passed.
    messages : what is wrong in words, smallest failing case first; what was right if nothing is.
    items : everything that was checked.
    """

    passed: bool
    messages: tuple[str, ...]
    items: tuple[Item, ...]

    @classmethod
    def of(cls, items: list[Item]) -> Grade:
        failing = sorted((item for item in items if not item.passed), key=lambda item: item.size)
        passed = bool(items) and not failing
        return cls(passed, tuple(item.message for item in (items if passed else failing)), tuple(items))


def grade(exercise: Exercise, path: str | Path, *, timeout: float = 20, memory_bytes: int = GIB) -> Grade:
    """Run the file and judge its answers.

    Parameters
    ----------
    exercise : from ``theory.exercises.all_exercises()``.
    path : the student's Python file.
    timeout : wall-clock seconds for the whole file.
    memory_bytes : address space of its process.

    Raises
    ------
    BadFile
        When the file cannot be read. Whatever is wrong *in* the file is the grade's message.
    """
    source = _read(Path(path))
    problem = _static_problem(source, Path(path).name, exercise.forbidden)
    if problem:
        return Grade.of([Item("file", False, problem)])
    reply = _run(exercise, source, Path(path), timeout, memory_bytes)
    if "error" in reply:
        return Grade.of([Item("file", False, reply["error"])])
    answers, items = {}, []
    for call, (value, error) in zip(exercise.calls, reply["answers"], strict=True):
        answers[call] = value
        if error:
            items.append(Item(call.function, False, f"{call}: {error}"))
    if items:
        return Grade.of(items)
    try:
        return Grade.of(exercise.check(answers))
    except BadAnswer as bad:
        return Grade.of([Item("form", False, str(bad))])


def _read(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadFile(f"grade: needs a readable Python file, got {path} ({error.strerror}); check the path") from None
    try:
        if len(data) <= MAX_SOURCE and b"\0" not in data:
            return data.decode()
    except UnicodeDecodeError:
        pass
    raise BadFile(f"grade: needs Python source in UTF-8 of at most {MAX_SOURCE} bytes, got {path}; check the path")


def _static_problem(source: str, filename: str, forbidden: tuple[str, ...]) -> str | None:
    """What can be said without running: a syntax error, or the use of a forbidden name."""
    try:
        tree = ast.parse(source, filename)
    except (SyntaxError, RecursionError) as error:
        return f"the file is not valid Python: {error}"
    for node in ast.walk(tree):
        for used in _names(node):
            for name in forbidden:
                if used == name or used.startswith(name + "."):
                    line = getattr(node, "lineno", "?")
                    return f"line {line} uses {used}: the exercise asks you to find the answer without {name}"
    return None


def _names(node: ast.AST) -> list[str]:
    """Every name that a node imports or mentions, also in a string (``__import__("theory.critical")``)."""
    match node:
        case ast.Import(names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module, names):
            return [module or "", *(f"{module}.{alias.name}" for alias in names), *(alias.name for alias in names)]
        case ast.Name(name) | ast.Attribute(attr=name):
            return [name]
        case ast.Constant(str(text)):
            return [text]
    return []


def _run(exercise: Exercise, source: str, path: Path, timeout: float, memory_bytes: int) -> dict[str, Any]:
    """The reply of the sandbox, or its death in words."""
    job = {
        "source": source,
        "filename": path.name,
        "calls": [(call.function, call.arguments) for call in exercise.calls],
        "forbidden": exercise.forbidden,
        "root": str(SANDBOX.parents[2]),
        "memory_bytes": memory_bytes,
        "seconds": timeout,
    }
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, "-P", "-B", "-X", "utf8", str(SANDBOX)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            start_new_session=True,
        )
        try:
            out, _ = process.communicate(json.dumps(job).encode(), timeout=timeout)
        except subprocess.TimeoutExpired:
            _end(process)
            return {"error": _late(timeout)}
    try:
        return json.loads(out)
    except ValueError:
        return {"error": _death(process.returncode, timeout, memory_bytes)}


def _end(process: subprocess.Popen) -> None:
    """Kill the process, with whatever it started where the system has process groups."""
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)  # not yet waited for, so the group is still ours
    else:
        process.kill()
    process.communicate()


def _late(timeout: float) -> str:
    return f"the file did not finish within {timeout:g} s; look for a loop that never ends"


def _death(status: int, timeout: float, memory_bytes: int) -> str:
    if hasattr(signal, "SIGXCPU") and status == -signal.SIGXCPU:
        return _late(timeout)
    limits = f"{memory_bytes // 2**20} MiB of memory, no files written"
    return f"the file ended its process (status {status}) before answering; the limits are {limits}"
