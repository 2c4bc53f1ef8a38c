"""Recipes: each module makes one student from data to card; `python -m distill NAME` calls its main(args)."""
