"""The portal: pages of customers, who sign in by a link in a mail."""
