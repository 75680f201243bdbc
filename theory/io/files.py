"""Nested dictionaries in JSON or .npz: bytes on disk, and every way in which they can be wrong."""

from __future__ import annotations

import io
import json
import sys
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from theory.arrays import MAX_BYTES
from theory.errors import BadFile

_ZIP, _NPY = b"PK\x03\x04", b"\x93NUMPY"


def read(path: str | Path) -> dict[str, Any]:
    """The nested dictionary of a JSON or .npz file ("-" is standard input); its kind is told from its first bytes.

    Raises
    ------
    BadFile
        When it cannot be read, in one sentence.
    """
    raw = read_bytes(path)
    try:
        return _from_npz(raw) if raw.startswith(_ZIP) else from_json(raw)
    except BadFile as error:
        raise BadFile(f"{path}: {error}") from None


def read_bytes(path: str | Path) -> bytes:
    """The content of a file of bounded size.

    Raises
    ------
    BadFile
        When the path is missing, a directory, not permitted, or the file larger than 256 MiB.
    """
    try:
        if str(path) == "-":
            raw = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with open(path, "rb") as file:
                raw = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadFile(f"{path}: needs a readable file, got: {reason}; check the path") from None
    if len(raw) > MAX_BYTES:
        raise BadFile(f"{path}: needs a file of at most {MAX_BYTES >> 20} MiB; reduce the data")
    return raw


def decoded(raw: bytes) -> str:
    """UTF-8 text."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        kind = "a .npy array; save several with np.savez" if raw.startswith(_NPY) else "binary data"
        raise BadFile(f"needs JSON or .npz, got {kind}")
    return text


def from_json(raw: bytes) -> dict[str, Any]:
    """The dictionary of a JSON text, in which keys are unique and numbers finite."""

    def refuse(name: str) -> None:
        raise BadFile(f"entries must be finite, got {name}")

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        twice = [key for key in keys if keys.count(key) > 1]
        if twice:
            raise BadFile(f"every key must occur once, got {twice[0]!r} twice")
        return dict(pairs)

    try:
        out = json.loads(decoded(raw), parse_constant=refuse, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise BadFile(f"needs valid JSON: {error.msg.lower()} in {where}") from None
    except RecursionError:
        raise BadFile("needs lists nested less deeply") from None
    except ValueError as error:
        raise error if isinstance(error, BadFile) else BadFile(f"needs valid JSON: {error}") from None
    if not isinstance(out, dict):
        raise BadFile(f"needs a JSON object, got {type(out).__name__}")
    return out


def _from_npz(raw: bytes) -> dict[str, Any]:
    """Keys with dots are nested; float arrays stay arrays, all else becomes what JSON would hold."""
    out: dict[str, Any] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MAX_BYTES:
                raise BadFile(f"needs arrays of at most {MAX_BYTES >> 20} MiB; reduce the data")
        with np.load(io.BytesIO(raw), allow_pickle=False) as archive:
            for key in archive.files:
                _insert(out, key, _value(key, archive[key]))
    except BadFile:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError):
        raise BadFile("needs a complete .npz file, got a truncated or damaged one; save it again") from None
    except ValueError as error:
        if "pickle" in str(error):
            raise BadFile('needs numbers or "p/q" strings, got pickled objects, which are never loaded') from None
        raise BadFile(f"needs a complete .npz file, got: {error}") from None
    return out


def _value(key: str, a: Any) -> Any:
    if not isinstance(a, np.ndarray) or a.dtype.kind not in "fiubU":
        raise BadFile(f'{key}: needs numbers or "p/q" strings, got {getattr(a, "dtype", "a file that is no array")}')
    return a if a.dtype.kind == "f" and a.ndim else a.tolist()


def _insert(out: dict[str, Any], key: str, value: Any) -> None:
    *parents, last = key.split(".")
    for parent in parents:
        out = out.setdefault(parent, {})
        if not isinstance(out, dict):
            raise BadFile(f"{key}: {parent} is an array and cannot hold further keys")
    if last in out:
        raise BadFile(f"{key}: needs one array, got two meanings")
    out[last] = value


def write(path: str | Path, nested: dict[str, Any]) -> None:
    """Write JSON, or .npz if the path ends so; the bytes are complete before the file is touched."""
    if Path(path).suffix == ".npz":
        buffer = io.BytesIO()
        np.savez(buffer, **dict(_flat(nested)))
        raw = buffer.getvalue()
    else:
        raw = (json_text(nested) + "\n").encode()
    try:
        Path(path).write_bytes(raw)
    except OSError as error:
        raise BadFile(f"{path}: cannot be written: {error.strerror}; choose another path") from None


def _flat(nested: dict[str, Any], prefix: str = "") -> Any:
    for key, value in nested.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        elif value is not None:
            yield prefix + key, value


def json_text(value: Any, indent: int = 0) -> str:
    """JSON with one key and one matrix row a line."""
    gap = " " * (indent + 2)
    if isinstance(value, Mapping) and (indent == 0 or "[[" in json.dumps(value)):
        rows = [f"{gap}{json.dumps(key)}: {json_text(v, indent + 2)}" for key, v in value.items()]
        return "{\n" + ",\n".join(rows) + "\n" + " " * indent + "}"
    if isinstance(value, list) and any(isinstance(row, list) for row in value):
        return "[\n" + ",\n".join(gap + json_text(row, indent + 2) for row in value) + "\n" + " " * indent + "]"
    return json.dumps(value, allow_nan=False, ensure_ascii=False)
