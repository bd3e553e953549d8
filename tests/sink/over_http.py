"""
over_http: the senders over HTTP against stand-ins that hold each request against its protocol, and misbehave (receiver.py):
nothing is lost, nothing goes out of order, and what is said names the fault.

	over_http.py DRIVE [EVENTS [CASE ...]]		EVENTS: for each of the cases
"""
import json
import random
import time

from linked import EVENTS, NASTY, Receiver, check, drive, finish, folder, free_port, json_lines, run


def misbehaving(kind, *options):
    """Down at the start, killed within, slow, refusing, closing: the same for every kind."""
    lines = json_lines(EVENTS)
    receiver = Receiver(kind, "s3cret")
    options = [receiver.url(), "secret=s3cret", "timeout=1000", *options]
    name = kind.split("-")[0]

    process = drive(name, lines, *options, wait=False)
    process.said = process.stderr.readline().decode()
    receiver.up()
    _, words = finish(process)
    check("does not accept connections" in words, f"{kind}, down at the start: {words}")
    receiver.holds(f"{kind}, down at the start", lines)

    for fault, said in (("busy", "busy"), ("close", "closed the connection"), ("slow 3", "no answer in time"),
                        ("denied", "does not"), ("broken", None), ("endless", "more than 1 MiB"), ("vanish", "closed")):
        if fault == "broken" and name != "elastic":
            continue  # any answer of 200 is theirs
        receiver.forget()
        receiver.fault(fault)
        process = drive(name, lines, *options, "batch=100", wait=False)
        receiver.wait_asked(2)  # the second time is after it was told
        receiver.fault("")
        _, words = finish(process)
        check((said or "no _bulk interface") in words, f"{kind}, {fault}: {words}")
        check("s3cret" not in words, f"{kind}: a secret in words: {words}")
        twice = receiver.holds(f"{kind}, {fault}", lines)
        check(fault != "vanish" or name == "elastic" or twice > 0, f"{kind}: vanish gave no duplicates")

    receiver.forget()
    receiver.fault("single")
    told, _ = drive(name, lines, *options, "batch=50")
    receiver.holds(f"{kind}, closing after each", lines)

    receiver.forget()
    receiver.fault("slow 0.01")
    process = drive(name, lines, *options, f"batch={max(1, EVENTS // 30)}", wait=False)
    for i in range(5):
        receiver.wait_asked(2 * i + 1)
        time.sleep(random.uniform(0, 0.02))
        receiver.down()
        receiver.up()
    finish(process)
    receiver.holds(f"{kind}, killed within", lines)

    receiver.forget()
    bad = list(lines)
    for n in (1, 77, 78, EVENTS):
        bad[n - 1] = json.dumps({"n": n, "message": "POISON"})
    told, words = drive(name, bad, *options)
    check(told["refused"] == [1, 77, 78, EVENTS], f"{kind}, refused: {told} {words}")
    receiver.holds(f"{kind}, refused", bad, {1, 77, 78, EVENTS})

    receiver.forget()
    receiver.fault("small 60000")
    told, words = drive(name, lines, *options)
    check(told["refused"] == [EVENTS // 2], f"{kind}, 413: {told} {words}")
    receiver.holds(f"{kind}, 413", lines, {EVENTS // 2})
    receiver.down()


def webhooks():
    misbehaving("webhook", "content_type=application/x-ndjson")
    receiver = Receiver("webhook").up()
    lines = ['CEF:0|a|b|1|x|a "title" \\| of\\=it|5|msg=Zürich "q" \\ tab\t', "plain"]
    drive("webhook", lines, receiver.url() + "/hook", 'body={"text": "gate: {}", "n": {  }}')
    check([e["text"] for e in receiver.took()] == ["gate: " + line for line in lines], f"template: {receiver.took()}")
    receiver.forget()
    line = json.dumps({"n": 1, "message": NASTY})
    drive("webhook", [line], receiver.url(), 'body={"quoted \\" {}": "{}", "whole": {}}')
    got = receiver.took()[0]
    check(got["whole"] == json.loads(line) and json.loads(got[f'quoted " {line}']) == json.loads(line), f"template: {got}")
    receiver.forget()
    drive("webhook", lines, receiver.url(), "content_type=text/plain; charset=utf-8", "batch=1")
    check(receiver.took() == [line + "\n" for line in lines], f"text: {receiver.took()}")
    receiver.forget()
    drive("webhook", [line], receiver.url() + "/services/{secret}", "secret=T0/B0/xyz")
    check(len(receiver.took()) == 1, "a secret in the URL")
    receiver.down()


def splunks():
    misbehaving("splunk", "topic=main")
    misbehaving("splunk-ack")
    receiver = Receiver("splunk").up()
    told, words = drive("splunk", json_lines(3), receiver.url(), "secret=x", "topic=nowhere", "give_up=1", expect=1)
    check("no such index" in words and told["refused"] == [], f"index: {words}")
    receiver.forget()
    drive("splunk", ['msg="a" | b=c \\'], receiver.url(), "secret=x", "format=cef")
    check(receiver.took() == ['msg="a" | b=c \\'], f"text: {receiver.took()}")
    receiver.down()


def elastics():
    misbehaving("elastic", "format=ecs")
    receiver = Receiver("elastic", "elastic:pass").up()
    lines = json_lines(EVENTS)
    receiver.fault("some")
    told, words = drive("elastic", lines, receiver.url(), "user=elastic", "secret=pass", "format=ecs", "pause=1", "batch=50")
    check("too busy (429): es_rejected_execution_exception" in words, f"some: {words}")
    wrong = receiver.folder / "wrong"
    check(not wrong.exists() and sorted(e["n"] for e in receiver.took()) == list(range(1, EVENTS + 1)), "some: not once each")
    receiver.forget()
    two = "\n".join(json.dumps({"n": i}) for i in (1, 2))  # as drive reads it, two events: twice the same ids
    drive("elastic", two.split("\n"), receiver.url(), "user=elastic", "secret=pass", "format=ecs", "sensor=ü/é 1")
    drive("elastic", two.split("\n"), receiver.url(), "user=elastic", "secret=pass", "format=ecs", "sensor=ü/é 1")
    check(len(receiver.took()) == 2, "the same event twice has one id")
    receiver.down()


def renewed():
    """A token that is changed at both ends while nobody sends a SIGHUP, and one event that is refused for good: what comes behind it
    waits no hour for it."""
    lines, secret = json_lines(60), folder / "secret"
    receiver = Receiver("webhook", "new").up()
    secret.write_text("old\n")
    secret.chmod(0o600)
    options = [receiver.url(), "content_type=application/x-ndjson", "timeout=1000", f"outbox={folder}/outbox.db"]
    process = drive("webhook", lines, *options, f"secret_file={secret}", wait=False)
    receiver.wait_asked(2)
    (folder / "other").write_text("new\n")
    (folder / "other").chmod(0o600)
    (folder / "other").rename(secret)
    told, words = finish(process)
    check(told["sent"] == 60 and "does not know us" in words and "is well again" in words, f"renewed: {told} {words}")
    receiver.holds("renewed", lines)

    receiver.forget()
    (folder / "outbox.db").unlink()
    lines = [json.dumps({"n": n, "message": "POISON" if n == 1 else "fine"}) for n in range(1, 7)]
    began = time.time()
    told, words = drive("webhook", lines, *options, f"secret_file={secret}", "between=1500000", "batch=100")
    check((told["sent"], told["lost"]) == (5, 1) and time.time() - began < 60, f"alone: {told} {words}")
    check("events are given up: refused by the receiver" in words, f"alone: {words}")
    receiver.holds("alone", lines, {1})
    receiver.down()


def mistakes():
    """What can be seen without a receiver is said in one line, and what to do."""
    empty = folder / "empty.pem"
    empty.write_text("nothing\n")
    for kind, options, said in (
        ("webhook", ["url=ftp://x"], "url is none"),
        ("webhook", ["url=https://user:pw@x/"], "url holds a user"),
        ("webhook", ["url=http://siem.example.org/", "secret=s3cret"], "write https://"),
        ("webhook", ["url=https://x/", "tls_ca=/nowhere"], "tls_ca /nowhere: cannot be read"),
        ("webhook", ["url=https://x/", "tls_pin=12"], "tls_pin"),
        ("webhook", ["url=https://x/", "body=nothing"], "body has no {}"),
        ("webhook", ["url=https://x/{secret}"], "secret_file"),
        ("webhook", ["url=https://x/", "user=me"], "user without a secret"),
        ("webhook", ["url=https://x/", "secret=a\nX-Evil: 1"], "control character"),
        ("splunk", ["url=https://x/"], "no token"),
        ("elastic", ["url=https://x/", "format=cef"], "take ecs"),
        ("clickhouse", ["url=https://x/", "format=ecs"], "take fleet"),
        ("clickhouse", ["url=https://x/", "format=fleet", "topic=a;b"], "topic is no table"),
    ):
        _, words = drive(kind, [], *options, expect=2)
        check(said in words and words.count("\n") == 1 and "s3cret" not in words, f"{kind} {options}: {words}")
    for url, options, said in (
        ("http://no-such-host.invalid/", [], "no such host"),
        (f"http://127.0.0.1:{free_port()}/", [], "does not accept connections"),
        (f"https://127.0.0.1:{free_port()}/", [f"tls_ca={empty}"], "127.0.0.1"),
    ):
        _, words = drive("webhook", ["x"], f"url={url}", "give_up=1", "pause=1000", *options, expect=1)
        check(said in words and words.count("\n") == 1, f"{url}: {words}")


print(f"{run(mistakes, renewed, webhooks, splunks, elastics)} checks, {EVENTS} events a case: all there, in order")
