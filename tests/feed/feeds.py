"""Feeds as others write them."""

from xml.sax.saxutils import escape

ATOM_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://journal.example/"><title>Journal</title>'


def entry(title, abstract="", link="", date="2026-11-29T08:00:00Z", author="Ada Byron"):
    link = f'<link href="{escape(link)}"/>' if link else ""
    when = f"<updated>{date}</updated>" if date else ""
    return (
        f"<entry><title>{escape(title)}</title><id>urn:x:{abs(hash(title))}</id>{link}{when}"
        f"<author><name>{escape(author)}</name></author><summary>{escape(abstract)}</summary></entry>"
    )


def atom(*entries):
    return (ATOM_HEAD + "".join(entries) + "</feed>").encode()


GRAPHS = entry("Causal graphs of soil", "We find causal graphs of soil moisture. Roots come last.", "p/1")
SOUP = entry("On soup", "Beans and tomatoes are boiled.", "p/2")
LATENTS = entry("Latent causes of clips", "Latent causal variables are recovered from video.", "p/3")
JOURNAL = atom(GRAPHS, SOUP, LATENTS)
