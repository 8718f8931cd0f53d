"""Serves the page: `python3 -m local.api_page --port 8080 --contract openapi.yaml --swagger-ui DIR --api URL`."""

import argparse
import json
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_PAGE = (Path(__file__).parent / "page.html").read_text()
_SCRIPT = (Path(__file__).parent / "page.js").read_text()
# What is served of Swagger UI, and as what.
_FILES = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}


def main() -> None:
    """Serves until it is told to end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--contract", type=Path, required=True)
    parser.add_argument("--swagger-ui", type=Path, required=True)
    parser.add_argument("--api", required=True, help="the API's base URL")
    options = parser.parse_args()

    class Handler(BaseHTTPRequestHandler):
        """Answers with one of a few files."""

        def do_GET(self) -> None:
            name = self.path.partition("?")[0].lstrip("/")
            if name == "":
                self._answer("text/html", _PAGE.encode())
            elif name == "page.js":
                self._answer("text/javascript", _SCRIPT.encode())
            elif name == "settings.json":
                self._answer("application/json", json.dumps({"api": options.api}).encode())
            elif name == "openapi.yaml" and options.contract.exists():
                self._answer("application/yaml", options.contract.read_bytes())
            elif name in _FILES:
                self._answer(_FILES[name], (options.swagger_ui / name).read_bytes())
            else:
                self.send_error(404)

        def _answer(self, kind: str, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", f"{kind}; charset=utf-8" if not kind.startswith("image") else kind)
            self.send_header("Content-Length", str(len(body)))
            # The contract changes with every `make reload`.
            self.send_header("Cache-Control", "no-store")
            # Swagger UI styles elements one by one, and its icons are data: URLs.
            policy = f"default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self' {_origin(options.api)}"
            self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    ThreadingHTTPServer(("127.0.0.1", options.port), Handler).serve_forever()


def _origin(url: str) -> str:
    return "/".join(url.split("/")[:3])


main()
