"""A limit on the time that a call takes."""

import signal
import sys
import threading
from collections.abc import Callable


class TimeIsUp(BaseException):
    """Not an Exception: an answer's `except Exception` must not stop it."""


def within(seconds: float, call: Callable[[], str]) -> str:
    """What the call returns; after `seconds` TimeIsUp is raised in it.

    As an `except:` may swallow it, it is raised again and again. A limit in which new
    modules came in starts anew: a first `import torch` takes longer. One long call into
    C, such as a large product, ends first. No limit where there are no timers (Windows,
    a browser) and outside the main thread.
    """
    here = threading.current_thread() is threading.main_thread()
    if not (here and hasattr(signal, "setitimer")):
        return call()
    armed, modules = True, len(sys.modules)

    def stop(*_: object) -> None:
        nonlocal modules
        if armed and modules == len(sys.modules):
            raise TimeIsUp
        if armed:
            modules = len(sys.modules)
            signal.setitimer(signal.ITIMER_REAL, seconds, 0.05)

    timer = signal.setitimer(signal.ITIMER_REAL, 0)
    handler = signal.signal(signal.SIGALRM, stop) or signal.SIG_DFL
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds, 0.05)
        return call()
    finally:
        # Python runs a handler after a call, never before this store: from here on an
        # alarm does nothing, and it is off before the handler goes
        armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, *timer)
