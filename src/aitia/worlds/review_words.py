"""The words of the restaurant reviews: for every aspect twelve clauses that say it badly or well, and fillers."""

from collections.abc import Mapping

__all__ = ["ASPECTS", "FILLERS", "INTENSIFIERS", "TEMPLATES", "VALUES", "Template"]

ASPECTS = ("food", "service", "ambiance", "noise")
VALUES = ("negative", "unknown", "positive")
INTENSIFIERS = ("", "really", "very", "rather", "quite", "so")

Template = tuple[str, str, str]
"""A clause with a place for the intensifier and its word, the negative word, the positive word."""

TEMPLATES: Mapping[str, tuple[Template, ...]] = {
    "food": (
        ("the food was {}", "bland", "delicious"),
        ("my meal tasted {}", "stale", "fresh"),
        ("every dish was {}", "greasy", "flavorful"),
        ("the pasta came out {}", "mushy", "tender"),
        ("i found the steak {}", "overcooked", "juicy"),
        ("the soup was {}", "watery", "rich"),
        ("dessert turned out {}", "soggy", "heavenly"),
        ("the fish tasted {}", "rancid", "tasty"),
        ("what we ate was {}", "inedible", "scrumptious"),
        ("the chicken was {}", "dry", "succulent"),
        ("their bread is {}", "hard", "crisp"),
        ("the sauce seemed {}", "oily", "balanced"),
    ),
    "service": (
        ("the waiter was {}", "rude", "polite"),
        ("service was {}", "slow", "fast"),
        ("our server seemed {}", "careless", "attentive"),
        ("the staff were {}", "unfriendly", "friendly"),
        ("the hostess looked {}", "annoyed", "welcoming"),
        ("they handled our order in a {} way", "sloppy", "professional"),
        ("the bartender was {}", "dismissive", "helpful"),
        ("the manager acted {}", "arrogant", "gracious"),
        ("the people serving us were {}", "impatient", "patient"),
        ("refills came {}", "late", "promptly"),
        ("our waitress was {}", "forgetful", "thoughtful"),
        ("the way they treated us was {}", "cold", "warm"),
    ),
    "ambiance": (
        ("the decor was {}", "tacky", "elegant"),
        ("the dining room felt {}", "cramped", "spacious"),
        ("the place looked {}", "shabby", "stylish"),
        ("the lighting was {}", "harsh", "cozy"),
        ("inside it is {}", "dingy", "charming"),
        ("the tables were {}", "filthy", "spotless"),
        ("the interior seemed {}", "dated", "modern"),
        ("the atmosphere was {}", "gloomy", "romantic"),
        ("the patio looked {}", "neglected", "lovely"),
        ("the view was {}", "ugly", "gorgeous"),
        ("the furniture felt {}", "worn", "comfortable"),
        ("the whole room seemed {}", "sterile", "inviting"),
    ),
    "noise": (
        ("it was {} in there", "loud", "quiet"),
        ("the music was {}", "deafening", "soft"),
        ("the noise level was {}", "unbearable", "pleasant"),
        ("the crowd was {}", "rowdy", "calm"),
        ("talking across the table was {}", "impossible", "easy"),
        ("the bar next to us was {}", "raucous", "hushed"),
        ("the kitchen sounded {}", "clattering", "muted"),
        ("the speakers were {}", "blaring", "unobtrusive"),
        ("conversations around us were {}", "shrill", "discreet"),
        ("the hall was {}", "echoing", "silent"),
        ("sound in the room was {}", "jarring", "soothing"),
        ("the evening was {}", "noisy", "peaceful"),
    ),
}
FILLERS = (
    "we came on a friday",
    "i went there with two friends",
    "parking took a while",
    "it is close to my office",
    "we had booked for seven",
    "my sister picked this spot",
    "we sat near the window",
    "the bill was about what i expected",
    "this was my second time here",
    "we stayed for two hours",
    "it was my birthday",
    "the menu has four pages",
)
