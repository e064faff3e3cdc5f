# What ./run and ./test have in common: the SDK, the packages, Postgres and Redis, the build. To be sourced, with $root set.
# Everything that is said goes to the error output, so that a command's own output stays clean.

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_CLI_UI_LANGUAGE=en

configuration=Debug

say() { echo "$*" >&2; }

fail() {
    say "$(basename "$0"): $*"
    exit 1
}

# The SDK that global.json asks for. `dotnet --version` fails when there is none that will do.
ensure_sdk() {
    local wanted where=https://dotnet.microsoft.com/download/dotnet/10.0
    wanted=$(sed -n 's/.*"version": *"\([^"]*\)".*/\1/p' "$root/global.json")
    command -v dotnet >/dev/null || fail "the .NET SDK $wanted or newer is missing: 'dotnet' is not on PATH; get it at $where"
    sdk=$(cd "$root" && dotnet --version 2>/dev/null) ||
        fail "the .NET SDK $wanted or a newer feature band of it is missing (global.json); installed: $(dotnet --list-sdks | cut -d ' ' -f 1 | paste -s -d ' ' -); get it at $where"
}

# The packages of a partial NuGet copy; nothing where NuGet is whole.
ensure_feed() {
    "$root/eng/feed/ensure" >&2 || exit 1
}

# Postgres and Redis: in containers if a runtime answers, else as programs of this machine, which are installed where we may.
ensure_servers() {
    container_runtime_answers && return
    ensure_programs
}

container_runtime_answers() {
    local runtime
    for runtime in docker podman; do
        command -v "$runtime" >/dev/null && within 3 "$runtime" info >/dev/null 2>&1 && return
    done
    return 1
}

ensure_programs() {
    local missing=()
    find_program initdb >/dev/null || missing+=(postgres)
    find_program redis-server >/dev/null || missing+=(redis)
    ((${#missing[@]} == 0)) && return
    install "${missing[@]}"
    find_program initdb >/dev/null || fail "Postgres is still missing after its installation"
    find_program redis-server >/dev/null || fail "Redis is still missing after its installation"
}

# Where packages put programs; those of Postgres are often not on PATH, because several versions can be there.
find_program() {
    local folder
    command -v "$1" && return
    for folder in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/local/pgsql/bin /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin; do
        [[ -x $folder/$1 ]] && return
    done
    return 1
}

# Installs Postgres and Redis with the system's package manager, as root or by a sudo that asks nothing.
install() {
    local manager names=() program
    for manager in apt-get dnf apk brew none; do
        command -v "$manager" >/dev/null && break
    done
    for program in "$@"; do
        case $manager-$program in
            apt-get-postgres) names+=(postgresql) ;;
            apt-get-redis) names+=(redis-server) ;;
            dnf-postgres) names+=(postgresql-server) ;;
            brew-postgres) names+=(postgresql@18) ;;
            apk-postgres) names+=(postgresql) ;;
            *-redis) names+=(redis) ;;
        esac
    done
    [[ $manager != none ]] || fail "no container runtime answers, and $* is missing: install Postgres 15 or newer and Redis 7 or newer"

    local command=("$manager" install -y "${names[@]}") as_root=()
    case $manager in
        apk) command=(apk add "${names[@]}") ;;
        brew) command=(brew install "${names[@]}") ;;
    esac
    if [[ $manager != brew && $EUID != 0 ]]; then
        sudo -n true 2>/dev/null || fail "no container runtime answers, and $* is missing; type: sudo ${command[*]}"
        as_root=(sudo -n)
    fi

    say "installing ${names[*]} …"
    local log
    log=$(mktemp)
    if [[ $manager == apt-get ]]; then
        install_with_apt >"$log" 2>&1
    else
        "${as_root[@]}" "${command[@]}" >"$log" 2>&1 </dev/null
    fi || { tail -n 5 "$log" >&2; rm -f "$log"; fail "that failed; type: ${as_root[*]:+sudo }${command[*]}"; }
    rm -f "$log"
}

