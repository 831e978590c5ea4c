// The two small shell programs between the engine and a container's program. They are POSIX sh, since that is what every
// Linux has; see docs/adr/0004-process-runtime.md for why they exist.

/**
 * Stays as the parent of the program and writes its exit code to a file, so that the code is known even when the engine
 * was not there at that moment. Signals meant for the program pass it by. Arguments: folder of the container, command.
 */
export const superviseScript: string = `dir=$1; shift
trap : TERM INT HUP QUIT USR1 USR2
# What the shell itself has to say ("Killed") is not the program's output.
exec 4>&2 2>/dev/null
if [ -p "$dir/stdin" ]; then
  # Holds the pipe open for writing until the last attach of a stdinOnce container is over.
  sleep 2147483647 9<>"$dir/stdin" 3>&- 4>&- &
  echo $! >"$dir/stdin-holder"
  (exec "$@" <"$dir/stdin" 2>&4 4>&-)
else
  (exec "$@" 2>&4 4>&-)
fi
code=$?
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
[ -f "$dir/stdin-holder" ] && kill "$(cat "$dir/stdin-holder")" 2>/dev/null
echo "$code" >"$dir/exit.new" && mv "$dir/exit.new" "$dir/exit"
exit "$code"
`

/**
 * Prepares what the program sees and becomes the program. Says "ok PID" or "mount WHAT" or "fail WHAT" on descriptor 3.
 * Inside a mount namespace of its own it builds a root: the host's folders, the image's folders over them, the volumes
 * over those. Nothing on the host is written: a folder in which something must be made is covered first, by an overlay
 * or, where that is refused, by a folder of links.
 */
