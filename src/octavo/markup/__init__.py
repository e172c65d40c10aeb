"""The two notations content is written in, HTML and Markdown, each read and written in one place.

Renderers write. Reading is for what strangers wrote: a language model's answer enters the house here and is data from
then on.
"""
