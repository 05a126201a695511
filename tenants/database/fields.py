"""The one field tenant-owned models need beyond Django's."""

from typing import Any

from django.db import models


class TenantForeignKey(models.ForeignKey[Any, Any]):
    """A foreign key inside one tenant: PostgreSQL holds (tenant_id, x_id) → (tenant_id, id), made by the schema editor.

    A reference to another tenant's row and a reference to a row that does not exist fail alike, so neither tells anything.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        kwargs["db_constraint"] = False
        kwargs.setdefault("db_index", False)  # indexes are declared on the model
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:  # noqa: ANN401
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("db_constraint", None)
        return name, path, args, kwargs
