"""The one settings file. Runs after a clone; every name here can be set in the environment.

What is read how is in `project.env`; addresses are taken apart in `project.addresses`.
"""

import os
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from django.utils.functional import SimpleLazyObject

from project import addresses
from project.content_policy import ADMIN_POLICY, DOCS_POLICY, PAGE_POLICY
from project.env import Environment, Misconfigured
from project.logs import configuration as logging_configuration
from project.rest import REST_FRAMEWORK, SPECTACULAR_SETTINGS  # noqa: F401 - names of settings

env = Environment(os.environ)
BASE_DIR = Path(__file__).resolve().parent.parent

# --- What kind of installation this is -------------------------------------------------------------------

DEBUG = env.flag("DEBUG")
TESTING = env.flag("TESTING")
DATA_DIR = env.folder("DATA_DIR", BASE_DIR / ".data")
PORT = env.number("PORT", 8000, minimum=1)

# `manage.py up` writes these two files; any other installation sets the variables.
SECRET_KEY = env.secret("SECRET_KEY", kept_in=DATA_DIR / "secret-key")
SECRETS_KEY = env.secret("SECRETS_KEY", kept_in=DATA_DIR / "secrets-key")
if DEBUG or TESTING:
    SECRET_KEY = SECRET_KEY or "only-for-development-and-tests-not-a-secret-at-all"
    SECRETS_KEY = SECRETS_KEY or "b25seS1mb3ItZGV2ZWxvcG1lbnQtYW5kLXRlc3RzISE="
if not SECRET_KEY:
    raise Misconfigured("SECRET_KEY is not set. Set it (50 random characters), or start with `make run`.")

ALLOWED_HOSTS = env.listing("ALLOWED_HOSTS", ("127.0.0.1", "localhost", "[::1]"))
# Full origins a browser may open a websocket from: never derived from the Host header.
ALLOWED_ORIGINS = env.listing("ALLOWED_ORIGINS", (f"http://127.0.0.1:{PORT}", f"http://localhost:{PORT}"))
# What stands before links in mails and webhooks, which no request tells the address of.
PUBLIC_URL = env.text("PUBLIC_URL") or ALLOWED_ORIGINS[0]
CSRF_TRUSTED_ORIGINS = env.listing("CSRF_TRUSTED_ORIGINS", tuple(ALLOWED_ORIGINS))
HTTPS = env.flag("HTTPS", default=any(origin.startswith("https://") for origin in ALLOWED_ORIGINS))

# A worker has no pages: it leaves the admin's unloaded, which spares a tenth of its memory.
WORKER = env.flag("WORKER")
# Set by the watcher of `manage.py up` for its children: where to write that they are ready.
READY_FD = env.number("READY_FD", 0)
EMBEDDED_BEAT = env.flag("EMBEDDED_BEAT")

# --- Limits and times of the run machine -----------------------------------------------------------------

