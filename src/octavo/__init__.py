"""PDFs and page images into structured documents."""
