"""The loss of each model a second time: literal SymPy transcriptions that share no code with the models."""
