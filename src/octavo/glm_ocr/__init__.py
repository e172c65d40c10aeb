"""What is known of the GLM-OCR model: prompts and budgets, how its server is asked, and the vLLM process itself."""
