"""The one door to XML: bytes from anybody to an element tree, or a finding that says what is wrong with the file."""

from collections.abc import Iterator
from typing import Any

from lxml import etree

from engine.model.findings import Finding, ModelError
from engine.model.rules import finding

MAX_BYTES = 1_000_000
MAX_ELEMENTS = 5_000
MAX_DEPTH = 64

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"
CAMUNDA = "http://camunda.org/schema/1.0/bpmn"
NAMESPACES = {"bpmn": BPMN, "bpmndi": BPMNDI, "camunda": CAMUNDA}

Element = Any  # lxml ships no types; what it gives stays inside engine.model


def parse_document(file: str, data: bytes) -> Element:
    """Read one BPMN file; entities, DTDs, comments and processing instructions never reach the tree.

    Raises: ModelError for a file too large, not well-formed, with a DOCTYPE, or no BPMN.
    """
    if len(data) > MAX_BYTES:
        raise ModelError([finding("file.too_large", file, bytes=len(data), most=MAX_BYTES)])
    root = _parse(file, data)
    fault = _fault(file, root)
    if fault is not None:
        raise ModelError([fault])
    return root


def local_name(element: Element) -> str:
    """The name without its namespace."""
    return str(etree.QName(element).localname)


def namespace(element: Element) -> str | None:
    """The namespace of an element, None without one."""
    found = etree.QName(element).namespace
    return None if found is None else str(found)


def children(element: Element, name: str | None = None) -> Iterator[Element]:
    """The direct BPMN children, all or those of one name; never a nested element's."""
    for child in element:
        if namespace(child) == BPMN and (name is None or local_name(child) == name):
            yield child


def text_of(element: Element | None) -> str:
    """The text of an element without the space around it; empty without one."""
    return "" if element is None else "".join(element.itertext()).strip()


def _parse(file: str, data: bytes) -> Element:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise ModelError([finding("file.not_xml", file, line=error.lineno or 1, problem=error.msg or "")]) from None
    except ValueError as error:
        raise ModelError([finding("file.not_xml", file, line=1, problem=str(error))]) from None


def _fault(file: str, root: Element) -> Finding | None:
    info = root.getroottree().docinfo
    if info.doctype or info.internalDTD is not None:
        return finding("file.doctype", file, line=1)
    count = depth = 0
    todo = [(root, 1)]
    while todo:
        element, level = todo.pop()
        count, depth = count + 1, max(depth, level)
        if count > MAX_ELEMENTS:
            return finding("file.too_many_elements", file, most=MAX_ELEMENTS)
        if depth > MAX_DEPTH:
            return finding("file.too_deep", file, line=element.sourceline, most=MAX_DEPTH)
        todo.extend((child, level + 1) for child in element)
    if root.tag != f"{{{BPMN}}}definitions":
        return finding("file.not_bpmn", file, line=root.sourceline)
    return None