# Debian's packages make a database, and start it and Redis as services of the system; we want the programs alone. What keeps
# them from it is in place during the installation only.
install_with_apt() {
    local policy=/usr/sbin/policy-rc.d clusters=/etc/postgresql-common/createcluster.d/agentplatform.conf status=0
    "${as_root[@]}" sh -c '
        set -e
        policy=$1 clusters=$2
        shift 2
        trap '\''rm -f "$clusters"; [ -z "$own" ] || rm -f "$policy"'\'' EXIT
        own=
        if [ ! -e "$policy" ]; then
            own=yes
            printf "#!/bin/sh\nexit 101\n" >"$policy"
            chmod 755 "$policy"
        fi
        mkdir -p "$(dirname "$clusters")"
        echo "create_main_cluster = false" >"$clusters"
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq
        "$@"
    ' sh "$policy" "$clusters" "${command[@]}" </dev/null || status=$?
    # Nothing was started, but would be with the next start of the machine.
    if ((status == 0)) && command -v systemctl >/dev/null; then
        "${as_root[@]}" systemctl disable "${names[@]}" >/dev/null 2>&1 || say "the services ${names[*]} could not be switched off; they are not needed"
    fi
    return "$status"
}

# Runs a command for so many seconds at most, where the system can.
within() {
    local seconds=$1
    shift
    if command -v timeout >/dev/null; then timeout "$seconds" "$@"; else "$@"; fi
}

# Builds a solution or project unless nothing has changed since it was last built here. Takes it and the folders and files that
# it is made of. Even a build with nothing to do takes several seconds; this look takes tens of milliseconds.
build() {
    local target=$1 stamp before
    stamp=$(stamp_of "$target")
    before=$(sources "$@")
    is_built "$@" && return
    say "building …"
    local log
    log=$(mktemp)
    # Build servers would outlive us.
    if ! (cd "$root" && dotnet build "$target" -c "$configuration" -v quiet --nologo -nodeReuse:false) >"$log" 2>&1; then
        grep -E 'error|warning' "$log" | sort -u | head -n 20 >&2 || tail -n 20 "$log" >&2
        rm -f "$log"
        fail "the build failed"
    fi
    rm -f "$log"
    # What was there before it: a file that was saved during the build calls for another.
    mkdir -p "$(dirname "$stamp")"
    echo "$before" >"$stamp"
}

# Current: the same sources by content, and no program made since by other means, from other sources.
is_built() {
    local stamp
    stamp=$(stamp_of "$1")
    [[ -f $stamp && -f $root/cli/bin/$configuration/net10.0/agentctl.dll && $(<"$stamp") == "$(sources "$@")" ]] || return 1
    [[ -z $(find "$root"/*/bin/"$configuration" "$root"/services/*/bin/"$configuration" -name '*.dll' -newer "$stamp" -print -quit 2>/dev/null) ]]
}

# A program that is running must not be replaced: the system reads it from its file as it goes.
is_running_from_here() {
    command -v pgrep >/dev/null && pgrep -f "^[^ ]*dotnet .*$root/(services/[^/]*|gateway)/bin/$configuration/" >/dev/null
}

stamp_of() { echo "$root/eng/obj/${1##*/}.stamp"; }

# One number for everything that a build depends on.
sources() {
    local shared=() file
    shift
    cd "$root" # in a subshell: every caller takes the output
    for file in Directory.*.props global.json nuget.config .editorconfig .feed/stamp; do
        [[ ! -f $file ]] || shared+=("$file")
    done
    {
        echo "$sdk $configuration"
        find "${shared[@]}" "$@" \( -name bin -o -name obj -o -name node_modules -o -name '.?*' ! -name .editorconfig \) -prune \
            -o -type f ! -name '*.md' -print0 | LC_ALL=C sort -z -u | xargs -0 cksum
    } | cksum
}
