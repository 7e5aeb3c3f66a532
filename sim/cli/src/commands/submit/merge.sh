restarts=${SLURM_RESTART_COUNT:-0}
# Where a node cannot reach the folder, Slurm starts the job in another one.
if [ ! -f submission.json ]; then
    echo "$PWD is not the folder of the campaign" >&2
    exit 1
fi
if [ -f merged/latest/result.json ]; then
    echo "merged before"
    exit 0
fi
# A cluster that requeues by exit code does so without end. It cannot requeue what ends with 0.
if [ "$restarts" -gt "$most_restarts" ]; then
    echo "given up after $most_restarts restarts" >&2
    [ "$restarts" -eq $((most_restarts + 1)) ] && exit 1
    exit 0
fi
shopt -s nullglob
shards=(shards/*)
if [ "${#shards[@]}" -eq 0 ]; then
    echo "no shard is done" >&2
    exit 1
fi
# It refuses an incomplete set, and says what is missing.
"$sim" merge "${shards[@]}" --runs merged
