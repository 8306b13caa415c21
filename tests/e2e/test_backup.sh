#!/bin/sh
# SPDX-License-Identifier: MIT
# The drill: a backup of a daemon that trains, read by tar and sha256sum, restored, checked, and
# served again with every job; what is damaged is refused. Then the commands for a stopped daemon.
#
#   SPIKED_BIN=... SPIKECTL_BIN=... tests/e2e/test_backup.sh
set -eu
. "$(dirname "$0")/daemon.sh"

serve() { start --data-dir "$1" --checkpoint-seconds 1; }
# job EPOCHS DATASET
job() {
    cat >"$dir/job.json" <<JOB
{"dataset":{"name":"$2"},"seed":3,"layers":[{"kind":"dense","units":64},{"kind":"dense","units":10}],
 "encoding":{"time_steps":8},"training":{"epochs":$1}}
JOB
    "$spikectl" submit "$dir/job.json"
}
field() { "$spikectl" --json show "$1" | sed "s/.*\"$2\":\"\([^\"]*\)\".*/\1/"; }

serve "$dir/data"
awk 'BEGIN { for (i = 0; i < 40; i++) print i % 7 "," i % 3 "," i % 10 }' >"$dir/mine.csv"
"$spikectl" dataset upload mine --format csv "train=$dir/mine.csv" "test=$dir/mine.csv" >/dev/null
first=$(job 2 digits)
second=$(job 1 mine)
"$spikectl" watch "$second" >/dev/null || die "the second job"
third=$(job 600 digits)
tries=0
until "$spikectl" --json checkpoints "$third" | grep -q ckpt_; do
    tries=$((tries + 1))
    [ "$tries" -le 600 ] || die "no checkpoint of the third job"
    sleep 0.1
done

"$spikectl" backup -o "$dir/backup.tar" || die "backup"
"$spikectl" watch "$third" >/dev/null || die "the third job"
for id in $first $second $third; do field "$id" sha256; done >"$dir/digests"
[ -z "$(ls "$dir/data/backups" 2>/dev/null)" ] || die "a backup leaves something"

# Other programs can read it.
mkdir "$dir/plain"
tar -xf "$dir/backup.tar" -C "$dir/plain" || die "tar"
(cd "$dir/plain" && sha256sum --quiet -c SHA256SUMS) || die "sha256sum"

# The commands that change data wait for the daemon to be stopped.
if "$spikectl" admin check --data-dir "$dir/data" 2>"$dir/out"; then die "check beside a daemon"; fi
grep -q 'in use by process' "$dir/out" || die "it says: $(cat "$dir/out")"
stop
"$spikectl" admin check --data-dir "$dir/data" || die "check"

# Restored whole, and not over something.
"$spikectl" restore "$dir/backup.tar" --data-dir "$dir/again" || die "restore"
if "$spikectl" restore "$dir/backup.tar" --data-dir "$dir/again" 2>"$dir/out"; then
    die "restore over data"
fi
grep -q 'is not empty' "$dir/out" || die "it says: $(cat "$dir/out")"
"$spiked" admin check --data-dir "$dir/again" || die "check of what was restored"

# Served again: the jobs that were over are as they were, the one that ran goes on, to the same end.
serve "$dir/again"
"$spikectl" watch "$third" >/dev/null || die "the third job, restored"
for id in $first $second $third; do field "$id" sha256; done >"$dir/again-digests"
cmp "$dir/digests" "$dir/again-digests" || die "other models: $(cat "$dir/digests" "$dir/again-digests")"
"$spikectl" events "$third" | grep -q recovered || die "the third job was not under way in the backup"
"$spikectl" weights "$first" -o "$dir/w" >/dev/null || die "weights, restored"
stop

# Damaged archives leave nothing behind.
size=$(wc -c <"$dir/backup.tar")
refuse() {
    if "$spiked" restore "$dir/bad.tar" --data-dir "$dir/bad" 2>"$dir/out"; then die "restore of $1"; fi
    grep -q "$2" "$dir/out" || die "of $1 it says: $(cat "$dir/out")"
    [ ! -e "$dir/bad/spiked.db" ] && [ ! -e "$dir/bad/restoring" ] || die "$1 leaves something"
}
head -c $((size / 2)) "$dir/backup.tar" >"$dir/bad.tar"; refuse "half an archive" 'ends too early'
head -c $((size - 1024)) "$dir/backup.tar" >"$dir/bad.tar"; refuse "an archive without its end" 'ends too early'
cp "$dir/backup.tar" "$dir/bad.tar"
printf 'X' | dd of="$dir/bad.tar" bs=1 seek=$((size - 1600)) conv=notrunc 2>/dev/null
refuse "a changed byte" 'the archive is damaged\|header is damaged'
echo nothing >"$dir/bad.tar"; refuse "no archive" 'ends too early'
(cd "$dir" && tar --format=ustar -cf bad.tar job.json); refuse "another archive" 'no backup of spiked'
(cd "$dir/plain" && tar --format=ustar -cf ../bad.tar SHA256SUMS spiked.db); refuse "an archive without its files" 'want the'
(cd "$dir/plain" && tar --format=ustar -cf ../bad.tar SHA256SUMS ../job.json --absolute-names)
refuse "a path that leads out" 'plain names'
ln -s /etc/passwd "$dir/plain/link"
(cd "$dir/plain" && tar --format=ustar -cf ../bad.tar SHA256SUMS link); refuse "a symbolic link" 'plain names'

# A job by hand.
status() { "$spiked" admin "$@" --data-dir "$dir/data" | sed 's/.* //'; }
[ "$(status requeue "$third" 2>"$dir/out")" = "" ] || die "a job that succeeded is requeued"
grep -q 'is succeeded and cannot be requeued' "$dir/out" || die "it says: $(cat "$dir/out")"
serve "$dir/data"
fourth=$(job 5000 digits)
tries=0
until [ "$(field "$fourth" status)" = running ]; do
    tries=$((tries + 1))
    [ "$tries" -le 600 ] || die "the fourth job does not start"
    sleep 0.1
done
kill -KILL "$daemon"
wait "$daemon" || :
daemon=
[ "$(status fail "$fourth" "no more of it")" = failed ] || die "admin fail"
[ "$(status requeue "$fourth")" = queued ] || die "admin requeue"
[ "$(status fail "$fourth" "no more of it")" = failed ] || die "admin fail of a queued job"
serve "$dir/data"
"$spikectl" --json show "$fourth" >"$dir/out"
grep -q '"code":"aborted"' "$dir/out" && grep -q 'no more of it' "$dir/out" || die "it is: $(cat "$dir/out")"
"$spikectl" events "$fourth" | grep -q requeued || die "no event tells of it"
stop

# What rots is found.
checkpoint=$(find "$dir/again/jobs/$first" -name '*.ckpt' | head -n 1)
printf 'X' | dd of="$checkpoint" bs=1 seek=100 conv=notrunc 2>/dev/null
if "$spiked" admin check --data-dir "$dir/again" >"$dir/out" 2>&1; then die "a damaged checkpoint passes"; fi
grep -q 'SHA-256 is' "$dir/out" || die "it says: $(cat "$dir/out")"
