"""The WSGI application, for any WSGI server: `app`. `licensing serve` runs the same one."""

from licensing.web.app import app_from_environment

app = app_from_environment()
