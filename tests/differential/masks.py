# SPDX-License-Identifier: GPL-2.0-or-later
"""Results of calls as flat fields, without what differs between two runs."""
import re
import xml.etree.ElementTree as ElementTree

# Of XML: path pattern -> what it is masked by. "" keeps the field and drops its text.
XML_MASKS = [
    (r"/domain/@id$", "#"),
    (r".*/seclabel.*", None),
    (r".*/(source|console)/@path$|/domain/devices/console/@tty$", "#"),
]
TEXT_MASKS = [
    (r"/dev/pts/\d+", "/dev/pts/#"),
    (r"^(CPU time: +)[\d.]+s", r"\1#"),
    (r"^(Id: +)\d+", r"\1#"),
    (r"^( ?)\d+( +\S+ +\S+)", r"\1#\2"),
    (r"^\d+$", "#"),
    (r"\b(domain|id) \d+\b", r"\1 #"),
    (r" +$", ""),
]


def mask_text(text, places):
    for place, name in places:
        text = text.replace(place, name)
    for pattern, name in TEXT_MASKS:
        text = re.sub(pattern, name, text, flags=re.M)
    return text


def flatten_xml(path, element, fields):
    path = f"{path}/{element.tag}"
    for name, value in sorted(element.attrib.items()):
        fields[f"{path}/@{name}"] = value
    text = (element.text or "").strip()
    if text or not element.attrib and not len(element):
        fields[path] = text
    tags = [child.tag for child in element]
    seen = {}
    for child in element:
        seen[child.tag] = seen.get(child.tag, 0) + 1
        number = f"[{seen[child.tag]}]" if tags.count(child.tag) > 1 else ""
        flatten_xml_child(path, child, number, fields)


def flatten_xml_child(path, child, number, fields):
    inner = {}
    flatten_xml("", child, inner)
    for name, value in inner.items():
        head, slash, rest = name[1:].partition("/")
        fields[f"{path}/{head}{number}{slash}{rest}"] = value


def mask_xml(fields):
    masked = {}
    for path, value in fields.items():
        for pattern, name in XML_MASKS:
            if re.fullmatch(pattern, re.sub(r"\[\d+\]", "", path)):
                value = name
        if value is not None:
            masked[path] = value
    return masked


def looks_like_xml(value):
    return isinstance(value, str) and re.match(r"\s*<(\?xml|\w+)", value)


def flatten(key, value, fields):
    """Adds key's value to the fields: XML and dictionaries as one field for each leaf."""
    if looks_like_xml(value):
        inner = {}
        flatten_xml("", ElementTree.fromstring(value), inner)
        for path, leaf in mask_xml(inner).items():
            fields[f"{key}:{path}"] = leaf
    elif isinstance(value, dict):
        if not value:
            fields[key] = {}
        for name, each in value.items():
            flatten(f"{key}.{name}", each, fields)
    elif isinstance(value, tuple):
        flatten(key, list(value), fields)
    elif isinstance(value, list):
        fields[key] = [simple(each) for each in value]
    else:
        fields[key] = simple(value)


def simple(value):
    """A domain is its name, ...: what JSON can have."""
    if isinstance(value, (list, tuple)):
        return [simple(each) for each in value]
    if isinstance(value, dict):
        return {str(name): simple(each) for name, each in value.items()}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if hasattr(value, "UUIDString"):
        return f"domain {value.name()} {value.UUIDString()}"
    return type(value).__name__
