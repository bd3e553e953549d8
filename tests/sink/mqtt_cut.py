#!/usr/bin/env python3
"""mqtt_cut.py PORT TARGET [DELAY]: a broker's neighbour from hell: hands each packet of the broker on only after DELAY
seconds, and closes the connection behind the second PUBACK (the first is that of the sensor's "online")."""
import socket
import sys
import threading
import time

from wire import exactly

port, target, delay = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]) if len(sys.argv) > 3 else 0
PUBACK = 4


def packet(s):
    """Fixed header: type, then the length in sevens of bits."""
    head, length, shift = exactly(s, 1), 0, 0
    while True:
        byte = exactly(s, 1)
        head += byte
        length |= (byte[0] & 127) << shift
        shift += 7
        if byte[0] < 128:
            return head + exactly(s, length)


def requests(client, broker):
    try:
        while data := client.recv(65536):
            broker.sendall(data)
    except OSError:
        pass


def serve(client):
    broker = socket.create_connection(("127.0.0.1", target))
    threading.Thread(target=requests, args=(client, broker), daemon=True).start()
    acknowledged = 0
    try:
        while acknowledged < 2:
            data = packet(broker)
            time.sleep(delay)
            client.sendall(data)
            acknowledged += data[0] >> 4 == PUBACK
    except (OSError, EOFError):
        pass
    for s in (client, broker):
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        s.close()


with socket.create_server(("127.0.0.1", port)) as listener:
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
