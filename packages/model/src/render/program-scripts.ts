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

export const programScripts: Readonly<Record<'redis' | 'nats' | 'postgresql' | 'mysql', string>> = {
  redis,
  nats,
  postgresql,
  mysql,
}
