-- Documents of who is erased go without a tombstone.
GRANT DELETE ON search_index.documents TO "mindflow_search-index";
