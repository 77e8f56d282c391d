"""What a fresh database needs: reference data, and an invented world to try things in.

Planting twice equals planting once. No real person ever stands in a seed.
"""
