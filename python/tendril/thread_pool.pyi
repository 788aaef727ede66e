# SPDX-License-Identifier: MIT

from typing import Callable, ParamSpec, TypeVar

from tendril import _tendril
from tendril._tendril import Greenlet
from tendril.calls import Calls

_T = TypeVar("_T")
_P = ParamSpec("_P")

class ThreadPool(Calls, _tendril.ThreadPool):
    def spawn(self, function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> Greenlet[_T]: ...

def offload(function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T: ...
