"""Searches for proposals that go on while nobody waits: started, looked at, given up, from any process of the service.

What is known of a search lies in a folder of its own among the temporary files, which all processes of one service
share: its state as JSON, written in one step, and its candidates. Who wants it stopped leaves a file there. A search
ends with the process that makes it; the others see that by its number.
"""

import hashlib
import json
import os
import secrets
import shutil
import stat
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gridmap.analysis.proposals.proposing import Outcome
from gridmap.domain.access import Principal
from gridmap.domain.proposals import Stopped
from gridmap.errors import Conflict, GridmapError, NotFound, StoreUnavailable
from gridmap.processes import alive
from gridmap.services.redraw.proposed import Found, Material, found_of, found_text, searched

#: Seconds for which an ended search is kept.
KEPT_S = 3_600.0
#: Searches of one service at once; each account has one.
AT_ONCE = 2
#: Progress is written this often, seconds.
_TELL_S = 0.25

RUNNING, DONE, CANCELLED, FAILED = "running", "done", "cancelled", "failed"


@dataclass(frozen=True, slots=True)
class Place:
    """Whose search of which draft: nobody else sees it."""

    owner: str
    set_name: str
    draft: int

    @classmethod
    def of(cls, principal: Principal, set_name: str, draft: int) -> "Place":
        """Name a planner's searches of a draft."""
        return cls(principal.account_id or "", set_name, draft)


@dataclass(frozen=True, slots=True)
class Search:
    """A search as it stands. ``outcome``: today, candidates and reasons as plain values, once it is done."""

    key: str
    state: str
    progress: float
    revision: int
    outcome: dict[str, Any] | None
    error: dict[str, Any] | None


