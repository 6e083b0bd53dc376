"""Makes the files of src/fonts of those of the package `@fontsource-variable/newsreader` (5.3): `fonts.py PACKAGE/files`, with fonttools 4 and brotli.

Weights are those from 400 to 600. What English and German are written with is in a file of its own, so that the first load has no more. Kerning is that of
weight 500 in all of them: kerning that varies is a quarter of the bytes.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

PARTS = {
    "basic": "U+0020-007E,U+00A0,U+00AB,U+00B7,U+00BB,U+00C4,U+00D6,U+00DC,U+00DF,U+00E4,U+00F6,U+00FC,U+2013-2014,U+2018-201A,"
    "U+201C-201E,U+2022,U+2026,U+20AC",
    "more": "U+00A1-00AA,U+00AC-00B6,U+00B8-00BA,U+00BC-00C3,U+00C5-00D5,U+00D7-00DB,U+00DD-00DE,U+00E0-00E3,U+00E5-00F5,U+00F7-00FB,"
    "U+00FD-00FF,U+0131,U+0152-0153,U+0160-0161,U+0178,U+017D-017E,U+2010-2012,U+2015,U+201B,U+2020-2021,U+2032-2033,U+2039-203A,U+2122,"
    "U+2190-2193,U+2212",
}
OPTIONS = ["--no-hinting", "--desubroutinize", "--layout-features=kern,liga,ccmp,locl"]

package = Path(sys.argv[1])
fonts = Path(__file__).parent.parent / "src" / "fonts"

with TemporaryDirectory() as folder:
    whole, cut = Path(folder) / "whole.ttf", Path(folder) / "cut.ttf"

    def part(style: str, weights: object, letters: str) -> TTFont:
        font = instancer.instantiateVariableFont(TTFont(package / f"newsreader-latin-wght-{style}.woff2"), {"wght": weights})
        font.flavor = None
        font.save(whole)
        subset.main([str(whole), *OPTIONS, f"--unicodes={letters}", f"--output-file={cut}"])
        return TTFont(cut)

    for style in ("normal", "italic"):
        for name, letters in PARTS.items():
            font, even = part(style, (400, 600), letters), part(style, 500, letters)
            assert font.getGlyphOrder() == even.getGlyphOrder()
            for table in ("GPOS", "GDEF"):
                font[table] = even[table]
            font.flavor = "woff2"
            font.save(fonts / f"newsreader-{style}-{name}.woff2")
