#!/bin/bash
# Renders a dataset as an array of SLURM jobs, one part each; needs no scheduler of its own.
#
#   sbatch render_scripts/slurm_array.sh INPUT OUTPUT [options of render_batch.py]
#
# Submit it from the repository's folder. Submit it again to go on where it stopped, and with other numbers in --array
# if you like. When all parts have ended, put every sequence on one page:
#
#   sbatch --dependency=afterany:JOB --array=1 render_scripts/slurm_array.sh INPUT OUTPUT --report-only
#
#SBATCH --job-name=xtalker
#SBATCH --array=1-64
#SBATCH --cpus-per-task=4
#SBATCH --mem=8G
#SBATCH --time=12:00:00
#SBATCH --output=%x-%A-%a.log
#SBATCH --requeue
# A minute before the time is up: render_batch.py stops in good order and leaves nothing half-written.
#SBATCH --signal=B:TERM@60
set -eu

input=$1 output=$2
shift 2
cd "${SLURM_SUBMIT_DIR:-.}"
python=${XTALKER_PYTHON:-.venv-3.13/bin/python} # any Python that has XTalker's packages, or: --blender PROGRAM
part=$((SLURM_ARRAY_TASK_ID - SLURM_ARRAY_TASK_MIN + 1))/$SLURM_ARRAY_TASK_COUNT

# exec, so that the signal reaches render_batch.py itself.
exec "$python" render_scripts/render_batch.py "$input" --output "$output" --shard "$part" "$@"
