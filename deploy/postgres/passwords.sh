#!/bin/sh
# Gives the roles of roles.sql their passwords; the Postgres image runs it once, on an empty volume.
set -eu
psql --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" --dbname="$POSTGRES_DB" \
    --set=owner="$DATABASE_OWNER_PASSWORD" --set=app="$DATABASE_APP_PASSWORD" <<'SQL'
ALTER ROLE handoff_owner PASSWORD :'owner';
ALTER ROLE handoff_app PASSWORD :'app';
SQL
