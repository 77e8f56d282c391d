"""Pictures of what was measured: SVG that stays text, each with a table of its numbers.

Every picture is a function of a small record; the same record is always the same bytes. It
refuses to draw a number where there is none, and to say anything by colour alone.
"""
