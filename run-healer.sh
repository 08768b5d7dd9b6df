#!/bin/sh
# Builds k8s-healer where that is needed, finds its rules and its kubeconfig, and hands over to it.
# POSIX sh, and nothing but what every system has: no bash, no git.
set -eu
# `cd` would look there first, and say where it went.
unset CDPATH

help() {
    cat <<'HELP'
Starts and stops the k8s-healer of this folder, from wherever you are.

  run-healer.sh start [OPTION…]    start the daemon in the background
  run-healer.sh stop               end it; what it has begun on the cluster is finished
  run-healer.sh restart [OPTION…]  end it, and start it again with the flags that it had
  run-healer.sh status             does it run, since when, on which cluster, what has it done
  run-healer.sh logs [-f]          what it wrote; -f goes on
  run-healer.sh run [OPTION…]      run it in the foreground: Ctrl-C ends it
  run-healer.sh build [OPTION…]    build the release binary; the options are cargo's

Options of start, restart and run:

  --rules PATH              rules: a file, or a folder of packs; may be repeated. Where neither this
                            nor K8S_HEALER_RULES nor the config file names any: rules.yaml of the
                            folder that you are in, if it has one, else the packs kubevirt-ui and
                            pods of rules/ beside this script: of the others, which may delete
                            namespaces, none runs unless it is named
  --kubeconfig FILE         the cluster; without it, as kubectl finds it
  --source-kubeconfig FILE  the cluster, by a copy of this file: nobody changes it under the daemon.
                            The copy is yours alone, lies in .kubeconfigs/ beside this script (git
                            ignores that), and is made anew when the file has changed, but only by a
                            command that has this option: a restart without it keeps the copy as it
                            is, a start without it uses none
  --foreground              with start: the same as run

What else you give goes to `k8s-healer daemon start` (or stop, run …) as it is, and so does all that
follows a --: `run-healer.sh start -- --help` shows what there is. Its exit code is the script's,
which ends with 2 by itself when something is wrong before that.

start, restart and run first build the binary (cargo build --release) when there is none, or one
that is older than the sources. CARGO_TARGET_DIR says where. With K8S_HEALER_BIN=FILE another binary
is run, and nothing built.

Examples:

  run-healer.sh run --rules rules.yaml --mode observe     look first: nothing is written there
  run-healer.sh start --source-kubeconfig ~/.kube/test    on the cluster of that file
  run-healer.sh logs -f                                   watch it work
  run-healer.sh restart --source-kubeconfig ~/.kube/test  after a new login
HELP
}

say() { printf 'run-healer.sh: %s\n' "$*" >&2; }

fail() {
    say "$*"
    exit 2
}

