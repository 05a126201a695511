"""A feature flag as JSON: what the API takes and what a configuration version stores."""

from datetime import datetime
from typing import Annotated, Any, Final

from msgspec import Meta

from config_mgmt.flags.values import EVERYBODY, Operator
from payment_engine.api.json import Input

KEY_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
ATTRIBUTE_PATTERN: Final = r"^[A-Za-z][A-Za-z0-9_]{0,49}$"
VARIANT_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
PERCENTAGE_MAX: Final = 100
WEIGHT_MAX: Final = 1000
RULES_MAX: Final = 50
CONSTRAINTS_MAX: Final = 20
VALUES_MAX: Final = 1000
VARIANTS_MAX: Final = 50
TEXT_LENGTH: Final = 200
Instant = Annotated[datetime, Meta(tz=True)]
# Numbers and names come as they are and are checked in one place, which says what is allowed in a sentence.
Percentage = Annotated[Any, Meta(extra_json_schema={"type": "integer", "minimum": 0, "maximum": PERCENTAGE_MAX})]
PercentageOrNone = Annotated[Any, Meta(extra_json_schema={"type": ["integer", "null"], "minimum": 0, "maximum": PERCENTAGE_MAX})]
Weight = Annotated[Any, Meta(extra_json_schema={"type": "integer", "minimum": 0, "maximum": WEIGHT_MAX})]
AttributeName = Annotated[str, Meta(extra_json_schema={"pattern": ATTRIBUTE_PATTERN})]
VariantName = Annotated[str, Meta(extra_json_schema={"pattern": VARIANT_PATTERN})]
OperatorName = Annotated[str, Meta(extra_json_schema={"enum": [operator.value for operator in Operator]})]
ListedText = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": TEXT_LENGTH})]


class ConstraintDocument(Input, frozen=True, kw_only=True):
    """A condition on one attribute: `customer`, `account`, `channel`, `unit`, or any name the caller evaluates with."""

    attribute: AttributeName
    operator: OperatorName
    values: Annotated[list[ListedText], Meta(extra_json_schema={"minItems": 1, "maxItems": VALUES_MAX})]


class RuleDocument(Input, frozen=True, kw_only=True):
    """Matches where all its constraints do; a percentage of its own counts for whom it matches."""

    constraints: Annotated[list[ConstraintDocument], Meta(extra_json_schema={"minItems": 1, "maxItems": CONSTRAINTS_MAX})]
    rollout_percentage: PercentageOrNone = None


class VariantDocument(Input, frozen=True, kw_only=True):
    """A form of the feature; its share is its weight in the sum of all weights."""

    name: VariantName
    weight: Weight
    payload: Any = None


class ScheduleDocument(Input, frozen=True, kw_only=True):
    """From `activeFrom`, and no more from `activeUntil` on."""

    active_from: Instant | None = None
    active_until: Instant | None = None


class FeatureConfig(Input, frozen=True, kw_only=True):
    """Who has the feature: where there is targeting, those whom one of its rules matches; of them the percentage."""

    rollout_percentage: Percentage = EVERYBODY
    kill_switch: bool = False
    targeting: Annotated[list[RuleDocument], Meta(extra_json_schema={"maxItems": RULES_MAX})] = []
    variants: Annotated[list[VariantDocument], Meta(extra_json_schema={"maxItems": VARIANTS_MAX})] = []
    schedule: ScheduleDocument | None = None


class FeatureDocument(Input, frozen=True, kw_only=True):
    """A feature flag without its key."""

    enabled: bool
    config: FeatureConfig = FeatureConfig()
