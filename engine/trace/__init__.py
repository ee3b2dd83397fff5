"""The trace: entries that are only ever added, chained, numbered and provable. README.md promises their bytes."""

from engine.trace.heads import register_chain
from engine.trace.records import EMPTY, Chain, Head, Record
from engine.trace.writing import Built, append, append_loose, build, record_on

__all__ = ["EMPTY", "Built", "Chain", "Head", "Record", "append", "append_loose", "build", "record_on", "register_chain"]
