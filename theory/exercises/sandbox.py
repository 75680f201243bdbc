"""The process in which a student's file runs; a script of its own that never loads the rest of the book.

Reads a job (JSON) from standard input, sets the limits, runs the source, calls its functions and writes the answers
(JSON) to what was standard output. This protects a grading machine from accidents, not from malice: the answers
themselves are judged elsewhere, by exact arithmetic.
"""

import builtins
import json
import os
import sys
import traceback
from numbers import Integral, Rational, Real

MAX_ANSWER = 1_000_000


def limit(memory_bytes, seconds):
    """No more memory, processor time or files than stated; a system without ``resource`` keeps only the wall clock."""
    try:
        import resource
    except ImportError:
        return
    for what, value in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, int(seconds) + 1),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
        try:
            resource.setrlimit(what, (soft, hard))
        except (ValueError, OSError):
            pass  # some systems know a limit and refuse to set it


class Forbidden:
    """An import hook that refuses the modules that answer the question."""

    def __init__(self, names):
        self.names = names

    def find_spec(self, name, path=None, target=None):
        for forbidden in self.names:
            if name == forbidden or name.startswith(forbidden + "."):
                raise ImportError(f"{name} may not be imported: this exercise asks you to find its answer yourself")


def encoded(value):
    """A JSON value in which integers and rationals are strings "p" or "p/q", and floats are marked as floats."""
    if value is None or isinstance(value, bool | str):
        return value
    if hasattr(value, "tolist"):
        return encoded(value.tolist())
    if isinstance(value, Integral) or hasattr(value, "__index__"):
        return str(int(value))
    if isinstance(value, Rational):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, Real):
        return {"float": repr(float(value))}
    if isinstance(value, list | tuple):
        return [encoded(v) for v in value]
    p, q = getattr(value, "p", None), getattr(value, "q", None)
    if p is not None and q is not None:
        return f"{int(p)}/{int(q)}"
    return {"other": type(value).__name__}


def message(error, filename):
    """The exception in one line, with the last line of the student's file that it passed."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == filename]
    where = f" (line {lines[-1]})" if lines else ""
    return f"{type(error).__name__}: {error}{where}".replace("\n", " ")[:500]


def answers(job):
    """{"error": text}, or {"answers": [[value, None] or [None, text], ...]}, one for each call."""
    filename, space = job["filename"], {"__name__": "submission", "__builtins__": builtins}
    try:
        exec(compile(job["source"], filename, "exec"), space)
    except BaseException as error:
        return {"error": message(error, filename)}
    return {"answers": [answer(space, function, arguments, filename) for function, arguments in job["calls"]]}


def answer(space, function, arguments, filename):
    if not callable(space.get(function)):
        return [None, "is not defined; keep the functions of the stub"]
    try:
        return [encoded(space[function](*arguments)), None]
    except BaseException as error:
        return [None, f"raised {message(error, filename)}"]


def main():
    job = json.load(sys.stdin)
    out = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what the student prints must not mix with the answers
    sys.path.append(job["root"])
    sys.meta_path.insert(0, Forbidden(job["forbidden"]))
    limit(job["memory_bytes"], job["seconds"])
    text = json.dumps(answers(job))
    if len(text) > MAX_ANSWER:
        text = json.dumps({"error": f"the answers are longer than {MAX_ANSWER} characters; return smaller data"})
    out.write(text)
    out.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
