"""Run many mutations of one file through its parser in one confined process: a crash or a hang shows in its exit code.

Called by test_file_mutations with: format, seed file, folder, first mutation, number; and, if wanted, a text that may
stand in no table.
"""

import random
import shutil
import sys
from pathlib import Path


def mutated(data: bytes, number: int) -> bytes:
    """Give mutation ``number`` of a file: bits flipped, runs cut, doubled, zeroed or filled with high numbers."""
    rng = random.Random(number)
    raw = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5))):
        at = rng.randrange(len(raw))
        size = rng.choice((1, 1, 2, 4, 16, 64))
        kind = rng.randrange(6)
        if kind == 0:
            raw[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del raw[at : at + size]
        elif kind == 2:
            raw[at:at] = raw[at : at + size]
        elif kind == 3:
            raw[at : at + size] = bytes(len(raw[at : at + size]))
        elif kind == 4:
            raw[at : at + size] = b"\xff" * len(raw[at : at + size])
        else:
            raw[at : at + size] = rng.randbytes(size)
        if not raw:
            return b"x"
    return bytes(raw)


def main() -> None:
    kind, seed, folder, first, count, *canary = sys.argv[1:]
    from gridmap.errors import GridmapError
    from gridmap.files.parser.confine import confine
    from gridmap.files.parser.run import run
    from gridmap.files.sandbox import limits_of
    from gridmap.files.wkb import scan
    from gridmap.settings import Settings

    limits = limits_of(Settings())
    confine({**limits, "memory_bytes": 4_000_000_000, "cpu_s": 300})
    data = Path(seed).read_bytes()
    import pyarrow as pa

    refused = read = 0
    for number in range(int(first), int(first) + int(count)):
        room = Path(folder) / str(number)
        room.mkdir()
        path = room / "input"
        path.write_bytes(mutated(data, number))
        request = {"path": str(path), "format": kind, "layer": None, "encoding": None, "limits": limits}
        try:
            run(request, room)
            with pa.OSFile(str(room / "result.arrow")) as file:
                table = pa.ipc.open_file(file).read_all()
            assert not any(text in str(table.to_pydict()) for text in canary), "a file was read that is not the input"
            for wkb in table["__geometry__"].to_pylist():
                if wkb is not None:
                    scan(wkb)
            read += 1
        except GridmapError as error:
            refused += bool(error.message("zh"))
        except (MemoryError, RecursionError):
            refused += 1
        except Exception as error:  # what the child's entry maps to file_unreadable
            if isinstance(error, (AssertionError, NameError, AttributeError)):
                raise  # a mistake of ours, not of the file
            refused += 1
        shutil.rmtree(room)
    print(refused, read)


if __name__ == "__main__":
    main()
