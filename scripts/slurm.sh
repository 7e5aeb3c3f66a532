#!/usr/bin/env bash
# Slurm, GNU parallel and an mpirun, for the tests of campaigns on a cluster: installed in CI only, or when called with --install. Elsewhere the
# tests are skipped without them.
set -euo pipefail

missing=()
for program in slurmctld slurmd munged sbatch parallel mpirun; do
    PATH=$PATH:/usr/sbin command -v "$program" >/dev/null || missing+=("$program")
done
[ ${#missing[@]} -gt 0 ] || exit 0
if [ -z "${CI:-}" ] && [ "${1:-}" != --install ]; then
    echo "not installed: ${missing[*]}: the tests on a cluster will be skipped (scripts/slurm.sh --install)"
    exit 0
fi
source "$(dirname "${BASH_SOURCE[0]}")/apt.sh"
apt_install "campaigns are tested on a cluster" slurm-wlm munge parallel openmpi-bin
