"""What is the article and what is page chrome: lexicon, features, network, roles, reasons."""
