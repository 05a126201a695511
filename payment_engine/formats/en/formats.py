"""As everywhere else in the portal: by 24 hours, to the second."""

from typing import Final

DATETIME_FORMAT: Final = "Y-m-d H:i:s"
DATE_FORMAT: Final = "Y-m-d"