export const launchScript: string = `dir=$1; mode=$2; rootfs=$3; workdir=$4; user=$5; groups=$6; unshare=$7; shift 7
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
fail() { echo "$*" >&3; exit 125; }

if [ "$mode" = plain ]; then
  if [ "$rootfs" != - ] && [ -d "$rootfs$workdir" ]; then workdir=$rootfs$workdir; fi
  cd "$workdir" 2>/dev/null || cd "$dir/tmp" || fail "fail working directory $workdir"
  echo "ok $$" >&3
  exec 3>&-
  . "$dir/environment"
  exec "$@"
fi

root=$dir/root
options=
[ "$mode" = user ] && options=,userxattr
mkdir -p "$root" "$dir/upper" "$dir/work" "$dir/tmp" || fail "fail cannot make $dir"
chmod 1777 "$dir/tmp"
covered=" "

# The path of $1 with symbolic links resolved inside the root.
inside() {
  local rest="$1" at="" part target turns=0
  while [ -n "$rest" ]; do
    rest=\${rest#/}
    part=\${rest%%/*}
    case $rest in */*) rest=/\${rest#*/} ;; *) rest= ;; esac
    case $part in '' | .) continue ;; ..) at=\${at%/*}; continue ;; esac
    if [ -L "$root$at/$part" ] && [ $turns -lt 40 ]; then
      turns=$((turns + 1))
      target=$(readlink "$root$at/$part")
      case $target in /.host/*) at=$at/$part ;; /*) at=; rest=$target$rest ;; *) rest=/$target$rest ;; esac
    else
      at=$at/$part
    fi
  done
  printf %s "$at"
}

# Links in folder $1 (of the root) to all that is in folder $2; $3 is how folder $2 is called inside the root.
link_all() {
  local entry name
  for entry in "$2"/* "$2"/.[!.]*; do
    [ -e "$entry" ] || [ -L "$entry" ] || continue
    name=\${entry##*/}
    [ -e "$1/$name" ] || ln -s "$3/$name" "$1/$name" 2>/dev/null
  done
}

# Puts the image's folder $1 over the host's of the same name.
merge() {
  local entry name
  for entry in "$rootfs$1"/* "$rootfs$1"/.[!.]*; do
    [ -e "$entry" ] || [ -L "$entry" ] || continue
    name=\${entry##*/}
    if [ -d "$entry" ] && [ ! -L "$entry" ]; then
      open_folder "$1/$name"
      merge "$1/$name"
    else
      rm -f "$root$1/$name"
      cp -a "$entry" "$root$1/$name"
    fi
  done
}

# Makes folder $1 of the root a real folder, where it was a link to the host's.
open_folder() {
  local parent=\${1%/*}
  [ -n "$parent" ] && [ ! -d "$root$parent" -o -L "$root$parent" ] && open_folder "$parent"
  if [ -L "$root$1" ]; then
    rm "$root$1"
    mkdir "$root$1"
    link_all "$root$1" "$1" "/.host$1"
  fi
  [ -d "$root$1" ] || mkdir -p "$root$1"
}

# Makes folder $1, at the top of the root, the container's own: writes stay with it.
cover() {
  case $covered in *" $1 "*) return ;; esac
  covered="$covered$1 "
  local lower=
  [ "$rootfs" != - ] && [ -d "$rootfs$1" ] && lower=$rootfs$1
  if [ -d "$1" ] && [ ! -L "$1" ]; then lower=\${lower:+$lower:}$1; fi
  mkdir -p "$root$1" "$dir/upper$1" "$dir/work$1"
  if [ -z "$lower" ]; then mount --bind "$dir/upper$1" "$root$1"; return; fi
  mount -t overlay overlay -o "lowerdir=$lower,upperdir=$dir/upper$1,workdir=$dir/work$1$options" "$root$1" 2>/dev/null && return
  if [ -d "$1" ]; then
    mount -t tmpfs -o mode=755 tmpfs "$root$1" || fail "mount $1: no tmpfs"
    if [ ! -d "$root/.host" ]; then mkdir "$root/.host"; mount --rbind / "$root/.host" || fail "mount $1: no bind mount"; fi
    link_all "$root$1" "$1" "/.host$1"
    [ "$rootfs" != - ] && [ -d "$rootfs$1" ] && merge "$1"
  else
    cp -a "$rootfs$1/." "$dir/upper$1/" || fail "mount $1: copy failed"
    mount --bind "$dir/upper$1" "$root$1"
  fi
}

# A /dev of the container's own: what it makes there (termination log) stays with it.
make_dev() {
  local name
  mkdir -p "$root/dev"
  mount -t tmpfs -o mode=755 tmpfs "$root/dev" || fail "mount /dev: no tmpfs"
  for name in null zero full random urandom tty ptmx; do
    : >"$root/dev/$name"
    mount --bind "/dev/$name" "$root/dev/$name" 2>/dev/null
  done
  mkdir "$root/dev/pts" "$root/dev/shm"
  mount --rbind /dev/pts "$root/dev/pts" 2>/dev/null
  mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
  ln -s /proc/self/fd "$root/dev/fd"
  ln -s /proc/self/fd/0 "$root/dev/stdin"
  ln -s /proc/self/fd/1 "$root/dev/stdout"
  ln -s /proc/self/fd/2 "$root/dev/stderr"
}

host_kernel() {
  local name
  for name in proc sys; do
    mkdir -p "$root/$name"
    mount --rbind "/$name" "$root/$name" || fail "mount /$name: bind mount refused"
  done
  make_dev
}

if [ -f "$dir/whole-root" ]; then
  if ! mount -t overlay overlay -o "lowerdir=$rootfs,upperdir=$dir/upper,workdir=$dir/work$options" "$root" 2>/dev/null; then
    cp -a "$rootfs/." "$dir/upper/" || fail "fail cannot copy the image's files"
    mount --bind "$dir/upper" "$root" || fail "fail bind mount refused"
  fi
  host_kernel
else
  mount -t tmpfs -o mode=755 tmpfs "$root" || fail "fail no tmpfs"
  for entry in /*; do
    name=\${entry#/}
    if [ -L "$entry" ]; then ln -s "$(readlink "$entry")" "$root/$name"
    elif [ "$name" = tmp ]; then mkdir "$root/tmp"
    elif [ "$name" = dev ]; then make_dev
    elif [ -d "$entry" ] && [ "$rootfs" != - ] && [ -d "$rootfs/$name" ]; then cover "/$name"
    elif [ -d "$entry" ]; then
      mkdir "$root/$name"
      mount --rbind "$entry" "$root/$name" 2>/dev/null
    elif [ -f "$entry" ]; then
      : >"$root/$name"
      mount --bind "$entry" "$root/$name" 2>/dev/null
    fi
  done
  mkdir -p "$root/tmp"
  mount --bind "$dir/tmp" "$root/tmp" || fail "mount /tmp: bind mount refused"
  if [ "$rootfs" != - ]; then
    for entry in "$rootfs"/*; do
      name=\${entry##*/}
      if [ -d "$entry" ] && [ ! -L "$entry" ]; then
        if [ "$name" = tmp ]; then cp -a "$entry/." "$dir/tmp/"
        elif [ ! -L "$root/$name" ]; then cover "/$name"; fi
      elif [ -e "$entry" ] && [ ! -e "$root/$name" ]; then cp -a "$entry" "$root/$name"
      fi
    done
  fi
fi

tab=$(printf '\\t')
# First all covers, then all mounts: a cover made later would hide what was mounted below it.
while IFS="$tab" read -r source target access; do
  at=$(inside "$target")
  if [ ! -e "$root$at" ] && [ ! -f "$dir/whole-root" ]; then
    first=\${at#/}
    first=/\${first%%/*}
    case $first in /tmp | /dev | /proc | /sys) ;; *) if [ -d "$first" ]; then cover "$first"; fi ;; esac
  fi
done <"$dir/mounts"
while IFS="$tab" read -r source target access; do
  at=$(inside "$target")
  if [ ! -e "$root$at" ]; then
    if [ -L "$root$at" ]; then rm "$root$at"; fi
    if [ -d "$source" ]; then open_folder "$at" || fail "mount $target: cannot make the folder"
    else
      open_folder "\${at%/*}"
      : >"$root$at" || fail "mount $target: cannot make the file"
    fi
  fi
  mount --rbind "$source" "$root$at" || fail "mount $target: bind mount of $source refused"
  if [ "$access" = ro ]; then
    mount -o remount,bind,ro "$root$at" 2>/dev/null || mount -o remount,bind,ro,nosuid,nodev "$root$at" 2>/dev/null \\
      || mount -o remount,bind,ro,nosuid,nodev,noexec "$root$at" 2>/dev/null || fail "mount $target: cannot make it read-only"
  fi
done <"$dir/mounts"

at=$(inside "$workdir")
if [ ! -d "$root$at" ]; then
  first=\${at#/}
  first=/\${first%%/*}
  if [ -d "$first" ] && [ ! -f "$dir/whole-root" ]; then cover "$first"; fi
  mkdir -p "$root$at" || fail "fail cannot make the working directory $workdir"
fi
[ -f "$dir/memory-group" ] && echo $$ >"$(cat "$dir/memory-group")/cgroup.procs" 2>/dev/null
hostname "$(cat "$dir/hostname")" 2>/dev/null
echo "ok $$" >&3
exec 3>&-
# $user and $groups are empty or words without blanks.
set -- $groups "$unshare" --root="$root" --wd="$workdir" $user -- "$@"
# The program's variables last: some are called like those above.
. "$dir/environment"
exec "$@"
`
