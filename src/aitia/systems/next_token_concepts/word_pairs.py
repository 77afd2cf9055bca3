"""Pairs of words that differ in one concept, for a look into a model of English: 24 pairs of each of seven concepts."""

from collections.abc import Mapping

__all__ = ["WORD_PAIRS", "rows_of_pairs"]

_PLURAL = """car cars,tree trees,house houses,river rivers,table tables,window windows,garden gardens,letter letters,
animal animals,teacher teachers,student students,book books,road roads,song songs,friend friends,
city cities,country countries,story stories,family families,party parties,machine machines,
village villages,number numbers,color colors"""
_PAST = """walk walked,talk talked,open opened,close closed,play played,work worked,call called,help helped,
look looked,want wanted,need needed,start started,turn turned,move moved,live lived,believe believed,
happen happened,include included,allow allowed,add added,follow followed,create created,offer offered,
remember remembered"""
_GERUND = """build building,read reading,write writing,sing singing,think thinking,speak speaking,stand standing,
fall falling,eat eating,drink drinking,sleep sleeping,teach teaching,learn learning,fight fighting,
send sending,grow growing,draw drawing,fly flying,hold holding,find finding,buy buying,sell selling,
wear wearing,throw throwing"""
_COMPARATIVE = """tall taller,short shorter,fast faster,slow slower,strong stronger,weak weaker,old older,young younger,
high higher,low lower,warm warmer,cold colder,rich richer,poor poorer,deep deeper,wide wider,
long longer,clean cleaner,dark darker,light lighter,soft softer,hard harder,small smaller,great greater"""
_ADVERB = """quick quickly,slow slowly,quiet quietly,clear clearly,sudden suddenly,exact exactly,recent recently,
final finally,usual usually,general generally,complete completely,perfect perfectly,serious seriously,
direct directly,careful carefully,rapid rapidly,strong strongly,deep deeply,certain certainly,
actual actually,real really,original originally,current currently,obvious obviously"""
_CAPITALS = """apple Apple,water Water,music Music,world World,money Money,light Light,house House,green Green,
summer Summer,winter Winter,paper Paper,black Black,white White,power Power,night Night,school School,
church Church,history History,science Science,system System,market Market,health Health,family Family,
nature Nature"""
_FEMALE = """king queen,man woman,boy girl,father mother,son daughter,brother sister,uncle aunt,husband wife,
actor actress,prince princess,he she,his her,himself herself,nephew niece,grandfather grandmother,
waiter waitress,hero heroine,duke duchess,wizard witch,lord lady,gentleman gentlewoman,men women,
boys girls,fathers mothers"""
WORD_PAIRS: Mapping[str, tuple[tuple[str, str], ...]] = {
    name: tuple((a, b) for a, b in (pair.split() for pair in text.replace("\n", "").split(",")))
    for name, text in {
        "plural": _PLURAL, "past": _PAST, "gerund": _GERUND, "comparative": _COMPARATIVE, "adverb": _ADVERB,
        "capital": _CAPITALS, "female": _FEMALE,
    }.items()
}  # fmt: skip
"""For each concept pairs without and with it."""


def rows_of_pairs() -> dict[str, list[str]]:
    """The pairs as columns `concept`, `x0` and `x1`."""
    lines = [(name, a, b) for name, pairs in WORD_PAIRS.items() for a, b in pairs]
    return {column: [line[k] for line in lines] for k, column in enumerate(("concept", "x0", "x1"))}
