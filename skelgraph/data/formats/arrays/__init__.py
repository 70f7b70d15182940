"""Whole data sets as arrays, pickles or JSON of the frameworks that train on them."""
