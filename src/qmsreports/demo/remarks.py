"""Free text of survey answers, by how satisfied the customer is; some of it is what spreadsheets and pages choke on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_GLAD = (
    "Quick and friendly, thank you.",
    "Delivery arrived a day early, well packed.",
    "Mr Bereghy understood our plant at once.",
    "Très bonne assistance, merci !",
    "Alles bestens & pünktlich.",
    "Peças certas à primeira.",
)
_NEUTRAL = (
    "Fine, but I had to ask twice.",
    "OK; the confirmation came late.",
    "Price list <2025> is outdated.",
    "Correct, un peu lent.",
    "Passt, Rückruf wäre schön gewesen.",
    "Podia ser mais rápido.",
)
_CROSS = (
    "Nobody told us about the delay.",
    "=same problem as last time",
    "The chat bot did not understand me; I wanted a person.",
    "Pompe livrée avec un corps poreux.",
    "Ersatzteil falsch, dritte Reklamation!",
    "Esperei uma semana por resposta.",
)


def remark(which: NDArray[np.int64], satisfied: NDArray[np.int64]) -> NDArray[np.object_]:
    """Return the remark of each answer, None for most."""
    mood = np.where(satisfied >= 4, 0, np.where(satisfied == 3, 1, 2))
    texts = np.array([_GLAD, _NEUTRAL, _CROSS], object)[mood, np.maximum(which, 0)]
    texts[which < 0] = None
    return np.asarray(texts)
