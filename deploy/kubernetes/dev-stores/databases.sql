-- The first start of the server runs this.
CREATE DATABASE mindflow_write;
CREATE DATABASE mindflow_read;
CREATE DATABASE mindflow_analytics;
CREATE DATABASE mindflow_keys;
