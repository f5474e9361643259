"""The fingerprint of a rule: a hash of what it means, so that a new title is no new rule."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import Any

from screener.rule.model import (
    Clause,
    Condition,
    Downgrade,
    Escalation,
)

# Wording: the same drugs or amounts under other words mean the same.
_WORDING = {"text"}


def fingerprint(
    *,
    flag_when: Clause,
    severity: str,
    adults_only: bool,
    escalate: tuple[Escalation, ...],
    downgrade: tuple[Downgrade, ...],
    only_if: tuple[Condition, ...],
    unless: tuple[Condition, ...],
) -> str:
    """16 hex digits (blake2b) of what is flagged, severity, its changes and guards.

    Lists are resolved. What is absent (None, empty, no) leaves no trace, so that a new optional
    parameter of a check changes no fingerprint of rules that do not use it.
    """
    meaning = {
        "flag_when": _plain(flag_when),
        "severity": severity,
        "adults_only": adults_only,
        "escalate": _plain(escalate),
        "downgrade": _plain(downgrade),
        "only_if": _plain(only_if),
        "unless": _plain(unless),
    }
    text = json.dumps(meaning, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _plain(value: Any) -> Any:
    """Dataclasses as mappings with their class name, sets as sorted lists; no wording."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {
            f.name: _plain(getattr(value, f.name))
            for f in dataclasses.fields(value)
            if f.name not in _WORDING and not _is_absent(getattr(value, f.name))
        }
        return {"is": type(value).__name__, **fields}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return value


def _is_absent(value: Any) -> bool:
    return value is None or value is False or value in ((), frozenset())
