"""Codes of areas as data: a scheme says of which parts, and of how many digits, a code is made.

A grid's code is the code of the area it lies in, and a serial number in that area. Sources: GB/T 2260 (county, 6
digits), GB/T 10114 (street or town, 3), the Beijing rules for unit grids (community 3, serial 3), CJ/T 349 (object 6
in front, serial 2).
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from gridmap.errors import InvalidInput

#: What can be wrong with one code: no digits, another number of digits, a serial below the first one.
CodeFault = Literal["digits", "length", "serial"]


@dataclass(frozen=True, slots=True)
class CodePart:
    """One run of digits of a code.

    ``of_leaf``: it stands in the code of a grid only and is no part of the code of the area around it.
    ``lowest``: the first number in use.
    """

    name: str
    digits: int
    lowest: int = 1
    of_leaf: bool = False


@dataclass(frozen=True, slots=True)
class LevelCodes:
    """The codes of one level of a scheme.

    Attributes
    ----------
    scheme : str
        Name of the scheme.
    parts : tuple of CodePart
    digits : int
        Length of a code.
    filled : int
        Length of a code filled up with zeros to that of an area code (``371002001000``); 0 where that is not done.
    area : tuple of int and int
        Where the digits of the area around stand.
    """

    scheme: str
    parts: tuple[CodePart, ...]
    digits: int
    filled: int
    area: tuple[tuple[int, int], ...]

    def significant(self, code: str) -> str:
        """Give a code without the zeros that fill it up to the length of an area code."""
        return code[: self.digits] if len(code) == self.filled and not code[self.digits :].strip("0") else code

    def fault(self, code: str) -> CodeFault | None:
        """Tell what is wrong with a code, or None."""
        if not (code.isascii() and code.isdigit()):
            return "digits"
        short = self.significant(code)
        if len(short) != self.digits:
            return "length"
        last = self.parts[-1]
        return "serial" if int(short[-last.digits :]) < last.lowest else None

    def parse(self, code: str) -> dict[str, str]:
        """Take a code apart into the digits of each part, by the part's name.

        Raises
        ------
        InvalidInput
            ``code_malformed``: it does not follow the scheme.
        """
        if self.fault(code):
            raise InvalidInput("code_malformed", scheme=self.scheme, digits=self.digits)
        ends = accumulate(p.digits for p in self.parts)
        return {part.name: code[end - part.digits : end] for part, end in zip(self.parts, ends, strict=True)}

    def area_of(self, code: str) -> str:
        """Give what the code of the area around must begin with: the code without its last part.

        Raises
        ------
        InvalidInput
            ``code_malformed``.
        """
        if self.fault(code):
            raise InvalidInput("code_malformed", scheme=self.scheme, digits=self.digits)
        return "".join(code[start:end] for start, end in self.area)


@dataclass(frozen=True, slots=True)
class CodeScheme:
    """How codes of a set are made: that of a leaf has all parts, that of each level above one part fewer at the end."""

    name: str
    parts: tuple[CodePart, ...]

    @property
    def digits(self) -> int:
        """Give the length of a grid's code."""
        return sum(p.digits for p in self.parts)

    @property
    def serial(self) -> CodePart:
        """The last part: it numbers the grids of one area."""
        return self.parts[-1]

    def at(self, depth: int) -> LevelCodes | None:
        """Give the rules for codes so many levels above the leaf (0: the leaf); None beyond the reach of the scheme."""
        areas = [p for p in self.parts[:-1] if not p.of_leaf]
        parts = self.parts if not depth else tuple(areas[: max(0, len(areas) + 1 - depth)])
        if not parts:
            return None
        filled = sum(p.digits for p in areas) if depth > 1 else 0
        ends = list(accumulate(p.digits for p in parts))
        area = [(end - p.digits, end) for p, end in zip(parts[:-1], ends, strict=False) if not p.of_leaf]
        return LevelCodes(self.name, parts, ends[-1], filled, tuple(area))

    def free(self, area: str, used: Collection[str], *, front: str = "") -> Iterator[str]:
        """Give the codes of an area that were never used, lowest first.

        Parameters
        ----------
        area : str
            Code of the area around the grids.
        used : collection of str
            Every code that is or ever was in use, best as a set.
        front : str
            Digits of the parts that only a grid has, such as the object code of CJ/T 349.

        Raises
        ------
        InvalidInput
            ``code_malformed``: the area's code, or ``front``, does not follow the scheme. When the next one is asked
            for and none is left: ``codes_exhausted``.
        """
        around = self.at(1)
        if around is None or around.fault(area):
            digits = around.digits if around else 0
            raise InvalidInput("code_malformed", scheme=self.name, digits=digits)
        head, rest, own = "", area, front
        for part in self.parts[:-1]:
            if part.of_leaf:
                head, own = head + own[: part.digits], own[part.digits :]
            else:
                head, rest = head + rest[: part.digits], rest[part.digits :]
        if len(head) != self.digits - self.serial.digits or own or not (head.isascii() and head.isdigit()):
            raise InvalidInput("code_malformed", scheme=self.name, digits=self.digits)
        # 00 stands for an area that is not divided (CJ/T 349): it is valid, but never given as a number
        for number in range(max(1, self.serial.lowest), 10**self.serial.digits):
            code = f"{head}{number:0{self.serial.digits}}"
            if code not in used:
                yield code
        raise InvalidInput("codes_exhausted", area=area, limit=10**self.serial.digits - 1)

    def next_free(self, area: str, used: Collection[str], *, front: str = "") -> str:
        """Give the lowest code of an area that was never used; as ``free``.

        Raises
        ------
        InvalidInput
            ``codes_exhausted``, ``code_malformed``.
        """
        return next(self.free(area, used, front=front))


_COUNTY, _STREET, _COMMUNITY = CodePart("county", 6), CodePart("street", 3), CodePart("community", 3)

#: Schemes by name.
SCHEMES: dict[str, CodeScheme] = {
    s.name: s
    for s in (
        CodeScheme("gb15", (_COUNTY, _STREET, _COMMUNITY, CodePart("serial", 3))),
        CodeScheme("cjt14", (_COUNTY, CodePart("street", 2), _COMMUNITY, CodePart("serial", 3))),
        CodeScheme("long16", (_COUNTY, _STREET, _COMMUNITY, CodePart("serial", 4))),
        CodeScheme(
            "cjt20",
            (CodePart("object", 6, of_leaf=True), _COUNTY, _STREET, _COMMUNITY, CodePart("serial", 2, lowest=0)),
        ),
    )
}


def scheme(name: str) -> CodeScheme:
    """Find a scheme by its name, or make one from digits such as ``6+3+3+4``: 2 to 8 parts of 1 to 9 digits.

    Raises
    ------
    InvalidInput
        ``code_scheme_unknown``.
    """
    if name in SCHEMES:
        return SCHEMES[name]
    digits = name.split("+")
    if not 2 <= len(digits) <= 8 or not all(d in "123456789" and len(d) == 1 for d in digits):
        raise InvalidInput("code_scheme_unknown", known=", ".join(SCHEMES))
    names = [f"part{i}" for i in range(1, len(digits))] + ["serial"]
    return CodeScheme(name, tuple(CodePart(n, int(d)) for n, d in zip(names, digits, strict=True)))
