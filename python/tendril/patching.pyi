# SPDX-License-Identifier: MIT

from typing import Iterable

def patch(classes: str | Iterable[str] = "all", *, without: str | Iterable[str] = "") -> bool: ...
