"""Exact SHAP values and margins in one pass over blocks of 64 rows.

forest (read model.txt) -> program (every constant worked out beforehand) -> instructions (SIMD over
rows) -> block (run a program over a block) -> explainer (blocks, threads).
"""
