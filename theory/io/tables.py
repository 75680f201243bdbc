"""CSV files as data: rows are samples there and columns are samples here; decimals are read exactly."""

from __future__ import annotations

import csv
import functools
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from theory.arithmetic import rational
from theory.arrays import frozen
from theory.errors import BadFile
from theory.io.entries import exact
from theory.io.files import decoded, read_bytes

DATA = Path(__file__).parents[1] / "data"


@dataclass(frozen=True)
class Table:
    """The columns of a CSV file as strings, by name."""

    name: str
    columns: dict[str, tuple[str, ...]]

    def texts(self, column: Any) -> tuple[str, ...]:
        """One column."""
        if not isinstance(column, str) or column not in self.columns:
            raise BadFile(f"{self.name}: needs one of the columns {', '.join(self.columns)}, got {column!r}")
        return self.columns[column]

    def numbers(self, column: Any) -> np.ndarray:
        """(m,), rational: 5.1 is 51/10."""
        cells = enumerate(self.texts(column), start=2)
        return rational([exact(text, f"{self.name}, row {row}, column {column}") for row, text in cells])

    def is_numeric(self, column: Any) -> bool:
        """Whether the first entry of the column is a number."""
        try:
            exact(self.texts(column)[0], self.name)
        except BadFile:
            raise
        except ValueError:
            return False
        return True

    def one_hot(self, column: Any) -> np.ndarray:
        """(number of classes, m), rational: the classes in the order of their first appearance."""
        texts = self.texts(column)
        classes = dict.fromkeys(texts)
        return rational([[int(text == c) for text in texts] for c in classes])


def read_table(name: str, folder: Path = Path()) -> Table:
    """A bundled table by its name ("iris"), or a CSV file with a header, relative to ``folder``.

    Raises
    ------
    BadFile
        When the file is missing, binary, empty, ragged, or names a column twice.
    """
    bundled = DATA / f"{name}.csv"
    raw = read_bytes(bundled if "/" not in name and bundled.is_file() else folder / name)
    rows = [row for row in csv.reader(io.StringIO(_text(raw, name), newline="")) if row]
    if len(rows) < 2:
        raise BadFile(f"{name}: needs a header and at least one row, got {len(rows)} rows")
    header = [cell.strip() for cell in rows[0]]
    if len(set(header)) < len(header):
        raise BadFile(f"{name}: columns must have different names, got {', '.join(header)}")
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(header):
            raise BadFile(f"{name}, row {number}: needs {len(header)} cells, got {len(row)}")
    columns = zip(*[[cell.strip() for cell in row] for row in rows[1:]], strict=True)
    return Table(name, dict(zip(header, columns, strict=True)))


def _text(raw: bytes, name: str) -> str:
    try:
        return decoded(raw)
    except BadFile:
        raise BadFile(f"{name}: needs a CSV file in UTF-8, got binary data") from None


def data_of(spec: dict[str, Any], folder: Path) -> dict[str, np.ndarray]:
    """The arrays X (d, m) and Y (k, m) or y (m,) of {"csv": file, "X": names, "Y": names or "y": name, "bias": true}.

    ``X`` defaults to all other columns; a target ``Y`` of words becomes one-hot; ``bias`` appends a row of ones to X.
    """
    unknown = set(spec) - {"csv", "X", "Y", "y", "bias"}
    if unknown or not isinstance(spec["csv"], str) or not isinstance(spec.get("bias", False), bool):
        raise BadFile(f"data: needs the keys csv (a name), X, Y or y, bias (true or false), got {spec}")
    if ("Y" in spec) == ("y" in spec):
        raise BadFile("data: needs one of the columns Y (a matrix, one-hot for words) and y (one number a sample)")
    table = read_table(spec["csv"], folder)
    target = spec.get("Y", spec.get("y"))
    targets = target if isinstance(target, list) else [target]
    for column in targets:
        table.texts(column)
    inputs = spec.get("X", [c for c in table.columns if c not in targets])
    X = [table.numbers(c) for c in (inputs if isinstance(inputs, list) else [inputs])]
    if spec.get("bias", False):
        X.append(rational([1] * len(next(iter(table.columns.values())))))
    if not X or not targets:
        raise BadFile("data: needs at least one column for X and one for the target")
    if "y" in spec:
        return {"X": np.stack(X), "y": table.numbers(target)}
    Y = [table.numbers(c)[None] if table.is_numeric(c) else table.one_hot(c) for c in targets]
    return {"X": np.stack(X), "Y": np.concatenate(Y)}


@functools.cache
def iris() -> tuple[np.ndarray, np.ndarray]:
    """Fisher's 150 irises, exactly: X (5, 150) with four lengths in cm and a row of ones, Y (3, 150) one-hot.

    Source: fisher1936, Table I.
    """
    data = data_of({"csv": "iris", "Y": "species", "bias": True}, Path())
    return frozen(data["X"]), frozen(data["Y"])
