#!/usr/bin/env bash
# What secure inferences cost on this machine, into docs/measured.md; the paper's tables, into docs/tables.md.
set -euo pipefail
cd "$(dirname "$0")/.."
digits=examples/data/mnist_t1000-images-idx3-ubyte
lenet=examples/models/lenet_mnist_full.onnx
out=docs/measured.md
{
    echo "# Measured"
    echo
    echo "Made by \`make bench\`, on $(nproc) cores ($(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)). Bytes and rounds are exact and the same everywhere. Seconds are this"
    echo "machine's: the time of the network is added to that of a run in memory, without any overlap. Bytes sent are those of messages; TCP"
    echo "adds a header of 24 bytes to each, which a separate row shows. Below the table are the costs that no inference includes: the plan and the"
    echo "encoding of the weights, once per neural network, and keys and base transfers, once per pair of parties, with the processor time of each."
    encrypted="--linear weights --carries chain"
    for arguments in "--batch 1 --by layer" "--batch 1 --linear weights" "--batch 1 $encrypted" "--batch 7" "--batch 64 --by layer" "--batch 64 $encrypted" "--batch 1000" \
        "--batch 1000 $encrypted --by layer" "--batch 1000 --linear weights --carries auto" "--batch 64 --truncation one_bit" "--batch 1000 $encrypted --truncation one_bit"; do
        echo
        echo '```console'
        echo "\$ sim bench --model $lenet --images $digits $arguments"
        # shellcheck disable=SC2086
        target/release/sim bench --model "$lenet" --images "$digits" $arguments
        echo '```'
    done
    echo
    echo "## Threads"
    echo
    echo "The same 1,000 images in lanes, on so many threads a party (decision 21). Both parties run here, so that threads beyond half of the cores gain little"
    echo "in memory; over the WAN they still hide the latency of one lane behind others."
    echo
    echo "| mode | threads | lanes | images a second | time in memory | over lan | over wan | memory |"
    echo "|---|---|---|---|---|---|---|---|"
    for mode in "" "--linear weights --carries auto" "--linear weights --carries chain"; do
        for threads in 1 2 4 8; do
            # shellcheck disable=SC2086
            target/release/sim bench --model "$lenet" --images "$digits" --batch 1000 --threads $threads $mode --json |
                python3 -c '
import json, sys
[run] = json.load(sys.stdin)
each = run["per_inference"]
times = ["%.2f ms" % (1000 * each[time]) for time in ("wall_s", "lan_s", "wan_s")]
cells = [sys.argv[1] or "as by default", run["threads"], run["lanes"], round(1 / each["wall_s"]), *times, "%d MB" % (run["peak_rss_bytes"] / 1e6)]
print("|", " | ".join(map(str, cells)), "|")' "${mode:+\`$mode\`}"
        done
    done
    echo
    echo "## Many slots"
    echo
    echo "Both parties on one thread each, and the most memory that they held together: it grows by what a slot's answer takes (decision 21, which has a"
    echo "million slots of the small network too)."
    echo
    echo "| network | slots | sent | memory of both | logits |"
    echo "|---|---|---|---|---|"
    for run in "small_mnist 10000" "small_mnist 100000" "lenet_mnist_full 1000 --linear weights" "lenet_mnist_full 6400 --linear weights"; do
        # shellcheck disable=SC2086
        set -- $run
        target/release/sim bench --model "examples/models/$1.onnx" --images "$digits" --threads 1 --json --batch "${@:2}" | python3 -c '
import json, sys
[run] = json.load(sys.stdin)
each = run["per_inference"]
sent = (each["client_sent_bytes"] + each["server_sent_bytes"]) * run["batch"]
exact = "exact" if run["exact"] else "NOT exact"
print(f"| {sys.argv[1]} | {run['"'"'batch'"'"']:,} | {sent / 1e6:,.0f} MB | {run['"'"'peak_rss_bytes'"'"'] / 1e6:.0f} MB | {exact} |")' "$1"
    done
    echo
    echo "## Large networks"
    echo
    echo "One image, by Cheetah, in a ring that is set by measurement (decision 26). ResNet50 at 224 by 224 pixels has weights and pixels from a seed, which"
    echo "\`cargo run --release --example resnet50 -- FOLDER\` writes (decision 27). SqueezeNet 1.1 at 227 by 227 has its trained weights and a photograph, less"
    echo "one mean for all colours; neither is in this repository, and its row is measured where they are."
    echo
    resnet=$(mktemp -d)
    trap 'rm -rf "$resnet"' EXIT
    cargo run --locked --release --quiet --example resnet50 -- "$resnet" > /dev/null
    echo "| network | ring | from the client | from the server | rounds | time in memory | over lan | over wan | memory of both | logits | values that wrapped |"
    echo "|---|---|---|---|---|---|---|---|---|---|---|"
    large() {
        local name=$1
        shift
        target/release/sim bench "$@" --json | python3 -c '
import json, sys
[run] = json.load(sys.stdin)
each = run["per_inference"]
cells = sys.argv[1:] + ["%.1f MB" % (each[side] / 1e6) for side in ("client_sent_bytes", "server_sent_bytes")]
cells += [round(each["rounds"]), *("%.1f s" % each[time] for time in ("wall_s", "lan_s", "wan_s")), "%d MB" % (run["peak_rss_bytes"] / 1e6)]
cells += ["exact" if run["exact"] else "NOT exact", run["wrapped"]]
print("|", " | ".join(map(str, cells)), "|")' "$name" "$(sed 's/.*--ring \([0-9]*\).*/\1/' <<< "$*")"
    }
    large ResNet50 "$resnet/resnet50.onnx" --images "$resnet/resnet50-image.npy" --ring 34 --scale 1/256
    photographs=../shared/data/testsets/imagenet21-images-idx4-ubyte
    if [ -e "$photographs" ]; then
        large "SqueezeNet 1.1" ../shared/data/models/squeezenet_v1_1.onnx --images "$photographs" --ring 40 --scale 1 --offset -114.45
    fi
} > "$out.new"
mv "$out.new" "$out"
cat "$out"

# What an interrupted call has measured is not measured again; remove runs/tables to measure it all.
tables=docs/tables.md
{
    echo "# The paper's tables"
    echo
    echo "One full run of \`sim tables\`, made by \`make bench\` on $(nproc) cores ($(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)). Bytes are exact and the same"
    echo "everywhere; seconds are those of a virtual network and of this machine. In each pair of columns the first is the published figure."
    echo
    echo '```text'
    target/release/sim tables --resnet50 "$resnet/resnet50.onnx"
    echo '```'
} > "$tables.new"
mv "$tables.new" "$tables"
cat "$tables"
