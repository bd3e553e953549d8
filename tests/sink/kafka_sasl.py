"""
kafka_sasl: the sender of Kafka proves who it is: SCRAM-SHA-512, SCRAM-SHA-256 and PLAIN, in the clear and over TLS, to a broker that
insists.  librdkafka's mock knows no SASL: in front of it stands the half of a broker that does (KIP-43, RFC 5802, RFC 4616), and lets
through who has proven it.

	kafka_sasl.py DRIVE [EVENTS]
"""
import base64
import hashlib
import hmac
import json
import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

from wire import copy, frame, framed, until_it_ends
from linked import DRIVE, EVENTS, check, drive, folder, free_port, json_lines, run, start
from over_tls import authority, certificate

SASL_HANDSHAKE, API_VERSIONS, SASL_AUTHENTICATE = 17, 18, 36
MECHANISMS = {"SCRAM-SHA-512": "sha512", "SCRAM-SHA-256": "sha256", "PLAIN": None}
USER, SECRET, ROUNDS = "sensor,=1", 'pass "word" =,é', 4096


class Denied(Exception):
    pass


def text(s):
    return struct.pack(">h", len(s)) + s


def scram(name):
    """The server's side of RFC 5802: a generator of what it answers, sent what the client says."""

    def mac(key, data):
        return hmac.new(key, data, name).digest()

    first = (yield).decode()
    check(first.startswith("n,,n=sensor=2C=3D1,r="), f"SCRAM: {first}")
    nonce = first.rsplit("r=", 1)[1] + base64.b64encode(os.urandom(12)).decode()
    salt = os.urandom(16)
    challenge = f"r={nonce},s={base64.b64encode(salt).decode()},i={ROUNDS}"
    last = (yield challenge.encode()).decode()
    bare, proof = last.split(",p=")
    # librdkafka before 2.6 has its own nonce twice there; Kafka's brokers ask for the end only, and so do we.
    check(bare.startswith("c=biws,r=") and bare.endswith(nonce), f"SCRAM: {last}")
    salted = hashlib.pbkdf2_hmac(name, SECRET.encode(), salt, ROUNDS)
    message = f"{first[3:]},{challenge},{bare}".encode()
    key = mac(salted, b"Client Key")
    expected = bytes(a ^ b for a, b in zip(key, mac(hashlib.new(name, key).digest(), message)))
    if base64.b64decode(proof) != expected:
        raise Denied
    yield b"v=" + base64.b64encode(mac(mac(salted, b"Server Key"), message))


def plain():
    if (yield) != f"\0{USER}\0{SECRET}".encode():
        raise Denied
    yield b""


class Broker:
    def __init__(self, target, tls=None):
        self.port, self.target, self.tls = free_port(), target, tls
        self.asked, self.proven = [], 0
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            threading.Thread(target=self.serve, args=(self.listener.accept()[0],), daemon=True).start()

    def serve(self, raw):
        try:
            client = self.tls.wrap_socket(raw, server_side=True) if self.tls else raw
            broker = socket.create_connection(("127.0.0.1", self.target))
            self.insist(client, broker)
        except (OSError, EOFError, Denied):
            raw.close()
            return
        threading.Thread(target=until_it_ends, args=(self.answers, client, broker), daemon=True).start()
        until_it_ends(copy, client, broker)

    def answers(self, client, broker):
        here, there = (b"127.0.0.1" + struct.pack(">I", p) for p in (self.port, self.target))
        while True:
            client.sendall(framed(frame(broker).replace(there, here)))

    def insist(self, client, broker):
        """Until it has proven itself; whatever else it asks for before that is an error."""
        proof = None
        while True:
            request = frame(client)
            key, _, number, name = struct.unpack(">hhih", request[:10])
            body, answer = request[10 + max(name, 0) :], b""
            if key == API_VERSIONS:
                broker.sendall(framed(request))
                answer = self.with_sasl(frame(broker)[4:])
            elif key == SASL_HANDSHAKE:
                mechanism = body[2:].decode()
                self.asked.append(mechanism)
                proof = plain() if mechanism == "PLAIN" else scram(MECHANISMS[mechanism])
                next(proof)
                answer = struct.pack(">hi", 0, len(MECHANISMS)) + b"".join(text(m.encode()) for m in MECHANISMS)
            else:
                check(key == SASL_AUTHENTICATE and proof, f"a request of kind {key} before it had proven itself")
                answer, proof = self.judge(proof, body[4:], number, client)
            client.sendall(framed(struct.pack(">i", number) + answer))
            if key == SASL_AUTHENTICATE and proof is None:
                self.proven += 1
                return

    def judge(self, proof, said, number, client):
        try:
            answer = proof.send(said)
        except Denied:
            client.sendall(framed(struct.pack(">ih", number, 58) + text(b"Authentication failed") + struct.pack(">i", 0)))
            raise
        done = not answer or answer.startswith(b"v=")
        return struct.pack(">hhi", 0, -1, len(answer)) + answer, None if done else proof

    def with_sasl(self, body):
        """ApiVersions 0, which the mock falls back to: an error, how many, and a kind with its least and most version each."""
        error, n = struct.unpack(">hi", body[:6])
        if error:
            return body
        return struct.pack(">hi", 0, n + 2) + body[6:] + struct.pack(">6h", SASL_HANDSHAKE, 0, 1, SASL_AUTHENTICATE, 0, 0)


def proves_itself():
    authority("ca")
    certificate("here", "ca", "DNS:localhost,IP:127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "here.pem", folder / "here.key")
    got = folder / "got"
    mock = start([os.path.join(os.path.dirname(DRIVE), "brokers"), "gatewitness", "1", str(got)], stdout=subprocess.PIPE)
    target = int(mock.stdout.readline().decode().rsplit(":", 1)[1])
    expected = 0
    for mechanism in MECHANISMS:
        for tls in (None, context):
            broker = Broker(target, tls)
            options = [f"address=127.0.0.1:{broker.port}", "topic=gatewitness", f"user={USER}", f"sasl={mechanism.lower()}",
                       *(["tls=yes", f"tls_ca={folder}/ca.pem"] if tls else ["tls=no"])]
            if mechanism == "PLAIN" and not tls:
                _, words = drive("kafka", ["x"], *options, "secret=wrong", expect=2)
                check("sends the secret in clear" in words and broker.asked == [], words)
                continue
            _, words = drive("kafka", json_lines(3), *options, "secret=wrong", "give_up=2", "timeout=1000", expect=1)
            check(broker.proven == 0 and "wrong" not in words and "uthenticat" in words, f"{mechanism}: {words}")
            told, words = drive("kafka", json_lines(EVENTS), *options, f"secret={SECRET}", "timeout=5000")
            expected += EVENTS
            check(told["done"] == EVENTS and broker.proven > 0 and set(broker.asked) == {mechanism}, f"{mechanism}: {told} {words}")
    until = time.time() + 20
    while time.time() < until and len(got.read_text().split("\n")) <= expected:
        time.sleep(0.1)
    lines = got.read_text().split("\n")[:-1]
    check([json.loads(line) for line in lines] == [json.loads(line) for line in json_lines(EVENTS)] * (expected // EVENTS), f"{len(lines)} of {expected} arrived")


print(f"{run(proves_itself)} checks: SCRAM in the clear and over TLS, PLAIN over TLS only; a wrong secret gets nothing in")
