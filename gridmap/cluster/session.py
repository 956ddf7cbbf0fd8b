"""Start Spark with what it needs, or say what is missing."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gridmap.errors import InvalidInput, StoreUnavailable

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

#: The oldest Java that Spark 4 runs on.
JAVA = 17
_LOG = Path(__file__).parent / "log4j2.properties"


def require_spark() -> None:
    """Check that pyspark and a fitting Java are there.

    Raises
    ------
    InvalidInput
        ``spark_missing``, ``java_missing``, ``java_too_old``; each says what to install.
    """
    if importlib.util.find_spec("pyspark") is None:
        raise InvalidInput("spark_missing")
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=f"{home}/bin" if home else None)
    if java is None:
        raise InvalidInput("java_missing", wanted=JAVA)
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)  # noqa: S603
    found = re.search(r'version "(?:1\.)?(\d+)', told.stderr + told.stdout)
    if found is None:
        raise InvalidInput("java_missing", wanted=JAVA)
    if int(found[1]) < JAVA:
        raise InvalidInput("java_too_old", wanted=JAVA, found=int(found[1]))


@contextmanager
def session(master: str, options: Mapping[str, str] | None = None) -> Iterator["SparkSession"]:
    """Give the session that runs already, else one for this block.

    Parameters
    ----------
    master : str
        ``local[2]``, ``spark://host:7077``, ``yarn``, ``k8s://...``
    options : mapping, optional
        Settings of Spark, over those chosen here.

    Raises
    ------
    InvalidInput
        Those of ``require_spark``.
    StoreUnavailable
        ``spark_unavailable``: the master does not answer, or an option is wrong.
    """
    require_spark()
    from pyspark.sql import SparkSession

    running = SparkSession.getActiveSession()
    if running is not None:
        yield running
        return
    with tempfile.TemporaryDirectory(prefix="gridmap-spark-") as scratch:
        chosen = {
            "spark.app.name": "gridmap",
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": str(sys.stderr.isatty()).lower(),
            "spark.log.level": "ERROR",
            "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile=file:{_LOG}",
            "spark.sql.warehouse.dir": f"{scratch}/warehouse",
            **(_at_home(scratch) if master.startswith("local") else {}),
            **(options or {}),
        }
        if master.startswith("local"):
            # the Python that runs now has all that is needed; the one on the path may not
            os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        try:
            builder = SparkSession.builder.master(master)
            for name, value in chosen.items():
                builder = builder.config(name, value)
            started = builder.getOrCreate()
        except Exception:
            # Py4J and Spark have some ten classes for this, and their words name machines
            raise StoreUnavailable("spark_unavailable") from None
        try:
            yield started
        finally:
            started.stop()


def _at_home(scratch: str) -> dict[str, str]:
    """Give what Spark on one machine needs: nothing that listens beyond it."""
    return {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.local.dir": scratch,
    }
