#!/usr/bin/env python3
"""What an image is made of, from dpkg's own list: SPDX 2.3 as JSON, and a line a package.

	sbom.py ROOT DEBS VERSION EPOCH SPDX PACKAGES

DEBS has the path of a .deb a line: what is taken from packages that are not installed, as the kernel.
"""
import hashlib
import json
import os
import subprocess
import sys
import time
import urllib.parse


def paragraph_fields(paragraph):
    fields = {}
    for line in paragraph.splitlines():
        if line and not line[0].isspace():
            name, _, value = line.partition(": ")
            fields[name] = value
    return fields


def packages(root, debs):
    with open(os.path.join(root, "var/lib/dpkg/status"), encoding="utf-8") as status:
        for paragraph in status.read().split("\n\n"):
            fields = paragraph_fields(paragraph)
            if fields.get("Status", "").endswith(" installed"):
                yield fields
    with open(debs, encoding="utf-8") as paths:
        for path in sorted(set(paths.read().split())):
            yield paragraph_fields(subprocess.run(["dpkg-deb", "-f", path], check=True, capture_output=True, text=True).stdout)


def source(fields):
    name, _, version = fields.get("Source", fields["Package"]).partition(" ")
    return name, version.strip("()") or fields["Version"]


def element(fields):
    name, version = source(fields)
    quoted = urllib.parse.quote(fields["Version"], safe="")
    return {
        "SPDXID": "SPDXRef-" + fields["Package"].replace("+", "-plus"),
        "name": fields["Package"],
        "versionInfo": fields["Version"],
        "supplier": "Organization: " + ("gatewitness" if fields["Package"] == "gatewitness" else "Debian"),
        "sourceInfo": "built from %s %s" % (name, version),
        "downloadLocation": "NOASSERTION",
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "NOASSERTION",
        "copyrightText": "NOASSERTION",
        "filesAnalyzed": False,
        "comment": "licence: /usr/share/doc/%s/copyright in the image" % fields["Package"],
        "externalRefs": [{
            "referenceCategory": "PACKAGE-MANAGER",
            "referenceType": "purl",
            "referenceLocator": "pkg:deb/debian/%s@%s?arch=%s&distro=bookworm" % (
                fields["Package"], quoted, fields["Architecture"]),
        }],
    }


def main():
    root, debs, version, epoch, spdx, lines = sys.argv[1:]
    found = sorted(packages(root, debs), key=lambda fields: fields["Package"])
    elements = [element(fields) for fields in found]
    text = "".join("%s %s %s\n" % (f["Package"], f["Version"], f["Architecture"]) for f in found)
    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": "gatewitness-firmware-" + version,
        "documentNamespace": "https://gatewitness.example.org/spdx/" + hashlib.sha256(text.encode()).hexdigest(),
        "creationInfo": {
            "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(epoch))),
            "creators": ["Tool: gatewitness-firmware"],
        },
        "packages": elements,
        "relationships": [{
            "spdxElementId": "SPDXRef-DOCUMENT",
            "relationshipType": "DESCRIBES",
            "relatedSpdxElement": e["SPDXID"],
        } for e in elements],
    }
    with open(spdx, "w", encoding="utf-8") as to:
        json.dump(document, to, indent=1)
        to.write("\n")
    with open(lines, "w", encoding="utf-8") as to:
        to.write(text)


main()
