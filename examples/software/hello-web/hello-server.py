#!/usr/bin/python3
"""hello-server ADDRESS PORT FOLDER: serve a folder over HTTP."""
import functools
import http.server
import socket
import sys


class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET


def main(address, port, folder):
    handler = functools.partial(
        http.server.SimpleHTTPRequestHandler, directory=folder)
    try:
        server = Server((address, int(port)), handler)
    except OSError as error:
        sys.exit('Cannot listen on %s port %s: %s. Request the instance '
                 'with another port.' % (address, port, error.strerror))
    print('Listening on %s port %s' % (address, port), flush=True)
    server.serve_forever()


if __name__ == '__main__':
    main(*sys.argv[1:])
