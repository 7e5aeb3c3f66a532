"""Values on their way to the simulator and back."""

import json
import os
from decimal import Decimal
from fractions import Fraction
from typing import Any, Optional, Union

from . import _native

_DIGITS = 4000

Number = Union[int, float, str, Fraction, Decimal]


def text_of(value: Any) -> str:
    """Write an argument as the simulator reads it."""
    if isinstance(value, (Fraction, str)):
        return str(value)
    return os.fspath(value) if isinstance(value, os.PathLike) else repr(value) if isinstance(value, float) else str(value)


def whole(text: str) -> int:
    """Read a whole number, however long it is: Python itself reads no more than 4,300 digits at once."""
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text)
    value = 0
    for start in range(0, len(digits), _DIGITS):
        part = digits[start : start + _DIGITS]
        value = value * 10 ** len(part) + int(part)
    return sign * value


def fraction(text: Optional[str]) -> Optional[Fraction]:
    """Read an exact number, if there is one."""
    if text is None:
        return None
    above, _, below = text.partition("/")
    return Fraction(whole(above), whole(below or "1"))


def answer(command: str, positional: tuple = (), **flags: Any) -> Any:
    """Run a command and read its JSON. A flag of ``None`` is left out, and ``True`` has no value."""
    arguments = [command, *(text_of(value) for value in positional), "--json"]
    for name, value in flags.items():
        if value is None or value is False:
            continue
        flag = "--" + name.rstrip("_").replace("_", "-")
        arguments.append(flag if value is True else f"{flag}={text_of(value)}")
    return json.loads(_native.command(arguments))
