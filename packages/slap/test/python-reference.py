"""An independent reading and writing of the marshal dialect, for comparing with ours.

Lines of JSON arrive: {"xml": ...}. For each, the document is read with Python's own XML parser into Python values,
and written again by the rules of the format. Answers are lines of JSON: {"xml": ...}, where every number was formatted
by Python's own repr() and every dictionary sorted by Python's own comparison.
"""

import functools
import json
import sys
import xml.etree.ElementTree as ElementTree

CLASSES = {"Computer", "ComputerPartition", "SoftwareRelease", "SoftwareInstance"}


class Instance:
    def __init__(self, name, arguments, state):
        self.name, self.arguments, self.state = name, arguments, state


def unescape(text):
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def read(element, known):
    children = lambda: [read(child, known) for child in element]
    text = element.text or ""
    kind = element.tag
    if kind == "none":
        return None
    if kind in ("int", "long"):
        return int(text)
    if kind == "bool":
        return bool(int(text))
    if kind == "float":
        return float(text)
    if kind == "complex":
        return complex(*map(float, text.split()))
    if kind == "string":
        return unescape(text)
    if kind == "tuple":
        return tuple(children())
    if kind == "reference":
        return known[element.get("id")]
    if kind == "list":
        result = known[element.get("id")] = []
        result.extend(children())
        return result
    if kind == "set":
        return children(), "set"
    if kind == "dictionary":
        result = known[element.get("id")] = {}
        items = children()
        result.update(zip(items[::2], items[1::2]))
        return result
    if kind == "object":
        assert element.get("module") == "slapos.slap.slap" and element.get("class") in CLASSES
        arguments, state = children()
        return Instance(element.get("class"), arguments, state)
    raise ValueError(kind)


def compare(left, right):
    left, right = left[0], right[0]
    try:
        return (left > right) - (left < right)
    except TypeError:
        left, right = repr(left), repr(right)
        return (left > right) - (left < right)


def escaped(text):
    once = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    twice = once.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
    return twice.encode("ascii", "xmlcharrefreplace").decode("ascii")


class Writer:
    def __init__(self):
        self.next = 2
        self.seen = {}

    def id(self):
        self.next += 1
        return "i%d" % (self.next - 1)

    def many(self, opening, name, items):
        if not items:
            return "<%s/>" % opening
        return "<%s>%s</%s>" % (opening, "".join(map(self.write, items)), name)

    def write(self, value):
        if value is None:
            return "<none/>"
        if isinstance(value, bool):
            return "<bool>%d</bool>" % value
        if isinstance(value, int):
            kind = "long" if abs(value) >= 1e24 else "int"
            return "<%s>%d</%s>" % (kind, value, kind)
        if isinstance(value, float):
            return "<float>%r</float>" % value
        if isinstance(value, complex):
            return "<complex>%r %r</complex>" % (value.real, value.imag)
        if isinstance(value, str):
            return "<string>%s</string>" % escaped(value)
        if isinstance(value, tuple):
            if len(value) == 2 and value[1] == "set" and isinstance(value[0], list):
                return self.many('set id="%s"' % self.id(), "set", value[0])
            return self.many("tuple", "tuple", value)
        if isinstance(value, Instance):
            opening = '<object id="%s" module="slapos.slap.slap" class="%s">' % (self.id(), value.name)
            return opening + self.many("tuple", "tuple", value.arguments) + self.dictionary(value.state) + "</object>"
        if id(value) in self.seen:
            return '<reference id="%s"/>' % self.seen[id(value)]
        if isinstance(value, list):
            name = self.seen[id(value)] = self.id()
            return self.many('list id="%s"' % name, "list", value)
        return self.dictionary(value)

    def dictionary(self, value):
        name = self.seen[id(value)] = self.id()
        pairs = sorted(value.items(), key=functools.cmp_to_key(compare))
        return self.many('dictionary id="%s"' % name, "dictionary", [part for pair in pairs for part in pair])


for line in sys.stdin:
    (root,) = ElementTree.fromstring(json.loads(line)["xml"])
    print(json.dumps({"xml": "<marshal>%s</marshal>" % Writer().write(read(root, {}))}))
