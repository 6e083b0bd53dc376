-- Which languages an owner writes, without reading the documents.
CREATE INDEX documents_by_language ON search_index.documents (index_name, owner, config) WHERE NOT deleted;

-- Who searches is asked once a statement, and not once a document.
ALTER POLICY documents_are_read_by_their_owner ON search_index.documents USING (owner = (SELECT mindflow.user_id()));
ALTER POLICY documents_are_kept_by_the_service ON search_index.documents
    USING ((SELECT mindflow.is_service())) WITH CHECK ((SELECT mindflow.is_service()));
