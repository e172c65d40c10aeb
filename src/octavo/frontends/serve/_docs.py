"""`/docs`: all routes, to read and to try. Its script and style come from this server: no other is asked."""

from fastapi import APIRouter, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.staticfiles import StaticFiles

FILES_AT = "/docs/files"
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "connect-src 'self'",
        "img-src 'self' data:",
        "script-src 'self' 'unsafe-inline'",  # Swagger UI is begun by a script within the page
        "style-src 'self' 'unsafe-inline'",
        "frame-ancestors 'none'",
    )
)

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def docs() -> Response:
    page = get_swagger_ui_html(
        openapi_url="openapi.json",  # beside it, also behind a proxy that puts a path in front
        title="Octavo",
        swagger_js_url="docs/files/swagger-ui-bundle.js",
        swagger_css_url="docs/files/swagger-ui.css",
        swagger_favicon_url="docs/files/favicon.png",
    )
    page.headers["Content-Security-Policy"] = _POLICY
    return page


def files() -> StaticFiles:
    """Swagger UI's, from the package that brings them."""
    return StaticFiles(packages=[("fastapi_offline", "static")])