# Sets `here`: this script's own folder, through whatever links lead to it.
find_here() {
    self=$0
    # `sh run-healer.sh` may have found it on the PATH.
    case $self in
        */*) ;;
        *) [ -f "$self" ] || self=$(command -v -- "$self") || fail "cannot find the folder of $0" ;;
    esac
    while [ -L "$self" ]; do
        target=$(readlink -- "$self")
        case $target in
            /*) self=$target ;;
            *) self=$(dirname -- "$self")/$target ;;
        esac
    done
    here=$(cd -- "$(dirname -- "$self")" && pwd -P) || fail "cannot find the folder of $0"
}

# Sets `binary`, `target_dir` and, where it is another's, `foreign`.
find_binary() {
    foreign=${K8S_HEALER_BIN:-}
    if [ -n "$foreign" ]; then
        binary=$(command -v -- "$foreign") || binary=
        if [ ! -f "$binary" ] || [ ! -x "$binary" ]; then
            fail "K8S_HEALER_BIN: $foreign cannot be run: name a file, or a program of the PATH"
        fi
        return
    fi
    target_dir=${CARGO_TARGET_DIR:-target}
    # As cargo takes it in the folder that it builds.
    case $target_dir in
        /*) ;;
        *) target_dir=$here/$target_dir ;;
    esac
    binary=$target_dir/release/k8s-healer
}

# Builds with more options for cargo.
build() {
    [ -f "$here/Cargo.toml" ] || fail "there are no sources in $here to build from: name a binary by K8S_HEALER_BIN"
    command -v cargo >/dev/null ||
        fail "cannot build $binary: there is no cargo on the PATH; install Rust (https://rustup.rs)," \
            "or name a binary by K8S_HEALER_BIN"
    say "cargo build --release, in $here; the first time that takes minutes"
    (cd -- "$here" && cargo build --release --target-dir "$target_dir" "$@") ||
        fail "cargo could not build k8s-healer: see above; nothing was started or stopped"
}

build_if_needed() {
    [ -z "$foreign" ] || return 0
    if [ ! -f "$binary" ]; then
        say "there is no $binary yet"
    else
        # What the binary is made of; cargo looks closer, and may find that nothing is to do.
        newer=$(
            cd -- "$here"
            find src schemas Cargo.toml Cargo.lock -type f -newer "$binary" 2>/dev/null | head -n 1
        )
        [ -n "$newer" ] || return 0
        say "$binary is older than $newer"
    fi
    build
    [ -x "$binary" ] || fail "cargo left no $binary: name the binary by K8S_HEALER_BIN"
}

# Prints where the copy of a kubeconfig lies: the file's own name for people, and a checksum of the whole
# path, since every other kubeconfig is called `config`.
copy_name() {
    folder=$(cd -- "$(dirname -- "$1")" 2>/dev/null && pwd -P) || fail "--source-kubeconfig: there is no $1"
    name=$(basename -- "$1")
    sum=$(printf '%s' "$folder/$name" | cksum | tr -s ' ' -) || fail "cannot name the copy of $1"
    printf '%s\n' "$here/.kubeconfigs/$name-$sum"
}

# Where a kubeconfig names a file by a path from the kubeconfig's own folder. Only the matches are printed:
# a line may hold a credential too.
relative_paths() {
    before="(^|[[:space:]{,])[\"']?"
    after="[\"']?[[:space:]]*:[[:space:]]*[\"']?"
    inner="[^]\"'[:space:],}]"
    grep -oE -e "${before}(certificate-authority|client-certificate|client-key|tokenFile)${after}[^]/\"'#[:space:],}]$inner*" \
        -e "${before}command${after}[^]/\"'#[:space:],}]$inner*/$inner*" -- "$1"
}

# Brings the copy ($2) of a kubeconfig ($1) up to date. A subshell: its umask and traps are its own.
copy_kubeconfig() (
    [ -e "$1" ] || fail "--source-kubeconfig: there is no $1"
    [ ! -d "$1" ] || fail "--source-kubeconfig: $1 is a folder: name the file in it"
    [ -r "$1" ] || fail "--source-kubeconfig: $1 cannot be read: look at its owner and its mode"
    # It holds credentials, and is nobody else's at any moment.
    umask 077
    folder=$(dirname -- "$2")
    mkdir -p -- "$folder" || fail "cannot make $folder"
    chmod 700 -- "$folder" || fail "$folder is not yours alone, and cannot be made so"
    new=$folder/.new.$$
    # A second Ctrl-C does not keep it from being taken away.
    trap 'trap "" HUP INT TERM; rm -f -- "$new"' EXIT
    trap 'trap "" HUP INT TERM; exit 129' HUP
    trap 'trap "" HUP INT TERM; exit 130' INT
    trap 'trap "" HUP INT TERM; exit 143' TERM
    rm -f -- "$new"
    # Read once: what is compared is what is kept, whoever writes to the file meanwhile.
    cat -- "$1" >"$new" || fail "cannot copy $1 to $new"
    [ -s "$new" ] || fail "--source-kubeconfig: $1 is empty"
    if lines=$(relative_paths "$new"); then
        say "--source-kubeconfig: $1 names files by paths from its own folder, which a copy has not beside it:"
        printf '%s\n' "$lines" >&2
        fail "use --kubeconfig, or a kubeconfig that holds it all: kubectl config view --raw --flatten"
    fi
    if [ -f "$2" ] && cmp -s -- "$new" "$2"; then
        chmod 600 -- "$2" || fail "$2 is not yours alone, and cannot be made so"
    else
        mv -f -- "$new" "$2" || fail "cannot write $2"
        say "copied $1 to $2"
    fi
)

