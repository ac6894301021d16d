"""`make years`: 25 months of one customer, played in separate processes under a clock that the play sets.

A server as an operator runs it, the command line as people type it, and the verifier as a client installs it: from the
built wheel, in an environment that has nothing else. After every step the offline answer and the server's are compared;
they agree, or differ as one row of the table in `docs/answers.md` allows.
"""
