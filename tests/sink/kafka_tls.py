#!/usr/bin/env python3
"""kafka_tls.py PORT CERTIFICATE KEY TARGET: TLS in front of one of librdkafka's mock brokers, which speak none.

What a broker says of where it is reached (Metadata) is made to name PORT instead of TARGET, frame by frame."""
import socket
import ssl
import struct
import sys
import threading

from wire import copy, frame, framed, until_it_ends

port, certificate, key, target = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
HERE, THERE = (b"127.0.0.1" + struct.pack(">I", p) for p in (port, target))


def answers(client, broker):
    while True:
        client.sendall(framed(frame(broker).replace(THERE, HERE)))


def serve(raw, context):
    try:
        client = context.wrap_socket(raw, server_side=True)
        broker = socket.create_connection(("127.0.0.1", target))
    except OSError:
        raw.close()
        return
    for work in (answers, copy):
        threading.Thread(target=until_it_ends, args=(work, client, broker), daemon=True).start()


def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", port)) as listener:
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0], context), daemon=True).start()


main()