FILE_ROOTS = env.folders("FILE_ROOTS", DATA_DIR / "files", separator=os.pathsep)
# Roots in which files may have several names (hard links); elsewhere such a file is refused.
FILE_ROOTS_WITH_HARD_LINKS = env.listing("FILE_ROOTS_WITH_HARD_LINKS")
# Roots in which tools may also change files; "none" for none. The folder of `make run` is, if it is a root at all.
WRITABLE_FILE_ROOTS = env.folders_among(
    "WRITABLE_FILE_ROOTS", FILE_ROOTS, DATA_DIR / "files", separator=os.pathsep
)
# Programs of tools: the least sandbox they may run in, and what they may take.
SANDBOX = env.choice("SANDBOX", "any", others=("bubblewrap", "off"))
SANDBOXES_AT_ONCE = env.number("SANDBOXES_AT_ONCE", 4, minimum=1)
SANDBOX_WAIT_SECONDS = env.number("SANDBOX_WAIT_SECONDS", 60, minimum=1)
SANDBOX_MAX_SECONDS = env.number("SANDBOX_MAX_SECONDS", 300, minimum=1)
SANDBOX_MEMORY_MB = env.number("SANDBOX_MEMORY_MB", 512, minimum=64)
SANDBOX_PROCESSES = env.number("SANDBOX_PROCESSES", 64, minimum=4)
WORKSPACE_MB = env.number("WORKSPACE_MB", 256, minimum=1)
WORKSPACE_DAYS = env.number("WORKSPACE_DAYS", 30, minimum=1)
ATTACHMENT_MB = env.number("ATTACHMENT_MB", 20, minimum=1)
ATTACHMENTS_PER_CONVERSATION = env.number("ATTACHMENTS_PER_CONVERSATION", 50)
EGRESS_EXCEPTIONS = env.listing("EGRESS_EXCEPTIONS")
EGRESS_CA_FILE = env.text("EGRESS_CA_FILE")
# Programs that may be started as MCP servers, listed by the operator; read again whenever the file changes.
MCP_LAUNCHERS = env.text("MCP_LAUNCHERS", str(DATA_DIR / "mcp-launchers.toml"))
# While this file is there nothing runs: the operator's kill switch, which needs no database and no page.
KILL_SWITCH_FILE = env.folder("KILL_SWITCH_FILE", DATA_DIR / "stop")
# Rules of the operator's for every organization; only where it is not named may the file be missing.
POLICY_FILE = env.text("POLICY_FILE", str(DATA_DIR / "policy.toml"))
POLICY_FILE_IS_NAMED = bool(env.text("POLICY_FILE"))
# Modules that register functions as tools; imported when the process starts.
TOOL_MODULES = env.listing("TOOL_MODULES")
# Files of tools, and folders of such files, that seeding brings into the catalog.
TOOL_FILES = [Path(each).expanduser().absolute() for each in env.listing("TOOL_FILES")]
# A function or a factory that does not come back is left behind in its thread; so many may hang in one process.
FUNCTION_SECONDS = env.number("FUNCTION_SECONDS", 300, minimum=1)
FACTORY_SECONDS = env.number("FACTORY_SECONDS", 15, minimum=1)
HANGING_FUNCTIONS = env.number("HANGING_FUNCTIONS", 8, minimum=1)
# What factories built is kept in each process for the next run of the same person.
CALLABLE_CACHE_SECONDS = env.number("CALLABLE_CACHE_SECONDS", 3600, minimum=1)
CALLABLE_CACHE_ENTRIES = env.number("CALLABLE_CACHE_ENTRIES", 256, minimum=1)
# The mail server of the send_email tool, and the one sender of everything it sends.
_MAIL = addresses.mail(env.secret("EMAIL_URL") or "console://")
EMAIL_BACKEND = _MAIL["BACKEND"]
EMAIL_HOST, EMAIL_PORT = _MAIL.get("HOST", ""), _MAIL.get("PORT", 25)
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _MAIL.get("HOST_USER", ""), _MAIL.get("HOST_PASSWORD", "")
EMAIL_USE_TLS, EMAIL_USE_SSL = _MAIL.get("USE_TLS", False), _MAIL.get("USE_SSL", False)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", "toolroom@localhost")
if "HOST" in _MAIL and not env.text("EMAIL_FROM"):
    raise Misconfigured(
        "EMAIL_URL names a mail server, so EMAIL_FROM must name the sender of everything it sends."
    )
EMAIL_DOMAINS = env.listing("EMAIL_DOMAINS")
RUN_LEASE_SECONDS = env.number("RUN_LEASE_SECONDS", 30, minimum=1)
CALL_LEASE_SECONDS = env.number("CALL_LEASE_SECONDS", 30, minimum=1)
SWEEP_SECONDS = env.number("SWEEP_SECONDS", 10, minimum=1)
APPROVAL_PENDING_SECONDS = env.number("APPROVAL_PENDING_SECONDS", 86_400, minimum=1)
DELIVERY_DAYS = env.number("DELIVERY_DAYS", 90, minimum=1)
APPROVAL_UNUSED_SECONDS = env.number("APPROVAL_UNUSED_SECONDS", 600, minimum=1)
FRESH_LOGIN_SECONDS = env.number("FRESH_LOGIN_SECONDS", 900, minimum=1)
MAX_STEPS_PER_RUN = env.number("MAX_STEPS_PER_RUN", 24, minimum=1)
# Seconds in which its models and tools work; 0 for no limit.
MAX_SECONDS_PER_RUN = env.number("MAX_SECONDS_PER_RUN", 3_600)
MAX_USES_PER_TURN = env.number("MAX_USES_PER_TURN", 32, minimum=1)
MAX_INVALID_CALLS = env.number("MAX_INVALID_CALLS", 4)
WEB_THREADS = env.number("WEB_THREADS", 8, minimum=1)
# How many answers a worker process reads, decides and writes at once; any number may wait for their model.
ANSWERS_AT_ONCE = env.number("ANSWERS_AT_ONCE", 4, minimum=1)
MAX_CRASHES = env.number("MAX_CRASHES", 3, minimum=1)
MAX_ARGS_BYTES = env.number("MAX_ARGS_BYTES", 65_536, minimum=1)
MAX_MESSAGE_CHARS = env.number("MAX_MESSAGE_CHARS", 100_000, minimum=1)
RESULT_STORED_BYTES = env.number("RESULT_STORED_BYTES", 262_144, minimum=1)
RESULT_MODEL_BYTES = env.number("RESULT_MODEL_BYTES", 65_536, minimum=1)
SOCKETS_PER_USER = env.number("SOCKETS_PER_USER", 50, minimum=1)
SOCKET_RECHECK_SECONDS = env.number("SOCKET_RECHECK_SECONDS", 30, minimum=1)
CRASH_AT = env.text("CRASH_AT")
if CRASH_AT and not (DEBUG or TESTING):
    raise Misconfigured("CRASH_AT ends the process on purpose and is refused unless DEBUG or TESTING is on.")

