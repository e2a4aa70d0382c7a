#!/usr/bin/env bash
# The whole story of two sites over the documented routes, step by step: each curl command, then what was answered.
# Needs bash, curl and the .NET 10 SDK. Everything happens on this computer, in a folder that is removed at the end; exit code 0 means that every step did what it should.
#
#   samples/SiteHost/walkthrough.sh [SiteHost.dll]      without an argument SiteHost is built first
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/disaster-tolerance-walkthrough-XXXXXX")
north_pid=
south_pid=

# A site that is killed would leave its sockets for debuggers.
export DOTNET_EnableDiagnostics=0

leave() {
  local code=$?
  if [ "$code" -ne 0 ]; then
    printf '\nThe walkthrough failed. The last words of the sites:\n' >&2
    tail -n 15 "$work"/*/site.log >&2 2>/dev/null || true
  fi
  for pid in $north_pid $south_pid; do
    kill "$pid" 2>/dev/null || true
  done
  wait
  rm -rf "$work"
}
trap leave EXIT
trap 'exit 130' INT TERM

fail() {
  printf 'FAILED: %s\n' "$1" >&2
  exit 1
}

step=0
title() {
  step=$((step + 1))
  printf '\n== %d. %s\n' "$step" "$1"
}

# ---- What the story needs: two keys, four ports, a machine with a disk.

random_hex() { head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n'; }
random_uuid() { cat /proc/sys/kernel/random/uuid 2>/dev/null || uuidgen | tr '[:upper:]' '[:lower:]'; }

taken=' '
free_port() {
  while :; do
    port=$((20000 + RANDOM % 12000))
    if [[ $taken != *" $port "* ]] && ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      taken+="$port "
      return
    fi
  done
}

if [ $# -gt 0 ]; then
  host=$1
else
  dotnet build -c Release -v quiet "$here"
  host=$here/bin/Release/net10.0/SiteHost.dll
fi

KEY=$(random_hex)
READ_KEY=$(random_hex)
master_uuid=5ea15037-7a21-4233-8c69-b8112156c474
slave_uuid=b62e7f1b-28c2-4fa7-9226-63231bbd84ea
vm_uuid=$(random_uuid)
free_port; north_http=$port
free_port; north_link=$port
free_port; south_http=$port
free_port; south_link=$port
NORTH=http://127.0.0.1:$north_http
SOUTH=http://127.0.0.1:$south_http

mkdir -p "$work/north/machines/vm2" "$work/south/machines"
north_machine=$work/north/machines/vm2/machine.json
north_disk=$work/north/machines/vm2/disk0.raw
{ head -c 8388608 /dev/urandom; head -c 8388608 /dev/zero; } > "$north_disk"
printf '{"uuid": "%s", "name": "vm2", "group": "default", "ips": [], "disks": [{"id": "disk0", "path": "disk0.raw"}], "power": "on"}\n' "$vm_uuid" > "$north_machine"

# ---- The sites.

identity() { dotnet "$host" identity --Site:Data "$work/$1/data"; }

wait_until_ready() {
  local name=$1 pid=$2
  for _ in $(seq 300); do
    if grep -q ' is ready: ' "$work/$name/site.log"; then
      return
    fi
    kill -0 "$pid" 2>/dev/null || fail "site $name ended while it started"
    sleep 0.2
  done
  fail "site $name is not ready after a minute"
}

# NAME UUID HTTP-PORT LINK-PORT PEER-NAME PEER-UUID PEER-LINK-PORT PEER-KEY; sets $pid
start_site() {
  : > "$work/$1/site.log"
  Api__Key=$KEY Api__ReadKey=$READ_KEY dotnet "$host" --urls "http://127.0.0.1:$3" --Site:Name "$1" --Site:Uuid "$2" --Site:Data "$work/$1/data" \
    --Link:Listen "127.0.0.1:$4" --Hypervisors:hci:Kind Images --Hypervisors:hci:Path "$work/$1/machines" \
    --Peers:0:Name "$5" --Peers:0:Uuid "$6" --Peers:0:Endpoint "127.0.0.1:$7" --Peers:0:PublicKey "$8" >> "$work/$1/site.log" 2>&1 &
  pid=$!
}

start_north() {
  start_site north "$master_uuid" "$north_http" "$north_link" south "$slave_uuid" "$south_link" "$south_key"
  north_pid=$pid
  wait_until_ready north "$pid"
}

start_south() {
  start_site south "$slave_uuid" "$south_http" "$south_link" north "$master_uuid" "$north_link" "$north_key"
  south_pid=$pid
  wait_until_ready south "$pid"
}

# ---- Asking.

# SITE ROUTE [BODY]: sends it without a word, sets $answer.
quietly() {
  local arguments=(-sS --max-time 300 -H "Authorization: Bearer ${with:-$KEY}")
  if [ $# -gt 2 ]; then
    arguments+=(-H 'Content-Type: application/json' -d "$3")
  elif [ "$2" != link/list ]; then
    arguments+=(-X POST)
  fi
  answer=$(curl "${arguments[@]}" "$1/v1/disaster_tolerant_plan/$2") || fail "$1 does not answer"
}

# The same, shown.
shown() {
  local name=KEY
  [ "${with:-$KEY}" = "$KEY" ] || name=READ_KEY
  printf '$ curl -sS'
  [ "$2" = link/list ] || [ $# -gt 2 ] || printf ' -X POST'
  printf ' %s/v1/disaster_tolerant_plan/%s -H "Authorization: Bearer $%s"' "$1" "$2" "$name"
  [ $# -lt 3 ] || printf " -H 'Content-Type: application/json' -d '%s'" "$3"
  printf '\n'
  quietly "$@"
  printf '%s\n' "$answer"
}

# The same, and it has to succeed, for each machine too.
ask() {
  shown "$@"
  [ "$(number scode)" = 0 ] || fail "$2 answered scode $(number scode)"
  [[ $answer != *'"results":'* ]] || [ "$(number success) $(number fail)" = '1 0' ] || fail "$2 did not succeed for its machine"
}

# The first member of that name in $answer.
text() { [[ $answer =~ \"$1\":\"([^\"]*)\" ]] && printf '%s' "${BASH_REMATCH[1]}"; }
number() { [[ $answer =~ \"$1\":(-?[0-9]+) ]] && printf '%s' "${BASH_REMATCH[1]}"; }

expect() { [[ $answer == *"$1"* ]] || fail "the answer should contain $1"; }

# WHAT SITE ROUTE BODY EXPECTED: asks until the answer contains it.
wait_for() {
  for _ in $(seq 240); do
    quietly "${@:2:$#-2}"
    if [[ $answer == *"${!#}"* ]]; then
      return
    fi
    sleep 0.5
  done
  fail "$1 did not happen within two minutes: $answer"
}

wait_for_links() {
  wait_for 'the link at north' "$NORTH" link/list '"status":true'
  wait_for 'the link at south' "$SOUTH" link/list '"status":true'
}

same_disk() {
  cmp "$1" "$2" || fail 'the disks differ'
  printf '(%s and %s hold the same bytes)\n' "${1#"$work"/}" "${2#"$work"/}"
}

# ---- The story.

north_key=$(identity north)
south_key=$(identity south)
printf 'Keys that the sites pin: north %s, south %s\n' "$north_key" "$south_key"
start_north
start_south
# shellcheck disable=SC2016 # The keys are told by name.
printf 'North is %s, south is %s. Both ask for $KEY or, to read, $READ_KEY.\n' "$NORTH" "$SOUTH"

title 'link/add: the sites know each other'
ask "$NORTH" link/add "{\"link_transport_limit\":-1,\"link_side_relation\":[\"north\",\"south\"],\"sides\":[{\"ClusterUUID\":\"$master_uuid\",\"ClusterName\":\"north\"},{\"ClusterUUID\":\"$slave_uuid\",\"ClusterName\":\"south\"}],\"cluster_uuid\":\"$master_uuid\"}"
link_uuid=$(text uuid)

title 'link/list: it is up, and the read key is enough to see it'
wait_for_links
with=$READ_KEY
ask "$SOUTH" link/list
expect "\"uuid\":\"$link_uuid\""
expect '"status":true'

title 'link/delete with the read key: refused'
shown "$SOUTH" link/delete "{\"uuid\":\"$link_uuid\"}"
expect '"scode":2403'
with=

title 'link/checking: the other side answers at its host'
ask "$NORTH" link/checking "{\"uuid\":\"$link_uuid\",\"master_cluster\":\"$master_uuid\",\"hosts\":[\"127.0.0.1\"],\"cluster_uuid\":\"$master_uuid\"}"
expect '"is_ok":true'

title 'link/edit: at most 100 MB/s'
ask "$NORTH" link/edit "{\"uuid\":\"$link_uuid\",\"link_transport_limit\":100000000,\"cluster_uuid\":\"$master_uuid\"}"
expect '"link_transport_limit":100000000'

title 'add: a plan for the machine'
ask "$NORTH" add "{\"name\":\"计划1\",\"master_cluster\":\"$master_uuid\",\"slave_cluster\":\"$slave_uuid\",\"rpo\":3600,\"dtp_type\":\"hci\",\"local_backup_duration\":1800,\"recover_point_reserve_duration\":2592000,\"compression\":true,\"enable\":true,\"protected_vm\":[{\"master_side_uuid\":\"$vm_uuid\",\"name\":\"vm2\",\"recovery_priority\":\"middle\"}],\"storage_medium\":\"\",\"cluster_uuid\":\"$master_uuid\"}"
plan_uuid=$(text uuid)
slave_side_uuid=$(text slave_side_uuid)

title 'get: the plan by its uuid'
ask "$NORTH" "get?uuid=$plan_uuid"
expect "\"master_side_uuid\":\"$vm_uuid\""

title 'list: the plans that the other site knows'
wait_for 'the plan at south' "$SOUTH" list "{\"fuzzy\":\"计划1\"}" "\"uuid\":\"$plan_uuid\""
ask "$SOUTH" list "{\"page\":0,\"number\":10,\"filter_types\":[\"hci\"],\"fuzzy\":\"\",\"cluster_uuid\":\"$slave_uuid\"}"
expect '"total_count":1'

run="{\"exec_vms\":[{\"plan_uuid\":\"$plan_uuid\",\"vm_uuid\":\"$vm_uuid\",\"source_cluster\":\"$master_uuid\",\"auto_shutoff\":false,\"destination_activate\":false}],\"cluster_uuid\":\"$master_uuid\"}"
confirm="{\"exec_vms\":[{\"plan_uuid\":\"$plan_uuid\",\"vm_uuid\":\"$vm_uuid\"}],\"cluster_uuid\":\"$slave_uuid\"}"
points="{\"plan_uuid\":\"$plan_uuid\",\"vm_uuid\":\"$slave_side_uuid\",\"start_time\":0,\"end_time\":0,\"page\":10,\"number\":0,\"cluster_uuid\":\"$slave_uuid\"}"

migrate() { # FROM-UUID
  printf '{"exec_vms":[{"plan_uuid":"%s","vm_uuid":"%s","source_cluster":"%s","auto_shutoff":true,"destination_activate":true}],"cluster_uuid":"%s"}' "$plan_uuid" "$vm_uuid" "$1" "$1"
}

recover() { # POINT SITE-UUID
  printf '{"recover_vms":[{"plan_uuid":"%s","vm_uuid":"%s","vm_backup_uuid":"%s","startup_hosts":[]}],"cluster_uuid":"%s"}' "$plan_uuid" "$vm_uuid" "$1" "$2"
}

title 'backup/execute: the first run'
cp "$north_disk" "$work/first.raw"
ask "$NORTH" backup/execute "$run"

title 'backup/execute: the second run, after the machine wrote 1 MB'
head -c 1048576 /dev/urandom | dd of="$north_disk" bs=65536 seek=48 conv=notrunc status=none
cp "$north_disk" "$work/second.raw"
ask "$NORTH" backup/execute "$run"

title "vm/backup/list: the points in south's store, newest first"
ask "$SOUTH" vm/backup/list "$points"
expect '"total_count":2'
second_point=$(text Uuid)
answer=${answer#*\"Uuid\"}
first_point=$(text Uuid)

title 'mastercluster/backup/list and slavecluster/backup/list: what each store holds of the machine'
ask "$NORTH" mastercluster/backup/list "{\"master_cluster\":\"\",\"plan_uuid\":\"\",\"vm_uuid\":[],\"page\":0,\"number\":10,\"filter_types\":[\"hci\"],\"fuzzy\":null,\"cluster_uuid\":\"$master_uuid\"}"
expect "\"uuid\":\"$vm_uuid\""
expect '"backup_count":2'
ask "$NORTH" slavecluster/backup/list "{\"slave_cluster\":\"\",\"plan_uuid\":\"\",\"page\":0,\"number\":10,\"filter_types\":[\"hci\"],\"fuzzy\":\"\",\"cluster_uuid\":\"$master_uuid\"}"
expect "\"uuid\":\"$slave_side_uuid\""
expect '"backup_count":2'

title 'state: all is well'
ask "$NORTH" state "{\"master_cluster\":\"\",\"plan_uuid\":\"\",\"vms\":[],\"page\":0,\"number\":10,\"filter_types\":[\"hci\"],\"fuzzy\":\"\",\"cluster_uuid\":\"$master_uuid\"}"
expect '"state":"正常"'
expect '"satisfy_rpo":true'

title 'edit: another name and interval'
ask "$NORTH" edit "{\"uuid\":\"$plan_uuid\",\"name\":\"计划12\",\"local_backup_duration\":1200,\"cluster_uuid\":\"$master_uuid\"}"
expect '"name":"计划12"'
expect '"local_backup_duration":1200'

title 'backup/execute with destination_activate: a planned migration to south'
ask "$NORTH" backup/execute "$(migrate "$master_uuid")"
south_disk=$work/south/machines/$slave_side_uuid/disk0.raw
same_disk "$north_disk" "$south_disk"
ask "$SOUTH" state "{\"plan_uuid\":\"$plan_uuid\",\"cluster_uuid\":\"$slave_uuid\"}"
expect "\"running_cluster\":\"$slave_uuid\""
expect '"state":"待确认"'

title 'vm/confirm: it works there, protection turns round'
ask "$SOUTH" vm/confirm "$confirm"

title 'backup/execute and vm/confirm: the way home'
wait_for 'the turn at north' "$NORTH" state "{\"plan_uuid\":\"$plan_uuid\"}" '"state":"正常"'
ask "$SOUTH" backup/execute "$(migrate "$slave_uuid")"
ask "$NORTH" vm/confirm "$confirm"
wait_for 'the turn at south' "$SOUTH" state "{\"plan_uuid\":\"$plan_uuid\"}" "\"running_cluster\":\"$master_uuid\""
wait_for 'the end of the turn' "$SOUTH" state "{\"plan_uuid\":\"$plan_uuid\"}" '"state":"正常"'

title 'slavecluster/backup/recovery: north is lost, south takes over'
kill -9 "$north_pid"
wait "$north_pid" 2>/dev/null || true
printf '(north was killed, process %s, and the power of its machine is gone)\n' "$north_pid"
north_pid=
sed -i.old 's/"power": *"on"/"power": "off"/' "$north_machine"
ask "$SOUTH" slavecluster/backup/recovery "$(recover "$second_point" "$slave_uuid")"
same_disk "$work/second.raw" "$south_disk"

title 'vm/confirm: north is back as the replica'
start_north
wait_for_links
wait_for 'the replica at north' "$NORTH" state "{\"plan_uuid\":\"$plan_uuid\"}" "\"running_cluster\":\"$slave_uuid\""
ask "$SOUTH" vm/confirm "$confirm"
wait_for 'the turn at north' "$NORTH" state "{\"plan_uuid\":\"$plan_uuid\"}" '"state":"正常"'

title 'backup/execute and vm/confirm: home again'
ask "$SOUTH" backup/execute "$(migrate "$slave_uuid")"
ask "$NORTH" vm/confirm "$confirm"
same_disk "$work/second.raw" "$north_disk"

title 'mastercluster/backup/recovery: back to the first point, in place'
ask "$NORTH" mastercluster/backup/recovery "$(recover "$first_point" "$master_uuid")"
same_disk "$work/first.raw" "$north_disk"

title 'delete: the plan ends'
ask "$NORTH" delete "{\"uuid\":\"$plan_uuid\"}"

title 'link/delete: and the link'
ask "$NORTH" link/delete "{\"uuid\":\"$link_uuid\",\"cluster_uuid\":\"$master_uuid\"}"
expect '"sides":null'

printf '\nAll %d steps did what they should.\n' "$step"
