"""Values, scripts and styles inside an HTML page, so that no text can become markup."""

from __future__ import annotations

import json
import math
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def embedded_json(document: Any) -> str:
    """Write JSON that may stand between script tags, whatever texts it holds.

    Example:
        >>> embedded_json({"name": "</script>", "f1": float("nan")})
        '{"name":"\\\\u003c/script\\\\u003e","f1":null}'
    """
    text = json.dumps(_plain(document), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for sign, escape in ESCAPES.items():
        text = text.replace(sign, escape)
    return text.encode("utf-8", "replace").decode("utf-8")


def content_hash(text: str) -> str:
    """Name a script or style by its content, as a content security policy does.

    Example:
        >>> content_hash("")
        "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
    """
    return f"'sha256-{b64encode(sha256(text.encode('utf-8')).digest()).decode('ascii')}'"


def policy(*, script: str, style: str) -> str:
    """Word the policy that admits one script and one style, and nothing from elsewhere."""
    return (
        f"default-src 'none'; script-src {content_hash(script)}; "
        f"style-src {content_hash(style)}; base-uri 'none'; form-action 'none'"
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):  # numpy arrays and scalars
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)
