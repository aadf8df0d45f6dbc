"""The free text of the fictitious clinic records: Spanish, in haste, with lost accents, slips and abbreviations."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

#: Chance that a note loses its accents; that a word of it is abbreviated where that is usual; that a word has a slip.
NO_ACCENTS, ABBREVIATED, SLIP = 0.55, 0.18, 0.035
_ACCENTS = str.maketrans("áéíóúüñ", "aeiouun")


class Scribe:
    """Writes the notes of one visit after another.

    Parameters
    ----------
    rng : Generator
    words : mapping
        Content of ``health_vocabulary.yaml``.
    """

    def __init__(self, rng: np.random.Generator, words: Mapping[str, Any]) -> None:
        self._rng = rng
        self._words = words
        signs = words["warning_signs"]
        self._signs = list(signs)
        weights = np.array([signs[name]["weight"] for name in self._signs])
        self._weights = weights / weights.sum()
        self._short = {key: short for word, short in words["abbreviations"].items() for key in (word, _bare(word))}

    def write(self, person: Mapping[str, Any]) -> tuple[str, str, str]:
        """Return symptoms, diagnosis and treatment of one visit.

        Parameters
        ----------
        person : mapping
            disease, signs (number of warning signs), illness (names of other illnesses).
        """
        return self._symptoms(person), self._diagnosis(person), self._treatment(person)

    def _symptoms(self, person: Mapping[str, Any]) -> str:
        disease = self._words["diseases"][person["disease"]]
        said = [self._one(self._words["symptoms"][s]) for s, p in disease["symptoms"].items() if self._rng.random() < p]
        chosen = self._rng.choice(len(self._signs), person["signs"], replace=False, p=self._weights)
        signs = [self._one(self._words["warning_signs"][self._signs[k]]["say"]) for k in chosen]
        said = (said or [self._one(self._words["symptoms"]["fever"])]) + signs
        low, high = disease["days"]
        opening = self._one(self._words["openings"]).format(days=int(self._rng.integers(low, high + 1)))
        text = said[0]
        for word in said[1:]:
            text += self._one(self._words["joints"]) + word
        # Not every clinic asks, and not every answer is written down.
        for name in person["illness"]:
            if self._rng.random() < 0.75:
                told = self._one(self._words["comorbidities"][name]["say"])
                text += ". " + self._one(self._words["history"]).format(text=told)
        return self._hasty(f"{opening} {text}".strip())

    def _diagnosis(self, person: Mapping[str, Any]) -> str:
        if self._rng.random() < 0.15:
            return self._hasty(self._one(self._words["unsure"]))
        disease = person["disease"]
        if self._rng.random() < 0.06:
            disease = self._one([name for name in self._words["diseases"] if name != disease])
        if disease == "dengue" and person["signs"] >= 3 and self._rng.random() < 0.5:
            return self._hasty(self._one(self._words["severe_dengue"]))
        if disease == "dengue" and person["signs"] >= 1 and self._rng.random() < 0.75:
            return self._hasty(self._one(self._words["dengue_with_signs"]))
        return self._hasty(self._one(self._words["diseases"][disease]["diagnoses"]))

    def _treatment(self, person: Mapping[str, Any]) -> str:
        stronger = self._rng.random() < 0.04 + 0.3 * min(person["signs"], 3)
        usual = self._words["diseases"][person["disease"]]["treatments"]
        return self._one(self._words["stronger_treatments"] if stronger else usual)

    def _hasty(self, text: str) -> str:
        """Write `text` as a tired hand would."""
        if self._rng.random() < NO_ACCENTS:
            text = _bare(text)
        out = []
        for piece in re.split(r"(\w+)", text):
            if piece in self._short and self._rng.random() < ABBREVIATED:
                piece = self._short[piece]
            elif len(piece) > 4 and piece.isalpha() and self._rng.random() < SLIP:
                piece = self._slip(piece)
            out.append(piece)
        text = "".join(out)
        return text.upper() if self._rng.random() < 0.1 else text

    def _slip(self, word: str) -> str:
        """Drop, double or swap a letter after the first."""
        k = int(self._rng.integers(1, len(word) - 1))
        kind = int(self._rng.integers(3))
        if kind == 0:
            return word[:k] + word[k + 1 :]
        if kind == 1:
            return word[:k] + word[k] + word[k:]
        return word[:k] + word[k + 1] + word[k] + word[k + 2 :]

    def _one(self, options: Sequence[str]) -> str:
        return options[int(self._rng.integers(len(options)))]


def _bare(text: str) -> str:
    return text.translate(_ACCENTS)
