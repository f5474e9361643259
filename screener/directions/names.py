"""Words of directions that the grammar does not know: among them may be the product's name."""

from __future__ import annotations

from screener.directions.tokens import plain_text, tokens_of


def unknown_words(text: str) -> list[str]:
    """Every run of neighbouring words that the parser does not know, in lower case, once each."""
    plain = plain_text(text)
    runs: list[tuple[int, int]] = []
    for token in tokens_of(plain):
        unknown = not token.kinds and token.number is None and token.unit is None
        unknown = unknown or (token.text.startswith("vitamin ") and token.is_a("reason"))
        if not unknown or not token.text[:1].isalpha():
            continue
        if runs and plain[runs[-1][1] : token.start] in (" ", "-"):
            runs[-1] = (runs[-1][0], token.end)
        else:
            runs.append((token.start, token.end))
    return list(dict.fromkeys(plain[start:end] for start, end in runs))


def with_names_replaced(text: str, names: list[str], sign: str) -> str:
    """The text made plain, with each of these runs of words replaced by a sign."""
    plain = plain_text(text)
    out: list[str] = []
    at = 0
    while at < len(plain):
        found = next((name for name in names if _stands_at(plain, at, name)), None)
        out.append(plain[at] if found is None else f" {sign} ")
        at += 1 if found is None else len(found)
    return "".join(out)


def _stands_at(text: str, at: int, name: str) -> bool:
    end = at + len(name)
    whole = (at == 0 or not text[at - 1].isalpha()) and not text[end : end + 1].isalpha()
    return whole and text.startswith(name, at)
