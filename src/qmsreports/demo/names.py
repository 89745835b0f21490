"""Invented names: customers, suppliers and people of the demo company. Any likeness to a real one is chance."""

from __future__ import annotations

import numpy as np

# Stems that could be family or place names of a region; combined with a trade, a town and a legal form.
_STEMS = {
    "linz": [
        "Hochrainer",
        "Stöttner",
        "Kalvenbach",
        "Dürnegger",
        "Weißloh",
        "Oberhamberg",
        "Zellrather",
        "Grünschlag",
        "Pöllinger",
        "Traunau",
        "Mühlkogler",
        "Ennsfelder",
        "Brückl",
        "Steinwandter",
        "Havlůj",
        "Kopečna",
        "Dvorník",
        "Žitnava",
        "Vranjek",
        "Kolmanič",
        "Bihaly",
        "Szentár",
        "Rotachner",
        "Gstöhlner",
        "Leuthwyl",
        "Aarmatt",
        "Nordhues",
        "Elbmark",
        "Warnholt",
        "Kreutzau",
    ],
    "lyon": [
        "Beauvallin",
        "Charmois",
        "Delacombe",
        "Favrelle",
        "Grandsaule",
        "Jolivard",
        "Lamberoux",
        "Montferrat-Ains",
        "Orgevaux",
        "Pélissande",
        "Rochemarie",
        "Sauvageot-Lys",
        "Thézelin",
        "Vauquelon",
        "Aubrédan",
        "Brisebarre",
        "Coutelin",
        "Desmarais-Vey",
        "Évrandel",
        "Fontclaire",
        "Gaillemin",
        "Hautecroze",
        "Verbruyne",
        "Ostenhof",
        "Dewaelhem",
        "Brambati",
        "Colleverde",
        "Ferrazzin",
        "Lugarno",
        "Serravelli",
    ],
    "porto": [
        "Alvarinhães",
        "Boavide",
        "Carvalhosa",
        "Douradense",
        "Esposelha",
        "Feitosinha",
        "Gondarém",
        "Lousadinha",
        "Marqueda",
        "Nogueirense",
        "Oliveirinha",
        "Penafidal",
        "Quintães",
        "Ribadouro",
        "Seixalinho",
        "Tâmegal",
        "Vilardouro",
        "Azevedinho",
        "Barcelinhos",
        "Cerdeirão",
        "Fontelares",
        "Galaiquesa",
        "Miñarredo",
        "Ourensal",
        "Pontevega",
        "Riazor-Vidal",
        "Salvaterra-Lar",
        "Teixugueira",
        "Zafarreno",
        "Tangerinha",
    ],
}
_TRADES = {
    "linz": ("Wassertechnik", "Haustechnik", "Kältetechnik", "Anlagenbau", "Pumpenhandel", "Heizungsbau", "Abwasser"),
    "lyon": (
        "Hydraulique",
        "Génie climatique",
        "Traitement des eaux",
        "Pompage",
        "Chauffage",
        "Équipements",
        "Fluides",
    ),
    "porto": ("Hidráulica", "Águas", "Climatização", "Bombas", "Rega", "Equipamentos", "Instalações"),
}
_FORMS = {"linz": ("GmbH", "KG", "AG"), "lyon": ("SARL", "SAS", "& Fils"), "porto": ("Lda.", "S.A.", "& Filhos")}
_TOWNS = {
    "linz": ("Nord", "Süd", "Mitte", "Ost", "West", "Donau", "Alpen", "Tal"),
    "lyon": ("Rhône", "Isère", "Ain", "Loire", "Savoie", "Drôme", "Jura", "Alpes"),
    "porto": ("Norte", "Sul", "Minho", "Douro", "Litoral", "Beira", "Serra", "Vouga"),
}
COUNTRIES = {
    "linz": (("AT", 0.46), ("DE", 0.26), ("CZ", 0.10), ("SI", 0.07), ("CH", 0.06), ("HU", 0.05)),
    "lyon": (("FR", 0.66), ("BE", 0.14), ("CH", 0.08), ("IT", 0.12)),
    "porto": (("PT", 0.68), ("ES", 0.24), ("MA", 0.08)),
}


def customer_names(region: str, count: int, rng: np.random.Generator) -> list[str]:
    """Return so many different company names of a region; a larger ``count`` only appends."""
    stems, trades = _STEMS[region], _TRADES[region]
    plain = [f"{stem} {trade}" for trade in trades for stem in stems]
    order = rng.permutation(len(plain))
    names: list[str] = []
    ring = 0
    while len(names) < count:  # later rings add a town, then a number: names stay different at any scale
        towns = _TOWNS[region]
        suffix = "" if ring == 0 else f" {towns[(ring - 1) % len(towns)]}" + (f" {ring // 8 + 1}" if ring > 8 else "")
        names += [f"{plain[place]}{suffix} {_FORMS[region][place % 3]}" for place in order]
        ring += 1
    return names[:count]


SUPPLIERS: dict[str, tuple[tuple[str, str], ...]] = {
    "linz": (
        ("Hallmoser Guss", "castings"),
        ("Voitberg Dichtungen", "seals"),
        ("Elmovar Brno", "motors"),
        ("Kuglmayr Lager", "bearings"),
        ("Platinenwerk Steyrtal", "electronics"),
        ("Drehteile Anzengruber", "shafts"),
        ("Kartonagen Feichtl", "packaging"),
    ),
    "lyon": (
        ("Borel Fonderie", "castings"),
        ("Joints Maurienne", "seals"),
        ("Moteurs Chazelle", "motors"),
        ("Roulements Dauphin", "bearings"),
        ("Usinage Bressan", "shafts"),
        ("Cartonnerie du Lac", "packaging"),
    ),
    "porto": (
        ("Fundição Vale d'Arca", "castings"),
        ("Vedantes Leça", "seals"),
        ("Motores Aveirense", "motors"),
        ("Rolamentos Trofa", "bearings"),
        ("Embalagens Maia Nova", "packaging"),
    ),
}

QUALITY_MANAGER = "Ilse Aumayr"
PEOPLE = {
    "linz": (
        "Ilse Aumayr",
        "Tomáš Havelrath",
        "Gerlinde Stocken",
        "Zoltán Bereghy",
        "Marlies Eidenhof",
        "Anil Deshpal",
    ),
    "lyon": ("Clémence Vautrey", "Bastien Orsaz", "Noémie Tardival", "Yacine Belhadri", "Hervé Montclar"),
    "porto": ("Inês Carreirão", "Duarte Vilhena-Pó", "Graça Montesinho", "Rui Alfarelos", "Beatriz Longarela"),
}
AUDITORS = ("Gerlinde Stocken", "Noémie Tardival", "Rui Alfarelos", "Anil Deshpal")
CERTIFIER = "Certavia (external)"
