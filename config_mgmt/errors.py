"""What a caller can be told about configuration."""

from payment_engine.errors import Conflict, EngineError, NotFound, ValidationFailed


class SelfApproval(EngineError):
    """Who asks for a change does not approve it, with whichever of their clients or users: another person does."""

    code, status, title = "self_approval", 403, "Self approval"


class NotAuthorised(EngineError):
    """The caller may change configuration, but not this part of it."""

    code, status, title = "not_authorised", 403, "Not authorised"


class ChangeUnknown(NotFound):
    title = "Change unknown"


class VersionUnknown(NotFound):
    title = "Version unknown"


class ChangeDecided(Conflict):
    """The change does not wait any more: it took effect, or it was rejected."""

    code, title = "change_decided", "Change decided"


class ChangeOvertaken(Conflict):
    """Another version took effect after this change was proposed: reject it, look at what is active now and propose anew."""

    code, title = "change_overtaken", "Change overtaken"


class NeverInForce(Conflict):
    """Only a version that was once active can be brought back."""

    code, title = "never_in_force", "Never in force"


class SettingUnknown(ValidationFailed):
    """No setting has this key; the detail names those that look like it. Keys under `custom.` are free."""

    code, title = "setting_unknown", "Setting unknown"


class FeatureUnknown(NotFound):
    title = "Feature flag unknown"


class FlagInvalid(ValidationFailed):
    """Each member is well-formed and yet they make no flag: variants that share a name or weigh nothing, a schedule that ends
    before it begins, a payload that is too large, too deep or has numbers that not every reader reads alike."""

    code, title = "flag_invalid", "Feature flag invalid"


class RateLimitUnknown(NotFound):
    title = "Rate limit unknown"


class EndpointUnclear(ValidationFailed):
    """The endpoint of a rate limit stands in the query or in the body, and in both only if it is the same."""

    code, title = "endpoint_unclear", "Endpoint unclear"


class TooManyRateLimits(ValidationFailed):
    """Each request looks through the endpoint patterns of its tenant, so their number is limited; take one away first."""

    code, title = "too_many_rate_limits", "Too many rate limits"


class SettingInvalid(ValidationFailed):
    """The setting does not take this value; the detail says what it takes, and so does `allowed` where settings are listed."""

    code, title = "setting_invalid", "Setting invalid"


class ActivationTimeInvalid(ValidationFailed):
    """A change is scheduled for a time that is yet to come, in the years to 9999 in UTC."""

    code, title = "activation_time_invalid", "Activation time invalid"


class ImportRefused(ValidationFailed):
    """The document can't be imported as it is, so nothing of it was; `errors` names every item that is in the way."""

    code, title = "import_refused", "Import refused"