# --- The model -------------------------------------------------------------------------------------------

ANTHROPIC_API_KEY = env.secret("ANTHROPIC_API_KEY")
ANTHROPIC_BASE_URL = env.text("ANTHROPIC_BASE_URL")
DEFAULT_MODEL = env.text("DEFAULT_MODEL", "claude-sonnet-5-5")
MODEL_TRIES_PER_RUN = env.number("MODEL_TRIES_PER_RUN", 5, minimum=1)
MODEL_READ_TIMEOUT = env.number("MODEL_READ_TIMEOUT", 60, minimum=1)
SCRIPTED_PACE_MS = env.number("SCRIPTED_PACE_MS", 12)

# --- Applications and the way of a request ---------------------------------------------------------------

# Pages and routes have no tables, and a worker shows none: they would take a quarter of its start.
_OF_PAGES = [
    "unfold",
    "unfold.contrib.filters",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
]
INSTALLED_APPS = [
    "project",
    *([] if WORKER else _OF_PAGES),
    "django.contrib.admin.apps.SimpleAdminConfig" if WORKER else "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "channels",
    "csp",
    "knox",
    "project.accounts",
    "audit_app",
    "tools_app",
    "agents_app",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "project.content_security.ContentSecurity",
    "project.content_security.BrowserHeaders",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "project.accounts.middleware.IdentityMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
    "project.errors.HouseErrors",
]

ROOT_URLCONF = "project.urls"
ASGI_APPLICATION = "project.asgi.application"
WSGI_APPLICATION = "project.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
            ],
        },
    },
]

# --- Storage: the database is the truth, Redis only carries news ------------------------------------------

DATABASE_URL = env.secret("DATABASE_URL") or f"sqlite://{DATA_DIR / 'db.sqlite3'}"
DATABASE_POOL_SIZE = env.number("DATABASE_POOL_SIZE", 32, minimum=1)
DATABASES = {"default": addresses.database(DATABASE_URL, pool_size=DATABASE_POOL_SIZE)}
if TESTING:
    # A file, so that worker processes of a test can open it too.
    DATABASES["default"]["TEST"] = {"NAME": addresses.test_name(DATABASES["default"], DATA_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = addresses.redis(env.secret("REDIS_URL") or addresses.embedded_redis(DATA_DIR))
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "toolroom",
    }
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "project.layer.PubSubLayer",
        # A subscription is silent for as long as nobody writes: redis-py's default of 5 s would end it.
        # Pushed replies of the third protocol are looked at in four places, one after the other.
        "CONFIG": {
            "hosts": [{"address": REDIS_URL, "socket_timeout": None, "protocol": 2}],
            "prefix": "toolroom",
        },
    }
}

# --- Background work -------------------------------------------------------------------------------------

