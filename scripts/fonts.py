"""Make the font of printed sheets: a subset of Noto Sans SC, written to ``gridmap/print/fonts`` with its licence.

Run ``python scripts/fonts.py`` after changing ``VERSION`` or the characters; it needs fonttools. The result is
committed, so nothing is fetched or installed to print. Kept are the 7,445 characters of GB/T 2312, the 1,605 of level 3
of the Table of General Standard Chinese Characters (State Council 2013: names of people and places), which levels 1 and
2 precede, and Latin letters, punctuation and units beyond these.
"""

import hashlib
import io
import json
import sys
import tarfile
import tempfile
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from vendor import Package, fetch

TARGET = Path(__file__).resolve().parent.parent / "gridmap" / "print" / "fonts"
NAMES = Path(__file__).resolve().with_name("characters.txt")
VERSION = "0.4.3"
PACKAGE = Package("@expo-google-fonts/noto-sans-sc", VERSION, "OFL-1.1", ())
SOURCE = "package/400Regular/NotoSansSC_400Regular.ttf"
FILE = "NotoSansSC-Regular.ttf"
#: Latin-1, Latin Extended-A and B, Greek, general punctuation, super- and subscripts, currencies, letterlike, arrows,
#: mathematics, boxes and shapes, CJK punctuation, compatibility units, half- and full-width forms.
RANGES = (
    (0x20, 0x24F),
    (0x370, 0x3FF),
    (0x2010, 0x218F),
    (0x2190, 0x22FF),
    (0x2460, 0x24FF),
    (0x2500, 0x26FF),
    (0x3000, 0x30FF),
    (0x3380, 0x33DF),
    (0xFF00, 0xFFEF),
)
UNUSED = ("GSUB", "GPOS", "GDEF", "BASE", "VORG", "vhea", "vmtx", "STAT", "gasp", "meta", "DSIG")


def characters() -> set[int]:
    """Give the code points that are kept, where the font has them."""

    def known(point: int) -> bool:
        try:
            chr(point).encode("gb2312")
        except UnicodeEncodeError:
            return False
        return True

    found = {p for p in range(0x20, 0x10000) if known(p)}
    found |= {ord(c) for c in NAMES.read_text(encoding="utf-8") if not c.isspace()}
    return found | {p for first, last in RANGES for p in range(first, last + 1)}


def main() -> int:
    """Rebuild the folder."""
    with tempfile.TemporaryDirectory() as scratch, tarfile.open(fetch(PACKAGE, Path(scratch))) as archive:
        member, licence = archive.extractfile(SOURCE), archive.extractfile("package/LICENSE_FONT")
        assert member is not None
        assert licence is not None
        font, words = TTFont(io.BytesIO(member.read()), recalcTimestamp=False), licence.read()
    options = subset.Options(hinting=False, layout_features=[], glyph_names=False, notdef_outline=True)
    options.drop_tables += UNUSED
    made = subset.Subsetter(options)
    made.populate(unicodes=characters() & set(font.getBestCmap()))
    made.subset(font)
    TARGET.mkdir(parents=True, exist_ok=True)
    font.save(TARGET / FILE)
    (TARGET / "OFL.txt").write_bytes(words)
    data = (TARGET / FILE).read_bytes()
    told = {
        "name": "Noto Sans SC, regular, subset",
        "version": font["name"].getDebugName(5),
        "source": f"{PACKAGE.name}@{VERSION}",
        "licence": PACKAGE.licence,
        "characters": len(font.getBestCmap()),
        "file": FILE,
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    (TARGET / "font.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    print(f"{FILE}: {len(data)} bytes, {told['characters']} characters")
    return 0


if __name__ == "__main__":
    sys.exit(main())
