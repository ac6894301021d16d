"""The license client for Python programs: it checks in, remembers, and says at any time what the license is worth.

    >>> client = Client(file=Path("koor-license.json"), server="https://licenses.example", …)     # doctest: +SKIP
    >>> Thread(target=client.run, args=(stop,)).start()                                           # doctest: +SKIP
    >>> client.allows("save-resource")                                                            # doctest: +SKIP
    True

It needs the standard library, `licensing.verifier` and `cryptography` alone. It fails open: what is not known restricts
nobody, and a server that can't be reached changes nothing before the license's own end. The Go client
(`clients/go/licensing`) keeps the same rules and the same state.
"""
