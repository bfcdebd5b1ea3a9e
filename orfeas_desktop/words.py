"""Marks sentences for translation below the window; the window translates them."""


def QT_TRANSLATE_NOOP(context: str, text: str) -> str:
    """Return `text` unchanged; `lupdate` collects it under `context`."""
    del context
    return text