class Proposals:
    """All searches of a service.

    Parameters
    ----------
    folder : Path
        Shared by its processes.
    effort : float
        How long to search; 1 is usual.
    """

    def __init__(self, folder: Path, *, effort: float = 1.0) -> None:
        self._folder = folder
        self._effort = effort
        self._lock = threading.Lock()

    def start(self, place: Place, revision: int, material: Material) -> Search:
        """Begin a search.

        Raises
        ------
        Conflict
            ``propose_under_way``: the planner has one already; ``propose_busy``: others have.
        StoreUnavailable
            ``propose_folder_taken``: somebody else has made the folder.
        """
        with self._lock:
            self._folder.mkdir(parents=True, mode=0o700, exist_ok=True)
            if not self._is_ours():
                raise StoreUnavailable("propose_folder_taken")
            self._folder.chmod(0o700)
            self._tidy()
            running = [s for s in self._states() if s["state"] == RUNNING]
            if any(s["owner"] == place.owner for s in running):
                raise Conflict("propose_under_way")
            if len(running) >= AT_ONCE:
                raise Conflict("propose_busy", limit=AT_ONCE)
            key = secrets.token_hex(8)
            own = self._folder / key
            own.mkdir(mode=0o700)
            state = {
                **asdict(place),
                "key": key,
                "state": RUNNING,
                "progress": 0.0,
                "revision": revision,
                "pid": os.getpid(),
                "at": time.time(),
                "outcome": None,
                "error": None,
            }
            _write(own / "state.json", json.dumps(state).encode())
        threading.Thread(target=self._run, args=(own, state, material), daemon=True, name=f"proposal-{key}").start()
        return _search(state)

    def find(self, place: Place, key: str) -> Search:
        """Look how far a search is (NotFound ``propose_unknown``)."""
        return _search(self._state(place, key))

    def candidate(self, place: Place, key: str, number: int) -> Found:
        """Give a candidate, counted from 1.

        Raises
        ------
        NotFound
            ``propose_unknown``; ``propose_candidate_unknown``.
        """
        self._state(place, key)
        try:
            found = found_of((self._folder / key / "candidates.json").read_bytes())
        except FileNotFoundError:
            found = []
        if not 1 <= number <= len(found):
            raise NotFound("propose_candidate_unknown")
        return found[number - 1]

    def cancel(self, place: Place, key: str) -> Search:
        """Give a search up, or forget one that has ended (NotFound ``propose_unknown``)."""
        state = self._state(place, key)
        if state["state"] == RUNNING:
            (self._folder / key / "stop").touch()
            return _search({**state, "state": CANCELLED})
        shutil.rmtree(self._folder / key, ignore_errors=True)
        return _search(state)

    def _run(self, own: Path, known: dict[str, Any], material: Material) -> None:
        told = 0.0

        def tell(share: float) -> None:
            nonlocal told
            if time.monotonic() - told >= _TELL_S:
                told = time.monotonic()
                self._note(own, known, progress=round(share, 4))

        try:
            outcome, found = searched(
                material, effort=self._effort, on_progress=tell, stop=lambda: (own / "stop").exists()
            )
            _write(own / "candidates.json", found_text(found).encode())
            self._note(own, known, state=DONE, progress=1.0, outcome=_plain(outcome, found))
        except Stopped:
            self._note(own, known, state=CANCELLED)
        except GridmapError as error:
            self._note(own, known, state=FAILED, error={"code": error.code, "fields": error.fields})
        except OSError:  # the folder is gone, or full: nobody can be told
            pass
        except Exception:
            self._note(own, known, state=FAILED, error={"code": "propose_failed", "fields": {}})
            raise

    def _note(self, own: Path, known: dict[str, Any], **changes: Any) -> None:
        known |= {**changes, "at": time.time()}
        with suppress(OSError):
            _write(own / "state.json", json.dumps(known).encode())

    def _state(self, place: Place, key: str) -> dict[str, Any]:
        if not (len(key) == 16 and set(key) <= set("0123456789abcdef")):
            raise NotFound("propose_unknown")
        state = self._read(self._folder / key) if self._is_ours() else None
        if state is None or {k: state[k] for k in ("owner", "set_name", "draft")} != asdict(place):
            raise NotFound("propose_unknown")
        return state

    def _is_ours(self) -> bool:
        """Tell whether nobody else can put anything there: temporary files are where everybody may make folders."""
        try:
            found = self._folder.lstat()
        except OSError:
            return False
        return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022

    def _states(self) -> list[dict[str, Any]]:
        try:
            folders = list(self._folder.iterdir())
        except FileNotFoundError:
            return []
        return [state for own in folders if (state := self._read(own)) is not None]

    def _read(self, own: Path) -> dict[str, Any] | None:
        try:
            state: dict[str, Any] = json.loads((own / "state.json").read_bytes())
        except (OSError, ValueError):
            return None
        if state["state"] == RUNNING and not alive(state["pid"]):
            return {**state, "state": FAILED, "error": {"code": "propose_failed", "fields": {}}}
        return state

    def _tidy(self) -> None:
        """Forget what ended long ago."""
        for state in self._states():
            if state["state"] != RUNNING and time.time() - state["at"] > KEPT_S:
                shutil.rmtree(self._folder / state["key"], ignore_errors=True)


def folder_for(base: Path, database_url: str) -> Path:
    """Name the folder of a service's searches among its temporary files."""
    return base / f"proposals-{hashlib.sha256(database_url.encode()).hexdigest()[:16]}"


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    temporary.write_bytes(content)
    temporary.replace(path)


def _search(state: dict[str, Any]) -> Search:
    return Search(state["key"], state["state"], state["progress"], state["revision"], state["outcome"], state["error"])


def _plain(outcome: Outcome, found: list[Found]) -> dict[str, Any]:
    return {
        "today": asdict(outcome.today),
        "candidates": [
            {
                "wish": c.wish.value,
                "changed": len(f.grids) - len(f.new),
                "founded": len(f.new),
                "gone": list(f.gone),
                "figures": asdict(c.figures),
            }
            for c, f in zip(outcome.candidates, found, strict=True)
        ],
        "reasons": [{"code": r.code, "area": r.area, "fields": dict(r.fields)} for r in outcome.reasons],
    }
