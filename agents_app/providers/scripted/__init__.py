"""The model that answers when no key is configured, and in the tests. It is no model and says so.

It works by rules only: `provider` speaks through the same interface as every other, `understanding` turns a
request into a turn, `asks` cuts it into things asked for, `choosing` finds a tool for each by its words,
`filling` takes arguments out of the request by the tool's schema, `answering` tells what came of it, `talk`
is for everything else. Nothing in it knows any tool by name. Exact turns can be prescribed in the request,
see `providers/script.py`.
"""
