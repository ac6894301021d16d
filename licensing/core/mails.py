"""The mails we write: plain text, one voice. A mail never says more to its reader than the reader may know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LICENSE_FILE_NAME = "koor-license.json"


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to one recipient; an attachment is a file name and its text."""

    recipient: str
    subject: str
    text: str
    attachments: tuple[tuple[str, str], ...] = ()


def confirmation(recipient: str, name: str, link: str, code: str) -> Mail:
    return Mail(
        recipient,
        "Confirm your Koor trial",
        f"""Hello {name},

open this link and press the button, and your free license for up to 4 storage nodes is ready:

{link}

or type this code where you registered, within ten minutes:

{code}

The link works once and for one hour. If you did not ask for this, do nothing.
""",
    )


def license_again(recipient: str, name: str, link: str, code: str) -> Mail:
    """The license file is attached when the mail is sent."""
    return Mail(
        recipient,
        "Your Koor license",
        f"""Hello {name},

you have a Koor license already. Here it is again, attached as {LICENSE_FILE_NAME}; this link shows it, too:

{link}

or type this code where you registered, within ten minutes:

{code}

If you did not ask for this, do nothing.
""",
    )


def colleague_has_it(recipient: str, name: str) -> Mail:
    return Mail(
        recipient,
        "Your organisation has a Koor license already",
        f"""Hello {name},

somebody in your organisation has registered for Koor's free trial before; there is one for each organisation.
Ask your colleagues who runs your storage to invite you; we have told the person who holds the license.
If nobody knows, answer this mail and we will help.
""",
    )


def colleague_asked(recipient: str, name: str, colleague: str) -> Mail:
    return Mail(
        recipient,
        "A colleague asked for your Koor license",
        f"""Hello {name},

{colleague} has asked for a free trial. Your organisation's license is yours, so none was issued.
If you know this person and want to share the license, forward the {LICENSE_FILE_NAME} we sent you.
If you do not, ignore this mail; nothing has changed.
""",
    )


def license_issued(recipient: str, name: str, sentence: str, license_file: str | None) -> Mail:
    """`license_file` None: it is attached when the mail is sent."""
    return Mail(
        recipient,
        "Your Koor license file",
        f"""Hello {name},

{sentence}

The license file is attached as {LICENSE_FILE_NAME}. Put it into the Kubernetes cluster in which the
Data Control Center runs:

kubectl --namespace rook-ceph create secret generic koor-license --from-file={LICENSE_FILE_NAME}

It works without a connection to us.
""",
        () if license_file is None else ((LICENSE_FILE_NAME, license_file),),
    )


def new_cluster(recipient: str, name: str, cluster: str, fsid: str, nodes: int) -> Mail:
    return Mail(
        recipient,
        "A new cluster uses your Koor license",
        f"""Hello {name},

a cluster that we have not seen before has checked in with your license:

name   {cluster}
fsid   {fsid}
nodes  {nodes}

If it is not yours, answer this mail.
""",
    )


def portal_link(recipient: str, name: str, link: str) -> Mail:
    return Mail(
        recipient,
        "Sign in to your Koor licenses",
        f"""Hello {name},

open this link and press the button, and you are signed in to your licenses:

{link}

The link works once and for half an hour; using it makes any other such link useless. If you did not ask for
this, do nothing: nobody gets in without it.
""",
    )


def invitation(recipient: str, name: str, colleague: str, organization: str, portal: str) -> Mail:
    """`colleague` is the address of who invites: the mail must be found when she is erased."""
    return Mail(
        recipient,
        "You can see your organisation's Koor licenses now",
        f"""Hello {name},

{colleague} has added you to the people who look after the Koor licenses of {organization}.
You can see them, download the license file and ask for a quote here, with this address:

{portal}

There is no password: you get a link by mail each time you sign in. If you do not want this, sign in and
choose Privacy: there you can see what we know of you, and have yourself erased.
""",
    )


def alarms_rang(recipient: str, name: str, lines: Sequence[str], count: int, page: str) -> Mail:
    """`lines` tell of the first alarms of `count`."""
    told = "\n\n".join(lines)
    rest = "" if count == len(lines) else f"\n\nand {count - len(lines)} more."
    return Mail(
        recipient,
        f"Koor licensing: {count} new {'alarm' if count == 1 else 'alarms'}",
        f"""Hello {name},

something happened that should never happen:

{told}{rest}

Look at it, and say that you have, here:

{page}

You are told once of each. What to do is in the operations manual, under Watching.
""",
    )
