"""Weights: what files the engines need, and which of them are on this machine."""
