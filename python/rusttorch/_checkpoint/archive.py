"""PyTorch's zip archives: stored records, each at an offset that is a multiple of 64 bytes."""

from __future__ import annotations

import hashlib
import struct
import zipfile
import zlib
from typing import IO, Any

from rusttorch import _C

ALIGNMENT = 64
_LOCAL_HEADER = 30
_MAGIC = b"PK\x03\x04"


def is_archive(f: IO[bytes]) -> bool:
    """Whether a zip archive starts where the file stands; the file is left there."""
    start = f.tell()
    magic = f.read(len(_MAGIC))
    f.seek(start)
    return magic == _MAGIC


class ArchiveWriter:
    """Writes records, named ``<name>/<record>``, into an archive on a file that is open for writing.

    At the end of a ``with`` block the archive is completed; after an error it is left as it is.
    """

    def __init__(self, f: IO[bytes], name: str) -> None:
        self._zip = zipfile.ZipFile(f, "w", zipfile.ZIP_STORED, allowZip64=True)
        self._name = name
        self._fingerprint = hashlib.sha256()

    def write(self, record: str, data: bytes | memoryview) -> None:
        """Add a record."""
        info = zipfile.ZipInfo(f"{self._name}/{record}", date_time=(1980, 1, 1, 0, 0, 0))
        info.file_size = len(data)
        # zipfile puts 20 bytes of its own before the padding for sizes that need them.
        zip64 = info.file_size * 1.05 > zipfile.ZIP64_LIMIT
        header = _LOCAL_HEADER + len(info.filename.encode()) + 4 + (20 if zip64 else 0)
        padding = -(self._zip.start_dir + header) % ALIGNMENT
        info.extra = b"FB" + struct.pack("<H", padding) + b"Z" * padding
        info.compress_size = info.file_size
        info.CRC = _C._crc32(data)
        info.external_attr = 0o600 << 16
        self._store(info, data, zip64)
        self._fingerprint.update(f"{record}:{info.CRC}\n".encode())

    def _store(self, info: zipfile.ZipInfo, data: bytes | memoryview, zip64: bool) -> None:
        """What ``ZipFile.open`` does, whose sum of the bytes takes as long as writing them, and which writes twice."""
        archive: Any = self._zip
        if archive._seekable:
            archive.fp.seek(archive.start_dir)
        info.header_offset = archive.fp.tell()
        archive._writecheck(info)
        archive._didModify = True
        archive.fp.write(info.FileHeader(zip64))
        archive.fp.write(data)
        archive.start_dir = archive.fp.tell()
        archive.filelist.append(info)
        archive.NameToInfo[info.filename] = info

    def __enter__(self) -> ArchiveWriter:
        return self

    def __exit__(self, exc_type: Any, exc_value: Any, traceback: Any) -> None:
        if exc_type is None:
            self._finish()
        else:
            self._zip.fp = None  # or it would write its directory when it is collected

    def _finish(self) -> None:
        """Write the records that tell the format, and the directory."""
        self.write("version", b"3\n")
        # PyTorch notes here a number that two files share only if their contents are the same.
        number = int.from_bytes(self._fingerprint.digest(), "big") % 10**40
        self.write(".data/serialization_id", b"%040d" % number)
        self._zip.close()


class ArchiveReader:
    """Reads the records of an archive on a file that stands at its start.

    Raises:
        RuntimeError: the archive is truncated, damaged, or holds no checkpoint; here and in every method.
    """

    def __init__(self, f: IO[bytes]) -> None:
        self._file = f
        try:
            self._zip = zipfile.ZipFile(f)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, struct.error) as error:
            raise _failed("reading zip archive: failed finding central directory", error) from None
        names = self._zip.namelist()
        self._prefix = names[0].partition("/")[0] + "/" if names else ""

    def __contains__(self, record: str) -> bool:
        return self._prefix + record in self._zip.NameToInfo

    def _info(self, record: str) -> zipfile.ZipInfo:
        try:
            return self._zip.getinfo(self._prefix + record)
        except KeyError as error:
            raise _failed(f"locating file {record}: file not found", error) from None

    def size(self, record: str) -> int:
        """The number of bytes of a record."""
        return self._info(record).file_size

    def read(self, record: str) -> bytes:
        """A whole record."""
        info = self._info(record)
        try:
            return self._zip.read(info)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, zlib.error) as error:
            raise _failed(f"reading file {record}: file read failed", error) from None

    def stored_at(self, record: str) -> int | None:
        """Where in the file a record's bytes are; None if they are compressed."""
        info = self._info(record)
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 0x1:
            return None
        self._file.seek(info.header_offset)
        header = self._file.read(_LOCAL_HEADER)
        if len(header) < _LOCAL_HEADER or header[:4] != _MAGIC:
            raise _failed(f"reading file {record}: no record at its offset", None)
        name_length, extra_length = struct.unpack("<HH", header[26:30])
        return info.header_offset + _LOCAL_HEADER + int(name_length) + int(extra_length)

    def read_into(self, record: str, out: memoryview) -> None:
        """Read the first ``len(out)`` bytes of a record, which it has to have, into memory."""
        info = self._info(record)
        start = self.stored_at(record)
        if start is None or len(out) != info.file_size or not hasattr(self._file, "readinto"):
            out[:] = self.read(record)[: len(out)]
            return
        self._file.seek(start)
        done = 0
        while done < len(out):
            count = self._file.readinto(out[done:])
            if not count:
                raise _failed(f"reading file {record}: file read failed", EOFError("unexpected end of file"))
            done += count
        if _C._crc32(out) != info.CRC:
            raise _failed(f"reading file {record}: file read failed", zipfile.BadZipFile("Bad CRC-32"))


def _failed(what: str, error: Any) -> RuntimeError:
    reason = f" ({error})" if error is not None and str(error) else ""
    return RuntimeError(f"PytorchStreamReader failed {what}{reason}; the file is truncated, damaged, or no checkpoint")
