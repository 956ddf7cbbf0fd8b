"""``python -m gridmap.demo --out data/boundaries``: draw the demonstration district and write its files."""

import argparse
from pathlib import Path

from gridmap.demo.district import build_district
from gridmap.demo.files import write_district
from gridmap.demo.points import add_planted, write_points


def main() -> None:
    """Write the committed files, and the points too when asked."""
    parser = argparse.ArgumentParser(prog="python -m gridmap.demo", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("data/boundaries"), help="folder for the files")
    parser.add_argument("--points", type=Path, help="folder for incidents.parquet and fixes.parquet")
    given = parser.parse_args()
    district = add_planted(build_district())
    write_district(district, given.out)
    if given.points:
        write_points(district, given.points)


if __name__ == "__main__":
    main()
