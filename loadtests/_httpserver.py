"""pytest-httpserver on a port, as a peer of the benchmark."""

import sys
import time

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response


def answer(request: Request) -> Response:
    return Response(request.get_data(), content_type="application/json")


serving = HTTPServer(host="127.0.0.1", port=int(sys.argv[1]), threaded=True)
serving.expect_request("/publish", method="POST").respond_with_handler(answer)
serving.start()
time.sleep(3_600)