# What an argument says that the script has to know, whoever reads it in the end.
note() {
    case $1 in
        --rules | --rules=*) rules=given ;;
        --kubeconfig | --kubeconfig=*) kubeconfig=given ;;
        --config=*) config=${1#*=} ;;
        --no-config) config=/dev/null ;;
        *) [ "$before" != --config ] || config=$1 ;;
    esac
    before=$1
}

# Whether the environment or the config file (found as k8s-healer finds it) says which rules.
rules_are_configured() {
    [ -z "${K8S_HEALER_RULES:-}" ] || return 0
    config=${config:-${K8S_HEALER_CONFIG:-}}
    if [ -n "$config" ]; then set -- "$config"; else set -- k8s-healer.toml k8s-healer.yaml k8s-healer.yml; fi
    grep -Eqs -e "^[\"']?rules[\"']?[[:space:]]*[=:]" -- "$@"
}

if [ $# -eq 0 ]; then
    help >&2
    exit 2
fi
verb=$1
shift
case $verb in
    start | stop | restart | status | logs | run | build) ;;
    help | -h | --help)
        help
        exit 0
        ;;
    *) fail "there is no '$verb': start, stop, restart, status, logs, run or build; --help tells more" ;;
esac

# Takes the script's own options out of the arguments: each is taken from the front, and put back at the end
# if it is to be passed on.
rules='' kubeconfig='' config='' before='' source='' foreground='' left=$#
while [ "$left" -gt 0 ]; do
    argument=$1
    shift
    left=$((left - 1))
    case $argument in
        -h | --help)
            help
            exit 0
            ;;
        --source-kubeconfig | --source-kubeconfig=*)
            case $argument in
                *=*) source=${argument#*=} ;;
                *)
                    [ "$left" -gt 0 ] || fail "--source-kubeconfig: which file?"
                    source=$1
                    shift
                    left=$((left - 1))
                    ;;
            esac
            [ -n "$source" ] || fail "--source-kubeconfig: which file?"
            ;;
        --foreground) foreground=yes ;;
        --)
            while [ "$left" -gt 0 ]; do
                note "$1"
                set -- "$@" "$1"
                shift
                left=$((left - 1))
            done
            ;;
        *)
            note "$argument"
            set -- "$@" "$argument"
            ;;
    esac
done

case $foreground:$verb in
    :* | yes:run) ;;
    yes:start) verb=run ;;
    *) fail "--foreground goes with start, not with $verb" ;;
esac
case $source:$verb in
    :* | *:start | *:restart | *:run) ;;
    *) fail "--source-kubeconfig goes with start, restart and run, not with $verb" ;;
esac
[ -z "$source" ] || [ -z "$kubeconfig" ] || fail "give --kubeconfig or --source-kubeconfig, not both"

find_here
find_binary

case $verb in
    build)
        [ -z "$foreign" ] || fail "K8S_HEALER_BIN names $binary: there is nothing to build"
        build "$@"
        exit 0
        ;;
    stop | status | logs)
        [ -x "$binary" ] || fail "there is no $binary yet, and so no daemon of it: run-healer.sh start builds it"
        ;;
    start | restart | run)
        if [ -n "$source" ]; then
            copy=$(copy_name "$source") || exit
            copy_kubeconfig "$source" "$copy" || exit
            set -- --kubeconfig "$copy" "$@"
        fi
        build_if_needed
        # A restart keeps the rules of the daemon that runs.
        if [ -z "$rules" ] && [ "$verb" != restart ] && ! rules_are_configured; then
            if [ -f rules.yaml ]; then
                say "the rules are $PWD/rules.yaml; --rules names others"
                set -- --rules "$PWD/rules.yaml" "$@"
            else
                # What acts on pods and virtual machines of tests alone. Nobody meant test-namespaces by naming nothing.
                say "the rules are $here/rules/kubevirt-ui and $here/rules/pods; --rules names others"
                set -- --rules "$here/rules/kubevirt-ui" --rules "$here/rules/pods" "$@"
            fi
        fi
        ;;
esac
exec "$binary" daemon "$verb" "$@"
