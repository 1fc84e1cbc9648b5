"""From blocks to text, Markdown, HTML and JSON, and files written safely."""
