"""What a run can not do, in one line."""

import errno


class Refusal(Exception):
    """One line that says what is wrong and what to do; nothing was lost or overwritten.

    The command prints it and ends with exit code 2.
    """


def of_the_system(error: OSError, doing: str) -> Refusal:
    """The refusal that an error of the file system amounts to."""
    place = error.filename or "the folder"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Refusal(
            f"the disk is full: {doing} failed, and what was there before still stands;"
            " free some space, then go on with --resume"
        )
    what = error.strerror or str(error)
    return Refusal(f"{doing} failed: {place}: {what}")
