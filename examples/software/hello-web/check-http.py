#!/usr/bin/python3
"""check-http URL: exit status 0 if URL answers with a status below 400.

A service that has just been started may need a moment: a connection that is
refused is tried again for some seconds.
"""
import sys
import time
import urllib.error
import urllib.request

PATIENCE = 10  # seconds, well below the 20 that a promise has


def check(url):
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                return '%s answered %s' % (url, response.status), 0
        except urllib.error.HTTPError as error:
            return '%s answered %s' % (url, error.code), 1
        except OSError as error:
            if time.monotonic() > deadline:
                return '%s does not answer: %s' % (url, error), 1
            time.sleep(0.1)


if __name__ == '__main__':
    message, status = check(sys.argv[1])
    print(message)
    sys.exit(status)
