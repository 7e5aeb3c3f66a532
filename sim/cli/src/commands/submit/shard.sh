shard=$SLURM_ARRAY_TASK_ID
restarts=${SLURM_RESTART_COUNT:-0}
say() { printf '%s shard %s/%s, job %s, restart %s: %s\n' "$(date -u +%FT%TZ)" "$shard" "$of" "$SLURM_JOB_ID" "$restarts" "$1"; }

# Where a node cannot reach the folder, Slurm starts the task in another one.
if [ ! -f submission.json ]; then
    say "$PWD is not the folder of the campaign" >&2
    exit 1
fi
if [ -e "shards/$shard" ]; then
    say "done before"
    exit 0
fi
# A cluster that requeues by exit code does so without end, and 1 may be such a code. It cannot requeue what ends with 0.
if [ "$restarts" -gt "$most_restarts" ]; then
    say "given up after $most_restarts restarts" >&2
    [ "$restarts" -eq $((most_restarts + 1)) ] && exit 1
    exit 0
fi

# An earlier attempt may still be at work, on a node that the controller has lost. So each has its own folder, and what the earlier one has
# counted is copied.
attempt=attempts/$shard-$SLURM_JOB_ID-$restarts
mkdir "$attempt" || exit 1
earlier=
for env in attempts/"$shard"-*/*/*/env.json; do
    [ -f "$env" ] || continue
    run=${env%/env.json}
    if [ -z "$earlier" ] || [ "$(wc -c < "$run/counts.csv")" -gt "$(wc -c < "$earlier/counts.csv")" ]; then
        earlier=$run
    fi
done

threads=${SLURM_CPUS_PER_TASK:-1}
if [ -n "$earlier" ]; then
    say "goes on from $earlier"
    run=$attempt/continued/run
    mkdir -p "$attempt/continued/.copy" &&
        cp "$earlier"/{counts.csv,timings.csv,env.json} "$attempt/continued/.copy" &&
        mv "$attempt/continued/.copy" "$run" || exit 1
    "$sim" attack script.yaml --resume "$run" --threads "$threads"
    code=$?
else
    say "begins"
    "$sim" attack script.yaml --shard "$shard/$of" --runs "$attempt" --threads "$threads"
    code=$?
    run=$attempt/$(readlink "$attempt/latest")
fi
if [ "$code" -eq 0 ]; then
    # A rename: the shard is there as a whole or not at all, and the second of two attempts changes nothing.
    [ -e "shards/$shard" ] || mv -T "$run" "shards/$shard" || [ -e "shards/$shard" ] || exit 1
    rm -rf "$attempt"
    say "done"
else
    say "ended with exit code $code"
fi
exit "$code"
