-- The keys that sign tokens, for adapters that log in as the role of this capability, as on Spin: public keys as they are,
-- and private keys only encrypted, under a secret that the database does not have. The host writes both forms beside the
-- key; a row of an older host has none until a newer one reads it. The table itself stays closed.
ALTER TABLE mindflow.signing_keys ADD COLUMN public_jwk text, ADD COLUMN wrapped_pem bytea;
COMMENT ON COLUMN mindflow.signing_keys.public_jwk IS 'The public key as a JSON Web Key (RFC 7517).';
COMMENT ON COLUMN mindflow.signing_keys.wrapped_pem IS 'private_pem, encrypted: the first 8 bytes name the wrapping key.';

CREATE FUNCTION mindflow.public_signing_keys()
    RETURNS TABLE (kid text, public_jwk text, signs_from timestamptz, retired_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT k.kid, k.public_jwk, k.signs_from, k.retired_at
    FROM mindflow.signing_keys k WHERE k.public_jwk IS NOT NULL
$$;

CREATE FUNCTION mindflow.wrapped_signing_key(of_kid text) RETURNS bytea
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ SELECT k.wrapped_pem FROM mindflow.signing_keys k WHERE k.kid = of_kid $$;

REVOKE ALL ON FUNCTION mindflow.public_signing_keys(), mindflow.wrapped_signing_key(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mindflow.public_signing_keys(), mindflow.wrapped_signing_key(text) TO mindflow_keys;
