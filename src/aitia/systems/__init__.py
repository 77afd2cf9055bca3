"""The published systems, one folder each: card, config, model, example, claim, page. They never import each other."""
