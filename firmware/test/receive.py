#!/usr/bin/env python3
"""receive.py PORT CERT KEY FILE: a syslog receiver over TLS (RFC 5425): what comes, octet-counted, becomes a line each."""
import socketserver
import ssl
import sys

port, cert, key, path = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(cert, key)


class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        with context.wrap_socket(self.request, server_side=True) as link, open(path, "ab") as to:
            stream = link.makefile("rb")
            while True:
                digits = b""
                while (byte := stream.read(1)) not in (b" ", b""):
                    digits += byte
                if not byte:
                    return
                to.write(stream.read(int(digits)).rstrip(b"\n") + b"\n")
                to.flush()


socketserver.ThreadingTCPServer.allow_reuse_address = True
with socketserver.ThreadingTCPServer(("10.77.0.1", port), Handler) as server:
    server.serve_forever()
