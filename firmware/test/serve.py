#!/usr/bin/env python3
"""serve.py PORT CERT KEY FOLDER: a folder over HTTPS, as an update server has it; each request is a line on stderr."""
import functools
import http.server
import ssl
import sys

port, cert, key, folder = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(cert, key)
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
with http.server.ThreadingHTTPServer(("10.77.0.1", port), handler) as server:
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()
