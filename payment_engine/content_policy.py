"""What a page of ours may load and do, told to the browser (Content-Security-Policy, CSP level 3): only what we serve ourselves.

Styles may stand in the page: unfold and Swagger UI write them there. Scripts may not, in any page.
"""

from typing import Final

HEADER: Final = "Content-Security-Policy"
_EVERY_PAGE: Final = (
    "default-src 'self'; object-src 'none'; base-uri 'self'; frame-ancestors 'none'; form-action 'self'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:"
)
DOCS_POLICY: Final = _EVERY_PAGE
# Alpine, which moves unfold's menus, makes functions of the words in x-data and its like.
PORTAL_POLICY: Final = f"{_EVERY_PAGE}; script-src 'self' 'unsafe-eval'"
