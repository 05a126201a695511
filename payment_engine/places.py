"""Where a command is going to write: looked at before anything is done for it."""

from pathlib import Path
from tempfile import TemporaryFile

from payment_engine.errors import Malformed


def check_place(path: Path) -> None:
    """That a file can be made there, by making one without a name beside it. Raises Malformed."""
    folder = path.absolute().parent
    try:
        if path.is_dir():
            raise Malformed(f"{path} is a folder: name a file in it")
        if not folder.is_dir():
            raise Malformed(f"{path} can't be written: there is no folder {folder}")
        with TemporaryFile(dir=folder):
            return
    except OSError as error:
        raise Malformed(f"{path} can't be written: {error.strerror}") from None
