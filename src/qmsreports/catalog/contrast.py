"""Contrast of colours, after WCAG 2.2: relative luminance and the ratio of two of them.

Worked number: #767676 on white has (1 + 0.05) / (0.18116 + 0.05) = 4.54 : 1, just enough for text (AA asks for 4.5).
"""

from __future__ import annotations

AA = 4.5
"""The least contrast of text against its background, success criterion 1.4.3."""


def luminance(colour: str) -> float:
    """Return the relative luminance of ``#RRGGBB``, 0 (black) to 1 (white)."""
    linear = [
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in (value / 255 for value in _channels(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def readable_on(colour: str, *backgrounds: str, dark: bool = False) -> str:
    """Return the colour, mixed with black (on a ``dark`` background with white) no more than AA asks for."""
    end = 255 if dark else 0
    for step in range(101):
        mixed = [round(value + (end - value) * step / 100) for value in _channels(colour)]
        found = "#{:02X}{:02X}{:02X}".format(*mixed)
        if all(contrast(found, background) >= AA for background in backgrounds):
            return found
    return "#FFFFFF" if dark else "#000000"


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
