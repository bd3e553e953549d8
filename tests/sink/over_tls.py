"""
over_tls: whom a sender talks to over TLS, with nginx at the other end, which writes down what it got.

	over_tls.py DRIVE [EVENTS [CASE ...]]
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from linked import EVENTS, check, drive, fail, finish, folder, free_port, json_lines, run, start, stop, wait_port


def openssl(*words):
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


def authority(name):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3", "-subj", f"/CN={name}",
            "-keyout", f"{name}.key", "-out", f"{name}.pem")


def certificate(name, by, names):
    (folder / "names").write_text(f"subjectAltName={names}\n")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-keyout",
            f"{name}.key", "-out", f"{name}.csr")
    openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{by}.pem", "-CAkey", f"{by}.key", "-CAcreateserial", "-days", "3",
            "-extfile", "names", "-out", f"{name}.pem")


def pin_of(name):
    der = subprocess.run(["openssl", "pkey", "-in", f"{name}.key", "-pubout", "-outform", "DER"], cwd=folder, check=True,
                         capture_output=True).stdout
    return subprocess.run(["openssl", "dgst", "-sha256", "-r"], input=der, check=True, capture_output=True).stdout.decode()[:64]


# lingering_close off: else a request that ends its connection, because of keepalive_requests or of a SIGTERM that comes while it is
# handled, is answered with 204 and written down only when the client has closed; ended before that, nginx has acknowledged what
# its log never gets.
CONFIG = """
daemon off; master_process off; pid {at}/pid; error_log {at}/errors;
events {{ worker_connections 64; }}
http {{
    log_format got escape=json '{{"status":$status,"requests":$connection_requests,"type":"$content_type","body":"$request_body"}}';
    access_log {at}/got got;
    client_body_temp_path {at}/t1; proxy_temp_path {at}/t2; fastcgi_temp_path {at}/t3; uwsgi_temp_path {at}/t4;
    scgi_temp_path {at}/t5;
    client_body_buffer_size 4m; client_max_body_size {largest}; client_body_in_single_buffer on; keepalive_requests {kept};
    lingering_close off; limit_req_zone $server_name zone=all:64k rate={rate}r/s;
    server {{ listen 127.0.0.1:{inner}; access_log off; location / {{ return 204; }} }}
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {folder}/{name}.pem; ssl_certificate_key {folder}/{name}.key;
        {clients}
        location / {{ limit_req zone=all burst=9; proxy_pass http://127.0.0.1:{inner}; }}
        location /moved {{ return 302 https://elsewhere.example.org/; }}
    }}
}}
"""


class Nginx:
    def __init__(self):
        self.port, self.inner = free_port(), free_port()
        self.at = Path(tempfile.mkdtemp(dir=folder))
        self.process = None

    def up(self, name, clients="", largest="4m", kept=1000, rate=100000):
        config = CONFIG.format(at=self.at, folder=folder, port=self.port, inner=self.inner, name=name, largest=largest, kept=kept, rate=rate,
                               clients=f"ssl_client_certificate {folder}/{clients}; ssl_verify_client on;" if clients else "")
        (self.at / "conf").write_text(config)
        self.process = start(["nginx", "-c", str(self.at / "conf"), "-e", str(self.at / "errors")])
        wait_port(self.port, self.process)
        return self

    def down(self, how=signal.SIGTERM):  # killed, it may have answered what it has not written down yet
        stop(self.process, how)

    def got(self):
        """Whole lines: of the last it may have written a part."""
        return [json.loads(line) for line in (self.at / "got").read_text().split("\n")[:-1]]

    def wait_for(self, n):
        until = time.time() + 30
        while len(self.got()) < n:
            if time.time() > until:
                fail(f"nginx got {len(self.got())} of {n}")
            time.sleep(0.01)

    def holds(self, case, lines):
        """Ended first: it answers a moment before it writes down."""
        self.down()
        events = [json.loads(e) for g in self.got() if g["status"] == 204 for e in g["body"].split("\n")[:-1]]
        first = {}
        for e in events:
            check(first.setdefault(e["n"], e) == e, f"{case}: another event {e['n']}")
        lacks = {json.loads(line)["n"] for line in lines} - set(first)
        check(list(first.values()) == [json.loads(line) for line in lines],
              f"{case}: {len(first)} events, lacks {sorted(lacks)[:9]}, or not in order")


def send(nginx, lines, *options, wait=True, host="localhost", expect=0, give_up=1):
    """Of what is refused by us nothing may arrive: a single try."""
    return drive("webhook", lines, f"url=https://{host}:{nginx.port}/in", "content_type=application/x-ndjson",
                 f"give_up={give_up}", *(["pause=600"] if expect else []), *options, wait=wait, expect=expect)


def setup():
    for name in ("ca", "other-ca", "client-ca"):
        authority(name)
    certificate("here", "ca", "DNS:localhost,IP:127.0.0.1")
    certificate("renewed", "ca", "DNS:localhost")
    certificate("named", "ca", "DNS:siem.example.org")
    certificate("stranger", "other-ca", "DNS:localhost")
    certificate("sensor", "client-ca", "DNS:sensor")
    certificate("impostor", "other-ca", "DNS:sensor")


def trust():
    nginx, line = Nginx().up("here"), ['{"n":1}']
    ca = f"tls_ca={folder}/ca.pem"
    for options, said in (
        ([ca], None),
        ([], "not trusted"),
        ([f"tls_ca={folder}/other-ca.pem"], "not trusted"),
        ([ca, "tls_name=siem.example.org"], "not trusted"),
        ([ca, f"tls_pin={pin_of('here')}"], None),
        ([f"tls_pin={pin_of('here').upper()}"], None),
        ([f"tls_pin={pin_of('renewed')}"], "not that of tls_pin"),
        ([ca, f"tls_pin={pin_of('renewed')}"], "not that of tls_pin"),
        ([f"tls_ca={folder}/other-ca.pem", f"tls_pin={pin_of('here')}"], "not trusted"),
        ([f"tls_pin={pin_of('here')}", "tls_name=siem.example.org"], "not trusted"),
    ):
        before = len(nginx.got())
        _, words = send(nginx, line, *options, expect=1 if said else 0)
        check(said is None or said in words, f"{options}: {words}")
        nginx.wait_for(before + (said is None))
        check(said is None or len(nginx.got()) == before, f"{options}: what we do not trust got something")
    nginx.down()
    nginx.up("named")
    send(nginx, line, ca, "tls_name=siem.example.org")
    _, words = send(nginx, line, ca, expect=1)
    check("not trusted" in words and "siem.example.org" not in words.split(":")[0], words)
    nginx.down()


def clients():
    nginx, lines = Nginx().up("here", clients="client-ca.pem"), json_lines(20)
    ca = f"tls_ca={folder}/ca.pem"
    _, words = send(nginx, lines, ca, expect=1)
    check("certificate" in words, f"no client certificate: {words}")
    _, words = send(nginx, lines, ca, f"tls_certificate={folder}/impostor.pem", f"tls_key={folder}/impostor.key", expect=1)
    check("certificate" in words, f"another's client certificate: {words}")
    _, words = send(nginx, lines, ca, f"tls_certificate={folder}/sensor.pem", f"tls_key={folder}/impostor.key", expect=1)
    check("tls_certificate and tls_key" in words, f"not a pair: {words}")
    check(not any(g["status"] == 204 for g in nginx.got()), "taken without a client certificate")
    send(nginx, lines, ca, f"tls_certificate={folder}/sensor.pem", f"tls_key={folder}/sensor.key")
    nginx.holds("client certificate", lines)


def changes():
    """nginx ended and back with a renewed certificate of the same authority; then with a stranger's, until it is mended.  Each
    has a fourth of a second's worth of events, of four seconds' worth."""
    nginx, lines, said = Nginx(), json_lines(EVENTS), ""
    slow = {"kept": 3, "rate": max(EVENTS // 4, 1)}
    nginx.up("here", **slow)
    process = send(nginx, lines, f"tls_ca={folder}/ca.pem", "batch=1", "pause=10", wait=False, give_up=60)
    for name in ("renewed", "stranger"):
        nginx.wait_for(len(nginx.got()) + EVENTS // 16)
        nginx.down()
        nginx.up(name, **slow)
    met = len(nginx.got())
    while "not trusted" not in said:
        said = process.stderr.readline().decode()
        check(said, "the stranger was not met")
    check(len(nginx.got()) == met < EVENTS, f"the stranger got {len(nginx.got()) - met} events")
    nginx.down()
    nginx.up("here")
    finish(process)
    nginx.holds("certificate changed", lines)


def limits():
    nginx, lines = Nginx().up("here", largest="50k"), json_lines(EVENTS)
    ca = f"tls_ca={folder}/ca.pem"
    told, words = send(nginx, lines, ca, give_up=60)
    check(told["refused"] == [EVENTS // 2] and "(413)" in words, f"413: {told} {words}")
    told, words = drive("webhook", ["{}"], f"url=https://localhost:{nginx.port}/moved", ca, "secret=x", "give_up=1", "pause=600", expect=1)
    check("points elsewhere" in words, f"redirect: {words}")
    told, words = drive("webhook", ["{}"] * 3, f"url=http://localhost:{nginx.port}/", "give_up=1", "pause=600", expect=1)
    check(told["refused"] == [] and "(400)" in words, f"http to TLS, which is no event's fault: {told} {words}")
    nginx.down()
    used = sum(g["requests"] > 1 for g in nginx.got())
    check(used > 0, "no connection was used twice")


if __name__ == "__main__":
    if not shutil.which("nginx") or not shutil.which("openssl"):
        print("no nginx or openssl")
        sys.exit(77)
    os.environ["https_proxy"] = os.environ["http_proxy"] = os.environ["ALL_PROXY"] = "http://127.0.0.1:1"  # must not be asked
    setup()
    print(f"{run(trust, clients, changes, limits)} checks: only who is trusted gets anything, and gets all")
