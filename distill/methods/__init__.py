"""The multi-modal methods, one module each: losses and fusion layers that know nothing of data, recipes or files.

Representation (what the network is): early, late, tensor, autoencoder, coordinated, adaptive, gated, hashing.
Distillation (how it is trained): kd, fitnet, attention, boundary, inherit, transfer, hallucination, expansion, mutual,
adaptation, gap.
"""
