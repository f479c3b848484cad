"""Files that are whole or not there, and that know when they were changed.

Nothing here is pickled: a file is JSON, safetensors or plain numbers, so that the
folder of a stranger can not execute anything. Each file carries a checksum of itself.
"""

import contextlib
import hashlib
import json
import os
import re
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import torch
from filelock import FileLock, Timeout
from safetensors import SafetensorError
from safetensors.torch import load, save

from rnncourse.charrnn.refusal import Refusal, of_the_system

NONE = "0" * 64  # stands where the digest will be, while the digest is computed
DIGEST = re.compile(rb'(sha256\\?": \\?")([0-9a-f]{64})')
HEADER = 1 << 16  # a digest stands in this many first bytes


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file to write, which takes the place of `path` when all of it is on the disk.

    Killed at any moment, it leaves the old file or the new one. Raises Refusal where
    the disk is full; then the old file stands.
    """
    temporary = path.with_name(path.name + ".tmp")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        remove(temporary)
        raise of_the_system(error, f"writing {path}") from None
    except BaseException:
        remove(temporary)
        raise


def remove(path: Path) -> None:
    """A file goes, if it is there and can."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # not every system opens a folder
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextlib.contextmanager
def held(lock: FileLock) -> Iterator[None]:
    """A folder that this process alone writes to. Raises Refusal where another does.

    The lock goes when its process does, however that ends.
    """
    folder = Path(lock.lock_file).parent
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise Refusal(
            f"{folder} is being written to by another rnncourse; wait for its end, or"
            " name another folder with --out"
        ) from None
    except OSError as error:
        raise of_the_system(error, f"locking {folder}") from None
    try:
        yield
    finally:
        lock.release()


def sealed(data: bytes) -> bytes:
    """Bytes with the digest of themselves, in which it is 64 zeros, where those stood."""
    digest = hashlib.sha256(data).hexdigest().encode()
    head = DIGEST.sub(rb"\g<1>" + digest, data[:HEADER], count=1)
    return head + data[HEADER:]


def require_sealed(data: bytes, path: Path) -> None:
    """Raise Refusal unless these bytes are what `sealed` made, to the last bit."""
    found = DIGEST.search(data[:HEADER])
    if found is None:
        raise Refusal(
            f"{path} is no file of a run, or its beginning is damaged; take another copy"
        )
    first, last = found.span(2)
    seen = hashlib.sha256(data[:first])
    seen.update(NONE.encode())
    seen.update(memoryview(data)[last:])
    if seen.hexdigest().encode() != found[2]:
        raise Refusal(
            f"{path} is damaged: its checksum is not that of its content (cut short, or"
            " changed after it was written); take another copy"
        )


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """A JSON file with its checksum, all at once."""
    text = json.dumps(
        {"sha256": NONE} | dict(content) | {"sha256": NONE}, indent=1, ensure_ascii=True
    )
    with replacing(path) as file:
        file.write(sealed(text.encode()))


def read_json(path: Path) -> dict[str, Any]:
    """What `write_json` wrote. Raises Refusal for a changed bit and a foreign file."""
    data = _bytes(path)
    require_sealed(data, path)
    return json.loads(data)


def write_tensors(
    path: Path, tensors: Mapping[str, torch.Tensor], facts: Mapping[str, Any]
) -> None:
    """A safetensors file of tensors, with facts and a checksum in its header."""
    header = {"rnncourse": json.dumps({"sha256": NONE} | dict(facts))}
    plain = {name: each.detach().cpu().contiguous() for name, each in tensors.items()}
    with replacing(path) as file:
        file.write(sealed(save(plain, header)))


def read_tensors(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Tensors, on the CPU, and facts that `write_tensors` wrote. Raises Refusal for a
    changed bit and a foreign file.
    """
    data = _bytes(path)
    require_sealed(data, path)
    try:
        tensors = load(data)
        size = int.from_bytes(data[:8], "little")
        facts = json.loads(json.loads(data[8 : 8 + size])["__metadata__"]["rnncourse"])
    except (SafetensorError, ValueError, KeyError):
        raise Refusal(f"{path} is no file of a run; take another copy") from None
    return tensors, facts


def append_line(path: Path, content: Mapping[str, Any]) -> None:
    """One more line of JSON, with its checksum; on the disk when this returns."""
    try:
        with path.open("ab") as file:
            file.write(line(content))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise of_the_system(error, f"writing {path}") from None


def line(content: Mapping[str, Any]) -> bytes:
    """A line of JSON that ends with the checksum of what stands before it."""
    text = json.dumps(dict(content))
    return f'{text[:-1]}, "crc32": "{zlib.crc32(text.encode()):08x}"}}\n'.encode()


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The lines that `append_line` wrote, without their checksums.

    A last line without an end is left out: a run that was killed was writing it. Raises
    Refusal for any other line that is not what was written.
    """
    found = []
    for number, raw in enumerate(_bytes(path).split(b"\n")[:-1], start=1):
        try:
            content = json.loads(raw)
            del content["crc32"]
            whole = line(content) == raw + b"\n"
        except (ValueError, KeyError, TypeError):
            whole = False
        if not whole:
            raise Refusal(
                f"{path} is damaged: line {number} is not what was written; take another"
                " copy"
            )
        found.append(content)
    return found


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise Refusal(
            f"{path} is missing; take another copy of the run folder"
        ) from None
    except OSError as error:
        raise of_the_system(error, f"reading {path}") from None
