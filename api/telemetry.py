"""What the service counts about itself, in the form that Prometheus reads.

One worker counts in its memory. Several workers (``gridmap serve --workers``) count in files of one folder, named by
``PROMETHEUS_MULTIPROC_DIR``: whichever worker is asked, it adds up all of them. No label is made of what came in: a
route is its template, an unknown address is ``-``, an unknown method is ``other``.
"""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prometheus_client import (
    GC_COLLECTOR,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector
from starlette.types import Scope

from gridmap.errors import GridmapError
from gridmap.processes import alive
from gridmap.services.ports import Store, StoreMode

MEDIA_TYPE = CONTENT_TYPE_PLAIN_0_0_4
#: Where several workers count together.
SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
#: Seconds; the last one is past every deadline but those of whole plans.
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
#: Answers of the lean road are handed to the counter in such steps: counting each would cost it a tenth.
_STEP_S = 0.5


def method_of(scope: Scope) -> str:
    """Give the method of a request; ``other`` for one that HTTP does not know."""
    method: str = scope["method"]
    return method if method in _METHODS else "other"


class _StoreHealth(Collector):
    """Asks the store when somebody asks for the figures, and at no other time."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def collect(self) -> Iterator[Any]:
        """Give two gauges: whether the store answers, and whether it takes writes."""
        try:
            self._store.ping()
            up, writable = True, self._store.mode() is StoreMode.WRITABLE
        except GridmapError:
            up = writable = False
        yield GaugeMetricFamily("gridmap_store_up", "1: the store answers and is up to date", float(up))
        yield GaugeMetricFamily("gridmap_store_writable", "1: the store takes writes", float(writable))


class Telemetry:
    """The figures of one app."""

    def __init__(self, version: str) -> None:
        self._registry = CollectorRegistry()
        self._shared = os.environ.get(SHARED_FOLDER)
        self._requests = Counter(
            "gridmap_requests", "Requests answered", ["method", "route", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "gridmap_request_seconds", "Time to an answer", ["route"], buckets=_BUCKETS, registry=self._registry
        )
        self._under_way = Gauge(
            "gridmap_requests_in_progress",
            "Requests under way",
            multiprocess_mode="livesum",
            registry=self._registry,
        )
        self._problems = Counter("gridmap_problems", "Refusals and failures by code", ["code"], registry=self._registry)
        self._lean = Counter(
            "gridmap_lean_answers", "Answers of GET /api/v1/locate by the short way", registry=self._registry
        )
        self._pending = 0
        Gauge(
            "gridmap_info", "1, with the version", ["version"], multiprocess_mode="max", registry=self._registry
        ).labels(version).set(1)
        if not self._shared:
            ProcessCollector(registry=self._registry)
            self._registry.register(GC_COLLECTOR)

    def begin(self) -> None:
        """Note that a request began."""
        self._under_way.inc()

    def end(self, method: str, route: str, status: int, seconds: float, code: str | None) -> None:
        """Note that a request ended."""
        self._under_way.dec()
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)
        if code is not None:
            self._problems.labels(code).inc()

    def lean(self) -> None:
        """Count an answer of the lean road."""
        self._pending += 1
        if self._pending == 1:
            asyncio.get_running_loop().call_later(_STEP_S, self._hand_over)

    def _hand_over(self) -> None:
        pending, self._pending = self._pending, 0
        self._lean.inc(pending)

    def text(self, store: Store) -> bytes:
        """Write all figures, of all workers, and how the store is at this moment."""
        health = CollectorRegistry()
        health.register(_StoreHealth(store))
        counted = self._registry
        if self._shared:
            _forget_dead(Path(self._shared))
            counted = CollectorRegistry()
            MultiProcessCollector(counted, self._shared)  # type: ignore[no-untyped-call]
        return generate_latest(counted) + generate_latest(health)


def _forget_dead(folder: Path) -> None:
    """Take away what workers that are gone had under way; what they counted stays."""
    for file in folder.glob("gauge_live*_*.db"):
        pid = file.stem.rpartition("_")[2]
        if pid.isdigit() and not alive(int(pid)):
            mark_process_dead(int(pid), str(folder))  # type: ignore[no-untyped-call]
