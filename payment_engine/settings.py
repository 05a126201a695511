"""All settings, in one file, from the environment (12-factor)."""

from datetime import timedelta
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

from payment_engine.api.document_settings import SPECTACULAR_SETTINGS  # noqa: F401  # read by drf-spectacular
from payment_engine.api.scopes import SCOPES
from payment_engine.observability.logs import logging_config
from payment_engine.portal_settings import OAUTH2_ADMIN_CLASSES
from payment_engine.portal_settings import UNFOLD as PORTAL

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.FileAwareEnv()

ENVIRONMENT = env.str("DJANGO_ENV", default="development")
if ENVIRONMENT not in {"development", "test", "production"}:  # a slip such as "prod" must not start with development's defaults
    raise ImproperlyConfigured(f"DJANGO_ENV is development, test or production, not {ENVIRONMENT!r}.")
PRODUCTION = ENVIRONMENT == "production"
TESTING = ENVIRONMENT == "test"
SERVICE = env.str("SERVICE_NAME", default="payment-engine")
# Which value of a setting applies here: a tenant's configuration is kept per environment.
CONFIG_ENVIRONMENT = env.str("CONFIG_ENVIRONMENT", default="production")
DEBUG = env.bool("DJANGO_DEBUG", default=False)
SECRET_KEY = env.str("DJANGO_SECRET_KEY", default="" if PRODUCTION else "only-for-development-" + "x" * 40)
SECRET_KEY_FALLBACKS = env.list("DJANGO_SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("DJANGO_ALLOWED_HOSTS", default=[] if PRODUCTION else ["*"])
CSRF_TRUSTED_ORIGINS = env.list("DJANGO_CSRF_TRUSTED_ORIGINS", default=[])

# --- Applications -----------------------------------------------------------------------------------------------
# The registry, identity and admin live in schema public; what tenants own lives in their placement's schema.
SHARED_APPS = [
    "tenants",  # before django_tenants: its create_tenant knows nothing of ours
    "django_tenants",
    "unfold.apps.BasicAppConfig",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "payment_engine.portal_app.PortalAdminConfig",
    "django.contrib.humanize",
    "oauth2_provider",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_prometheus",
    "payment_engine.devserver",
    "payment_engine.sweeper",
    "payment_engine.onboarding",
]
TENANT_APPS = ["events", "config_mgmt", "accounts", "payments", "iso20022"]
INSTALLED_APPS = [*SHARED_APPS, *TENANT_APPS]
if TESTING:
    INSTALLED_APPS += ["django_linear_migrations"]
    SHARED_APPS += ["django_linear_migrations"]
FIRST_PARTY_APPS = ["tenants", "events", "config_mgmt", "accounts", "payments", "iso20022"]

# --- Tenancy ----------------------------------------------------------------------------------------------------
TENANT_MODEL = "tenants.Placement"
TENANT_DOMAIN_MODEL = "tenants.Domain"
PUBLIC_SCHEMA_NAME = "public"
TENANCY = {
    "POOL_SCHEMA": "payment_engine",
    "OWNER_ROLE": "payment_engine_owner",
    "APP_ROLE": "payment_engine_role",
    "PLATFORM_ROLE": "payment_engine_platform",
    # Tables of schema public that name a tenant and must be readable before one is known: no row-level security.
    "REGISTRY_TABLES": ["api_clients", "domains", "staff_users"],
}
# With a tenant pinned, this deployment serves that tenant alone (a database of its own).
TENANT_PIN = env.str("TENANT_PIN", default="")
DATABASE_ROUTERS = ["tenants.database.router.TenancyRouter"]
TENANT_SYNC_ROUTER = "tenants.database.router.TenancyRouter"

# --- Databases --------------------------------------------------------------------------------------------------
# Three logins of one database: owner (migrations, onboarding), payment_engine_role (web, workers), platform (reads).
OWNER_LOGIN = env.str("DATABASE_LOGIN", default="app") == "owner"
_DATABASE_OPTIONS = {
    "server_side_binding": True,  # values never stand in the SQL text that pg_stat_activity shows to the same login
    "connect_timeout": 3,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 4000,
}


def _database(url: str, mode: str) -> dict[str, object]:
    parsed = environ.Env.db_url_config(url)
    options = parsed.pop("OPTIONS", {})  # what stands behind the "?" of a libpq URI; a Unix socket is ?host=/folder&port=…
    return {
        **parsed,
        "HOST": options.pop("host", parsed["HOST"]),
        "PORT": options.pop("port", parsed["PORT"]),
        "ENGINE": "tenants.database",
        "CONN_MAX_AGE": None if mode == "app" and not TESTING else 0,
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": True,  # safe behind PgBouncer in transaction mode
        "OPTIONS": _DATABASE_OPTIONS | options,
        "TENANCY_MODE": mode,
    }


_APP_URL = env.str("DATABASE_URL", default="postgres://payment_engine_role@127.0.0.1:5432/payment_engine")
_OWNER_URL = env.str("DATABASE_OWNER_URL", default=_APP_URL)
_PLATFORM_URL = env.str("DATABASE_PLATFORM_URL", default="")
DATABASES = {"default": _database(_OWNER_URL, "owner") if OWNER_LOGIN else _database(_APP_URL, "app")}
DATABASES["platform"] = _database(_PLATFORM_URL or _APP_URL, "platform")
DATABASES["platform"]["TEST"] = {"DEPENDENCIES": []}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Redis protocol server, cache, Celery -----------------------------------------------------------------------
REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 4
CELERY_TASK_PUBLISH_RETRY = False  # a doorbell that can't ring must not block the caller: the sweeper finds the work
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# One try to connect when sending (workers keep trying on their own): a broker that is away costs a sender a second, not six.
_ONE_TRY = {"max_retries": 0, "interval_start": 0, "interval_step": 0, "interval_max": 0}
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_timeout": 2, "socket_connect_timeout": 1, "visibility_timeout": 600, **_ONE_TRY}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE_FILENAME = env.str("CELERY_BEAT_SCHEDULE_FILENAME", default="celerybeat-schedule")
CELERY_BEAT_SCHEDULE = {
    "fold-balances": {"task": "accounts.tasks.fold_balances", "schedule": timedelta(seconds=5)},
    "verify-ledger": {"task": "payments.tasks.verify_ledger", "schedule": timedelta(hours=1)},
    "clear-expired-tokens": {"task": "tenants.tasks.clear_expired_tokens", "schedule": timedelta(hours=1)},
    "forget-idempotency-keys": {"task": "payments.tasks.forget_idempotency_keys", "schedule": timedelta(hours=1)},
    "forget-limit-usages": {"task": "payments.tasks.forget_limit_usages", "schedule": timedelta(days=1)},
}

# --- HTTP -------------------------------------------------------------------------------------------------------
ROOT_URLCONF = "payment_engine.urls"
WSGI_APPLICATION = "payment_engine.wsgi.application"
APPEND_SLASH = False
MIDDLEWARE = [
    "payment_engine.observability.correlation.correlation_middleware",
    "payment_engine.observability.metrics.metrics_middleware",
    "payment_engine.portal.PortalSecurityMiddleware",
    "payment_engine.portal.portal_policy_middleware",
    "payment_engine.portal.PortalWhiteNoiseMiddleware",
    "payment_engine.api.problems.problem_middleware",
    "tenants.middleware.api_tenant_middleware",
    "config_mgmt.rate_limits.middleware.rate_limit_middleware",
    "payment_engine.portal.PortalSessionMiddleware",
    "payment_engine.portal.PortalCommonMiddleware",
    "payment_engine.portal.PortalCsrfViewMiddleware",
    "payment_engine.portal.PortalAuthenticationMiddleware",
    "payment_engine.portal.PortalMessageMiddleware",
    "payment_engine.portal.PortalXFrameOptionsMiddleware",
    "tenants.middleware.portal_tenant_middleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"  # templates/ has widgets of its own
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(BASE_DIR / "staticfiles")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = not PRODUCTION
BODY_LIMIT_BYTES = 1 << 20
MESSAGE_LIMIT_BYTES = 200 << 20
DATA_UPLOAD_MAX_MEMORY_SIZE = BODY_LIMIT_BYTES  # messages are read piece by piece
FILE_UPLOAD_HANDLERS = ["payment_engine.portal.NoFiles"]
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
FORMAT_MODULE_PATH = "payment_engine.formats"
LANGUAGE_CODE = "en-gb"

if PRODUCTION:
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$", r"^metrics$"]
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
# The middleware these look for is there, under the portal's own names: it stays out of the API's way.
SILENCED_SYSTEM_CHECKS = ["security.W001", "security.W002", "security.W003"]
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 8 * 3600
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"

# --- Identity ---------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "tenants.StaffUser"
LOGIN_URL = "/admin/login/"
LOGIN_REDIRECT_URL = "/admin/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# The first is for people; the second only for the random secrets of API clients.
PASSWORD_HASHERS = ["tenants.hashers.EngineArgon2PasswordHasher", "tenants.hashers.ClientSecretHasher"]
OAUTH2_PROVIDER_APPLICATION_MODEL = "tenants.ApiClient"
ACCESS_TOKEN_ALGORITHM = env.str("ACCESS_TOKEN_ALGORITHM", default="RS256")
ACCESS_TOKEN_LIFETIME_SECONDS = env.int("ACCESS_TOKEN_LIFETIME_SECONDS", default=300 if PRODUCTION else 3600)
ACCESS_TOKEN_ISSUER = env.str("ACCESS_TOKEN_ISSUER", default="payment-engine")
ACCESS_TOKEN_AUDIENCE = env.str("ACCESS_TOKEN_AUDIENCE", default="payment-engine-api")
OAUTH2_PROVIDER = {
    "OAUTH2_SERVER_CLASS": "oauthlib.oauth2.BackendApplicationServer",  # the client credentials grant and no other
    "OAUTH2_VALIDATOR_CLASS": "tenants.oauth.EngineOAuth2Validator",
    "ACCESS_TOKEN_GENERATOR": "tenants.oauth.access_token_generator",
    "ACCESS_TOKEN_EXPIRE_SECONDS": ACCESS_TOKEN_LIFETIME_SECONDS,
    "CLIENT_SECRET_HASHER": "client_secret_sha256",
    "SCOPES": SCOPES,
    "OIDC_ENABLED": False,  # with it, every token that starts with "ey" is taken for an id token (oauthlib issue 939)
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https"],
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_PKCE_REQUIRED": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    "COMPLIANT_BCP_RFC9700_REFRESH_TOKEN": True,
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_SCHEME": True,
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_MATCHING": True,
}

# --- Portal -----------------------------------------------------------------------------------------------------
UNFOLD = PORTAL
OAUTH2_PROVIDER |= OAUTH2_ADMIN_CLASSES

# --- API --------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["payment_engine.api.authentication.PrincipalAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["payment_engine.api.authentication.HasOperationScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "payment_engine.api.problems.exception_handler",
    "UNAUTHENTICATED_USER": None,
}

# --- Engine -----------------------------------------------------------------------------------------------------
PAYMENTS_SHARE_TRANSACTIONS = env.bool("PAYMENTS_SHARE_TRANSACTIONS", default=True)
# Rails that carry payments here. The simulated ones play a bank next door: `make run` and the tests connect them, a real bank does not.
CONNECTED_RAILS = env.list("CONNECTED_RAILS", default=["internal"] if PRODUCTION else ["internal", "simulator", "simulator_instant"])
ISO20022_PAYMENT_TYPE = env.str("ISO20022_PAYMENT_TYPE", default="INTERNAL_TRANSFER")  # of a transfer whose SvcLvl names none
ISO20022_ENCODINGS = env.list("ISO20022_ENCODINGS", default=["UTF-8"])  # also possible: ISO-8859-1, UTF-16
ISO20022_SECONDS = env.float("ISO20022_SECONDS", default=20.0)  # a longer file is answered PDNG and finished by a worker
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / ".local")))  # of `make run`; commands look there for the demo

# --- Logs -------------------------------------------------------------------------------------------------------
LOGGING = logging_config(service=SERVICE, json=env.bool("LOG_JSON", default=PRODUCTION), level=env.str("LOG_LEVEL", default="INFO"))
LOGGING_CONFIG = "logging.config.dictConfig"
