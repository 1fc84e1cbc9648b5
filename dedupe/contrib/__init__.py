"""Add-ons that join `dedupe` to other tools; each needs an extra of its own."""
