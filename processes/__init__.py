"""The administration built on the engine: areas that stand on each other in one order (setup.cfg), wired in wiring.py."""
