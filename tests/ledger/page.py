"""A page of `gatewitness report`, looked at by parsers that are not ours: page.py FILE

Well-formed XML (and so each SVG in it), elements and attributes of a short list only, nothing that runs or is loaded,
links that lead to something on the page, headings in order, drawings that have a title and a description."""
import html.parser
import re
import sys
import xml.etree.ElementTree as xml

SVG = "{http://www.w3.org/2000/svg}"
ELEMENTS = set("""html head meta title style body header main section article nav footer div p span b br a ul li h1 h2 h3
    h4 table caption thead tbody tr th td code pre figure figcaption svg desc defs pattern g path rect line text""".split())
ATTRIBUTES = set("""lang charset name content http-equiv id class href aria-label aria-labelledby aria-hidden role data-of
    viewbox width height x y x1 x2 y1 y2 d fill patternunits xmlns""".split())


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.wrong, self.links, self.ids, self.headings, self.style = [], set(), set(), [], ""
        self.within = None

    def handle_starttag(self, tag, attrs):
        self.within = tag
        if tag not in ELEMENTS:
            self.wrong.append("element " + tag)
        for name, value in attrs:
            if name not in ATTRIBUTES:
                self.wrong.append("attribute %s of %s" % (name, tag))
            if name == "href" and not re.fullmatch("#[a-z0-9]+", value):
                self.wrong.append("link to " + value)
            if name == "href":
                self.links.add(value[1:])
            if name == "id":
                if value in self.ids:
                    self.wrong.append("two of id " + value)
                self.ids.add(value)
            if name != "xmlns" and "//" in (value or ""):
                self.wrong.append("reference %s=%s" % (name, value))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def handle_data(self, data):
        if self.within == "style":
            self.style += data

    def handle_endtag(self, tag):
        self.within = None


def main(path):
    text = open(path, encoding="utf-8").read()
    root = xml.fromstring(text)
    page = Page()
    page.feed(text)
    page.close()
    wrong = page.wrong
    wrong += ["no %s on the page" % link for link in page.links - page.ids]
    if page.headings[0] != 1 or page.headings.count(1) != 1:
        wrong.append("not one h1")
    wrong += ["h%d under h%d" % (b, a) for a, b in zip(page.headings, page.headings[1:]) if b > a + 1]
    if re.search(r"url\(|@import|expression|<", page.style):
        wrong.append("the style sheet loads something")
    drawings = [s for s in root.iter(SVG + "svg") if s.get("role") == "img"]
    for s in drawings:
        if [c.tag for c in s][:2] != [SVG + "title", SVG + "desc"] or not all(c.text for c in list(s)[:2]):
            wrong.append("a drawing without title and description")
    for line in sorted(set(wrong)):
        print(path + ": " + line)
    print("%d drawings, %d headings" % (len(drawings), len(page.headings)))
    return 1 if wrong or not drawings else 0


sys.exit(main(sys.argv[1]))
