"""Forms (mẫu) that citizens are given: which one, what stands on it, and how it is set as a PDF."""
