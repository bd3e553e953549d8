"""wire.py: what the relays in front of brokers (mqtt_cut.py, kafka_tls.py) read by."""


def exactly(s, n):
    """n bytes of the socket; EOFError where it ends before."""
    data = b""
    while len(data) < n:
        got = s.recv(n - len(data))
        if not got:
            raise EOFError
        data += got
    return data
