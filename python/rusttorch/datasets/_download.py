"""Fetches files over HTTP: checked, shown by a progress bar, and never left half-written."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import sys
import zlib
from collections.abc import Callable, Sequence
from typing import Any

_CHUNK = 1 << 16
_TIMEOUT_S = 30.0


def download_gz(name: str, sha256: str, folder: str, mirrors: Sequence[str], max_bytes: int) -> str:
    """Fetch a gzip file into a folder, from the first mirror that has it as it should be.

    Args:
        name: the file's name, at the mirrors and in the folder.
        sha256: the checksum of what is in it, uncompressed.
        folder: where it goes; it is made if need be.
        mirrors: addresses that the name is added to.
        max_bytes: a larger file is not read on.

    Returns:
        The path of the file.

    Raises:
        RuntimeError: no mirror had it; the message tells what each said. Nothing of the file is left then.
    """
    path = os.path.join(folder, name)
    part = f"{path}.part{os.getpid()}"
    failures = []
    for mirror in mirrors:
        url = mirror + name
        try:
            _fetch(url, part, name, max_bytes)
            found = _sha256_of_content(part)
            if found != sha256:
                raise ValueError(f"the checksum is {found}, it should be {sha256}")
            os.replace(part, path)
            return path
        except (OSError, ValueError, EOFError, zlib.error) as error:  # HTTP and network errors are OSErrors
            failures.append(f"{url}: {error}")
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(part)
    raise RuntimeError("; ".join(failures))


def _fetch(url: str, path: str, name: str, max_bytes: int) -> None:
    import http.client
    import urllib.request

    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as response:
            length = response.headers.get("Content-Length")
            total = int(length) if length and length.isdigit() else None
            done = 0
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as out, _progress(name, total) as advance:
                while chunk := response.read(_CHUNK):
                    done += len(chunk)
                    if done > max_bytes:
                        raise ValueError(f"the file is larger than {max_bytes} bytes")
                    out.write(chunk)
                    advance(len(chunk))
    except http.client.HTTPException as error:
        raise ValueError(f"the transfer broke off: {error!r}") from error
    if total is not None and done != total:
        raise ValueError(f"the transfer broke off after {done} of {total} bytes")


@contextlib.contextmanager
def _progress(name: str, total: int | None) -> Any:
    """Shows how far a transfer is: gives a function to call with the bytes of each chunk."""
    try:
        from tqdm import tqdm  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ModuleNotFoundError:
        size = "" if total is None else f" ({total / 1e6:.1f} MB)"
        print(f"downloading {name}{size}", file=sys.stderr)
        ignore: Callable[[int], None] = lambda count: None  # noqa: E731
        yield ignore
    else:
        with tqdm(total=total, desc=name, unit="B", unit_scale=True) as bar:
            yield bar.update


def _sha256_of_content(path: str) -> str:
    digest = hashlib.sha256()
    with gzip.open(path, "rb") as f:
        while chunk := f.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
