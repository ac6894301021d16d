"""What a relay speaks: the calls of clusters, the vendor's public documents, and one page; nothing of the vendor's."""
