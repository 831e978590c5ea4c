// How data sources are run from the programs of a machine: shell scripts, run in the foreground by the process runtime.
// What they are told is said at `Program` in engines.ts.

/** Servers that refuse to run as root run as another user; `$run` is put before their commands. `$only` where there is none. */
const asOrdinaryUser = (user: string): string => `run= only=
if [ "$(id -u)" = 0 ]; then
  # In a user namespace of one user, root is the user who runs the engine, and there is no other.
  read -r _ _ users </proc/self/uid_map
  if [ "$users" = 1 ]; then
    only=root
  else
    user=${user}
    id "$user" >/dev/null 2>&1 || user=nobody
    chown "$user" "$DATA"
    run="setpriv --reuid=$user --regid=$(id -g "$user") --clear-groups"
  fi
fi
`

const redis = `set -eu
umask 077
printf 'requirepass "%s"\\n' "$(printf %s "$PASSWORD" | sed 's/[\\\\"]/\\\\&/g')" >"$DATA/redis.conf"
exec "$BIN/redis-server" "$DATA/redis.conf" --bind 127.0.0.1 --port "$PORT" --dir "$DATA" --appendonly yes "$@"
`

const nats = `set -eu
umask 077
quoted() { printf %s "$1" | sed 's/[\\\\"]/\\\\&/g'; }
printf 'authorization { user: "%s", password: "%s" }\\n' "$(quoted "$USERNAME")" "$(quoted "$PASSWORD")" >"$DATA/nats.conf"
exec "$BIN/nats-server" --config "$DATA/nats.conf" --addr 127.0.0.1 --port "$PORT" --jetstream --store_dir "$DATA" "$@"
`

// Made under another name and renamed, so that a first start that was cut short is begun again.
const postgresql = `set -eu
${asOrdinaryUser('postgres')}umask 077
cd "$DATA"
if [ -n "$only" ]; then
  echo "error: PostgreSQL refuses to run as root, and the user namespace of an engine without privilege has no other user: run the engine as root, or set spec.external" >&2
  exit 1
fi
single() { $run "$BIN/postgres" --single -D "$1" -c log_min_messages=fatal "$2" >/dev/null; }
if [ ! -d "$DATA/main" ]; then
  rm -rf "$DATA/new"
  $run "$BIN/initdb" -D "$DATA/new" -U "$USERNAME" --auth-local=reject --auth-host=scram-sha-256 -E UTF8 --no-locale --no-instructions
  [ "$DATABASE" = postgres ] || printf 'CREATE DATABASE "%s"\\n' "$DATABASE" | single "$DATA/new" postgres
  mv "$DATA/new" "$DATA/main"
fi
printf "ALTER ROLE \\"%s\\" PASSWORD '%s'\\n" "$USERNAME" "$(printf %s "$PASSWORD" | sed "s/'/''/g")" | single "$DATA/main" postgres
exec $run "$BIN/postgres" -D "$DATA/main" -c listen_addresses=127.0.0.1 -p "$PORT" -c unix_socket_directories= "$@"
`

const mysql = `set -eu
${asOrdinaryUser('mysql')}umask 077
cd "$DATA"
PATH="$BIN:$PATH"
if [ ! -d "$DATA/main" ]; then
  rm -rf "$DATA/new"
  $run mkdir "$DATA/new"
  $run mariadb-install-db --no-defaults --datadir="$DATA/new" --auth-root-authentication-method=normal --skip-test-db \${only:+--user=root} >/dev/null
  mv "$DATA/new" "$DATA/main"
fi
password=$(printf %s "$PASSWORD" | sed "s/[\\\\']/\\\\\\\\&/g")
$run sh -c 'umask 077; cat >"$1"' sh "$DATA/init.sql" <<END
CREATE DATABASE IF NOT EXISTS \\\`$DATABASE\\\`;
CREATE USER IF NOT EXISTS '$USERNAME'@'%' IDENTIFIED BY '$password';
ALTER USER '$USERNAME'@'%' IDENTIFIED BY '$password';
ALTER USER 'root'@'localhost' IDENTIFIED BY '$password';
GRANT ALL ON \\\`$DATABASE\\\`.* TO '$USERNAME'@'%';
END
exec $run "$BIN/mariadbd" --no-defaults \${only:+--user=root} --datadir="$DATA/main" --bind-address=127.0.0.1 --port="$PORT" --socket=mysql.sock --init-file="$DATA/init.sql" "$@"
`

