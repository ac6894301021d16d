"""`make screenshots`: every page as people see it, in light and dark, on a desktop and on a phone."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.sites import DESKTOP, PHONE, Scheme, launch, running_site
from tests.browser.visits import visits

LOOKS: tuple[tuple[str, tuple[int, int], Scheme], ...] = (
    ("desktop-light", DESKTOP, "light"),
    ("desktop-dark", DESKTOP, "dark"),
    ("phone-light", PHONE, "light"),
    ("phone-dark", PHONE, "dark"),
)


def main(folder: Path) -> int:
    """Writes the pictures into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as data:
        browser = launch(playwright)
        with running_site(Path(data), browser) as site:
            pages = visits(site.world)
            for look, size, scheme in LOOKS:
                for visit in pages:
                    tab = site.look(visit, size=size, scheme=scheme)
                    tab.go(visit.path)
                    tab.page.screenshot(path=folder / f"{visit.name}-{look}.png", full_page=True)
                    tab.page.context.close()
        browser.close()
    sys.stdout.write(f"{len(LOOKS) * len(pages)} pictures are in {folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "var/screenshots")))
