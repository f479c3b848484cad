"""The built book on localhost: `python tools/serve.py FOLDER`."""

import errno
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

FIRST, LAST = 8000, 8099  # ports that are tried, in order


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and prints nothing."""

    def log_message(self, format, *args):
        pass


def server(folder) -> ThreadingHTTPServer:
    """A server of a folder, on the first port that is free."""
    for port in range(FIRST, LAST + 1):
        try:
            handler = partial(Quiet, directory=str(folder))
            return ThreadingHTTPServer(("127.0.0.1", port), handler)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    raise SystemExit(f"No port from {FIRST} to {LAST} is free.")


if __name__ == "__main__":
    with server(sys.argv[1]) as http:
        print(
            f"The book: http://127.0.0.1:{http.server_port}/ (Ctrl-C ends)", flush=True
        )
        try:
            http.serve_forever()
        except KeyboardInterrupt:
            print()