CELERY_BROKER_URL = addresses.broker(REDIS_URL)
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_STORE_EAGER_RESULT = False
CELERY_TASK_DEFAULT_QUEUE = "tools"
CELERY_TASK_ROUTES = {
    "agents_app.tasks.*": {"queue": "runs"},
    "tools_app.tasks.*": {"queue": "tools"},
}
# A message is acknowledged when it is taken, not when its work is done: a row's status and lease say what is
# left to do, and the sweeps publish it again. Late acknowledgement would only start long work a second time.
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# Concerns only late acknowledged tasks, of which there are none: set, it spares a warning at every reconnect.
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # The broker keeps no second copy of what was taken: a bell that dies with its worker is rung again by the sweeps,
    # long before any visibility timeout would, and the copy was a fifth of what a message cost a worker.
    "ack_emulation": False,
    "health_check_interval": 25,
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
    "global_keyprefix": "toolroom:",
}
# Four fixed lines, which beat carries out by itself.
CELERY_BEAT_SCHEDULER = "project.schedule:Fixed"
CELERY_BEAT_SCHEDULE = {
    name: {
        "task": f"{room}.tasks.{name}",
        "schedule": timedelta(seconds=SWEEP_SECONDS),
    }
    for room, name in (
        ("tools_app", "sweep_calls"),
        ("tools_app", "expire_approvals"),
        ("tools_app", "tell_of_questions"),
        ("agents_app", "sweep_runs"),
    )
}

# --- Signing in ------------------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "project.accounts.backends.Accounts",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "CommonPasswordValidator", "NumericPasswordValidator")
] + [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    }
]
if TESTING:
    # A good hash is slow on purpose; the tests sign in a thousand times.
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = LOGIN_URL

# Wrong passwords close a quarter of an hour to the pair of name and address, the name, or the address.
AXES_ENABLED = env.flag("AXES_ENABLED", default=not TESTING)
AXES_HANDLER = "project.accounts.lockout.ThreeLimits"
AXES_CLIENT_IP_CALLABLE = "project.accounts.lockout.address_of"
AXES_FAILURE_LIMIT = env.number("LOGIN_FAILURE_LIMIT", 8, minimum=1)
LOGIN_ACCOUNT_LIMIT = env.number("LOGIN_ACCOUNT_LIMIT", 40, minimum=1)
LOGIN_ADDRESS_LIMIT = env.number("LOGIN_ADDRESS_LIMIT", 60, minimum=1)
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
# Whoever goes on guessing at a closed door must not keep it closed.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
AXES_LOCKOUT_CALLABLE = "project.errors.locked_out"

SESSION_ENGINE = "project.accounts.sessions"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "project.errors.csrf_failure"

# --- What the browser is told ----------------------------------------------------------------------------

SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = env.number("HSTS_SECONDS", 31_536_000) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS and env.flag("HSTS_INCLUDE_SUBDOMAINS", default=True)
SECURE_HSTS_PRELOAD = HTTPS and env.flag("HSTS_PRELOAD")
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Preloading enters the owner's domain into every browser for good: theirs to choose, not ours to demand.
SILENCED_SYSTEM_CHECKS = ["security.W021"]

CONTENT_SECURITY_POLICY = {"DIRECTIVES": PAGE_POLICY}
CONTENT_SECURITY_POLICY_BY_PATH = {"/admin/": ADMIN_POLICY, "/api/docs/": DOCS_POLICY}

STATIC_URL = "/static/"
STATIC_ROOT = env.folder("STATIC_ROOT", DATA_DIR / "static")
STATICFILES_DIRS = [BASE_DIR / "static"] if (BASE_DIR / "static").is_dir() else []
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "project.static_files.HashedWhenCollected"},
}
MEDIA_ROOT = DATA_DIR / "uploads"

DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000
FILE_UPLOAD_PERMISSIONS = 0o600

# --- REST ------------------------------------------------------------------------------------------------

# Knox's own table would stay empty beside ours.
MIGRATION_MODULES = {"knox": None}
KNOX_TOKEN_MODEL = "accounts.ApiToken"  # noqa: S105 - the name of a model
REST_KNOX = {
    "TOKEN_MODEL": KNOX_TOKEN_MODEL,
    "AUTH_HEADER_PREFIX": "Bearer",
    # A recognisable beginning lets secret scanners find a token that was committed by mistake.
    "TOKEN_PREFIX": "toolroom_",
    "TOKEN_TTL": timedelta(days=env.number("TOKEN_DAYS", 90, minimum=1)),
}

# --- Words, time, admin, logs ----------------------------------------------------------------------------

LANGUAGE_CODE = "en-us"
TIME_ZONE = env.text("TIME_ZONE", "UTC")
USE_I18N = True
FORMAT_MODULE_PATH = ["project.formats"]
USE_TZ = True

# Loaded by the first admin page: the watcher and the workers, which show none, need not pay for it.
UNFOLD = SimpleLazyObject(lambda: import_module("project.unfold").UNFOLD)

LOGGING = logging_configuration(level=env.text("LOG_LEVEL", "INFO"), form=env.text("LOG_FORMAT", "plain"))
