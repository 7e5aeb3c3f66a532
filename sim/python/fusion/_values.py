"""Values on their way to the simulator and back."""

import json
import os
from decimal import Decimal
from fractions import Fraction
from typing import Any, Optional, Union

from . import _native

Number = Union[int, float, str, Fraction, Decimal]


def text_of(value: Any) -> str:
    """Write an argument as the simulator reads it."""
    if isinstance(value, (Fraction, str)):
        return str(value)
    return os.fspath(value) if isinstance(value, os.PathLike) else repr(value) if isinstance(value, float) else str(value)


def fraction(text: Optional[str]) -> Optional[Fraction]:
    """Read an exact number, if there is one."""
    return None if text is None else Fraction(text)


def answer(command: str, positional: tuple = (), **flags: Any) -> Any:
    """Run a command and read its JSON. A flag of ``None`` is left out, and ``True`` has no value."""
    arguments = [command, *(text_of(value) for value in positional), "--json"]
    for name, value in flags.items():
        if value is None or value is False:
            continue
        flag = "--" + name.rstrip("_").replace("_", "-")
        arguments.append(flag if value is True else f"{flag}={text_of(value)}")
    return json.loads(_native.command(arguments))
