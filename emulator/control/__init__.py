"""Serving on the wall clock, as other test runners control it: time, faults, evidence, and the HTTP
API for them.
"""
