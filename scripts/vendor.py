"""Fetch the browser libraries our pages use and write them, with licences and a manifest, to ``api/web/vendor``.

Run ``python scripts/vendor.py`` after changing a version in ``PACKAGES``; the result is committed, so neither a build
nor a running service ever fetches anything. Only the tarballs of ``npm pack`` are read (npm checks their integrity);
no script of a package is run and no dependency is installed.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

VENDOR = Path(__file__).resolve().parent.parent / "api" / "web" / "vendor"


@dataclass(frozen=True, slots=True)
class File:
    """One file to take from a tarball, and the endings of the remote addresses it stands in for."""

    path: str
    replaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Package:
    """One npm package at one version."""

    name: str
    version: str
    licence: str
    files: tuple[File, ...]
    licence_file: str = "LICENSE"


PACKAGES = (
    Package(
        "leaflet",
        "1.9.4",
        "BSD-2-Clause",
        (
            File("dist/leaflet.js", ("leaflet@1.9.3/dist/leaflet.js",)),
            File("dist/leaflet.css", ("leaflet@1.9.3/dist/leaflet.css",)),
            File("dist/images/layers.png"),
            File("dist/images/layers-2x.png"),
            File("dist/images/marker-icon.png"),
            File("dist/images/marker-icon-2x.png"),
            File("dist/images/marker-shadow.png"),
        ),
    ),
    Package(
        "leaflet.fullscreen",
        "3.0.0",  # folium 0.20 calls L.control.fullscreen, which later versions no longer have
        "MIT",
        (
            File("Control.FullScreen.js", ("leaflet.fullscreen@3.0.0/Control.FullScreen.min.js",)),
            File("Control.FullScreen.css", ("leaflet.fullscreen@3.0.0/Control.FullScreen.css",)),
            File("icon-fullscreen.svg"),
        ),
    ),
    Package("protomaps-leaflet", "5.1.0", "BSD-3-Clause", (File("dist/protomaps-leaflet.js"),)),
    Package(
        "d3",
        "3.5.5",  # the version branca's colour maps name in their code
        "BSD-3-Clause",
        (File("d3.min.js", ("/d3/3.5.5/d3.min.js",)),),
    ),
    Package(
        "swagger-ui-dist",
        "5.35.0",
        "Apache-2.0",
        (File("swagger-ui-bundle.js"), File("swagger-ui.css"), File("swagger-ui-bundle.js.LICENSE.txt")),
    ),
)


def fetch(package: Package, into: Path) -> Path:
    """Give the path of the package's tarball."""
    made = subprocess.run(
        ["npm", "pack", f"{package.name}@{package.version}", "--silent", "--ignore-scripts"],
        cwd=into,
        check=True,
        capture_output=True,
        text=True,
    )
    return into / made.stdout.split()[-1]


def unpack(package: Package, tarball: Path, target: Path) -> list[dict[str, object]]:
    """Write the wanted files and the licence of a package; give their rows of the manifest."""
    rows: list[dict[str, object]] = []
    with tarfile.open(tarball) as archive:
        for file in (*package.files, File(package.licence_file)):
            member = archive.extractfile(f"package/{file.path}")
            if member is None:
                raise SystemExit(f"{package.name}@{package.version} has no file {file.path}")
            data = member.read()
            to = target / file.path
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_bytes(data)
            row: dict[str, object] = {"path": file.path, "sha256": hashlib.sha256(data).hexdigest()}
            if file.replaces:
                row["replaces"] = list(file.replaces)
            rows.append(row)
    return rows


def main() -> int:
    """Rebuild the whole folder."""
    manifest = []
    shutil.rmtree(VENDOR, ignore_errors=True)
    with tempfile.TemporaryDirectory() as scratch:
        for package in PACKAGES:
            folder = f"{package.name}@{package.version}"
            rows = unpack(package, fetch(package, Path(scratch)), VENDOR / folder)
            manifest.append(
                {
                    "name": package.name,
                    "version": package.version,
                    "licence": package.licence,
                    "folder": folder,
                    "files": rows,
                }
            )
            print(f"{folder}: {len(rows)} files")
    text = json.dumps({"packages": manifest}, indent=2) + "\n"
    (VENDOR / "vendor.json").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
