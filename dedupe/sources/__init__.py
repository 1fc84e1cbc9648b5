"""From paths to pages: files, folders, archives, records."""
