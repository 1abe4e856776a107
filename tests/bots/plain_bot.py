"""A bot of nothing but the standard library, which starts fast; the variable VICE chooses what is
wrong with it. Run with the port as its argument.
"""

import http.client
import http.server
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from urllib.parse import parse_qs, urlsplit

VICE = os.environ.get("VICE", "")
TOKEN = {"Authorization": "Bearer token"}
DOCUMENTS = "/v1/projects/demo-thrice/databases/(default)/documents/"


def ask_store(name: str) -> int:
    """The status of a document in the store."""
    parts = urlsplit(os.environ["FIRESTORE_URL"])
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    connection.request("GET", f"{DOCUMENTS}notes/{name}", headers=TOKEN)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status


class Bot(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        if VICE == "mute":
            time.sleep(60)
        if query.get("hub.verify_token") == [os.environ.get("FB_VERIFY_TOKEN", "")]:
            self.reply(200, query["hub.challenge"][0].encode())
        else:
            self.reply(403, b"wrong verify token")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", "0")))
        match VICE:
            case "dies":
                print("about to die", flush=True)
                os._exit(7)
            case "answers-and-ends":
                self.reply(200, b"EVENT_RECEIVED")
                os._exit(0)
            case "hangs-up":
                self.close_connection = True
                return
            case "spins":
                while True:
                    pass
            case "sleeps":
                time.sleep(60)
            case "forgets":
                threading.Thread(target=ask_store, args=("forgotten",), daemon=True).start()
            case "naps":
                time.sleep(0.05)
            case "asks":
                ask_store("one")
                ask_store("two")
            case "asks-at-once":
                names = ("c", "a", "b")
                askers = [threading.Thread(target=ask_store, args=(name,)) for name in names]
                for asker in askers:
                    asker.start()
                for asker in askers:
                    asker.join()
            case "huge":
                self.reply(200, b"x" * 10_000_000)
                return
            case "drips":
                self.drip(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nbyte by byte")
                return
        self.reply(200, b"EVENT_RECEIVED")

    def reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def drip(self, whole: bytes) -> None:
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(len(whole)):
            self.wfile.write(whole[at : at + 1])
            self.wfile.flush()
            time.sleep(0.001)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def main() -> None:
    port = int(sys.argv[1])
    if VICE == "deaf":
        time.sleep(60)
    if VICE == "elsewhere":
        port += 7
    if VICE == "asks-at-start":
        print("store says", ask_store("settings"), flush=True)
    if VICE == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if VICE == "escapes":
        with tempfile.NamedTemporaryFile(delete=False) as left:
            left.write(b"left behind")
        subprocess.Popen(["sleep", "600"], start_new_session=True)
        subprocess.Popen(["/bin/sh", "-c", "trap '' TERM INT HUP; sleep 601; true"])
    http.server.ThreadingHTTPServer(("127.0.0.1", port), Bot).serve_forever()


main()