/** The data of one program are nothing to another: refuses to start empty beside those that another one keeps. */
const inOwnFolder = (name: string, other: string): string => `umask 077
if [ -d "$DATA/${other}" ] && [ ! -d "$DATA/${name}" ]; then
  echo "error: the data here are those of ${other}, and ${name} cannot read them: install ${other} again, or remove the data source with its storage" >&2
  exit 1
fi
mkdir -p "$DATA/${name}"
`

// The user is made, or given the password of now, by a mongod without access control that listens on a socket alone, in a
// folder of its own: a socket's path may have no more than 107 bytes, and that of the data can be longer.
const mongod = `set -eu
${inOwnFolder('mongod', 'ferretdb')}own=$(mktemp -d)
"$BIN/mongod" --dbpath "$DATA/mongod" --bind_ip "$own/mongod.sock" --unixSocketPrefix "$own" --quiet &
server=$!
trap 'kill "$server" 2>/dev/null; rm -rf "$own"' EXIT
until [ -S "$own/mongod.sock" ]; do
  kill -0 "$server" 2>/dev/null || exit 1
  sleep 0.1
done
HOME="$own" "$MONGOSH" --quiet --norc "mongodb://$(printf %s "$own/mongod.sock" | sed 's,/,%2F,g')/admin" --eval '
const { USERNAME, PASSWORD } = process.env
const user = { pwd: PASSWORD, roles: ["root"] }
if (db.getUser(USERNAME) === null) db.createUser({ user: USERNAME, ...user })
else db.updateUser(USERNAME, user)
' >/dev/null
kill "$server"
wait "$server" || true
trap - EXIT
rm -rf "$own"
exec "$BIN/mongod" --dbpath "$DATA/mongod" --bind_ip 127.0.0.1 --port "$PORT" --nounixsocket --auth --quiet "$@"
`

// FerretDB makes its user with the database admin, and never again. That database holds users only: where the password is
// another one, it is made anew.
const ferretdb = `set -eu
${inOwnFolder('ferretdb', 'mongod')}if ! "$BIN/ferretdb" --help | grep -q sqlite-url; then
  echo "error: this ferretdb keeps its data in PostgreSQL alone: install its version 1.24, or set spec.external" >&2
  exit 1
fi
if [ "$(cat "$DATA/password" 2>/dev/null)" != "$USERNAME:$PASSWORD" ]; then
  rm -f "$DATA"/ferretdb/admin.sqlite*
  printf %s "$USERNAME:$PASSWORD" >"$DATA/password"
fi
export FERRETDB_SETUP_DATABASE=admin FERRETDB_SETUP_USERNAME="$USERNAME" FERRETDB_SETUP_PASSWORD="$PASSWORD"
export FERRETDB_TEST_ENABLE_NEW_AUTH=true FERRETDB_TELEMETRY=disable
exec "$BIN/ferretdb" --handler=sqlite --sqlite-url="file:$DATA/ferretdb/" --state-dir="$DATA" --listen-addr="127.0.0.1:$PORT" --debug-addr=- "$@"
`

// For both, a folder is a bucket.
const minio = `set -eu
${inOwnFolder('minio', 'versitygw')}mkdir -p "$DATA/minio/$DATABASE" "$DATA/certs"
export MINIO_ROOT_USER="$USERNAME" MINIO_ROOT_PASSWORD="$PASSWORD" MINIO_BROWSER=off MINIO_UPDATE=off
exec "$BIN/minio" server --quiet --certs-dir "$DATA/certs" --address "127.0.0.1:$PORT" "$@" "$DATA/minio"
`

const versitygw = `set -eu
${inOwnFolder('versitygw', 'minio')}mkdir -p "$DATA/versitygw/$DATABASE" "$DATA/properties"
export ROOT_ACCESS_KEY="$USERNAME" ROOT_SECRET_KEY="$PASSWORD"
exec "$BIN/versitygw" --port "127.0.0.1:$PORT" --quiet "$@" posix --sidecar "$DATA/properties" "$DATA/versitygw"
`

type ProgramName = 'redis' | 'nats' | 'postgresql' | 'mysql' | 'mongod' | 'ferretdb' | 'minio' | 'versitygw'

export const programScripts: Readonly<Record<ProgramName, string>> = {
  redis,
  nats,
  postgresql,
  mysql,
  mongod,
  ferretdb,
  minio,
  versitygw,
}
