-- So that the sends of long ago, which are deleted every night, are found without reading all.

CREATE INDEX sends_by_settlement ON notification.sends (settled_at) WHERE settled_at IS NOT NULL;
